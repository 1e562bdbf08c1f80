#!/usr/bin/env bash
# The journal as a source that is kept running: journalctl is a child, with a cursor of its own; it ends with the ledger however that
# ends, and its own end is said.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
F=$ROOT/tests/ingest/fixtures/journal

pids=()
# shellcheck disable=SC2154
trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; rm -rf "$T"' EXIT
is_gone() {
    for _ in $(seq 200); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    fail "process $1 is still there"
}
events() { "$LEDGER" -C "$BOX" log -n 0 --json --source journal --kind 'service.*' --kind hardware.faulted | wc -l; }
until_events() {
    for _ in $(seq 200); do
        [[ $(events) == "$1" ]] && return
        sleep 0.05
    done
    fail "$(events) events, wanted $1"
}

# A journalctl of our own: notes its arguments and its number, prints what there is, and waits.
mkdir -p root/usr/bin
cat >root/usr/bin/journalctl <<P
#!/bin/bash
printf '%s\n' "\$@" >$T/args.new && mv $T/args.new $T/args
[[ ! -e $T/refuses ]] || { echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1; }
echo noise >&2
cat $T/export
echo \$\$ >$T/number
exec sleep 600
P
chmod +x root/usr/bin/journalctl
cp "$F/box.export" export

new_box
box 3 sources add box journal - --follow
err_has "expected --follow alone, which follows this machine's journal"
box 3 sources add box journal export --follow
err_has "follows this machine's journal; expected no 'path'"
box 3 sources add box journal
box 0 sources add box journal --follow --root "$T/root" --unit 'cron*' --unit 'x y*'
same "$(grep -c '^unit = ' "$BOX/sources.conf")" 2
box 3 sources add again journal --follow
err_has "'box' and 'again' both follow this machine's journal"
box 0 sources check
box 0 sources --json
json '.sources[0].manner' follower
same "$(jq '.sources[0].behind_bytes' <"$T/.out")" null

"$LEDGER" -C "$BOX" sources run --no-restart box >log 2>&1 &
pid=$!
pids+=("$pid")
until_events 9
same "$(paste -sd' ' args)" '--output=export --follow --no-tail _PID=1 + _SYSTEMD_USER_UNIT=init.scope + _TRANSPORT=kernel'
child=$(cat number)
kill -0 "$child" || fail 'the child is gone'
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
same "$code" 0
is_gone "$child"

# The next run begins after the newest entry, also of those that are no events; what comes twice is added once.
newest=$(grep -a '^__CURSOR=' export | tail -n 1)
rm number
"$LEDGER" -C "$BOX" sources run --no-restart box >>log 2>&1 &
pid=$!
pids+=("$pid")
for _ in $(seq 200); do [[ -s number ]] && break; sleep 0.05; done
same "$(sed -n 4p args)" "--after-cursor=${newest#__CURSOR=}"
# A kill of the ledger ends the child too.
child=$(cat number)
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
is_gone "$child"
same "$(events)" 9

# What journalctl says when it cannot go on is said; so is that there is none.
: >refuses
box 4 ingest journal --follow --root "$T/root"
err_has 'journalctl ended by itself, with exit code 1: No journal files were opened due to insufficient permissions.'
same "$(grep -c after-cursor args || true)" 0 # other units, another cursor
rm refuses
box 3 ingest journal --follow --root "$T/none"
err_has 'journalctl is neither in /usr/bin nor in /bin'
box 0 verify
finish
