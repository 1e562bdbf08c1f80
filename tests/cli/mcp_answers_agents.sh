#!/usr/bin/env bash
# ledger mcp: each tool says what its command says; what is wrong is answered by an error that helps; nothing is written; large, late and
# endless answers are bounded.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# ask LINES ARGS...: the answers are in $T/answers, one a line.
ask() {
    local lines=$1
    shift
    printf '%s\n' "$lines" | python3 -B "$ROOT/tests/mcp/ask.py" "$LEDGER" -C "$BOX" mcp "$@" >"$T/answers" 2>"$T/.err" || fail "ledger mcp failed: $(<"$T/.err")"
}
# answer N: of the N-th question, what stands under 'untrusted'.
answer() { sed -n "$1p" "$T/answers" | jq -S '.result.content[0].text | fromjson | .untrusted'; }
failed() { sed -n "$1p" "$T/answers" | jq -r 'select(.result.isError) | .result.content[0].text | fromjson | .failed'; }
message() { sed -n "$1p" "$T/answers" | jq -r '"\(.error.code) \(.error.message)"'; }
has() { [[ $1 == *"$2"* ]] || fail "'$1' lacks '$2'"; }

new_box
box 0 append pack.installed -s pack/pdf-ops-pack --body '{"version":"1","permissions":[{"group":"filesystem.read","scope":"**","tier":"T1"}],"routes":[],"checks":[]}'
box 0 append run.started -s run/r1 --run r1 agent=bot task=t
box 0 append run.tool_called -s run/r1 --run r1 tool=Bash call=c1 'arguments=ls'
box 0 append run.finished -s run/r1 --run r1 ok=false outcome=error error=Broken

# Each tool is its command.
ask '!query {"kind":"run.*","last":2}
!query {"by":"kind"}
!query {"sql":"SELECT count(*) AS n FROM events"}
!why {"what":"pack/pdf-ops-pack"}
!why {"what":3}
!timeline {"what":"r1"}
!state {"table":"runs","key":"r1"}
!state {"table":"permissions"}
!state
!doctor {"only":"packs"}
!doctor {"at":"3"}
!verify {"derived":true}
!prove {"seq":2}'
n=0
while read -r words; do
    n=$((n + 1))
    eval "set -- $words"
    got=0
    "$LEDGER" -C "$BOX" "$@" --json >"$T/.out" 2>"$T/.err" || got=$?
    answer "$n" | jq -S 'del(.now, .took_ms)' >one
    jq -S 'del(.now, .took_ms)' "$T/.out" >other
    [[ $words == verify* ]] || check diff one other
    same "$(sed -n "${n}p" "$T/answers" | jq '.result.content[0].text | fromjson | .exit')" "$got"
    same "$(sed -n "${n}p" "$T/answers" | jq '.result.isError')" false
done <<'END'
query --kind 'run.*' --last 2
query --by kind
query --sql 'SELECT count(*) AS n FROM events'
why pack/pdf-ops-pack
why 3
timeline r1
state runs r1
state permissions
state
doctor --no-probe --only packs
doctor --at 3
verify --derived
prove 2
END
# An agent learns in one call why a pack is blocked.
has "$(answer 4)" '"blocked"'
has "$(answer 4)" 'permission filesystem.read'

