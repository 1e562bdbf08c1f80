#!/usr/bin/env bash
# tap mcp --enforce: a call leaves only if it is permitted and recorded; its text is the tap's own; what cannot be read is refused.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
# guard SCRIPT: as the client of an enforcing tap; what reached the server is in reached.
guard() {
    rm -f reached
    talk 0 "$1" --name "${NAME:-fake}" --agent tester --enforce -- "${SERVER[@]}" log=reached ${TOOLS:+"tools=$TOOLS"}
}
reached() { same "$(grep -c "tools/call" reached || true)" "$1"; }
# grant ARGS...: a line of a script.
permit() { echo "sh '$LEDGER' -C '$BOX' permit $*"; }
TOOLS=''
open="$hello
$list"
new_box

# Nobody granted anything: nothing leaves, and what was lacking is requested.
guard "$(call 1 read)
$open
$(call 2 read)
$(call 3 nosuch)
$(call 4 'bad name')"
out_has '{"jsonrpc":"2.0","id":1,"error":{"code":-32050,"message":"refused by the ledger: the server was not seen to offer this tool; list its tools first"}}'
out_has '"id":2,"error":{"code":-32050,"message":"refused by the ledger: '
out_has '"id":4,"error":'
reached 0
events
has 1 '.kind == "permission.requested" and .subject == "tool/mcp__fake__read" and .body.group == "exec" and .body.tier == "T2"'
has 4 '.kind == "run.tool_returned" and .body.outcome == "denied" and .body.ok == false'
has 0 '.kind == "run.tool_called" or .kind == "permission.decided" or .kind == "permission.denied"'

# A grant answers the request, and the next call passes, recorded before. In the same session, by a grant as it comes.
guard "$open
$(call 1 read)
$(permit grant tool/mcp__fake__read exec)
$(call 2 read '{"b":1,"a":"x"}')
$(call 3 write)
$(permit grant server/fake exec --tier T2)
$(call 4 write)
$(permit revoke tool/mcp__fake__read exec)
$(call 5 read)
$(permit deny agent/tester exec)
$(call 6 write)"
out_has '"id":1,"error"'
out_has '{"id":2,"jsonrpc":"2.0","result"'
out_has '"id":3,"error"'
out_has '{"id":4,"jsonrpc":"2.0","result"'
out_has '"id":5,"error"'
out_has '"id":6,"error"'
reached 2
# What the server got is the tap's own text.
check grep -qxF '{"id":2,"jsonrpc":"2.0","method":"tools/call","params":{"arguments":{"a":"x","b":1},"name":"read"}}' reached
events
has 2 '.kind == "permission.used" and .body.group == "exec" and .body.tier == "T2"'
has 2 '.kind == "run.tool_called" and .body.agent == "tester" and .actor == "agent:tester" and .cause != null'
has 0 '.kind == "run.tool_called" and .body.agent == "codex"'
jq -c 'select(.kind == "run.tool_called") | .body.call' events.jsonl >called
same "$(tr '\n' ' ' <called)" '"2" "4" '
box 0 tool list
out_lacks codex

# An agent's grant permits too; one for once permits one call.
box 0 permit grant agent/tester exec --tier T2
box 0 permit revoke server/fake exec
box 0 permit grant agent/tester exec --tier T2
guard "$open
$(call 1 write)"
reached 1
box 0 permit revoke agent/tester exec
box 0 append permission.granted -s tool/mcp__fake__ask group=exec tier=T2 lifetime=once
guard "$open
$(call 1 ask)
$(call 2 ask)"
reached 1
out_has '"id":2,"error"'

# A definition that is not the one that was granted: refused until it is granted again.
box 0 permit grant tool/mcp__fake__read exec --tier T2
TOOLS=$T/tools.json
echo '[{"name": "read", "description": "Reads", "inputSchema": {"type": "object"}}]' >tools.json
guard "$hello
$(head -n 1 <<<"$list")
$(call 1 read)
sh sed -i s/Reads/Steals/ '$T/tools.json'
$(head -n 1 <<<"$list")
$(call 2 read)"
out_has '{"id":1,"jsonrpc":"2.0","result"'
out_has "the definition of 'mcp__fake__read' is not the one that was granted"
err_has "'read' changed"
reached 1
guard "$hello
$(head -n 1 <<<"$list")
$(call 1 read)
$(permit grant tool/mcp__fake__read exec --tier T2)
$(call 2 read)"
out_has '"id":1,"error"'
out_has '{"id":2,"jsonrpc":"2.0","result"'
# A client that remembers the list calls at once.
guard "$(call 1 read)"
reached 1
TOOLS=''

