#!/usr/bin/env bash
# timeline of a pack's run: one chain, from the plan of its installation by way of grants and checks to its artifacts and its end.
# Every event that is shown is placed under an event that is shown, by the cause that the log has for it where there is one; none of
# those that the run rests on is missing. why goes the way back.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir -p inbox shared outbox
echo given >inbox/given
make_pack <<'EOF'
checks:
  - {name: python, program: python3, arguments: [--version], required: true}
steps:
  - id: first
    route: work
    inputs: [file]
    outputs: [made]
    arguments: [write, "${made}", text]
artifacts:
  - {name: made, required: true}
EOF
cat >answers.yaml <<'EOF'
grants:
  - {group: exec, scope: python3, decision: grant}
EOF
box 0 pack install worker --grant-file answers.yaml
box 0 permit grant pack/worker filesystem.read 'inbox/**' --tier T0
box 0 append permission.granted -s pack/worker group=filesystem.read 'scope=shared/**' tier=T0
box 0 append permission.granted -s pack/other group=exec scope=python3 tier=T0
box 0 pack check worker
box 0 pack run worker file=inbox/given --demo --out made
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run)
box 0 timeline "$run" --json
cp "$T/.out" tree
"$LEDGER" -C "$BOX" query --format jsonl >all

# The kinds, in the order of the tree; each of the events once.
same "$(jq -r '.events[].kind' tree | uniq | tr '\n' ' ')" \
    'pack.planned pack.installed permission.granted permission.used pack.checked run.started run.artifact route.decided run.step permission.used run.tool_called run.artifact run.step run.finished '
same "$(jq -r '.events | (map(.seq) | length) == (map(.seq) | unique | length)' tree)" true

# One root; every other event is below one that is shown before it; by its cause, if it has one.
same "$(jq -r '[.events[] | select(.parent == null).kind] | join(" ")' tree)" pack.planned
same "$(jq -r '.events as $e | [range(1; $e | length) | select(. as $i | [$e[:$i][].seq] | index($e[$i].parent) | not)] | length' tree)" 0
same "$(jq -rs --slurpfile all all '.[0].events | map(select(.via == "cause") | . as $e | select(($all | map(select(.seq == $e.seq).cause))[0] != $e.parent)) | length' tree)" 0
same "$(jq -rs --slurpfile all all '.[0].events | map(select(.via != "cause" and .parent != null) | . as $e | select(($all | map(select(.seq == $e.seq).cause))[0] != null)) | length' tree)" 0

# What has no cause hangs on the installation because the run names it as evidence: grants that nobody asked for in between.
same "$(jq -r '[.events[] | select(.via == "evidence")] | map(.kind + " " + (.text | split(" ") | .[1])) | join("; ")' tree)" \
    'permission.granted scope=inbox/**; permission.granted scope=shared/**'

# Nothing of the run is missing, and nothing that it rests on; nothing else is there.
same "$(jq -rs --arg run "$run" --slurpfile tree tree '[.[] | select(.run == $run).seq] - ($tree[0].events | map(.seq, .end)) | length' all)" 0
same "$(jq -rs --arg run "$run" --slurpfile tree tree '(map(select(.kind == "run.started"))[0].body.evidence) - ($tree[0].events | map(.seq)) | length' all)" 0
same "$(jq -rs '(map(select(.kind == "run.started"))[0].body.evidence | length)' all)" 4
same "$(jq -r '[.events[] | select(.subject == "pack/other")] | length' tree)" 0

# From an artifact back to the plan.
box 0 why "sha256:$(sha256sum <made/made | cut -c1-64)" --json
same "$(jq -r '[.chain[].event.kind] | join(" ")' <"$T/.out")" \
    'run.artifact run.tool_called run.step run.started pack.installed pack.planned'
box 0 why pack/worker
out_has pack.installed
out_has permission.granted
box 2 why sha256:0000000000000000000000000000000000000000000000000000000000000000

# Its own events are what it is timed and counted by.
box 0 timeline "$run"
check grep -q "^run $run: $(jq -rs --arg run "$run" '[.[] | select(.run == $run)] | length' all) events" "$T/.out"
finish
