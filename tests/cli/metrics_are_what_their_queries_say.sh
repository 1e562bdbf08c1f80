#!/usr/bin/env bash
# stats --metrics: every figure is the one that its own query gives, over any period; error budgets; Prometheus' format.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
declare -A vkey
d1=sha256:$(printf 1 | sha256sum | cut -c1-64)
add() { box 0 append "$@"; }
jan() { add "$@" --time 2026-01-10T00:00:00Z; }
feb() { add "$@" --time 2026-02-10T00:00:00Z; }

# figure METRIC [LABEL]: value, part, whole of one figure of the last run.
figure() { jq -c --arg m "$1" --arg l "${2-}" '[.metrics[] | select(.metric == $m and ((.tier // .quantile // "") == $l)) | [.value, .part, .whole]][]' "$T/.out"; }

# ask COMMAND: runs a printed `ledger query` for this box.
# shellcheck disable=SC2317 # what it evaluates calls ledger
ask() { (ledger() { "$LEDGER" -C "$BOX" "$@" --json --quiet; } && eval "$1"); }

# Each figure of the last run, against its query.
agree() {
    local i n
    cp "$T/.out" "$T/metrics.json"
    n=$(jq '.metrics | length' "$T/metrics.json")
    ((n >= 9)) || fail "only $n figures"
    for ((i = 0; i < n; i++)); do
        jq --argjson i "$i" '.metrics[$i]' "$T/metrics.json" >"$T/one.json"
        ask "$(jq -r .query "$T/one.json")" >"$T/answer.json" || true
        jq -e --slurpfile a "$T/answer.json" '. as $m | (.tier // .quantile) as $l | [$a[0].records[] | select(.label == $l)] as $rows |
            if ($rows | length) == 0 then .whole == 0 and .value == null
            elif .unit == "ms" then $rows[0].value == .value and $rows[0].n == .whole
            else $rows[0].part == .part and $rows[0].whole == .whole and
                .value == (if .whole == 0 then null else .part / .whole end) end' "$T/one.json" >/dev/null ||
            fail "figure $i: $(cat "$T/one.json" "$T/answer.json")"
    done
}

# Nothing is measured yet: no value, and no objective is met.
box 0 stats --metrics --json
json '[.metrics[] | select(.value != null or .whole != 0)] | length' 0
agree
box 1 stats --metrics --slo probe_health=0.5 --slo tool_errors=0.5 --json
json '[.objectives[].met] | tostring' '[false,false]'

# Plans: typed, without a tier, without steps, retyped by a newer proposal, never proposed, not yet decided.
jan plan.proposed -s plan/a steps=2 tier=T1
jan plan.proposed -s plan/b steps=2
jan plan.proposed -s plan/c tier=T1
jan plan.proposed -s plan/d
jan plan.proposed -s plan/d steps=1 tier=T0
jan plan.proposed -s plan/f steps=1 tier=T0
for p in a b c d e; do jan plan.approved -s plan/$p; done
feb plan.closed -s plan/a outcome=completed

# Debates of two voters: both for; both against in the second round; a tie that the judge decides; a forged vote; without voters;
# votes that say something else than the conclusion; all of them neither for nor against.
for who in x y; do
    run 0 key new "$who.key" --name "test.example/$who"
    vkey[$who]=$out
done
for d in a b c d f g; do
    jan debate.opened -s debate/$d digest="$d1" judge=x "voters:=[{\"name\":\"x\",\"vkey\":\"${vkey[x]}\"},{\"name\":\"y\",\"vkey\":\"${vkey[y]}\"}]"
done
vote() { jan debate.voted -s "debate/$1" participant="$2" round="$3" digest="$d1" "scores:={\"policy\":$4,\"simplicity\":$4,\"predicted_pass\":$4}" --sign-as "${5-$2}.key"; }
vote a x 1 0.9
vote a y 1 0.8
vote b x 1 0.9
vote b y 1 0.1
vote b x 2 0.1
vote b y 2 0.2
for r in 1 2; do
    vote c x $r 0.9
    vote c y $r 0.1
    vote g x $r 0.5
    vote g y $r 0.5
