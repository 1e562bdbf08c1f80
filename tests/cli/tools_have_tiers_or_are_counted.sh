#!/usr/bin/env bash
# Tiers of tools: judged by policies, queried by query, lists and SQL, each of which says how many calls have none.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
call() { box 0 append run.tool_called -s "run/$1" -r "$1" "${@:2}"; }
call r tool=Bash agent=claude-code group=exec
call r tool=Read agent=claude-code group=filesystem.read tier=T0
call r tool=Deploy
call s tool=Deploy

# Calls without a tier match no tier, and are reported.
box 0 query --tier '>=T2' --fields tool --format csv
same "$(tr -d '\r' <<<"$out")" "$(printf 'tool\nBash')"
err_has "2 of 4 tool calls have no tier"
box 1 query --tier '>=T2' --run s
err_has "1 of 1 tool call has no tier"
box 0 query --tier unknown --tier T0 --json
same "$(jq -c '[.rows, .tool_calls, .without_tier]' <<<"$out")" '[3,4,2]'
box 0 query --tier '<T2' --where "tool GLOB 'R*' OR tool = 'Bash'" --count --json
same "$(jq -c '[.total, .tool_calls, .without_tier]' <<<"$out")" '[1,2,0]'
box 0 log --tier T2
err_has "2 of 4 tool calls have no tier"
box 0 query --sql "SELECT tool FROM tools WHERE judged_tier >= 'T2'"
err_has "2 of 4 tool calls have no tier"
box 0 query --sql "SELECT tool FROM tools WHERE judged_tier >= 'T2'" --json
same "$(jq -c '[.rows, .tool_calls, .without_tier]' <<<"$out")" '[1,4,2]'
box 0 query --sql "SELECT count(*) FROM events"
same "$err" ""
box 3 query --tier T4
err_has "expected: T0, T1, T2, T3, '>=T2', '<T2', unknown"
box 2 query --sql "SELECT 1" --tier T2
err_has "do not go together"

# Lists: the source's tier, and the judged one.
box 0 tool list --json
same "$(jq -c '[.tool_calls, .without_tier]' <<<"$out")" '[4,2]'
same "$(jq -c '.states[] | select(.tool == "Read") | [.told_tier, .judged_tier, .judged_policy, .judged_rule, .judged_seq]' <<<"$out")" \
    '["T0","T0","default 1","Read",null]'
box 0 tool list --with judged_tier=T2
err_has "2 of 4 tool calls have no tier by the policies"
box 1 tool show nothing
box 0 append permission.granted -s pack/p group=exec tier=T1
box 0 append permission.decided -s tool/Deploy tool=Deploy decision=allow
box 0 permit list
err_has "1 of 2 permissions has no tier by the policies"
box 0 permit list --json
same "$(jq -c '.states[] | select(.who == "pack/p") | [.tier, .judged_tier]' <<<"$out")" '["T1","T2"]'

# A timeline judges its calls.
box 0 timeline r
out_has judged_tier=T2
err_has "1 of 3 tool calls has no tier"
box 0 timeline r --json
same "$(jq -c '[.tool_calls, .without_tier, (.events | map(.judged_tier))]' <<<"$out")" '[3,1,["T2","T0",null]]'

# Exports by tier say so too.
box 0 export --dry-run --sql "SELECT seq FROM events WHERE tool IN (SELECT tool FROM tools WHERE judged_tier = 'T2')"
err_has "2 of 4 tool calls have no tier"
box 0 export --dry-run --sql "SELECT seq FROM events WHERE tool IN (SELECT tool FROM tools WHERE judged_tier = 'T2')" --json
same "$(jq -c '[.matching, .tool_calls, .without_tier]' <<<"$out")" '[1,4,2]'

