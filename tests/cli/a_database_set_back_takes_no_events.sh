#!/usr/bin/env bash
# The copy of the head beside the database knows more than a database that was rolled back: nothing is signed again.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
cp -r "$BOX/evidence" earlier
note two
rm -r "$BOX/evidence"
cp -r earlier "$BOX/evidence"
box 20 append x.test.note -s a
out_empty
box 20 append x.test.note -s a --json
same "$(jq -r '.error.code, .error.exit' <<<"$err" | paste -sd' ')" 'ERR_ROLLBACK 20'
box 20 key rotate
box 20 backup copy
check test ! -e copy
box 20 verify --no-trust-file
echo '{"kind":"x.test.note","subject":"s","actor":"service:t"}' >one.jsonl
box 20 ingest jsonl one.jsonl
box 0 log

finish
