#!/usr/bin/env bash
# A process that waits for another one says for which after some seconds, and with --wait gives up with exit 4 and nothing
# done; a process that is killed or stopped while it holds a lock delays nobody for longer than that.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append x.test.note --subject thing/a --open text text=one

# hold DIR: a process that holds the lock on it; its id in $holder.
hold() {
    flock --no-fork "$1" sh -c 'touch held; exec sleep 600' &
    holder=$!
    until [[ -e held ]]; do sleep 0.01; done
    rm held
}
let_go() {
    kill -9 "$holder"
    wait "$holder" 2>/dev/null || true
}

# The write lock: on the database's directory.
hold "$BOX/evidence"
box 4 append x.test.note --subject thing/a --open text text=two --wait 0
err_has "for process $holder (sleep), which is writing; nothing was done"
box 4 key rotate --wait 0
box 4 erase 1 --body --reason request --wait 0
box 0 log -n 1
box 10 verify --no-trust-file
box 4 append x.test.note --subject thing/a --open text text=two --wait 4
[[ $err == "waiting for process $holder (sleep), which is writing"$'\n'* ]] || fail 'it was not said who is waited for'
box 4 append x.test.note --subject thing/a --open text text=two --wait 4 --quiet
[[ $err != 'waiting for'* ]] || fail 'it was said in spite of --quiet'
"$LEDGER" -C "$BOX" append x.test.note --subject thing/a --open text text=three >receipt 2>said </dev/null &
until [[ -s said ]]; do sleep 0.05; done
let_go
check wait $!
same "$(jq .seq receipt)" 2

# The open lock: on the directory that holds the database. Readers take it too.
hold "$BOX"
box 4 append x.test.note --subject thing/a --open text text=four --wait 0
err_has "for process $holder (sleep), which is opening the database; nothing was done"
box 4 log --wait 0
box 4 verify --wait 0
let_go
box 0 append x.test.note --subject thing/a --open text text=four --wait 0

box 2 log --wait soon
box 2 log --wait 86401
err_has 'at most 86400'
box 0 verify
finish