# A policy: checked when it is declared, replaced by its next version.
policy() { box "$1" append policy.declared -s policy/mine --body "{\"policy\":\"mine\",$2}"; }
policy 3 '"tool_rules":[{"tool":"Deploy","tier":"T3"}]'
err_has "field 'version' is missing"
policy 3 '"version":"1","tool_rules":[{"tier":"T3"}]'
err_has "rule 1 names no tool, server, agent or group"
policy 3 '"version":"1","tool_rules":[{"tool":"Deploy"}]'
err_has "member 'tier' is missing"
policy 3 '"version":"1","tool_rules":[{"tool":"x","tier":"T1","roots":["a/../b"]}]'
err_has "'a/../b' of 'roots' has a '..' segment"
policy 3 '"version":"1","tool_rules":[{"tool":"x","tier":"T1","arguments":["rm"]}]'
err_has "'rm' of 'arguments' is not NAME=GLOB"
policy 3 '"version":"1","tool_rules":[{"tool":"x","tier":"T1","calls_a_minute":0}]'
err_has "'calls_a_minute' is not 1 or more"
policy 3 '"version":"1","tool_rules":[{"tool":"x","tier":"T1","roots":["/home/alice/work"]}]'
err_has "would become private"
policy 0 '"version":"1","tool_rules":[{"name":"deploys","tool":"Dep*","tier":"T3","denied":["target=production"],"cooldown_ms":1000}]'
declared=$(jq -r .seq <<<"$out")
box 0 query --tier T3 --count --json
same "$(jq -c '[.total, .without_tier]' <<<"$out")" '[3,0]'
box 0 tool list --json --with tool=Deploy
same "$(jq -c '.states[0] | [.judged_tier, .judged_policy, .judged_rule, .judged_seq]' <<<"$out")" "[\"T3\",\"mine 1\",\"deploys\",$declared]"
box 0 tool list --at "$((declared - 1))" --json # before it was declared
same "$(jq .without_tier <<<"$out")" 2
box 0 policy list
out_has mine
box 0 policy show mine
out_has deploys
box 1 policy show yours
policy 0 '"version":"2"' # withdrawn
box 0 tool list --json
same "$(jq .without_tier <<<"$out")" 2
box 0 verify

# diff: what a policy's correction changes about a tool is shown, and mere call counts are not.
BOX=$T/corrected
box 0 init --origin test.example/corrected
box 0 append run.tool_called -s run/r tool=Bash group=exec
box 0 append policy.declared -s policy/mine --body '{"policy":"mine","version":"1","tool_rules":[{"group":"exec","tier":"T3"}]}'
declared=$(jq .seq "$T/.out")
box 0 append run.tool_called -s run/r tool=Bash group=exec tier=T0
box 1 diff "$declared"
box 0 correct "$declared" --reason mistake
by=$(jq .seq "$T/.out")
box 0 diff "$declared" --json
same "$(jq -c '.changes[] | select(.table == "tools") | [.name, .change, .before.judged_tier, .after.judged_tier, .seq]' <<<"$out")" \
    "[\"tool/Bash\",\"changed\",\"T3\",\"T2\",$by]"

# The rules of all policies together have a limit, which is reported when a policy is declared.
BOX=$T/full
box 0 init --origin test.example/full
python3 - >"$T/policies.jsonl" <<'PY'
import json
rules = [{"tier": "T1", "tool": "x" * 240, "server": "y" * 240}] * 512
for i in range(32):
    name = f"p{i}"
    print(json.dumps({"kind": "policy.declared", "subject": "policy/" + name, "body": {"policy": name, "version": "1", "tool_rules": rules}}))
PY
box 0 ingest jsonl "$T/policies.jsonl"
python3 -c 'import json
print(json.dumps({"policy": "q", "version": "1", "tool_rules": [{"tier": "T1", "tool": "x" * 240, "server": "y" * 240}] * 512}))' >"$T/q.json"
box 1 append policy.declared -s policy/q --body-file "$T/q.json"
err_has "refused: policy 'q': its 252 KiB of rules are not taken: at most 256 KiB a policy and 8192 KiB in all, which would be"
box 1 append policy.declared -s policy/q --body-file "$T/q.json" --dry-run
json .checked.legal false
python3 -c 'import json
print(json.dumps({"policy": "q", "version": "1", "tool_rules": [{"tier": "T1", "tool": "x", "arguments": ["a=" + "x" * 250] * 9}] * 512}))' >"$T/q.json"
box 3 append policy.declared -s policy/q --body-file "$T/q.json"
err_has "expected: at most 262144 in one policy"
box 0 append run.tool_called -s run/r tool=Bash
box 0 tool list

finish
