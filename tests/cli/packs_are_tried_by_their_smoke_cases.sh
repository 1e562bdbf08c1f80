#!/usr/bin/env bash
# pack check --smoke: the cases of a pack's suites that are tagged so run on its own steps. What came of them is a check of the pack,
# and proves nothing; what was not tried has not passed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mkdir -p worker/suites/inbox
echo hello >worker/suites/inbox/a
printf 'a\nb\n' >worker/suites/inbox/b
# pack VERSION TAG...: counts bytes (required), lines and words; whose suites tag what.
pack() {
    cat >worker/pack.yaml <<P
schema: foundry-pack/v0
name: worker
version: $1
summary: Counts
publisher: test.example/packs
permissions:
  - {group: exec, scope: wc, tier: T0, required: true, reason: counts}
  - {group: exec, scope: cat, tier: T0, reason: copies}
  - {group: filesystem.read, scope: inbox/**, tier: T0, required: true, reason: reads}
routes:
  - {name: bytes, role: tool, program: wc, arguments: [-c], required: true}
  - {name: copy, role: tool, program: cat}
  - {name: lines, role: tool, program: wc, arguments: [-l]}
inputs: [{name: file, type: file, required: true}]
steps:
  - {id: bytes, route: bytes, inputs: [file], outputs: [n], stdin: file, stdout: n}
  - {id: copy, route: copy, inputs: [file], outputs: [copied], stdin: file, stdout: copied}
  - {id: lines, route: lines, inputs: [file], outputs: [l], stdin: file, stdout: l}
evals:
  - {route: bytes, suite: suites/bytes.yaml, thresholds: [{metric: pass_rate_lower, min: 0.2}]}
  - {route: copy, suite: suites/copy.yaml, thresholds: [{metric: pass_rate_lower, min: 0.2}]}
  - {route: lines, suite: suites/lines.yaml, thresholds: [{metric: pass_rate_lower, min: 0.2}]}
artifacts: [{name: n, required: true}]
P
    suite bytes n "${2:-}" "${5:-5}" '' 4
    suite copy copied "${3:-}" '.*' "${3:-}" '.*'
    suite lines l "${4:-}" 1 '' 2
    if [[ $1 == 1.0.0 ]]; then box 0 pack install worker; else box 0 pack upgrade worker; fi
}
suite() { # NAME OUTPUT TAG WORDS TAG WORDS
    cat >"worker/suites/$1.yaml" <<S
schema: ledger-suite/v0
name: $1
thresholds: [{metric: pass_rate_lower, at_least: 0.2}]
cases:
  - {id: a, tags: [x${3:+, $3}], files: [{name: file, path: inbox/a}], expect: [{check: regex, output: $2, text: '^$4'}]}
  - {id: b, tags: [x${5:+, $5}], files: [{name: file, path: inbox/b}], expect: [{check: regex, output: $2, text: '^$6'}]}
S
}
grant() { box 0 permit grant pack/worker "$1" "$2" --tier T0; }
route() { "$LEDGER" -C "$BOX" state routes "$1" --json | jq -r '.things[0].state'; }
smokes() { "$LEDGER" -C "$BOX" query --kind pack.checked --format jsonl | jq -c "select(.body.check | startswith(\"smoke:\")) | ${1:-.seq}"; }

# What is tagged runs, of each suite that has such cases; what is not was not tried, and that is said.
pack 1.0.0 smoke smoke '' 6
grant exec wc
grant exec cat
grant filesystem.read 'inbox/**'
box 0 pack check worker --smoke
out_has 'smoke:bytes  pass     yes'
out_has 'smoke:copy   pass     no'
out_has '1 of 1 passed'
out_has '2 of 2 passed'
err_has "route 'lines' was not tried: no case of suites/lines.yaml is tagged 'smoke'"

# It is a check of the pack whose cause is the end of the evaluation that it names.
same "$(smokes '.body | [.check, .verdict, .required, .version]')" '["smoke:bytes","pass",true,"1.0.0"]
["smoke:copy","pass",false,"1.0.0"]'
read -r cause eval < <(smokes '[.cause, .body.evals[0]] | @tsv' | head -1 | jq -r .)
"$LEDGER" -C "$BOX" show "$cause" --json >event
same "$(jq -r '[.kind, .subject, .body.partial, .body.verdict] | @csv' event)" "\"eval.finished\",\"eval/$eval\",true,\"unknown\""

# It proves nothing, even where every case is tagged; and it takes back nothing.
same "$(route bytes) $(route copy)" 'declared-not-proven declared-not-proven'
sed -i 's/text: .^5./text: "^6"/' worker/suites/bytes.yaml
box 0 eval run suites/bytes.yaml --pack worker
box 0 eval run suites/copy.yaml --pack worker
same "$(route bytes) $(route copy)" 'ready ready'
box 0 pack check worker --smoke --json
json '[.good, (.checks | map(.verdict) | unique[])] | @csv' 'true,"pass"'
same "$(route bytes) $(route copy)" 'ready ready'
box 0 pack show worker --json
json '.things[0].state' ready

# A failure is the answer no; of a route that the pack requires it blocks the pack, until the newest is better.
pack 1.0.1 smoke smoke '' 7
box 1 pack check worker --smoke
out_has '0 of 1 passed'
box 0 pack show worker --json
json '.things[0].state' blocked
json '.things[0].reason | split(";")[0]' "check 'smoke:bytes' failed"
pack 1.0.2 smoke smoke '' 6
box 0 pack check worker --smoke
box 0 pack show worker --json
json '.things[0].state' demo-only

# What may not run is not known, and no pass.
box 0 permit revoke pack/worker exec cat
box 1 pack check worker --smoke --json
json '.good' false
json '[.checks[] | .verdict] | join(" ")' 'pass unknown'
grant exec cat

# Nothing is tagged: nothing was tried, and that is not a pass.
pack 1.0.3
before=$(smokes | wc -l)
box 1 pack check worker --smoke
err_has "no case of a suite of pack 'worker' is tagged 'smoke', so nothing was tried"
box 1 pack check worker --smoke --json
json '.good' false
same "$(smokes | wc -l)" "$before"

# What is wrong with the call, with a suite, with the pack; and LOCKDOWN.
box 2 pack check worker --concurrency 2
err_has '--concurrency is for --smoke'
box 2 pack check worker --smoke --concurrency 0
err_has 'expected 1 to 256'
box 1 pack check nosuch --smoke
err_has "there is no pack 'nosuch'"
pack 1.0.4 smoke
echo 'odd: 1' >>worker/suites/bytes.yaml
sed -i 's/1.0.4/1.0.5/' worker/pack.yaml
box 0 pack upgrade worker
box 3 pack check worker --smoke
err_has "'odd' is not a key of a suite"
pack 1.0.6 smoke
box 0 append recovery.tripcode_issued -s tripcode/00000000000000000000000000000001 code=LOCKDOWN
before=$(smokes | wc -l)
box 1 pack check worker --smoke
err_has LOCKDOWN
same "$(smokes | wc -l)" "$before"
box 0 verify
finish
