#!/usr/bin/env bash
# pack run: a step of T2 runs only under a measured snapshot that is new enough and holds what the step may write; a step of T3
# only with a tripcode for it and this run, from a file or standard input, which the step uses up as it is recorded.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir -p inbox system other
echo before >system/a
chmod 777 system
chmod 666 system/a
echo given >inbox/given
make_pack <<'EOF'
steps:
  - id: change
    route: work
    inputs: [file]
    uses: ["filesystem.write:system/**"]
    arguments: [write, /workspace/system/a, after]
    when: input file given
  - id: wipe
    route: work
    inputs: [words]
    uses: ["exec:sleep"]
    arguments: [print, "${words}", execute, sleep]
    when: input words given
EOF
sed -i -e 's|^  - {group: filesystem.write.*|  - {group: filesystem.write, scope: system/**, tier: T2, reason: changes files}|' \
    -e 's|^  - {group: exec, scope: sleep, tier: T0|  - {group: exec, scope: sleep, tier: T3|' worker/pack.yaml
box 0 pack install worker
grant exec python3
grant filesystem.read 'inbox/**'
grant filesystem.write 'system/**' T2
grant exec sleep T3
newest() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | jq -sr "last.$2"; }

# T2: without a snapshot, with one that somebody reports, with one of another directory: refused, and nothing is written.
change() { box "$1" pack run worker --demo file=inbox/given --out "out$((++n))"; }
n=0
change 1
out_has 'change         refused'
out_has "none was taken ('ledger recovery snapshot')"
box 0 append recovery.snapshot_taken -s snapshot/reported -g reported snapshot=reported "paths:=[\"$PWD/system\"]" method=copy
change 1
out_has 'change         refused'
box 0 recovery snapshot other --into snaps
change 1
out_has "does not hold '$PWD/system'"
same "$(cat system/a)" before

# With one that holds it the step runs, once: the next one needs a newer snapshot.
box 0 recovery snapshot system --into snaps
change 0
same "$(cat system/a)" after
run=$(newest run.started run)
same "$(events 'select(.kind == "run.step" and .body.status == "started").body | .tier + " " + (.writes | join(" "))')" "T2 $PWD/system"
change 1
out_has 'change         refused'
box 0 recovery snapshot system --into snaps
change 0

# T3: the refusal says for which digest and how a code is issued.
run 0 key new alice.key --name test.example/alice
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$out\"]" tripcode_cooldown_ms=0
box 1 pack run worker --demo words=0
out_has 'wipe           refused'
out_has 'it names no tripcode'
[[ $out =~ --digest\ (sha256:[0-9a-f]{64})\ --for\ run/([0-9a-f]{32}) ]] || fail 'it does not say how a code is issued'
digest=${BASH_REMATCH[1]}
id=${BASH_REMATCH[2]}
code() { "$LEDGER" -C "$BOX" tripcode issue STEP --digest "$1" --for "run/$2" --sign-as alice.key | jq -r .tripcode; }
refusals() { "$LEDGER" -C "$BOX" query --kind recovery.tripcode_refused --format jsonl | grep -c . || true; }

# A code is read from a file or standard input, and is not one of other forms.
echo 0123 >bad
box 3 pack run worker --demo words=0 --tripcode bad
err_has '--tripcode bad: line 1 is not a tripcode'
: >empty
box 3 pack run worker --demo words=0 --tripcode empty
err_has 'it has no tripcode'
box 3 pack run worker --demo words=0 --run XYZ
err_has "the run's id is 'XYZ', expected 32"

# For another run, for other words: refused and recorded. For these: the use comes right before the step, in its transaction.
code "$digest" "$id" >secret
box 1 pack run worker --demo words=0 --tripcode secret
out_has 'it is for another run or promotion'
same "$(refusals)" 1
box 1 pack run worker --demo words=1 --run "$id" --tripcode secret
out_has 'it is for another digest'
same "$(refusals)" 2
[[ $out =~ --for\ run/([0-9a-f]{32}) ]]
id=${BASH_REMATCH[1]}
code "$digest" "$id" >secret
mkdir -p elsewhere && cp -r system elsewhere # where the same relative scopes are other directories
(cd elsewhere && box 1 pack run worker --demo words=0 --run "$id" --tripcode ../secret && out_has 'it is for another digest') ||
    fail 'the code holds in another directory'
same "$(refusals)" 3
box 1 pack run worker --demo words=0
[[ $out =~ --for\ run/([0-9a-f]{32}) ]]
id=${BASH_REMATCH[1]}
code "$digest" "$id" >secret
"$LEDGER" -C "$BOX" pack run worker --demo words=0 --run "$id" --tripcode - <secret >"$T/.out" 2>"$T/.err" ||
    fail 'a code from standard input'
out=$(cat "$T/.out")
run=$id
out_has "run        $id"
used=$(newest recovery.tripcode_used seq)
same "$(newest recovery.tripcode_used 'body | [.digest, .target] | join(" ")')" "$digest run/$id"
same "$(events 'select(.kind == "run.step" and .body.status == "started").body | [.tier, .digest, .tripcode] | join(" ")')" \
    "T3 $digest $(cat secret)"
same "$(events 'select(.kind == "run.step" and .body.status == "started").seq')" $((used + 1))
box 0 tripcode list --with state=used --format json
json '[.. | .step_seq? // empty] | join(" ")' $((used + 1))

# It was used, and so was the id of the run.
box 1 pack run worker --demo words=0 --tripcode secret
out_has 'wipe           refused'
box 1 pack run worker --demo words=0 --run "$id" --tripcode secret
err_has "$id"
box 0 verify
finish
