#!/usr/bin/env bash
# state, and list and show of everything with a state: now, as of a moment, in every format, and what is refused.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

new_states

# The projections.
box 0 state
check grep -Eq '^packs +1  1 [a-z-]+ +a pack, ' "$T/.out"
check grep -Eq '^routes +2  [12] ' "$T/.out"
check grep -Eq '^empty: .*hardware' "$T/.out"
err_empty
box 0 state --projections
out_has 'PROJECTION'
out_has 'permission_patterns'
err_empty
box 2 state packs --projections
box 0 state --json
json .schema ledger.projections/1
json '.size, .at' $'19\n19'
json '[.projections[] | select(.position != 19 or .condition != "current")] | length' 0
json '.projections[] | select(.projection == "permissions") | .rows >= 2' true
json '.projections[] | select(.projection == "packs") | .tables | index("pack_checks") != null' true
json .incomplete '[]'
box 0 state --digest --json
digests=$(jq -c '[.projections[].digest]' <<<"$out")
check jq -e "all(test(\"^sha256:[0-9a-f]{64}$\"))" <<<"$digests" >jq.out
box 0 state --digest --at 18 --json
same "$(jq -c '[.projections[].digest]' <<<"$out")" "$digests"
box 0 state --digest --at 17 --json
check test "$(jq -c '[.projections[].digest]' <<<"$out")" != "$digests"
box 0 state --format csv
out_has 'projection,condition,version'

# Every table can be listed, by its name or by the name of one row.
box 0 state --names
names=$out
[[ $(wc -w <<<"$names") -ge 20 ]] || fail "there are few tables"
for name in $names; do
    got=0
    "$LEDGER" -C "$BOX" state "$name" --json >"$T/.out" 2>"$T/.err" || got=$?
    json .schema ledger.states/1
    json .table "$name"
    if [[ $(jq .rows <"$T/.out") == 0 ]]; then same "$got" 1; else same "$got" 0; fi
done
for noun in permission model-name model_name check-of-pack package epoch; do
    box 0 state "$noun"
done

# The seven commands.
for command in model route permit pack eval promote run; do
    box 0 "$command" list
    box 0 "$command" list --json
    json .schema ledger.states/1
    first=$(jq -r '.states[0] | to_entries[0].value' <<<"$out")
    box 0 "$command" show "$first" --json
    json .schema ledger.state/1
    json '.things[0].events | length > 0' true
    box 0 "$command" show "$first"
    out_has 'WHAT IT IS'
    box 2 "$command"
    box 2 "$command" show
    box 1 "$command" show there-is-no-such-thing
    err_has 'there is no'
    out_empty
    box 1 "$command" show there-is-no-such-thing --json
    same "$(jq -r .error.code <<<"$err")" ERR_NOTFOUND
done
box 0 pack list
out_has "'extract'"
box 0 route list --state 'declared*'
out_has extract
out_has 'model drift'
box 0 route list --state ready --at 17
out_has summarise
out_lacks extract
box 0 run list --pack pdf-ops
out_has r1
out_lacks r2
box 0 permit list --pack pdf-ops
out_has 'inbox/**'
out_lacks tool/bash
box 0 permit list --pack 'pdf-*' --with who='pack/*' --state granted --state requested
box 0 run list --last 1
out_has r2
out_lacks r1
box 0 run list --last 5 --json
json '[.states[].run] | tojson' '["r1","r2"]'
box 0 run list --with outcome=
out_has r2
out_lacks r1
box 0 run list --with first_seq=12 --fields run,first_seq --format csv
same "$(tr -d '\r' <"$T/.out" | paste -sd' ')" 'run,first_seq r1,12'
box 0 run list --fields all --format jsonl
same "$(jq -rs 'map(.run) | join(",")' <"$T/.out")" r1,r2
box 0 state installs --with version='7.*' --fields version,state --json
json '.states[0] | tojson' '{"version":"7.88.2","state":"installed"}'
box 0 state installs --time relative
out_has ' ago'
box 1 run list --state running,finished
err_has 'the states of the others are'
out_empty
box 1 run list --state nothing --json
json .rows 0

# One row: by its keys, by some of them, by a prefix, by another name.
box 0 state package dpkg curl
out_has 7.88.2
out_has 'install.upgraded'
box 0 state package dpkg curl amd64 --json
json '.things[0].name' package/dpkg/curl/amd64
json '.things[0].fields.version' 7.88.2
json '[.things[0].events[].seq] | tojson' '[10,11]'
json .complete true
box 0 state permissions pack/pdf-ops filesystem.read 'inbox/**'
out_has granted
box 0 permit show pack/pdf-ops --json
json '.things | length' 1
box 0 model show "$WEIGHTS" "$OTHER" --json
json '[.things[].fields.digest] | length' 2
box 0 model show llama3.2:3b --json
json '.things[0].fields.digest' "$OTHER"
box 0 model show llama3.2:3b --at 17 --json
json '.things[0].fields.digest' "$WEIGHTS"
box 0 model show sha256:aaaa
out_has "model/$WEIGHTS"
box 1 model show sha256:
err_has '2 begin so'
box 0 route show route/summarise
box 1 route show sumarise
err_has "did you mean 'summarise'"
box 1 run show r3 --at 3
err_has 'at that time'
box 0 model show llama3.2 --json
json '.things[0].fields.digest' "$OTHER"
box 0 model show aaaa
out_has "model/$WEIGHTS"
box 0 model show model/llama3.2:3b
box 0 permit show pdf-ops --json
json '.things[0].name' 'permission/pack/pdf-ops/filesystem.read/inbox/**'
box 0 promote list
err_has "'ledger -C $BOX why promotion/p1' tells it"
box 0 promote show p1
out_has '1 illegal step, the newest by event 16'

