#!/usr/bin/env bash
# reveal proves single private fields of one event; the others stay digests.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append run.started -s run/r-1 --run r-1 agent=coder prompt='say hello' cwd="$HOME/hidden-place"
note one
box 0 key export
vkey=$out

box 0 reveal 1 --private prompt --dry-run
out_has 'say hello'
out_lacks hidden-place
box 0 reveal 1 --private prompt -o 1.tar.zst --recipient auditor
out_has 'recorded as event 3'
out_lacks 'say hello'
box 0 show 3 --json
json .kind ledger.exported
json .body.format sparse
json .body.query 'event 1'
json .body.disclosure 'matching bodies, private: prompt'
json .private.recipient auditor
zstd -dc 1.tar.zst >1.tar
check bash -c '! grep -aq hidden-place 1.tar'

run 0 verify 1.tar.zst --no-trust-file --key "$vkey" --print
out_has 'say hello'
out_lacks hidden-place
out_has 'chosen events'
run 0 verify 1.tar.zst --no-trust-file --key "$vkey" --print --json
same "$(head -n 1 "$T/.out" | jq -r .private.prompt)" 'say hello'
same "$(head -n 1 "$T/.out" | jq -c '.private | keys')" '["prompt"]'
same "$(tail -n 1 "$T/.out" | jq -r .verdict)" good
run 10 verify 1.tar.zst --no-trust-file

box 0 reveal 1 --private cwd,prompt -o both.tar --plain --print
out_has hidden-place
out_has 'recorded as event 4'
box 0 reveal 1 --private cwd --private prompt -o again.tar --plain --print --json
same "$(head -n 1 "$T/.out" | jq -r .private.cwd)" "$HOME/hidden-place"
same "$(tail -n 1 "$T/.out" | jq -r .private_fields)" 2
run 0 verify both.tar
box 0 reveal 1 --private prompt -o - --plain
same "$(head -c 18 "$T/.out")" manifest.dsse.json

box 1 reveal 1 --private nosuch -o x.zst
err_has 'it has cwd, prompt'
box 1 reveal 1 --private agent -o x.zst
err_has 'open field'
box 1 reveal 2 --private text -o x.zst
box 1 reveal 0 --private x -o x.zst
err_has 'no private fields'
box 1 reveal 99 --private prompt -o x.zst
box 2 reveal
box 2 reveal x --private a -o x.zst
box 2 reveal 1 -o x.zst
err_has --private
box 2 reveal 1 --private prompt
err_has '-o FILE'
box 2 reveal 1 --private prompt -o - --print
box 3 reveal 1 --private prompt,prompt -o x.zst
box 3 reveal 1 --private prompt, -o x.zst
box 3 reveal 1 --private prompt -o 1.tar.zst
err_has 'exists already'
box 4 reveal 1 --private prompt -o nowhere/x.zst
code=0
"$LEDGER" -C "$BOX" reveal 1 --private prompt -o - >/dev/full 2>"$T/.err" </dev/null || code=$?
same "$code" 4
run 3 -C nowhere reveal 1 --private prompt -o x.zst
check test ! -e x.zst
same "$(find . -name '.ledger-tmp-*')" ''

finish