# Policies: arguments, roots, rate. The tier of a call that a rule for some arguments may match is the highest.
NAME=lim
box 0 append policy.declared -s policy/p --body '{"policy": "p", "version": "1", "tool_rules": [
    {"name": "no drop", "tool": "mcp__lim__read", "arguments": ["path=/etc/*"], "tier": "T3"},
    {"name": "reads", "tool": "mcp__lim__read", "tier": "T2", "denied": ["path=*secret*"], "roots": ["/srv/**"]},
    {"name": "writes", "tool": "mcp__lim__write", "tier": "T2", "allowed": ["mode=add", "mode=new"], "calls_a_minute": 2},
    {"name": "asks", "tool": "mcp__lim__ask", "tier": "T2", "cooldown_ms": 60000}]}'
box 0 permit grant server/lim exec --tier T3
guard "$open
$(call 1 read '{"path":"/srv/a"}')
$(call 2 read '{"path":"/srv/secret"}')
$(call 3 read '{"path":"/home/a"}')
$(call 4 read '{"path":"/srv/../etc/a"}')
$(call 5 write '{"mode":"add"}')
$(call 6 write '{"mode":"drop"}')
$(call 7 write)
$(call 8 write '{"mode":["new","add"]}')
$(call 9 write '{"mode":"add"}')
$(call 10 ask)
$(call 11 ask)"
reached 4
out_has "argument 'path' has a denied value, by policy 'p', 'reads'"
out_has "argument 'path' names a path outside the rule's roots"
out_has "argument 'mode' has no allowed value, by policy 'p', 'writes'"
out_has "2 calls in the last minute, 2 are allowed, by policy 'p', 'writes'"
out_has "the call before it was less than 60000 ms ago, by policy 'p', 'asks'"
events
has 7 '.kind == "run.tool_returned" and .body.error == "policy"'
# In another process the rate is the same.
guard "$open
$(call 1 write '{"mode":"add"}')"
reached 0
NAME=fake

NAME=strict
box 0 permit grant server/strict exec --tier T2

# What is no message is refused, and does not leave; what the server prints beside messages neither.
box 0 append policy.declared -s policy/p --body '{"policy": "p", "version": "2", "tool_rules": []}'
rm -f reached
talk 0 "$open
!nonsense
=1
!{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"method\":\"ping\",\"params\":{\"name\":\"read\"}}
=1
!{\"jsonrpc\":\"1.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}
=1
!{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}
![{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}},{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/call\",\"params\":{\"name\":\"nosuch\"}}]
=2
$(call 9 read)" --name strict --agent tester --enforce -- "${SERVER[@]}" log=reached noise
out_lacks 'this is not a message'
out_has '"id":null,"error":{"code":-32700'
out_has '{"jsonrpc":"2.0","id":2,"error":{"code":-32600'
out_has '{"id":7,"jsonrpc":"2.0","result"'
out_has '"id":8,"error"'
reached 2

# A grant for a scope covers calls that name one path within it, and nothing else; the path is in the events of these alone.
box 0 permit grant tool/mcp__scoped__read filesystem.read '/srv/data/**' --tier T2
box 0 permit grant agent/tester filesystem.read /srv/one --tier T2
rm -f reached
talk 0 "$open
$(call 1 read '{"path":"/srv/data/a","limit":3}')
$(call 2 read '{"path":"/srv/other"}')
$(call 3 read '{"path":"/srv/data/a","target":"/srv/other"}')
$(call 4 read '{"path":"/srv/data/../other"}')
$(call 5 read '{"path":"/srv/data/a","more":["/srv/other"]}')
$(call 6 read)
$(call 7 write '{"path":"/srv/data/a"}')
$(call 8 read '{"path":"/srv/one"}')
$(permit deny tool/mcp__scoped__read filesystem.read '/srv/data/a*')
$(call 9 read '{"path":"/srv/data/a"}')
$(call 10 read '{"path":"/srv/data/b"}')
$(permit grant tool/mcp__scoped__read filesystem.read --tier T2)
$(call 11 read '{"path":"/srv/other"}')" --name scoped --agent tester --enforce --group filesystem.read --group write=filesystem.write -- "${SERVER[@]}" log=reached
events
same "$(jq -r 'select(.kind == "run.tool_called" and .body.server == "scoped") | [.body.call, .body.scope] | join(" ")' events.jsonl | paste -sd,)" \
    '1 /srv/data/a,8 /srv/one,10 /srv/data/b,11 '
same "$(jq -r 'select(.kind == "permission.used" and .subject == "tool/mcp__scoped__read") | .body.scope' events.jsonl | paste -sd,)" \
    '/srv/data/a,/srv/data/b,null'
reached 4

# LOCKDOWN, and a ledger that takes no events: nothing leaves.
run 0 key new alice.key --name test.example/alice
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$out\"]"
guard "$open
$(call 1 read)
sh '$LEDGER' -C '$BOX' tripcode issue LOCKDOWN --sign-as alice.key
$(call 2 read)"
out_has 'LOCKDOWN is on'
reached 1
box 0 verify
finish