# The verdict over the box has no name; its clauses are a table. Long columns are last.
box 0 state verdicts
out_has '(the box)'
same "$(head -1 <<<"$out" | awk '{print $NF}')" REASON
box 0 state verdicts '' # the box
out_has '(below)'

# On a narrow terminal the reason has room, and digests are short.
on_terminal() {
    got=0
    script -qec "stty cols 80; '$LEDGER' -C '$BOX' $*" /dev/null </dev/null >"$T/.out" 2>"$T/.err" || got=$?
    out=$(cat "$T/.out")
}
box 0 why route/extract
out_has " ledger -C $BOX eval run smoke --pack pdf-ops --route extract"
box 0 why route/extract --json
json '.things[0].fields.missing[0].remedy' "ledger -C $BOX eval run smoke --pack pdf-ops --route extract"
if command -v script >/dev/null; then
    on_terminal --no-color route list --no-pager
    out_has 'REASON'
    out_has '(no room at 80 columns: PACK, MODEL, SUITE, PROOF)'
    out_has 'model drift: pro'
    on_terminal --no-color why verdict
    out_has "    ledger -C $BOX doctor"
    out_has '(no room at 80 columns: EVIDENCE, QUESTION)'
    on_terminal --no-color permit list --no-pager
    [[ $(head -n 1 <<<"$out" | tr -d '\r' | xargs) == 'WHO GROUP SCOPE STATE SINCE REASON' ]] || fail 'other columns have room'
    out_has '(no room at 80 columns: OVERRIDDEN_BY, TIER, JUDGED_TIER, EXPIRES)'
    on_terminal --no-color model list --no-pager
    out_has 'bbbbbbb'
    out_lacks 'sha256:'
fi

# As of a moment.
box 0 pack list --at 1 --json
json '.states[0].state' blocked
json .at 2
box 0 pack list --at 4 --json
json '.states[0].state' demo-only
box 0 pack list --at 17 --json
json '.states[0].state' partial
box 1 pack list --at 0
box 0 permit list --at 2041-01-01 --pack pdf-ops --json
json '.states[0].state' expired
json .now 2240697599999999999
box 1 pack list --at 1971-01-01
box 3 pack list --at 19
err_has 'the newest is 18'
box 0 pack list --at now
box 1 pack list --at yesterday
err_has 'the log had not begun'
box 3 pack list --at tomorrow
err_has 'is neither an event number nor a time'
box 3 state --at 1e3
box 3 pack show pdf-ops --at 99 --json
same "$(jq -r .error.exit <<<"$err")" 3

# What does not exist.
box 2 state packges
err_has 'did you mean'
box 2 state routes --with modle=x
err_has "did you mean 'model'"
box 2 state routes --with model
box 2 state routes --fields route,sate
err_has "did you mean 'state'"
box 2 state routes --format tabel
err_has "did you mean 'table'"
box 2 state routes --time never
box 2 state routes --digest
box 2 state --state ready
box 2 state routes summarise --state ready
box 2 state hardware_faults --pack x
err_has 'have no pack'
box 2 state gaps --state x
err_has 'have no state'
box 2 run list --last 0
box 2 run list --last many
box 2 state --names routes
box 2 state --names --markdown
run 3 -C nowhere state
run 3 -C nowhere pack list
got=0
"$LEDGER" -C "$BOX" state >/dev/full 2>"$T/.err" || got=$?
same "$got" 4

# Runs: what ran, how it ended and for how long; a call that names no run is not one; the failed ones.
box 0 append run.finished -s run/r2 --run r2 outcome=error error=tool-denied ok:=false duration_ms=45000
box 0 append run.model_called -s run/ollama-1 model=x
box 0 run list
out_has '  45.0 s'
out_has 'tool-denied'
check grep -Eq '^RUN +STATE +ERROR +PACK +AGENT +TASK +STARTED +DURATION ' "$T/.out"
out_lacks ollama-1
err_has "1 run of a single model call left out ('--state observed' lists it)"
box 0 run list --json
json '.states | map(.run) | join(" ")' 'r1 r2'
json '.states[1] | [.error, .duration_ms] | tojson' '["tool-denied",45000]'
box 0 run list --state observed
out_has ollama-1
box 0 state runs
out_has ollama-1
box 0 run list --failed --pack other
out_has r2
out_lacks r1
err_empty
box 0 append permission.denied -s pack/pdf-ops group=exec scope=bin/sh
box 0 permit list --failed
out_has exec
out_lacks filesystem.read
box 0 permit list
err_empty
box 0 append permission.decided -s tool/unknown decision=allow group=exec scope=make
box 0 permit list
err_has "'tool/unknown' stands for all answers that named no tool"
box 2 state hardware_faults --failed
err_has 'have no state'
box 0 model list
out_has '1.9 GiB'

# States are derived: without them, and without a place for them, the answers are the same.
box 0 state routes --json
jq -c .states <<<"$out" >before.json
rm -rf "$BOX/derived"
box 0 state routes --json
jq -c .states <<<"$out" >after.json
check cmp before.json after.json

finish
