#!/usr/bin/env bash
# A pack is proven by its own suites, run on its own confined steps: then it runs without --demo, until what was proven changes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin example.org/box
cp -r "$ROOT/share/packs/pdf-ops-pack" pack
cat >grants.yaml <<'G'
grants:
  - {group: filesystem.read, decision: grant}
  - {group: exec, decision: grant}
G
box 0 pack install pack --grant-file grants.yaml

# remedy CLAUSE: of the pack, as it is printed, to be typed.
remedy() {
    box 0 state clauses --json
    jq -r --arg c "$1" '.states[] | select(.clause == $c and .pack == "pdf-ops-pack") | .remedy // ""' <"$T/.out"
}
ledger() { "$LEDGER" "$@"; }

command=$(remedy checks)
same "$command" "ledger -C $BOX pack check pdf-ops-pack"
check eval "$command >typed"
same "$(remedy checks)" ''
mkdir inbox
cp pack/suites/inbox/german.pdf inbox
box 1 pack run pdf-ops-pack document=inbox/german.pdf --out made
err_has 'demo-only'

# Each suite proves the route that names it, whether it is named as in the pack or as a file with the same bytes.
box 0 eval run pack/suites/info.yaml --pack pdf-ops-pack
out_has 'verdict  pass'
command=$(remedy routes)
same "$command" "ledger -C $BOX eval run suites/text.yaml --pack pdf-ops-pack --route pdf-text"
check eval "$command >typed"
for suite in invoice sentences report; do
    box 0 eval run "suites/$suite.yaml" --pack pdf-ops-pack
    out_has 'samples  9 of 9: 9 passed'
done
box 0 state routes pdf-info --json
json '.things[0].state' ready
same "$("$LEDGER" -C "$BOX" query --kind eval.started --format jsonl | jq -rs '[.[].body.route] | join(" ")')" 'pdf-info pdf-text pdf-invoice pdf-sentences pdf-report'
same "$("$LEDGER" -C "$BOX" query --kind eval.sampled --format jsonl | jq -rs '[.[] | select(.body.pack_run != null)] | length')" 45

# It runs, and not as a demo.
box 0 pack run pdf-ops-pack document=inbox/german.pdf --out made
out_has 'outcome    partial'
check grep -q DE89370400440532013000 made/report

# Only the steps that the route and the case need were run.
run=$("$LEDGER" -C "$BOX" query --kind eval.sampled --format jsonl | jq -rs '.[0].body.pack_run')
same "$("$LEDGER" -C "$BOX" query --run "$run" --kind run.step --format jsonl | jq -rs '[.[].body | select(.status == "ok") | .step] | join(" ")')" info

# A part of the cases proves nothing; another suite proves no route.
box 1 eval run suites/pages.yaml --pack pdf-ops-pack --only smoke
out_has 'samples  1 of 9'
box 0 state routes pdf-pages --json
json '.things[0].state' declared-not-proven
sed 's/pdf-info/other/' pack/suites/info.yaml >pack/suites/other.yaml
box 0 eval run pack/suites/other.yaml --pack pdf-ops-pack
err_has 'does not name this suite'

# What a case has no use for, and packs that are not there.
printf 'schema: ledger-suite/v0\nname: x\ncases:\n  - id: a\n    arguments: ["document=inbox/german.pdf"]\n    expect: [{check: contains, output: nothing, text: a}]\n' >x.yaml
box 3 eval run x.yaml --pack pdf-ops-pack
err_has "case 'a': no step of the pack makes 'nothing'"
box 1 eval run x.yaml --pack nosuch
err_has "no pack 'nosuch' is installed"
box 2 eval run x.yaml --pack pdf-ops-pack --model m
box 2 eval run x.yaml --endpoint http://127.0.0.1:1 --model m --unconfined

# An installed copy that was changed is not evaluated.
copy=$(find "$BOX/packs" -maxdepth 1 -type d -name 'sha256-*')
chmod -R u+w "$copy"
echo '# ' >>"$copy/bin/report.py"
box 1 eval run suites/report.yaml --pack pdf-ops-pack
err_has 'was installed as sha256'
finish
