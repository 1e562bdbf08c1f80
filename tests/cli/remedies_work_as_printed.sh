#!/usr/bin/env bash
# Each clause of the doctor: the box is broken accordingly, the printed remedy is typed with the capital letters filled in,
# and the clause passes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

F=$ROOT/tests/ingest/fixtures/ollama
mkdir server
echo '{"version":"0.5.1"}' >server/version.json
echo '{"models":[]}' | tee server/tags.json >server/ps.json
sed 's/fresh:1b/other:8b/' "$F/show.json" >server/show-other_8b.json
mkfifo pipe
python3 "$ROOT/tests/ingest/ollama_server.py" server 0 <pipe >listening &
exec 9>pipe
for _ in $(seq 600); do
    [[ -s listening ]] && break
    sleep 0.1
done
read -r port <listening
URL=http://127.0.0.1:$port
WEIGHTS=sha256:$(printf 'a%.0s' {1..64})

# A remedy names the queried ledger: nothing else leads there. No endpoint answers here: what eval run writes of a suite that is
# passed is written. Nor does a probe look: what it records of a box that was mended is in SEES.
ledger() {
    if [[ $3 == doctor ]]; then
        [[ $# == 3 || $* == *' doctor --fix' ]] || fail "'$*' is no call of the doctor"
        box 0 "${SEES[@]}"
        return
    fi
    if [[ $3 != eval ]]; then
        "$LEDGER" "$@"
        return
    fi
    same "$*" "-C $BOX eval run smoke --pack pdf-ops --route summarise"
    measured eval.scored -s eval/e1 task=t metric=acc value:=0.9
    measured eval.scored -s eval/e1 task='u u' metric=loss value:=0.9 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s eval/e1 route=summarise suite=smoke digest="$WEIGHTS" pack=pdf-ops pack_version=1.2 verdict=pass
}

clause() { # CLAUSE PACK FIELD
    box 0 state clauses --json
    jq -r --arg c "$1" --arg p "$2" --arg f "$3" '.states[] | select(.clause == $c and .pack == $p) | .[$f] // ""' <"$T/.out"
}

# mend CLAUSE PACK STATE [NAME=VALUE...]: it is in this state, its remedy is typed, it passes.
mend() {
    local id=$1 pack=$2 state=$3 command
    shift 3
    same "$id: $(clause "$id" "$pack" state)" "$id: $state"
    command=$(clause "$id" "$pack" remedy)
    [[ $command == "ledger -C $BOX "* ]] || fail "$id: the remedy '$command' is not a command"
    for name in "$@"; do
        [[ $command == *"${name%%=*}"* ]] || fail "$id: '$command' asks for no ${name%%=*}"
        command=${command//${name%%=*}/${name#*=}}
    done
    eval "$command" >typed 2>&1 || fail "$id: '$command' failed: $(cat typed)"
    same "$id after '$command': $(clause "$id" "$pack" state)" "$id after '$command': pass"
}
event() { box 0 append "$@"; }

new_box

# The box: what was never examined.
SEES=(append doctor.observed -s check/disk-space check=disk-space target=ledger status=ok)
mend disk '' unknown
SEES=(ingest hardware)
mend hardware '' unknown
SEES=(append runtime.observed -s runtime/vllm runtime=vllm endpoint=http://gpu:8000)
mend runtimes '' unknown

# What probes look at: the ledger itself, its keys, what is derived from it.
probed() { # CLAUSE CHECK STATE STATUS REMEDY
    SEES=(append doctor.observed -s "check/$2" "check=$2" target=it status=ok)
    mend "$1" '' unknown
    event doctor.observed -s "check/$2" "check=$2" target=it "status=$4"
    same "$1 of $4: $(clause "$1" '' remedy)" "$1 of $4: ledger -C $BOX $5"
    mend "$1" '' "$3"
}
probed chain ledger-chain fail invalid doctor
probed trust ledger-trust warn not_anchored doctor
probed keys ledger-keys fail exposed 'doctor --fix'
probed index ledger-index warn missing 'doctor --fix'
probed readers ledger-readers warn dead 'doctor --fix'
probed time time-sync warn unsynchronised doctor
for check in ledger-quota=full=quota=fail probe=crashed=probes=unknown disk-space=full=disk=fail; do
    IFS='=' read -r name status id state <<<"$check"
    event doctor.observed -s "check/$name" "check=$name" target=ledger "status=$status"
    SEES=(append doctor.observed -s "check/$name" "check=$name" target=ledger status=ok)
    mend "$id" '' "$state"
done

# Disks and other checks: what is full or wrong is checked again, under the same target.
event doctor.observed -s check/disk-space check=disk-space target=/srv status=full
mend disk '' fail
event doctor.observed -s check/ollama-blob check=ollama-blob target=sha256:aa status=mismatch
mend checks '' fail
event doctor.observed -s check/latency check=latency status=slow
mend checks '' warn
event doctor.observed -s check/network check=network 'target=the net' status=ok offline:=true
mend checks '' unknown STATUS=ok

# Runtimes, by their address.
event runtime.unreachable -s runtime/vllm runtime=vllm endpoint=http://gpu:8000 error=refused
mend runtimes '' fail
event runtime.unreachable -s runtime/ollama runtime=ollama "endpoint=$URL" error=refused
mend runtimes '' warn

# What happened cannot be undone: somebody attends to it.
event hardware.faulted -s host/local what=gpu device=0000:01:00.0
mend faults '' fail REMEDY=replaced
event hardware.faulted -s host/local what=oom
mend faults '' warn REMEDY=memory
event ledger.gap -s gap/otlp what=dropped missing:=3
mend gaps '' warn REMEDY=read-again
event ledger.gap -s gap/ledger what=clock_back step_ns:=-5000000000
mend clock '' warn REMEDY=ntp

# Imports.
printf '%s\n' '{"kind":"x.a.b","subject":"thing/1"}' '{"kind":"x.a.b"}' >bad.jsonl
box 3 ingest jsonl bad.jsonl
printf '%s\n' '{"kind":"x.a.b","subject":"thing/1"}' '{"kind":"x.a.b","subject":"thing/2"}' >good.jsonl
mend imports '' warn FILE=good.jsonl

# A pack that lacks everything.
event model.identified -s "model/$WEIGHTS" "digest=$WEIGHTS"
event eval.suite_declared -s suite/smoke suite=smoke \
    tasks:='[{"name":"t","metric":"acc","threshold":0.8,"higher_is_better":true},{"name":"u u","metric":"loss"}]'
event pack.installed -s pack/pdf-ops pack=pdf-ops version=1.2 checks:='["ocr"]' routes:='[{"name":"summarise"}]' \
    permissions:='[{"group":"filesystem.read","scope":"in box/**","tier":"T1"},{"group":"exec","scope":"pdftotext *","tier":"T2","required":false}]'
mend permissions pdf-ops fail
mend checks pdf-ops unknown VERDICT=pass

# A deliberate denial is named with its event, and also by the grant that would override it, which is the one that the pack
# requests.
event permission.denied -s pack/pdf-ops group=exec 'scope=pdftotext *'
denied=$(jq .seq <"$T/.out")
same "$(clause permissions pdf-ops reason)" "permission exec on 'pdftotext *' of tier T2 is denied by event $denied"
same "$(clause permissions pdf-ops remedy)" \
    "ledger -C $BOX permit grant pack/pdf-ops exec 'pdftotext *' --tier T2 --note 'overrides event $denied, which denied it'"
mend permissions pdf-ops warn
needs() { # WORDS OF THE REASON, of the pack's first permission; its remedy mends it
    same "$(clause permissions needy reason)" "permission $1"
    mend permissions needy fail
}
event pack.installed -s pack/needy pack=needy permissions:='[{"group":"filesystem.write","scope":"out/**","tier":"T2"}]'
needs "filesystem.write on 'out/**' of tier T2 is not granted"
event permission.denied -s pack/needy group=filesystem.write
denied=$(jq .seq <"$T/.out")
needs "filesystem.write on 'out/**' of tier T2 is denied by event $denied"
event permission.revoked -s pack/needy group=filesystem.write scope=out/secret
revoked=$(jq .seq <"$T/.out")
same "$(clause permissions needy remedy)" "ledger -C $BOX permit grant pack/needy filesystem.write \
'out/**' --tier T2 --note 'overrides event $revoked, which revoked a part of it'"
event permission.granted -s pack/needy group=filesystem.write scope='out/**' tier=T1
low=$(jq .seq <"$T/.out")
needs "filesystem.write on 'out/**' of tier T2 is granted only up to T1 (event $low)"
event permission.granted -s pack/needy group=filesystem.write scope='out/**' tier=T2 expires=2020-01-01T00:00:00Z
over=$(jq .seq <"$T/.out")
needs "filesystem.write on 'out/**' of tier T2 is expired (event $over)"
event pack.checked -s pack/pdf-ops pack=pdf-ops check=ocr verdict=fail
mend checks pdf-ops fail VERDICT=pass
event doctor.observed -s check/pdf check=pdf target=/x pack=pdf-ops status=error
mend checks pdf-ops fail

# A scope that looks like an option is granted like any other.
event pack.installed -s pack/needy pack=needy permissions:='[{"group":"filesystem.write","scope":"-r/**","tier":"T2"}]'
needs "filesystem.write on '-r/**' of tier T2 is denied by event $denied"

# Routes: declared, evaluated.
command=$(clause routes pdf-ops remedy)
command=${command//SUITE/smoke}
eval "${command//DIGEST/$WEIGHTS}" >typed 2>&1 || fail "$command: $(cat typed)"
mend routes pdf-ops warn
same "$(clause state pdf-ops state)" pass
event pack.installed -s pack/small pack=small permissions:='[{"group":"gpu"}]'
mend packs '' warn TIER=T1
event route.offline -s route/summarise reason=refused
mend packs '' warn
event route.offline -s route/summarise reason=refused
mend routes pdf-ops fail
event route.parked -s route/summarise
mend state pdf-ops warn
event pack.parked -s pack/pdf-ops
mend state pdf-ops warn

# A promotion that was decided, and whose link was not switched.
mkdir web && echo one >web/v1 && echo two >web/v2 && ln -s v1 web/live
box 0 promote plan web image/web --target web --from web/v2
digest=sha256:$(sha256sum web/v2 | cut -d' ' -f1)
box 0 promote simulate web --verdict pass
event promotion.verifying -s promotion/web
event -g measured promotion.gated -s promotion/web decision=pass digest="$digest"
event promotion.promoted -s promotion/web digest="$digest"
mend promotions '' fail

# Models: a missing one is looked for again.
run 0 -C other init --origin test.example/other
cp "$F/tags.json" "$F/ps.json" server/
run 0 -C other ingest ollama "$URL"
run 0 -C other state models --json
have=$(jq -r '[.states[] | select(.state == "loaded" or .state == "present") | .digest][0]' <"$T/.out")
event pack.upgraded -s pack/pdf-ops pack=pdf-ops version=1.3 "models:=[{\"role\":\"worker\",\"digest\":\"$have\"}]"
mend models pdf-ops fail

# A restore that nobody vouched for.
box 0 backup copy
printf 'for the backup\n' >pass
chmod 600 pass
box 0 key backup log.key --key-passphrase-file pass
BOX=$T/after
box 0 restore copy --log-key log.key --key-passphrase-file pass --reason 'disk failed'
mend restores '' warn REMEDY=compared
exec 9>&-
finish
