#!/usr/bin/env bash
# A step of a pack that reports steps of T2 and T3 uses up no snapshot and no tripcode; a step is over when its status is an end.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir data
echo a >data/a
data=$(realpath data)
make_pack <<'END'
steps:
  - id: step
    route: work
    arguments: [report, run.step, "{\"step\": \"x\", \"status\": \"started\", \"tier\": \"T2\", \"writes\": [\"/nowhere\"]}", run/@,
      report, run.step, "{\"step\": \"x\", \"tier\": \"T3\", \"writes\": [\"/nowhere\"]}", run/@]
END
install_worker
box 0 recovery snapshot data --into snaps
step() { box "$1" append run.step -s run/1 --checked step=x "writes:=[\"$data/a\"]" "${@:2}"; }
step 0 tier=T2 --dry-run
box 0 pack run worker --demo
same "$("$LEDGER" -C "$BOX" query --kind run.step --format jsonl | jq -c 'select(.grade == "reported") | .body.tier' | tr '\n' ' ')" '"T2" "T3" '
box 1 state guards
err_has 'nothing matched'
step 0 tier=T2

# Whoever says that it is such a report is not permitted the step.
step 1 tier=T2 --source step
err_has 'what a step reports of itself is no step of T2: whoever executes it records that'

# Only an end is an end.
for status in running Started STARTED pending; do
    box 1 append run.step -s run/1 --checked step=x tier=T3 "status=$status"
    err_has tripcode
done
step 0 tier=T3 status=ok
finish
