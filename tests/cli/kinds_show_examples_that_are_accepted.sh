#!/usr/bin/env bash
# kinds KIND --example: what it prints for each kind of the catalog is accepted by ingest jsonl and by a shell, unchanged.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mkdir bin
ln -s "$LEDGER" bin/ledger
export PATH=$T/bin:$PATH LEDGER_DIR=$BOX
run 0 kinds --names
names=$out
n=0
while read -r name; do
    if [[ $name == ledger.* && $name != ledger.gap && $name != ledger.imported ]]; then
        run 1 kinds "$name" --example
        err_has 'written only by the ledger itself'
        continue
    fi
    run 0 kinds "$name" --example
    same "$(wc -l <.out)" 2
    head -n 1 .out >>lines.jsonl
    tail -n 1 .out >>commands.sh
    same "$(head -n 1 .out | jq -r .kind)" "$name"
    n=$((n + 1))
done <<<"$names"
run 0 ingest jsonl lines.jsonl --json
json .accepted "$n"
json .rejected 0
sh -e commands.sh >receipts 2>notes || fail "a command was not accepted: $(cat notes)"
same "$(wc -l <receipts)" "$n"
same "$(cat notes)" ''
# Both are the same event.
run 0 log -n 0 --json
jq -cr 'select(.source == "jsonl" and .kind != "ledger.imported") | [.kind, .subject, .run, .body] | tojson' .out >by_jsonl
jq -cr 'select(.source == "cli") | [.kind, .subject, .run, .body] | tojson' .out | grep -v -e "^.\"ledger.imported" -e "^.\"ledger.created" >by_append
diff by_jsonl by_append >&2 || fail "they are not the same"

# The same in JSON; families and patterns.
run 0 kinds pack.installed --example --json
same "$(jq -r '.line | fromjson | .kind' <<<"$out")" pack.installed
run 0 kinds pack --names
same "$(grep -c '^pack\.' <<<"$out")" "$(wc -l <<<"$out")"
run 0 kinds 'pack.*' --json
same "$(jq -r '.kinds[].name' <<<"$out")" "$("$LEDGER" kinds pack --names)"
run 0 kinds '*.declared'
out_has route.declared
out_lacks route.decided
run 1 kinds nothing
run 1 kinds 'nothing.*'
run 2 kinds pack --example
run 2 kinds --example

finish
