#!/usr/bin/env bash
# tool: one name finds it whatever its agent and server, preferring its exact case; a tool of which only returns were
# recorded is not described as called; and no printed name has an empty part.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
call() { box 0 append run.tool_called -s run/r -r r "$@"; }
back() { box 0 append run.tool_returned -s run/r -r r ok:=true "$@"; }
call tool=Bash agent=claude-code
back tool=Bash agent=claude-code
back tool=Bash agent=claude-code
call tool=bash
call tool=bash agent=opencode server=shell
back tool=read agent=opencode
call tool=Deploy agent=opencode

# Calls are those that were recorded as calls; additional answers are described as answers.
box 0 query --kind run.tool_called --count --json
calls=$(jq .total <<<"$out")
box 0 tool list --json
same "$(jq -c '[.tool_calls, ([.states[].calls] | add), ([.states[].uncalled] | add)]' <<<"$out")" "[$calls,$calls,2]"
same "$(jq -c '.states[] | select(.tool == "Bash") | [.calls, .answers, .uncalled]' <<<"$out")" '[1,2,1]'
same "$(jq -c '.states[] | select(.tool == "read") | [.calls, .uncalled]' <<<"$out")" '[null,1]'
box 0 tool list
grep -qE '^AGENT .*CALLS +UNCALLED ' "$T/.out" || fail "no column for answers without a call"

# By the tool's own name, all of them; by agent and tool; by all parts, as printed.
names() { jq -r '[.things[].name] | join(" ")' <<<"$out"; }
box 0 tool show bash --json
same "$(names)" "tool/bash tool/opencode/shell/bash"
box 0 tool show Bash --json
same "$(names)" "tool/claude-code/-/Bash"
box 0 tool show BASH --json # none is written like this
same "$(names)" "tool/bash tool/claude-code/-/Bash tool/opencode/shell/bash"
for name in claude-code/Bash claude-code/-/Bash claude-code//Bash tool/claude-code/-/Bash; do
    box 0 tool show "$name" --json
    same "$(names)" "tool/claude-code/-/Bash"
done
box 0 tool show opencode/shell/bash shell/bash --json
same "$(names)" "tool/opencode/shell/bash tool/opencode/shell/bash"
box 0 tool show opencode/read --json
same "$(names)" "tool/opencode/-/read"
box 0 tool show Deplo --json # the only one with this prefix
same "$(names)" "tool/opencode/-/Deploy"
box 1 tool show ba # several have it
err_has "there is no tool 'ba', and 2 begin so: 'bash', 'opencode/shell/bash'"
box 1 tool show Depolx
err_has "there is no tool 'Depolx', did you mean 'opencode/-/Deploy'?"

# The subject of permissions is the name of the tool: both are shown, each once.
box 0 append permission.granted -s tool/bash group=exec tier=T1
box 0 append permission.granted -s tool/Deploy group=exec tier=T1
box 0 why tool/bash --json
same "$(names)" "tool/bash tool/opencode/shell/bash"
same "$(jq -r '.things[0].parts[].name' <<<"$out")" "permission/tool/bash/exec"
box 0 why tool/Deploy --json
same "$(names)" "tool/opencode/-/Deploy permission/tool/Deploy/exec"
box 0 why tool/BASH --json # grants for another name do not apply to this one
same "$(names)" "tool/bash tool/claude-code/-/Bash tool/opencode/shell/bash"

# A name without a known runtime has no empty part either.
box 0 append model.declared -s model/wanted:1b model=wanted:1b
box 0 state model_names wanted:1b --json
same "$(names)" "model-name/wanted:1b"
box 0 why model-name/wanted:1b --json
same "$(names)" "model-name/wanted:1b"
finish
