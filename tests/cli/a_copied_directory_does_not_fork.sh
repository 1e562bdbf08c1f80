#!/usr/bin/env bash
# A copy of a ledger's directory accepts no events, and verifying it does not make the original look false.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
cp -a "$BOX" copy
run 20 -C copy append x.test.note -s a
out_empty
err_has "this directory is a copy"
err_has "ledger append --moved"
err_has "ledger restore"
run 20 -C copy append x.test.note -s a --json
same "$(jq -r '.error.code, .error.exit' <<<"$err" | paste -sd' ')" 'ERR_ROLLBACK 20'
run 20 -C copy key rotate
echo '{"kind":"x.test.note","subject":"s","actor":"service:t"}' >one.jsonl
run 20 -C copy ingest jsonl one.jsonl
run 20 -C copy export --kind x.test.note -o out.tar
check test ! -e out.tar

# it can be read, and says what it is
run 0 -C copy log
run 0 -C copy stats --json
json .place copy
run 0 -C copy verify
out_has "this directory is a copy: the ledger was last appended to elsewhere"
err_has "its head does not go into the trust file"
same "$(grep -c "^head test.example/box 1 " "$TRUST")" 1 # what init wrote
box 0 stats --json
json .place home

# the original continues, and is the ledger for the trust file
note two
box 0 verify
same "$(grep -c "^head test.example/box 3 " "$TRUST")" 1

# a copy whose owner says that it was moved is a second history, and it is the copy that contradicts
run 20 -C copy append --moved --actor user:eve
err_has "the trust file knows 3 events of 'test.example/box', but there are only 2 here"
XDG_CONFIG_HOME=$T/eve run 0 -C copy append --moved --actor user:eve # whose trust file does not know it
json '.seq, .duplicate' $'2\nfalse'
run 0 -C copy show 2 --json
json '.kind, .actor, .body.file' $'ledger.moved\nuser:eve\nother'
run 20 -C copy verify
out_has "another history"
box 0 verify
box 3 append --moved
err_has "the ledger was not moved"
run 2 -C copy append --moved x.test.note -s a
err_has "--moved takes no event"

# a ledger that was renamed, or backed up and restored, needs no statement
mv "$BOX" moved
BOX=$T/moved
note three
box 0 backup saved
run 0 -C saved stats --json
json .place backup
run 0 -C saved verify
err_empty

finish
