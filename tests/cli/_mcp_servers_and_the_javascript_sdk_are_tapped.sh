#!/usr/bin/env bash
# The client of the MCP SDK for JavaScript speaks to reference servers, from npm, through `ledger tap mcp`: it gets the same answers as
# without the tap, all of it is recorded, and --enforce lets pass what is permitted. It asks `ledger mcp` too.
#
# Not part of `make test`, because it needs the network: LEDGER=build/release/ledger bash tests/cli/_mcp_...sh. Without node (18 or
# newer), npm or the registry it is skipped with a message.
set -eu
export npm_home=$HOME
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_mcp.sh
. "$ROOT/tests/cli/lib_mcp.sh"
# shellcheck source=tests/cli/lib_npm.sh
. "$ROOT/tests/cli/lib_npm.sh"

command -v node >/dev/null || skip 'there is no node'
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' || skip "node is older than 18"
mkdir sdk
cp "$ROOT"/tests/mcp/{package.json,package-lock.json,sdk.mjs} sdk/
from_npm sdk 'the SDK'
BIN=$T/sdk/node_modules/.bin
mkdir files
echo content >files/a.txt
export WITHIN=$T/files

# client NAME COMMAND...: what the client printed is in out.
client() { (cd sdk && timeout 60 node sdk.mjs "$@") >"$T/.out" 2>"$T/.err" || fail "the client failed: $*"; }

new_box
client every "$BIN/mcp-server-everything"
cp "$T/.out" plain
client every "$LEDGER" -C "$BOX" tap mcp --name every -- "$BIN/mcp-server-everything"
check cmp plain "$T/.out"
events
has 1 '.kind == "run.started" and .body.agent == "sdk-test"'
has 1 '.kind == "agent.tools_observed" and (.body.tools | length) >= 10'
has 5 '.kind == "run.tool_called"'
has 5 '.kind == "run.tool_returned"'
has 1 '.kind == "run.tool_returned" and .body.tool == "mcp__every__no-such-tool" and .body.ok == false'
has 1 '.kind == "run.asked" and .body.answer == "accept"'
has 1 '.kind == "run.model_returned" and .body.served == "test-model"'
has 0 '.kind == "ledger.gap"'

client files "$BIN/mcp-server-filesystem" "$WITHIN"
cp "$T/.out" plain
rm files/b.txt
client files "$LEDGER" -C "$BOX" tap mcp --name files -- "$BIN/mcp-server-filesystem" "$WITHIN"
check cmp plain "$T/.out"
check test -e files/b.txt
rm files/b.txt

box 0 permit grant tool/mcp__files__read_text_file filesystem.read --tier T1
client files "$LEDGER" -C "$BOX" tap mcp --name files --agent sdk --enforce --group filesystem.write \
    --group read_text_file=filesystem.read -- "$BIN/mcp-server-filesystem" "$WITHIN"
json 'select(.tool == "read_text_file" and .isError == false) | .text' content
json 'select(.tool == "write_file") | .code' -32050
check test ! -e files/b.txt
events
has 2 '.kind == "permission.used" and .subject == "tool/mcp__files__read_text_file"'
has 1 '.kind == "permission.requested" and .subject == "tool/mcp__files__write_file"'
box 0 verify

# The same client asks the ledger itself.
box 0 append run.started -s run/r1 --run r1 task=t
client ledger "$LEDGER" -C "$BOX" mcp
same "$(jq -rs '[.[] | select(.tool and .isError == false) | .tool] | join(" ")' "$T/.out")" 'why query timeline state doctor verify prove why'
same "$(jq -rs '[.[] | select(.uri) | .uri] | join(" ")' "$T/.out")" 'ledger://runs ledger://packs ledger://run/{id}'
same "$(jq -rs '[.[] | select(.uri) | .text | fromjson | .exit] | unique | map(tostring) | join(" ")' "$T/.out")" '0 1' # there are no packs
json 'select(.code) | .code' -32602
[[ $(jq -r 'select(.tool == "why") | .text' "$T/.out" | head -n 1 | jq -r '.untrusted | tostring') == *run.started* ]] || fail 'why does not answer'
finish
