#!/usr/bin/env bash
# eval new, validate and schema: a fresh suite has no fault and is never written over another; every fault is told with its
# place; the digest is of the meaning; the published schema and the tables are those of the program.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

run 0 eval new sums.yaml
[[ $out == sums.yaml ]] || fail "the file is not named"
err_has "ledger eval validate sums.yaml"
cp sums.yaml kept
run 3 eval new sums.yaml
err_has "'sums.yaml' exists already"
check cmp sums.yaml kept
run 3 eval new no/such/dir.yaml
run 2 eval new
run 0 eval new other.yaml --json
json .file other.yaml

run 0 eval validate sums.yaml
err_empty
out_has 'suite        sums'
out_has 'cases        4'
out_has 'samples      12'
out_has 'threshold    pass_rate_lower at least 0.4 at a confidence of 0.95'
run 0 eval validate sums.yaml other.yaml --json
json '.schema' ledger.eval_validate/1
json '.suites | length' 2
json '.suites[0].digest == .suites[1].digest' true
digest=$(jq -r '.suites[0].digest' <<<"$out")
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail "no digest: $digest"

# A comment and another spelling mean the same; another expectation does not.
sed 's/repeats: 3$/repeats: 0x3 # three/; s/"4"/4/; s/timeout: 30s/timeout: 0.5m/' sums.yaml >same.yaml
check test "$(cmp -s sums.yaml same.yaml; echo $?)" = 1
run 0 eval validate same.yaml --json
json '.suites[0].digest' "$digest"
sed 's/"4"/"5"/' sums.yaml >changed.yaml
run 0 eval validate changed.yaml --json
check test "$(jq -r '.suites[0].digest' <<<"$out")" != "$digest"

# All faults of all files, each with its place.
sed 's/check: equals/check: equal/; s/max_tokens/max_token/; s/at_least: 0.4/at_least: 1.2/' sums.yaml >bad.yaml
run 3 eval validate bad.yaml sums.yaml
out_has "bad.yaml:10:1: 'max_token' is not a key of a suite, did you mean 'max_tokens'?"
out_has "'at_least': 1.2 is not a rate above 0 and up to 1"
out_has "'check': 'equal' is not one of equals, "
out_has '3 faults'
out_has 'suite        sums'
run 3 eval validate bad.yaml sums.yaml --json
json .valid false
json '[.suites[].valid] | tostring' '[false,true]'
json '.suites[0].faults[0] | "\(.file) \(.line) \(.column)"' 'bad.yaml 10 1'
sed 's/at_least: 0.4/at_least: 0.95/' sums.yaml >high.yaml
run 3 eval validate high.yaml
out_has "'at_least': 0.95 is out of reach: when 4 cases pass, which by their weights count as 3.5, the lower bound is"
out_has 'it takes 73 cases of equal weight'

# A threshold that asks for nothing.
sed 's/at_least: 0.4/at_least: 0/' sums.yaml >nothing.yaml
run 3 eval validate nothing.yaml
out_has "'at_least': 0 is not a rate above 0 and up to 1"

# JSON is JSON, with the place of what is not.
printf '{"schema": "ledger-suite/v0", "name": "j",\n "cases": [{"id": "a", "text": "q", "expect": [{"check": "equals", "text": "x"}]},]}\n' >j.json
run 3 eval validate j.json
out_has 'j.json:2:83: this is not JSON'
printf '{"schema": "ledger-suite/v0", "name": "j", "name": "k", "cases": [{"id": "a", "text": "q", "expect": [{"check": "equals", "text": "x"}]}]}\n' >j.json
run 3 eval validate j.json
out_has 'this is not JSON: '
printf 'schema: ledger-suite/v0\nname: l\ncases: l.jsonl\n' >l.yaml
printf '%s\n' '{"id": "a", "text": "q", "expect": [{"check": "equals", "text": "x"}]}' '{id: b, text: q, expect: [{check: equals, text: x}]}' \
    '{"id": "c", "text": "q", "expect": [{"check": "equals", "text": "x"}],}' '{"id": "d", "id": "e", "text": "q"}' >l.jsonl
run 3 eval validate l.yaml
out_has 'l.jsonl:2:3: this is not JSON'
out_has 'l.jsonl:3:71: this is not JSON'
out_has 'l.jsonl:4:16: this is not JSON: duplicate object key'
out_lacks 'l.jsonl:1:'

# All faults of a JSON Schema.
printf 'schema: ledger-suite/v0\nname: s\ncases:\n  - {id: a, text: q, expect: [{check: schema, value: {type: strin, minItems: 3, pattern: "[", properties: {a: {minimum: x}}}}]}\n' >s.yaml
run 3 eval validate s.yaml
for place in /type /minItems /pattern /properties/a/minimum; do
    out_has "'$place' of the JSON Schema"
done

# What cannot be read at all.
run 3 eval validate absent.yaml
err_has "'absent.yaml'"
mkfifo pipe.yaml
run 3 eval validate pipe.yaml
run 2 eval validate
{ cat sums.yaml; yes '# ----------------------------------------------------------------' | head -n 20000; } >long.yaml
run 3 eval validate long.yaml
out_has 'long.yaml: is larger than 1 MiB; a file of JSON Lines may have up to 200000 cases (cases: FILE.jsonl)'
check test ! -e "$XDG_STATE_HOME/ledger"

# Cases of a file, and the files of cases.
mkdir data
printf 'content\n' >data/a.txt
printf 'schema: ledger-suite/v0\nname: many\ncases: data/cases.jsonl\n' >many.yaml
for i in $(seq 300); do
    printf '{"id": "c%d", "text": "q", "files": [{"path": "data/a.txt"}], "expect": [{"check": "equals", "text": "x"}]}\n' "$i"
done >data/cases.jsonl
run 0 eval validate many.yaml --json
json '.suites[0].cases' 300
before=$(jq -r '.suites[0].digest' <<<"$out")
printf 'other\n' >data/a.txt
run 0 eval validate many.yaml --json
check test "$(jq -r '.suites[0].digest' <<<"$out")" != "$before"
ln -sf /etc/passwd data/a.txt
run 3 eval validate many.yaml
out_has "data/cases.jsonl:1:46: the file 'data/a.txt' is a link, or there is one on the way to it"
out_has 'many.yaml: and 100 more faults'

# The schema and the tables agree with the program.
run 0 eval schema
check cmp "$ROOT/share/schemas/ledger-suite-v0.json" "$T/.out"
run 0 eval schema --markdown
sed '1,/^Generated from evals.suite/d' "$ROOT/docs/suites.md" | sed 1d >tables
check cmp tables "$T/.out"

finish
