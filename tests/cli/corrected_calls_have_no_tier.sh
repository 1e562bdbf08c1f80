#!/usr/bin/env bash
# A corrected call counts in no state: no tier finds it, no timeline judges it, and every answer says so.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
call() { box 0 append run.tool_called -s "run/$1" -r "$1" "${@:2}"; }
call r tool=Bash agent=claude-code group=exec
box 0 correct 1 --reason wrong_subject
for tier in '>=T2' unknown T0; do
    box 1 query --tier "$tier"
    out_empty
    same "$err" 'ledger: query: 1 tool call was corrected and does not count'
done
box 1 query --tier '>=T2' --json
same "$(jq -c '[.rows, .tool_calls, .without_tier, .corrected_calls]' <<<"$out")" '[0,0,0,1]'
box 0 timeline r
out_has 'corrected by event 2'
out_lacks judged_tier
same "$err" 'ledger: timeline: 1 tool call was corrected and does not count'
box 0 timeline r --json
same "$(jq -c '[.tool_calls, .without_tier, .corrected_calls, .events[0].judged_tier]' <<<"$out")" '[0,0,1,null]'

# The same call once more: it is found, the corrected one is not.
call r tool=Bash agent=claude-code group=exec
box 0 query --tier '>=T2' --format jsonl
same "$(jq .seq <"$T/.out")" 3
box 0 query --tier '>=T2' --by tool --json
same "$(jq -c '[.tool_calls, .without_tier, .corrected_calls]' <<<"$out")" '[1,0,1]'
err_empty
box 0 query --tier '>=T2'
same "$err" 'ledger: query: 0 of 1 tool call has no tier; 1 more was corrected and does not count'
box 0 timeline r --json
same "$(jq -c '.events | map([.seq, .judged_tier])' <<<"$out")" '[[1,null],[3,"T2"]]'
box 0 tool list --json
same "$(jq -c '[.tool_calls, .without_tier]' <<<"$out")" '[1,0]'

# Two corrected calls, and one that no longer names a tool.
call s tool=Deploy
box 0 correct 4 --reason mistake
box 0 query --tier '>=T2'
same "$err" 'ledger: query: 0 of 1 tool call has no tier; 2 more were corrected and do not count'
box 0 query --sql "SELECT tool FROM tools WHERE judged_tier >= 'T2'"
same "$err" 'ledger: query: 0 of 1 tool call has no tier; 2 more were corrected and do not count'
call s group=exec
box 0 query --tier unknown --tier T2
err_has '1 of 2 tool calls has no tier'
finish
