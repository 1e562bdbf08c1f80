#!/usr/bin/env bash
# Text, JSON, JUnit and Prometheus say the same; diff, why and --list agree with the answers of two moments.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
"$LEDGER" -C "$BOX" doctor >"$T/.out" || true # however well this machine is
box 0 append doctor.observed -s check/thing check=thing 'target=a "b" \c' status=missing # fails
box 0 append hardware.faulted -s host/this what=thermal device=cpu0                        # warns

box 1 doctor --no-probe --json
cp .out answer.json
json .schema ledger.doctor/1
json .verdict fail
json .good false
json .recorded 0
json '.probes | length' 0
json '.counts | add' "$(jq '[.clauses[] | select(.state != null)] | length' answer.json)"
json '[.clauses[] | select(.state == "fail")] | length' "$(jq .counts.fail answer.json)"
json '[.clauses[] | select(.state != "pass" and .state != null and .reason == "")] | length' 0
json '.clauses[] | select(.clause == "disk") | .grade' measured # a probe saw it
json '.clauses[] | select(.clause == "faults") | .grade' reported # somebody said it
json '.clauses[] | select(.clause == "gaps") | .grade' null      # it rests on no event
box 1 doctor --no-probe --format json
same "$(jq -S 'del(.now)' .out)" "$(jq -S 'del(.now)' answer.json)"

# The page has each clause: what does not pass with its reason and remedy, the others by name.
COLUMNS=400 box 1 doctor --no-probe
cp .out page
[[ $(head -n 1 page) == fail* ]] || fail 'the verdict is not first'
while IFS=$'\t' read -r state clause; do
    case $state in
    pass | null) check grep -Eq "^(pass|left out) .*\\b$clause\\b" page ;;
    *) check grep -q "^$state *$clause: " page ;;
    esac
done < <(jq -r '.clauses[] | "\(.state)\t\(.clause)"' answer.json)
same "$(grep -c '^  remedy' page)" "$(jq '[.clauses[] | select(.remedy != null)] | length' answer.json)"

box 1 doctor --no-probe --format junit
cat >junit.py <<'P'
import json, sys, xml.etree.ElementTree as e
answer = json.load(open(sys.argv[1]))
suite = e.parse(sys.argv[2]).getroot().find("testsuite")
ends = {"pass": None, "warn": None, "fail": "failure", "unknown": "error", None: "skipped"}
cases = {c.get("name"): c for c in suite.findall("testcase")}
assert set(cases) == {c["clause"] for c in answer["clauses"]}
for c in answer["clauses"]:
    parts = [p.tag for p in cases[c["clause"]] if p.tag in ("failure", "error", "skipped")]
    assert parts == ([ends[c["state"]]] if ends[c["state"]] else []), (c, parts)
    if parts and c["state"]: assert cases[c["clause"]].find(parts[0]).get("message") == c["reason"], c
assert int(suite.get("failures")) == answer["counts"]["fail"] and int(suite.get("errors")) == answer["counts"]["unknown"]
P
check python3 junit.py answer.json .out

box 1 doctor --no-probe --format prometheus
cat >prometheus.py <<'P'
import json, re, sys
answer = json.load(open(sys.argv[1]))
states, since, kinds, good = {}, {}, {}, None
for line in open(sys.argv[2]).read().split("\n")[:-1]:
    if line.startswith("# "):
        word, metric, rest = line[2:].split(" ", 2)
        assert word in ("HELP", "TYPE") and rest
        kinds[metric] = kinds.get(metric, 0) + 1
        continue
    m = re.fullmatch(r'([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\d+(?:\.\d+)?)', line)
    assert m and kinds.get(m[1]) == 2, line
    labels = dict(re.findall(r'([a-z]+)="((?:[^"\\]|\\.)*)"', m[2]))
    assert labels["pack"] == ""
    if m[1] == "ledger_doctor_clause" and m[3] == "1": states[labels["clause"]] = labels["state"]
    elif m[1] == "ledger_doctor_clause_since_seconds": since[labels["clause"]] = m[3]
    elif m[1] == "ledger_doctor_good": good = m[3]
assert states == {c["clause"]: c["state"] for c in answer["clauses"] if c["state"]}, states
assert set(since) == {c["clause"] for c in answer["clauses"] if c["state"] and c["since"]}
assert good == "0"
P
check python3 prometheus.py answer.json .out

