#!/usr/bin/env bash
# LOCKDOWN that comes on while a step runs ends it: the run is aborted, and its end names the event.
# shellcheck disable=SC2016 # ${NAME} is for the pack
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
run 0 key new alice.key --name test.example/alice
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$out\"]"
make_pack <<'EOF'
steps:
  - id: step
    route: work
    outputs: [made]
    arguments: [sleep, "600", write, "${made}", x]
EOF
install_worker

"$LEDGER" -C "$BOX" pack run worker --demo --out o >o.out 2>o.err </dev/null &
pid=$!
run=
until [[ -n $run && -n $(events 'select(.kind == "run.tool_called").seq') ]]; do
    run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run)
    sleep 0.05
done

# Other events, of recovery too, do not.
box 0 append x.test.note -s thing/1
mkdir data
box 0 recovery snapshot data --into snaps
sleep 1
check kill -0 "$pid"

box 0 tripcode issue LOCKDOWN --sign-as alice.key
lock=$("$LEDGER" -C "$BOX" query --kind recovery.tripcode_issued --format jsonl | jq -r .seq)
got=0
wait "$pid" || got=$?
same "exit code $got" "exit code 1"
same "$(events 'select(.kind == "run.finished").body.outcome')" aborted
same "$(events 'select(.kind == "run.step" and .body.status != "started").body.end')" stopped
grep -q "it was stopped: .*LOCKDOWN is on since event $lock" o.out || fail "the end does not name event $lock: $(cat o.out o.err)"
box 1 pack run worker --demo
err_has "LOCKDOWN is on since event $lock"
box 0 verify

finish
