#!/usr/bin/env bash
# tap mcp --listen --enforce: a call leaves only if it is permitted and recorded; refused ones are answered; what goes on in both
# directions is the tap's own text, and nothing goes around it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
# shellcheck source=tests/cli/lib_mcp_http.sh
. "$ROOT/tests/cli/lib_mcp_http.sh"
new_box
serve other
start --name fake --agent tester --enforce
open="$hello
$both"
calls() { reached '.body | contains("tools/call")'; }

# Nobody granted anything; then somebody does, and the next call passes. A grant ends with its revocation.
speak "$(call 1 read)
$open
$(call 2 read)
sh '$LEDGER' -C '$BOX' permit grant tool/mcp__fake__read exec --tier T2
$(call 3 read '{"b":1,"a":"x"}')
$(call 4 write)
[$(call 5 read),$(call 6 write),{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"},$(call 8 nosuch)]
[$(call 9 write),{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}]
sh '$LEDGER' -C '$BOX' permit revoke tool/mcp__fake__read exec
$(call 10 read)
get
end"
out_has '{"jsonrpc":"2.0","id":1,"error":{"code":-32050,"message":"refused by the ledger: the server was not seen to offer this tool; list its tools first"}}'
out_has '"id":2,"error":{"code":-32050,'
out_has '{"id":3,"jsonrpc":"2.0","result":{"content":[{"text":"{\"a\": \"x\", \"b\": 1}"'
out_has '"id":4,"error":{"code":-32050,'
check grep -qE '^\[\{"id":5,"jsonrpc":"2.0","result":.*\},\{"id":7,"jsonrpc":"2.0","result":\{\}\},\{"jsonrpc":"2.0","id":6,"error":.*,\{"jsonrpc":"2.0","id":8,"error":' <<<"$out"
check grep -qE '^\[\{"jsonrpc":"2.0","id":9,"error":' <<<"$out"
out_has '"id":10,"error"'
out_has 'notifications/tools/list_changed'
out_has 'id: 9'
out_lacks 'a comment'
same "$(calls)" 2
# What the server got is the tap's own text.
check grep -qF '"{\"id\":3,\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"arguments\":{\"a\":\"x\",\"b\":1},\"name\":\"read\"}}"' seen
check grep -qF '"[{\"id\":5,\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"arguments\":{},\"name\":\"read\"}},{\"id\":7,\"jsonrpc\":\"2.0\",\"method\":\"ping\"}]"' seen
events
has 2 '.kind == "permission.used" and .subject == "tool/mcp__fake__read"'
has 2 '.kind == "run.tool_called" and .actor == "agent:tester" and .cause != null'
has 2 '.kind == "run.tool_returned" and .body.outcome == "ok"'
has 3 '.kind == "run.tool_returned" and .body.outcome == "denied" and .body.tool == "mcp__fake__write"'
has 1 '.kind == "run.started" and .body.agent == "tester" and .body.agent_version == "0.9"'

# Streams and answers of other forms are read and written anew; what cannot be read does not reach the client.
box 0 permit grant server/fake exec --tier T2
: >seen
speak "$open
$(call 1 write)
$(call 2 ask)
$(call 3 twice)
$(call 4 gzip)
$(call 5 html)
$(call 6 fold)
$(call 7 redirect)
$(call 8 error)
$(call 9 cut)
$(call 10 lie)
$(call 11 big)
$(call 12 read)"
out_has 'id: 2'
out_has '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}'
out_has '{"id":1,"jsonrpc":"2.0","result"'
out_has '{"id":2,"jsonrpc":"2.0","result"'
for id in 3 4 5 6 9 10; do out_lacks "\"id\":$id,\"jsonrpc\""; done
same "$(grep -c "the server's answer could not be read" <<<"$out")" 4
out_has 'redirect'
out_has 'it broke'
out_has '{"id":11,"jsonrpc":"2.0","result"' # the event before it was too large
out_has '{"id":12,"jsonrpc":"2.0","result"'
events
has 1 '.kind == "run.asked" and .body.answer == "accept"'
for error in 'http 500' 'too_large'; do has 0 ".kind == \"run.tool_called\" and .body.error == \"$error\""; done

# Nothing goes around it: other paths and methods, other spellings, fields that say another thing than the body, compressed bodies.
: >seen
speak "$hello
do POST /MCP/
do POST /mcp/
do PUT /mcp
do POST /other
do GET /.well-known/oauth-protected-resource
field Mcp-Method: tools/list
$(call 1 read)
field Mcp-Method: tools/call
field Mcp-Name: write
$(call 2 read)
field Mcp-Name: read
$(call 3 read)
field Mcp-Name:
field Mcp-Method:
field Content-Encoding: gzip
$(call 4 read)
field Content-Encoding:
!{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}
!{\"jsonrpc\":\"2.0\",\"id\":6,\"Method\":\"tools/call\",\"method\":\"ping\"}
!{\"jsonrpc\":\"2.0\",\"id\":\"q9\",\"result\":{}}
!nonsense
!{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}"
same "$(calls)" 1
same "$(reached '.path != "/mcp"')" 1
same "$(grep -c '"code":-32020' <<<"$out")" 2
out_has '"id":null,"error":{"code":-32700'
out_has '"id":6,"error":{"code":-32600'
out_has '{"resource": "here"'
out_has '"path": "/.well-known/oauth-protected-resource"'
stop
same "$(jq -r '[.lost, .refused] | join(" ")' <<<"$report")" "0 5"
events
has 1 '.kind == "ledger.gap" and .body.what == "dropped"' # the event that was too large

# A definition that changed stops its calls in every session. A call is recorded before it leaves, also if the server is not there.
echo '[{"name": "read", "description": "Reads", "inputSchema": {"type": "object"}}]' >tools.json
serve "tools=$T/tools.json"
start --name def --enforce
box 0 permit grant server/def exec --tier T2
first=$(head -n 1 <<<"$both")
speak "$hello
$first
$(call 1 read)
sh sed -i s/Reads/Steals/ '$T/tools.json'
$hello
$first
$(call 2 read)"
out_has '{"id":1,"jsonrpc":"2.0","result"'
out_has "the definition of 'mcp__def__read' is not the one that was granted"
box 0 permit grant server/def exec --tier T2
exec 9>&-
until ! (exec 8<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done
speak "$(call 3 read)"
out_has '"type":"unreachable"'
stop
case $said in *"'read' changed"*) ;; *) fail "no alarm: $said" ;; esac
events
has 1 '.kind == "run.tool_returned" and .body.server == "def" and .body.call == "3" and .body.error == "unreachable"'
! grep -rqaF -e secret-session- "$BOX" || fail 'the id of a session is in the ledger'
box 0 verify
run 2 tap mcp --enforce --listen 127.0.0.1:0 --upstream http://127.0.0.1:1/mcp
err_has '--enforce needs --name'
finish
