# shellcheck shell=bash
# A pack for scenarios, whose steps do what their programs are told. Needs python3, and bubblewrap that binds by descriptor.

# make_pack: writes the directory 'worker', its steps from standard input.
make_pack() {
    mkdir -p worker/bin inbox
    cp "$ROOT/tests/packs/run/worker.py" worker/bin/worker.py
    {
        cat <<'EOF'
schema: foundry-pack/v0
name: worker
version: 1.0.0
summary: Does what it is told
publisher: test.example/packs
permissions:
  - {group: exec, scope: python3, tier: T0, required: true, reason: runs its program}
  - {group: filesystem.read, scope: inbox/**, tier: T0, required: true, reason: reads a file}
  - {group: filesystem.read, scope: shared/**, tier: T0, reason: reads a directory}
  - {group: filesystem.write, scope: outbox/**, tier: T1, reason: writes a directory}
  - {group: exec, scope: sleep, tier: T0, reason: waits}
routes:
  - {name: work, role: tool, program: python3, arguments: [/pack/bin/worker.py], required: true}
inputs:
  - {name: file, type: file, size_max: 1MiB, help: any file}
  - {name: words, type: text, size_max: 100}
  - {name: count, type: number}
  - {name: flag, type: boolean}
EOF
        cat
    } >worker/pack.yaml
}

# grant GROUP SCOPE [TIER]
grant() { box 0 append permission.granted -s pack/worker "group=$1" "scope=$2" "tier=${3:-T0}"; }

# install_worker: with all that it asks for.
install_worker() {
    box 0 pack install worker
    grant exec python3
    grant exec sleep
    grant filesystem.read 'inbox/**'
    grant filesystem.read 'shared/**'
    grant filesystem.write 'outbox/**' T1
}

# shellcheck disable=SC2154 # $run is set by the scenario
# events FILTER: of the run $run, by jq, one result a line.
events() {
    "$LEDGER" -C "$BOX" query --run "$run" --format jsonl --private >"$T/.events" 2>"$T/.err" || fail "events of $run"
    jq -r "$1" "$T/.events"
}

# model_server ADDRESS: tests/work/model_server.py beside the scenario; its port is in $port, and what it is asked in the file
# 'requests'. It ends with the scenario, because its standard input does.
model_server() {
    coproc MODEL_SERVER { exec python3 "$ROOT/tests/work/model_server.py" "$T/requests" "$1"; }
    # shellcheck disable=SC2034 # for the scenario
    read -r port <&"${MODEL_SERVER[0]}"
}

# setting NAME VALUE: of the ledger's configuration; an empty value removes it.
setting() {
    touch "$BOX/config"
    sed -i "/^$1 *=/d" "$BOX/config"
    [[ -z $2 ]] || echo "$1 = $2" >>"$BOX/config"
}