# What is wrong is said: the argument, and what is expected.
ask '!nosuch
!query {"kinds":"x"}
!query {"last":0}
!query {"last":"5"}
!why
!why {"what":""}
!why {"what":"-n"}
!state {"key":[1]}
!query {"kind":["a"]}
!verify {"derived":1}
!query "text"
!query {"sql":"DELETE FROM events"}
!query {"where":"nosuch = 1"}
!why {"what":"pack/nosuch"}
!prove {"seq":99999}
nosuch/method
resources/read {"uri":"ledger://nosuch"}
resources/read {"uri":"ledger://run/"}
resources/read
tools/call {"arguments":{}}
initialize {}'
has "$(message 1)" "-32602 there is no tool of that name"
has "$(message 2)" "-32602 'query' has no argument 'kinds', did you mean 'kind'?"
has "$(message 3)" "argument 'last' is not an integer from 1 to 500"
has "$(message 4)" "argument 'last' is not an integer"
has "$(message 5)" "argument 'what' is missing"
has "$(message 6)" "argument 'what' is not a text of 1"
same "$(sed -n 7p "$T/answers" | jq -r '.result.content[0].text | fromjson | .command')" "ledger --dir=$BOX why -- -n"
has "$(message 8)" "argument 'key' is not a text or a list of texts"
has "$(message 9)" "argument 'kind' is not a text"
has "$(message 10)" "argument 'derived' is not true or false"
has "$(message 11)" "'arguments' is not an object"
for i in 12 13; do
    [[ -n $(answer "$i" | jq -r '.message // empty') ]] || fail "nothing is said of question $i"
    same "$(failed "$i")" 'it could not be answered'
done
has "$(answer 14)" "there is no pack 'nosuch'"
has "$(message 16)" "-32601 there is no method 'nosuch/method'"
has "$(message 17)" '-32002 there is no such resource'
has "$(message 18)" '-32002'
has "$(message 19)" "'uri' is missing"
has "$(message 20)" "'name' is missing"
has "$(message 21)" "'protocolVersion' is missing"

# Lines that are no messages; the conversation goes on.
python3 - >odd <<'PY'
print("=nonsense")
print('=[{"jsonrpc":"2.0","id":"b","method":"ping"}]')
print('={"jsonrpc":"1.0","id":"v","method":"ping"}')
print('={"jsonrpc":"2.0","id":"d","id":"d","method":"ping"}')
print('={"jsonrpc":"2.0","id":{},"method":"ping"}')
print('={"jsonrpc":"2.0","id":"n","method":"ping","params":' + "[" * 600 + "]" * 600 + "}")
print('={"jsonrpc":"2.0","id":"l","method":"ping","params":{"x":"' + "a" * (2 << 20) + '"}}')
print('={"jsonrpc":"2.0","id":"h","method":"ping","params":{"x":"' + "a" * (17 << 20) + '"}}')
print("=\udcff\udcfe")
print("=")
print('={"jsonrpc":"2.0","id":"answer","result":{}}')
print('={"jsonrpc":"2.0","method":"notifications/other"}')
print('={"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"none"}}')
print("ping")
PY
ask "$(PYTHONIOENCODING=utf-8:surrogateescape cat odd)"
same "$(jq -c 'select(.id == 1) | .result' "$T/answers")" '{}'
same "$(jq -s 'map(select(.error)) | length' "$T/answers")" 9
same "$(jq -rs '[.[] | .error.code // empty] | unique | map(tostring) | join(" ")' "$T/answers")" '-32700 -32600'

# Every version; one that names itself is answered in its form.
for version in 2024-11-05 2025-03-26 2025-06-18 2025-11-25; do
    ask "initialize {\"protocolVersion\":\"$version\"}"
    same "$(jq -r .result.protocolVersion "$T/answers")" "$version"