# diff, by two answers.
for pair in '0 3' '3 0' '1 9' '5 5'; do
    read -r a b <<<"$pair"
    for at in "$a" "$b"; do
        "$LEDGER" -C "$BOX" doctor --at "$at" --json >"at$at.json" || true
    done
    box 0 doctor diff "$a" "$b" --json
    jq -c '[.changes[] | [.clause, .before, .after]] | sort' .out >told
    jq -cn --slurpfile a "at$a.json" --slurpfile b "at$b.json" '
        ($a[0].clauses | map({(.clause): .state}) | add) as $x | ($b[0].clauses | map({(.clause): .state}) | add) as $y
        | [($x + $y) | keys[] | select($x[.] != $y[.]) | [., $x[.], $y[.]]] | sort' >computed
    check cmp told computed
    json .before "$(jq -r .verdict "at$a.json")"
    json .after "$(jq -r .verdict "at$b.json")"
done
box 0 doctor diff 5 5
out_has 'no clause has another state'

# why and --list have every clause.
for clause in $(jq -r '.clauses[].clause' answer.json); do
    box 0 doctor why "$clause"
    out_has "$clause"
    box 0 doctor why "$clause" --json
    json .schema ledger.doctor-why/1
done
box 0 doctor --list --json
json .schema ledger.doctor-list/1
same "$(jq -c '[.clauses[] | [.clause, .state]]' .out)" "$(jq -c '[.clauses[] | [.clause, .state]]' answer.json)"
json '[.probes[] | select(.end == null) | .probe] | join(" ")' weights # which only looks when it is asked to
box 0 doctor --list
for probe in chain keep disk clock hardware; do out_has "$probe"; done

# The same moment gives the same answer again, also from states that were built anew.
cp at9.json before.json
box 0 rebuild
"$LEDGER" -C "$BOX" doctor --at 9 --json >after.json || true
check cmp before.json after.json

# Mistakes.
box 2 doctor --format xml
err_has "--format 'xml': expected text, json, junit or prometheus"
box 2 doctor --json --format junit
err_has '--json and --format junit do not go together'
box 2 doctor --every 1s
err_has '--every goes with --watch'
for every in 0 0s x 2d 50ms -1s; do
    box 2 doctor --watch --every="$every"
    err_has "--every '$every': expected a duration from 0.001s to 1d"
done
for how in '--at 3' --list '--format junit' '--format prometheus'; do
    # shellcheck disable=SC2086
    box 2 doctor --watch $how
    err_has '--watch does not go with --at, --list, or --format junit or prometheus'
done
for how in '--no-probe' '--at 3' '--list'; do
    # shellcheck disable=SC2086
    box 2 doctor --all $how
    err_has '--all looks; it does not go with --no-probe, --at or --list'
done
box 2 doctor --list --format junit
err_has '--list does not go with --format junit'
box 0 doctor --list --format json
json .schema ledger.doctor-list/1
box 2 doctor --pack=
err_has '--pack needs the name of a pack'
box 2 doctor --time soon
err_has "unknown time style 'soon'"
box 2 doctor diff
err_has 'too few arguments'
box 2 doctor diff 1 2 3
err_has "unexpected argument '3'"
box 2 doctor why
err_has 'too few arguments'
box 3 doctor --at 99999
err_has '--at: there is no event 99999'
box 3 doctor --at never
err_has "--at: 'never' is neither an event number nor a time"
box 3 doctor diff 1 99999
err_has 'there is no event 99999'
box 1 doctor why disc
err_has "there is no clause 'disc', did you mean 'disk'?"
for how in '--only disc' '--watch --only disc' '--no-probe --only disc' '--list --only disc'; do
    # shellcheck disable=SC2086
    box 1 doctor $how
    err_has "there is no clause 'disc'; 'ledger doctor --list' lists them"
    out_empty
done
for how in '--pack nope --only state' '--list --pack nope' 'why disk --pack nope' 'diff 1 --pack nope'; do
    # shellcheck disable=SC2086
    box 1 doctor $how
    err_has "there is no verdict on the pack 'nope': up to that moment nothing is known of it"
done
finish
