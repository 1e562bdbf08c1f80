#!/usr/bin/env bash
# tap mcp --enforce: what a server that matches names without case, or by Unicode's folding, could read as another call than the one
# that was judged does not leave.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
new_box
box 0 permit grant tool/mcp__fake__read exec --tier T2
write='"params":{"name":"write"}'
read='"params":{"name":"read"}'
cat >bad <<EOF
{"jsonrpc":"2.0","id":50,"method":"tools/call",$read,"param\\u017f":{"name":"write"}}
{"jsonrpc":"2.0","id":51,"method":"tools/call",$read,"PARAMS":{"name":"write"}}
{"jsonrpc":"2.0","id":52,"method":"tools/call",$read,"extra":1}
{"jsonrpc":"2.0","id":53,"method":"prompts/list","Method":"tools/call",$write}
{"jsonrpc":"2.0","id":54,"method":"prompts/list","ID":1,$write}
{"jsonrpc":"2.0","JsonRpc":"2.0","id":55,"method":"tools/call",$read}
{"jsonrpc":"2.0","id":56,"method":"tools/call","params":{"name":"read","Name":"write"}}
{"jsonrpc":"2.0","id":57,"method":"tools/call","params":{"name":"read","argument\\u017f":{"a":1}}}
{"jsonrpc":"2.0","id":58,"method":"tools/call","params":{"name":"read","_META":{}}}
{"jsonrpc":"2.0","id":59,"method":"tools/call","params":{"name":"read","ta\\u017f\\u212A":{}}}
{"jsonrpc":"2.0","id":60,"method":"tools/call\\u0000",$write}
{"jsonrpc":"2.0","id":61,"method":"tools/call ",$write}
{"jsonrpc":"2.0","id":62,"method":"Tools/Call",$write}
{"jsonrpc":"2.0","id":63,"method":"tool\\u017f/call",$write}
{"jsonrpc":"2.0","id":64,"method":"tools/call\\u00a0",$write}
{"jsonrpc":"2.0","id":65,"method":"logging/setlevel","params":{}}
{"jsonrpc":"2.0","id":66,"method":"tools/call","result":{},$read}
{"jsonrpc":"2.0","id":67,"method":"tools/call","params":{"name":"read","arguments":{"path":"a","Path":"/etc/b"}}}
{"jsonrpc":"2.0","id":68,"method":"tools/call","params":{"name":"read","arguments":{"deep":[1,{"task\u017f":1,"tas\u212AS":2}]}}}
EOF
cat >answers <<EOF
{"jsonrpc":"2.0","id":70,"result":{},"Method":"tools/call",$write}
{"jsonrpc":"2.0","id":70,"error":{"code":1,"message":"x"},"mEthod":"tools/call",$write}
{"jsonrpc":"2.0","id":70,"result":{}}
{"jsonrpc":"2.0","error":{"code":1,"message":"x"}}
{"jsonrpc":"2.0","method":"Tools/Call",$write}
EOF
talk 0 "$hello
$list
$(cat bad)
$(sed 's/.*/!&\n=1/' answers)
$(call 2 read)" --name fake --agent tester --enforce -- "${SERVER[@]}" log=reached
# Nothing but what is exact was passed on, and each of the rest was answered.
same "$(jq -r .method reached | tr '\n' ' ')" 'initialize notifications/initialized tools/list tools/list tools/call '
same "$(grep -c '"error":{"code":-32600' <<<"$out")" 24
for id in $(jq .id bad); do out_has "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":-32600"; done
# An answer's id is the server's: an error with it could be taken for the answer to a request of the client.
same "$(grep -c '"id":null,"error"' <<<"$out")" 5
out_has '{"id":2,"jsonrpc":"2.0","result"'
# What was refused is not recorded as a call.
events
has 1 '.kind == "run.tool_called"'
has 10 '.kind == "run.tool_returned" and .body.outcome == "denied" and .body.error == "call"'

# Answers to what the server did ask pass, once.
box 0 permit grant server/fake exec --tier T2
talk 0 "$hello
$list
$(call 3 ask)
!{\"jsonrpc\":\"2.0\",\"id\":\"q1\",\"result\":{}}
=1" --name fake --agent tester --enforce -- "${SERVER[@]}" elicit log=asked
out_has '{"id":3,"jsonrpc":"2.0","result"'
out_has '"message":"the message answers no request of the server"'

# Of a server too: a list that its client could read otherwise does not reach it.
cat >lister.py <<'PY'
import json, sys
tool = {'name': 'read', 'description': 'Reads', 'inputSchema': {'type': 'object'}}
for line in sys.stdin:
    i = json.loads(line).get('id')
    lists = {1: {'tools': [], 'Tools': [tool]}, 2: {'tools': [dict(tool, Name='write')]}, 3: {'tools': [tool]}}
    if i in lists:
        print(json.dumps({'jsonrpc': '2.0', 'id': i, 'result': lists[i]}), flush=True)
PY
talk 0 "!{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}
!{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}
{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/list\"}" --name fake --agent tester --enforce -- python3 lister.py
same "$(jq -c .id <<<"$out" | tr '\n' ' ')" '3 '

# Without --enforce every byte passes.
talk 0 "$(sed 's/^/!/' bad answers)" --name fake --agent tester -- tee all
same "$(sort all)" "$(sort bad answers)"
box 0 verify
finish
