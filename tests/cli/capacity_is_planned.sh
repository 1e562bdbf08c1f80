#!/usr/bin/env bash
# capacity plans what fits at once from the profile, the policy and what models declare; policy check and declare take the
# limits from a file.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest() { printf 'sha256:%064d' "$1"; }
model() { box 0 append model.observed -s "model/$1" model="$1" runtime=ollama digest="$(digest "$2")" bytes:="$3"; }
load() { box 0 append model.loaded -s "model/$1" model="$1" runtime=ollama digest="$(digest "$2")"; }
plan() { jq -r '[.plan.models[] | "\(.model) \(.action)" + (if .reason then " \(.reason)" else "" end)] | join(", ")' <<<"$out"; }

# Nothing is known of the machine: it is said, not guessed.
model a 1 4000000000
box 0 model role a worker --priority 1
box 1 capacity --json
same "$(plan)" 'a unknown hardware'
json .plan.memory_bytes null
json .plan.tier unknown
box 1 capacity --dry-run
out_has 'memory unknown'

box 0 append hardware.profiled -s host/box memory_bytes:=17179869184
profile=$(jq -r .seq <<<"$out")
model b 2 5000000000
model c 3 6000000000
load a 1
load b 2
box 0 model role c judge --priority 9 --quota 8000000000
box 0 capacity --json
same "$(plan)" 'c load, a keep, b unload parallel'
json .plan.policy 'capability 1'
json .plan.tier cpu-small
json ".plan.evidence | index($profile) != null" true
recorded=$(jq -r .receipt.seq <<<"$out")
box 0 show "$recorded" --json
json .kind hardware.planned
json .subject host/box
box 0 capacity --json # the same plan on the same events
json .receipt.duplicate true
json .receipt.seq "$recorded"
box 1 capacity b --dry-run --json # named, so it is wanted and preempted
same "$(plan)" 'c load, a keep, b preempt parallel'
json .receipt null
box 0 capacity
out_has "recorded as $recorded"
out_has 'its room goes to c'
box 0 capacity --at "$profile" --json
same "$(plan)" 'a load'

# Limits from a file: checked, declared, in force, and named by the plan.
echo '{"policy": "site", "version": "7", "capability_tiers": [{"tier": "any", "parallel": 1, "runtimes": ["ollama*"]}]}' >site.json
box 0 policy check site.json
out_has 'tiers of machines'
box 0 policy declare site.json
box 1 capacity --json
same "$(plan)" 'c load, a preempt parallel, b unload parallel'
json .plan.policy 'site 7'
box 0 policy show site --json
json '.things[0].fields.digest' "sha256:$(sha256sum site.json | cut -d' ' -f1)"
box 0 state hardware box --json
json '.things[0].fields.tier' any
echo '{"policy": "x", "version": "1", "capability_tiers": [{"tier": "a"}, {"tier": "b", "gpu_bytes": 1}]}' >bad.json
box 3 policy check bad.json
err_has "bad.json:1:69: field 'capability_tiers', tier 2: every machine that reaches 'b' reaches tier 1 before it"
box 3 policy declare bad.json
echo '{"version": "1"}' >bad.json
box 3 policy check bad.json
err_has "field 'policy' is missing"
box 3 policy check nothing.json
run 0 policy shipped --json
json '.capability_tiers | length' 12
cp "$T/.out" shipped.json
box 0 policy check shipped.json

# What is not known, or cannot be.
box 1 capacity nothing
err_has "there is no model 'nothing'"
box 1 capacity --host nowhere --dry-run
err_has "no profile of host 'nowhere'"
box 1 model role nothing worker
box 3 model role a worker --quota many
finish
