#!/usr/bin/env bash
# tap mcp --listen: every byte passes as it is, streams too; each session is a run; what went wrong is an error of its call; ids of
# sessions, keys and queries are in no event and no file.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
# shellcheck source=tests/cli/lib_mcp_http.sh
. "$ROOT/tests/cli/lib_mcp_http.sh"
new_box
serve
kept=$BOX

conversation="field Authorization: Bearer planted-secret-key-1
field Cookie: planted-secret-cookie-2
$hello
$both
$(call 3 read '{"a":"planted"}')
$(call 4 write)
$(call 5 ask)
$(call 6 unknown)
$(call 7 cut)
$(call 8 lie)
$(call 9 redirect)
$(call 10 error)
$(call 11 html)
[$(call 12 read),$(call 13 read),{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}]
!not json
get
get 2
do GET /other?key=planted-secret-query-3
end"

# The client sees the same with the tap as without, but for answers that have no end, and a redirect to elsewhere.
plain=${conversation/$(call 7 cut)/}
plain=${plain/$(call 8 lie)/}
plain=${plain/$(call 9 redirect)/}
plain=${plain/!not json/}
speak "$plain" "127.0.0.1:$port"
direct=$out
start --name fake
speak "$plain"
same "$out" "$direct"
speak "$conversation"
stop
same "$(jq -r '[.lost, .lost_bytes, .others, .sessions] | join(" ")' <<<"$report")" "0 0 2 2"
events
has 2 '.kind == "run.started" and .body.agent == "codex" and .body.task == "mcp fake"'
has 2 '.kind == "run.finished" and .body.outcome == "ok"'
same "$(jq -r 'select(.kind == "run.tool_called") | .run' events.jsonl | sort -u | wc -l)" 2
has 1 '.kind == "agent.tools_observed" and .body.transport == "http" and (.body.tools | length) == 13'
has 0 '.kind == "agent.tools_changed"'
last=$(jq -r 'select(.kind == "run.started") | .run' events.jsonl | tail -n 1)
# how CALL: how it returned in the second conversation.
how() { jq -r "select(.kind == \"run.tool_returned\" and .run == \"$last\" and .body.call == \"$1\") | [.body.outcome, .body.error] | join(\" \")" events.jsonl; }
for id in 3 4 5 12 13; do same "$id $(how $id)" "$id ok "; done
same "$(how 6)" "error rpc -32602"
same "$(how 8)" "error cut"
same "$(how 9)" "error http 307"
same "$(how 10)" "error http 500"
same "$(how 11)" "error unanswered"
same "$(how 7)" "" # in a session a stream may be continued
has 2 '.kind == "run.asked" and .body.answer == "accept"'
has 1 '.kind == "ledger.gap" and .body.what == "unread" and .body.missing == 1'
for id in 3 4; do # each answer has its call as its cause
    called=$(jq "select(.kind == \"run.tool_called\" and .run == \"$last\" and .body.call == \"$id\") | .seq" events.jsonl)
    same "$(jq "select(.kind == \"run.tool_returned\" and .run == \"$last\" and .body.call == \"$id\") | .cause" events.jsonl)" "$called"
done
# What the server gets is what the client sent.
check grep -qF 'Bearer planted-secret-key-1' seen
check grep -qF 'planted-secret-cookie-2' seen
check grep -qF '/other?key=planted-secret-query-3' seen
for secret in planted-secret-key-1 planted-secret-cookie-2 planted-secret-query-3 secret-session-; do
    ! grep -rqaF -e "$secret" "$BOX" || fail "a secret is in the ledger: $secret"
    ! grep -qF -e "$secret" tap.out tap.err || fail "a secret is in a message: $secret"
done
box 0 verify

# Without sessions, as from 2026-07-28 on: clients use the same ids at the same time, and each call has its own answer.
serve stateless
start --name free --agent tester
for n in 1 2 3 4; do
    printf '%s\n' "$(call 1 read "{\"n\":$n}")" "$(call 2 write "{\"n\":$n}")" "leave $(call 3 hang)" >script.$n
    python3 "$ROOT/tests/mcp/http_client.py" "$address" script.$n >out.$n &
    clients[n]=$!
done
for n in 1 2 3 4; do wait "${clients[n]}" || fail "client $n failed"; done
stop
for n in 1 2 3 4; do same "$(grep -c "\\\\\"n\\\\\": $n" out.$n)" 2; done
events
has 8 '.kind == "run.tool_returned" and .body.server == "free" and .body.outcome == "ok"'
has 4 '.kind == "run.tool_returned" and .body.server == "free" and .body.outcome == "cancelled" and .body.error == "client_gone"'
jq -c 'select(.kind == "run.tool_called" and .body.server == "free") | [.seq, .body.arguments_digest]' events.jsonl >called
same "$(jq -r 'select(.kind == "run.tool_returned" and .body.server == "free") | .cause' events.jsonl | sort -u | wc -l)" 12

# A server that is not there, one that comes back, and a ledger that takes nothing: the client is told, or sees nothing of it.
exec 9>&-
until ! (exec 8<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done
start --name away
speak "$(call 1 read)"
out_has '"type":"unreachable"'
stop
events
has 0 '.kind == "run.tool_called" and .body.server == "away"' # it never left
serve
start --name big
speak "$hello
$(call 1 big)
$(call 2 read)"
stop
events
has 2 '.kind == "run.tool_returned" and .body.server == "big" and .body.outcome == "ok"'
BOX=$T/nothing
start --name fake
speak "$hello
$(call 1 read)"
out_has '"id": 1, "result"'
stop
case $said in *'nothing is recorded'*) ;; *) jq -e .error >/dev/null <<<"$(head -n 1 <<<"$said")" || fail "it does not say so: $said" ;; esac

# What is wrong on the command line.
run 2 tap mcp --upstream http://127.0.0.1:1/mcp -- cat
err_has '--upstream needs --listen ADDRESS:PORT'
run 2 tap mcp --listen 127.0.0.1:0
err_has '--listen needs --upstream URL'
run 2 tap mcp --listen 127.0.0.1:0 --upstream http://127.0.0.1:1/mcp -- cat
err_has 'exclude one another'
run 2 tap mcp
err_has 'a COMMAND is needed'
BOX=$kept
box 3 tap mcp --listen 127.0.0.1:0 --upstream ftp://127.0.0.1/
box 3 tap mcp --listen 0.0.0.0:0 --upstream http://127.0.0.1:1/mcp
err_has 'needs --token-file FILE'
finish