done
vote d x 1 0.9
vote d y 1 0.9 x
vote f x 1 0.9
vote f y 1 0.9
jan debate.opened -s debate/e
jan debate.voted -s debate/e participant=x vote=yes
jan debate.concluded -s debate/a outcome=accepted
feb debate.concluded -s debate/b outcome=rejected
jan debate.concluded -s debate/c outcome=accepted
jan debate.concluded -s debate/d outcome=error
jan debate.concluded -s debate/e outcome=accepted
jan debate.concluded -s debate/f outcome=rejected
jan debate.concluded -s debate/g outcome=retained

# Promotions: in use; aborted; rolled back; promoted by an illegal step.
for p in a b; do
    jan promotion.planned -s promotion/$p digest="$d1"
    jan promotion.debating -s promotion/$p digest="$d1"
    jan promotion.simulated -s promotion/$p digest="$d1" verdict=pass
    jan promotion.verifying -s promotion/$p digest="$d1"
    jan -g measured promotion.gated -s promotion/$p digest="$d1" decision=pass
    jan promotion.promoted -s promotion/$p digest="$d1"
done
feb promotion.rolled_back -s promotion/b digest="$d1"
jan promotion.planned -s promotion/c digest="$d1"
jan promotion.gated -s promotion/c digest="$d1" decision=refuse
jan promotion.aborted -s promotion/c reason=refused
jan promotion.promoted -s promotion/d digest="$d1"

jan eval.finished -s eval/a verdict=pass
jan eval.finished -s eval/b verdict=fail
jan eval.finished -s eval/c

# Health: ok, not ok, does not apply, offline.
for s in ok ok ok missing not_applicable; do jan doctor.observed -s check/disk check=disk status=$s; done
jan doctor.observed -s check/net check=net status=unreachable offline=true
feb doctor.observed -s check/disk check=disk status=error

# Tools: T2 by the shipped rules, T0 by its source, unknown. Denied is no error of the tool.
jan run.tool_called -s run/r -r r tool=Bash agent=claude-code group=exec
jan run.tool_returned -s run/r -r r tool=Bash agent=claude-code ok=true
jan run.tool_returned -s run/r -r r tool=Bash agent=claude-code ok=false outcome=error
jan run.tool_returned -s run/r -r r tool=Bash agent=claude-code ok=false outcome=denied
jan run.tool_returned -s run/r -r r tool=Bash agent=claude-code exit_code=2
jan run.tool_returned -s run/r -r r tool=Deploy outcome=timeout
feb run.tool_returned -s run/r -r r tool=Deploy outcome=ok

box 0 stats --metrics --json
same "$(figure plan_typeability)" '[0.4,2,5]'
same "$(figure debate_agreement)" '[0.4,2,5]'
same "$(figure verify_pass_rate)" "[$(jq -n 2/3),2,3]"
same "$(figure eval_pass_rate)" "[$(jq -n 1/3),1,3]"
same "$(figure promote_success)" '[0.25,1,4]'
same "$(figure probe_health)" '[0.6,3,5]'
same "$(figure tool_errors T2)" '[0.5,2,4]'
same "$(figure tool_errors unknown)" '[0.5,1,2]'
json '.metrics[] | select(.quantile == "0.5") | [.value > 0, .part, .whole] | tostring' '[true,null,2]'
agree

