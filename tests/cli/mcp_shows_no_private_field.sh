#!/usr/bin/env bash
# Every private field of every kind holds a word that is nowhere else; no answer of any tool has it, and none can be asked for it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
new_box
run 0 kinds --names
while read -r kind; do
    "$LEDGER" kinds "$kind" --example 2>/dev/null | head -n 1 >example || true
    [[ ! -s example ]] || { "$LEDGER" kinds "$kind" --json | jq -c . && cat example; }
done <<<"$out" >kinds.jsonl
python3 - <<'PY' >planted.jsonl
import json
lines = [json.loads(line) for line in open("kinds.jsonl")]
n = 0
for kind, example in zip(lines[::2], lines[1::2]):
    for field in kind["fields"]:
        if field["open"] or field["name"] in example.get("body", {}):
            continue
        word = "PLANTED%dX" % n
        value = {"text": word, "list": [word], "texts": [word], "map": {"k": word}, "any": {"k": [word]}}.get(field["type"])
        if value is not None:
            example.setdefault("body", {})[field["name"]] = value
            n += 1
    print(json.dumps(example))
PY
(($(grep -o 'PLANTED[0-9]*X' planted.jsonl | sort -u | wc -l) > 90)) || fail "few words were planted: $(grep -c PLANTED planted.jsonl)"
box 0 ingest jsonl planted.jsonl --json
json .rejected 0
"$LEDGER" -C "$BOX" query --last 0 --private --format jsonl | grep -q PLANTED || fail 'the owner does not find them either'
events=$("$LEDGER" -C "$BOX" stats --json | jq .events)
{
    for ((i = 0; i < events; i++)); do
        echo "!query {\"since\":\"$i\",\"until\":\"$i\",\"last\":5}"
        echo "!why {\"what\":$i}"
    done
    "$LEDGER" -C "$BOX" log -n 0 --json | jq -rs '[.[] | .subject] | unique[]' | while read -r subject; do
        jq -nc --arg s "$subject" '{what: $s}' | sed 's/^/!why /'
        jq -nc --arg s "$subject" '{what: $s}' | sed 's/^/!timeline /'
    done
    "$LEDGER" -C "$BOX" log -n 0 --json | jq -rs '[.[] | .run | select(. != "")] | unique[]' | while read -r run; do
        jq -nc --arg s "$run" '{what: $s}' | sed 's/^/!timeline /'
    done
    for table in $("$LEDGER" -C "$BOX" state --names); do
        echo "!state {\"table\":\"$table\"}"
    done
    printf '%s\n' '!doctor' '!doctor {"pack":"pdf-ops"}' '!verify' '!prove {"seq":3}' \
        '!query {"text":"PLANTED"}' '!query {"fields":"seq,private","last":500}' '!query {"fields":"seq,prompt,arguments,detail","last":500}' \
        '!query {"sql":"SELECT private FROM events"}' '!query {"sql":"SELECT count(*) AS n FROM events WHERE private LIKE '"'%PLANTED%'"'"}' \
        '!query {"where":"private LIKE '"'%PLANTED%'"'"}' '!query {"by":"private"}' '!query {"by":"prompt"}' '!query {"sql":"SELECT * FROM events LIMIT 60"}'
} >questions
(($(wc -l <questions) > 400)) || fail 'few questions are asked'
python3 -B "$ROOT/tests/mcp/ask.py" "$LEDGER" -C "$BOX" mcp <questions >answers || fail 'ledger mcp failed'
same "$(wc -l <answers)" "$(wc -l <questions)"
(($(jq -s 'map(select(.result.isError == false)) | length' answers) > 350)) || fail "few were answered: $(jq -c ".error, (.result.content[0].text? | fromjson? | .failed)" answers | sort | uniq -c)"
# Where the question has the word, only what stands outside of its command counts.
paste questions answers | sed 's/^[^\t]*PLANTED[^\t]*\t\(.*\)$/\1/; t echo; s/^[^\t]*\t//; b; :echo; s/\\"command\\":\\".*\\",\\"exit/\\"exit/' >said
same "$(wc -l <said)" "$(wc -l <questions)"
if grep -n 'PLANTED' said >leaks; then
    fail "private content was answered: $(cut -d: -f1 leaks | head -n 5 | while read -r line; do sed -n "${line}p" questions; done)"
fi
# Nor can one find out by asking whether it is there.
same "$(grep -n 'LIKE' questions | cut -d: -f1 | while read -r line; do sed -n "${line}p" answers | jq -c '.result.content[0].text | fromjson | [.exit, .untrusted.records[0].n?]'; done | sort -u | tr '\n' ' ')" '[0,0] [1,null] '
finish
