#!/usr/bin/env bash
# A file of the installed copy that is changed during a run ends it: no further step runs, nothing is delivered, and the reason
# names the file and the event that installed it.
# shellcheck disable=SC2016 # ${NAME} is for the pack
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir inbox shared outbox
make_pack <<'EOF'
steps:
  - {id: first, route: work, outputs: [made], arguments: [await, /workspace/shared/go, write, "${made}", x], uses: ["filesystem.read:shared/**"]}
  - {id: second, route: work, inputs: [made], outputs: [last], arguments: [write, "${last}", x]}
artifacts:
  - {name: made, required: true}
EOF
install_worker
copy=$(find "$BOX/packs" -maxdepth 1 -name 'sha256-*' -type d)
installed=$("$LEDGER" -C "$BOX" query --kind pack.installed --format jsonl | jq -r .seq)

# during OUT WORDS COMMAND...: of a run that waits in its first step
during() {
    local out=$1 words=$2 pid known=${run-}
    shift 2
    rm -f shared/go
    setsid "$LEDGER" -C "$BOX" pack run worker --demo --out "$out" >"$out.log" 2>&1 </dev/null &
    pid=$!
    until run=$("$LEDGER" -C "$BOX" query --kind run.tool_called --format jsonl | jq -r .run | tail -n 1) &&
        [[ -n $run && $run != "$known" ]]; do sleep 0.05; done
    chmod -R u+w "$copy"
    "$@"
    touch shared/go
    got=0
    wait "$pid" || got=$?
    same "$got" 1
    check test ! -e "$out"
    check grep -qF "pack 'worker' changed while it ran: $words, after event $installed installed it" "$out.log"
    same "$(events 'select(.kind == "run.finished").body | [.outcome, .ok] | @csv')" '"error",false'
    same "$(events 'select(.kind == "run.step" and .body.step == "second").body.status')" skipped
}
swap() { # and back
    cp -a "$copy/bin/worker.py" saved
    echo 'print("changed")' >"$copy/bin/worker.py"
    cat saved >"$copy/bin/worker.py"
    touch -r saved "$copy/bin/worker.py"
}
during changed "'bin/worker.py' was changed" sh -c "echo '#' >>'$copy/bin/worker.py'"
box 1 pack run worker --demo --out refused
err_has "installed as sha256:"
box 0 pack install worker
during swapped "'bin/worker.py' was changed" swap
during added "'bin/json.py' was added" touch "$copy/bin/json.py"
box 0 pack install worker
during removed "'bin/worker.py' is missing" rm "$copy/bin/worker.py"
box 0 verify
# So does a program of the host: what was hashed is not what ran.
mkdir tool && cp -L /bin/sh tool/nap
cat >tool/pack.yaml <<END
schema: foundry-pack/v0
name: napper
version: 1.0.0
summary: Waits
publisher: test.example/packs
permissions:
  - {group: exec, scope: $PWD/nap, tier: T0, required: true, reason: waits}
  - {group: filesystem.read, scope: shared/**, tier: T0, required: true, reason: looks}
routes:
  - {name: nap, role: tool, program: $PWD/nap, arguments: [-c, "until [ -e /workspace/shared/go ]; do :; done"], required: true}
steps:
  - {id: nap, route: nap, uses: ["filesystem.read:shared/**"]}
END
mv tool/nap nap
box 0 pack install tool
box 0 permit grant pack/napper exec "$PWD/nap" --tier T0
box 0 permit grant pack/napper filesystem.read 'shared/**' --tier T0
box 0 pack run napper --demo
rm shared/go
(until "$LEDGER" -C "$BOX" query --run "$(printf '%032d' 7)" --kind run.tool_called --format jsonl | grep -q .; do sleep 0.05; done
    touch nap shared/go) &
box 1 pack run napper --demo --run "$(printf '%032d' 7)"
wait
out_has "its program '$(realpath nap)' was changed while it ran"
out_has 'outcome    error, demo'
finish
