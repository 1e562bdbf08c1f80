#!/usr/bin/env bash
# kinds: the list, one kind, names, JSON, Markdown.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

run 0 kinds
out_has KIND
out_has ledger.created
run 0 kinds --names
names=$out
check grep -qx ledger.created <<<"$names"
run 0 kinds --json
same "$(jq -r '.kinds[].name' <<<"$out")" "$names"
while read -r name; do
    run 0 kinds "$name"
    out_has "$name"
done < <(head -n 5 <<<"$names")
run 0 kinds ledger.created --json
json .name ledger.created
run 1 kinds ledger.creatd
err_has "did you mean 'ledger.created'"
run 2 kinds a b
run 0 kinds --markdown
out_has '#'
while read -r name; do out_has "$name"; done <<<"$names"

finish