# Periods, by either clock; a sequence number.
box 0 stats --metrics --json --since 2026-02-01 --until 2026-02-28
json '[.since, .until, .clock] | tostring' '["1769904000000000000","1772323199999999999","source"]'
same "$(figure plan_typeability)" '[1,1,1]'
same "$(figure debate_agreement)" '[1,1,1]'
same "$(figure probe_health)" '[0,0,1]'
same "$(figure tool_errors unknown)" '[0,0,1]'
same "$(figure promote_success)" '[null,0,0]'
agree
box 0 stats --metrics --json --until 2026-01-31
same "$(figure probe_health)" '[0.75,3,4]'
same "$(figure promote_success)" '[0.25,1,4]'
agree
box 0 stats --metrics --json --until 2026-01-31 --clock ledger
same "$(figure probe_health)" '[null,0,0]'
json .clock ledger
agree
box 0 stats --metrics --json --until 5
same "$(figure plan_typeability)" '[null,0,0]'
agree

# A corrected event does not count; what comes later changes no query that was printed before.
box 0 query --kind doctor.observed --where "status = 'error'" --fields seq --format csv
seq=$(tail -n 1 <<<"$out" | tr -d '\r')
box 0 correct "$seq" --reason mistake
box 0 stats --metrics --json
same "$(figure probe_health)" '[0.75,3,4]'
agree
before=$(jq -r '.metrics[] | select(.metric == "probe_health") | .query' "$T/metrics.json")
jan doctor.observed -s check/disk check=disk status=error
same "$(ask "$before" | jq -c '.records[0] | [.part, .whole]')" '[3,4]'

# Error budgets: 3 of 5 are ok now, so 2 are bad.
box 1 stats --metrics --slo probe_health=0.8 --slo tool_errors=0.4 --json
json '.objectives[] | select(.metric == "probe_health") | [.bad, (.allowed * 1000 | round), (.burn * 1000 | round), .met] | tostring' '[2,1000,2000,false]'
json '[.objectives[] | select(.metric == "tool_errors") | [.tier, .bad, .met]] | tostring' '[["T2",2,true],["unknown",1,true]]'
box 0 stats --metrics --slo probe_health=0.6 --slo tool_errors=0.4
out_has 'probe_health'
out_has '100 %  met'
box 1 stats --metrics --slo promote_success=0.99 --since 2026-02-01 --until 2026-02-28
out_has 'nothing measured'

# Prometheus: one HELP and one TYPE for each name, before its samples; no sample twice.
box 1 stats --metrics --format prometheus --slo tool_errors=0.99
python3 - "$T/.out" <<'PY' || fail "not Prometheus' text format"
import re, sys
helped, typed, seen, last = set(), set(), set(), None
for line in open(sys.argv[1]):
    line = line.rstrip("\n")
    m = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line)
    if m:
        names = helped if m[1] == "HELP" else typed
        assert m[2] not in names, line
        names.add(m[2])
        assert m[1] == "HELP" or m[3] == "gauge", line
        continue
    if line.startswith("# ledger query "):
        continue
    m = re.fullmatch(r'([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\.)*",?)+\})? (NaN|[-+0-9.e]+)', line)
    assert m, line
    assert m[1] in helped and m[1] in typed, line
    assert (m[1], m[2]) not in seen, line
    assert m[1] == last or not any(name == m[1] for name, _ in seen), line
    seen.add((m[1], m[2]))
    last = m[1]
assert ("ledger_tool_errors_ratio", '{tier="T2"}') in seen
assert ("ledger_slo_budget_burn_ratio", '{metric="tool_errors",tier="T2"}') in seen
PY
out_has 'ledger_probe_health_whole 5'

# What is refused.
box 2 stats --since 2d
err_has '--since needs --metrics'
box 2 stats --metrics --format xml
err_has 'expected table, json or prometheus'
box 2 stats --metrics --slo probe_heath=0.9
err_has "did you mean 'probe_health'"
box 3 stats --metrics --slo simulate_latency=0.9
err_has 'is not a share'
for target in probe_health probe_health= probe_health=1 probe_health=1.0 probe_health=0.0 probe_health=99 probe_health=0x1.8 probe_health=nan probe_health=-0.5; do
    box 3 stats --metrics --slo "$target"
    err_has 'above 0 and below 1'
done
box 2 stats --metrics --clock moon
box 3 stats --metrics --since never
box 2 stats --metrics extra

finish