done
ask 'initialize {"protocolVersion":"2030-01-01"}
server/discover {"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}
tools/list {"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}
tools/call {"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"why","arguments":{"what":1}}
tools/list {"_meta":{"io.modelcontextprotocol/protocolVersion":"1999-01-01"}}
tools/list
resources/list
resources/templates/list
resources/read {"uri":"ledger://runs"}
resources/read {"uri":"ledger://packs"}
resources/read {"uri":"ledger://run/r1"}
resources/read {"uri":"ledger://pack/pdf-ops-pack"}'
same "$(sed -n 1p "$T/answers" | jq -r .result.protocolVersion)" 2025-11-25
same "$(sed -n 2p "$T/answers" | jq -c '.result | [.resultType, .supportedVersions[0], (._meta | keys[0])]')" '["complete","2026-07-28","io.modelcontextprotocol/serverInfo"]'
same "$(sed -n 3p "$T/answers" | jq -c '.result | [.resultType, .cacheScope, (.tools | length)]')" '["complete","private",7]'
same "$(sed -n 4p "$T/answers" | jq -c '.result | [.resultType, .isError]')" '["complete",false]'
same "$(sed -n 5p "$T/answers" | jq -c '.error | [.code, .data.requested, (.data.supported | length)]')" '[-32022,"1999-01-01",5]'
same "$(sed -n 6p "$T/answers" | jq -r '[.result.tools[].name] | join(" ")')" 'query why timeline state doctor verify prove'
same "$(sed -n 6p "$T/answers" | jq -c '[.result.tools[].annotations.readOnlyHint] | unique')" '[true]'
same "$(sed -n 7p "$T/answers" | jq -c '[.result.resources[].uri]')" '["ledger://runs","ledger://packs"]'
same "$(sed -n 8p "$T/answers" | jq -c '[.result.resourceTemplates[].uriTemplate]')" '["ledger://run/{id}","ledger://pack/{name}"]'
for i in 9 10 11 12; do
    same "$(sed -n "${i}p" "$T/answers" | jq '.result.contents[0].text | fromjson | .exit')" 0
done
python3 - "$T/answers" <<'PY' || fail 'a schema of a tool is none'
import json, sys
import jsonschema
answers = [json.loads(line) for line in open(sys.argv[1])]
for tool in answers[5]["result"]["tools"]:
    jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
PY

# Many at once are all answered; a question that is cancelled is not; one that takes too long, or says too much, says so.
ask "$(for i in $(seq 40); do echo "!why {\"what\":$((i % 4))}"; done)"
same "$(jq -s 'map(select(.result.isError == false)) | length' "$T/answers")" 40
endless='WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r'
ask "!query {\"sql\":\"$endless\"}
={\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}
={\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}
ping"
same "$(jq -c 'select(.id == 1) | .result' "$T/answers")" '{}' # the ping's; the question has no answer
ask "!query {\"sql\":\"$endless\"}
ping" --time-limit 1s
has "$(failed 1)" 'it took too long'
for i in $(seq 60); do
    printf '{"kind":"x.test.note","subject":"thing/%s","body":{"text":"%s"},"open":["text"]}\n' "$i" "$(printf '%02000d' "$i")"
done >many.jsonl
box 0 ingest jsonl many.jsonl
ask '!query {"kind":"x.test.note","last":60}
!query {"kind":"x.test.note","last":10}
!query {"sql":"SELECT hex(zeroblob(1000000))"}'
has "$(failed 1)" 'bytes, and at most 65536 can be given; ask for fewer events'
same "$(failed 2)" ''
has "$(failed 3)" 'ask for'
(($(wc -L <"$T/answers") < 80000)) || fail 'an answer is too long'

# Nothing was written by any of it, and a guest cannot write.
sums() { find "$BOX" "$HOME" "$XDG_CONFIG_HOME" -type f ! -name lock.mdb -exec sha256sum {} + | sort -k 2; }
box 0 append x.test.note -s thing/new --open text text=x # states are behind
sums >before
ask '!query {"sql":"SELECT * FROM runs"}
!state {"table":"runs"}
!state
!why {"what":"run/r1"}
!doctor
!verify {"derived":true}
!timeline {"what":"r1"}
!prove {"seq":1}'
sums >after
check diff before after
got=0
LEDGER_GUEST=1 "$LEDGER" -C "$BOX" append x.test.note -s thing/1 >"$T/.out" 2>"$T/.err" || got=$?
same "$got" 4
has "$(<"$T/.err")" 'a guest writes nothing'
sums >after
check diff before after

# Without a ledger it does not start; its own options are checked.
run 3 -C "$T/none" mcp </dev/null
run 2 -C "$BOX" mcp --time-limit 0s </dev/null
run 0 -C "$BOX" mcp </dev/null
out_empty
finish
