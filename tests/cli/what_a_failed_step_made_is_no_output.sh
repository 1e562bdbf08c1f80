#!/usr/bin/env bash
# pack run: half of an output is not an output, and a run whose required parts failed has not ended well.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
make_pack <<'EOF'
steps:
  - id: first
    route: work
    outputs: [said, made]
    stdout: said
    arguments: [write, "${made}", half, print, half, exit, "3"]
  - id: second
    route: work
    inputs: [made]
    outputs: [last]
    arguments: [read, "${made}", write, "${last}", end]
  - id: third
    route: work
    outputs: [alone]
    arguments: [write, "${alone}", whole]
artifacts:
  - {name: said}
  - {name: last}
  - {name: alone}
EOF
install_worker

# What the failed step left is recorded by digest, its standard output is kept; nothing reads it or is given it.
box 1 pack run worker --demo --out out
out_has 'first          error'
out_has 'second         skipped'
out_has "its input 'made' is not there"
out_has 'outcome    error, demo'
same "$(ls out)" alone
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
same "$(events 'select(.kind == "run.artifact") | .body.role + " " + .private.name' | sort)" "log standard output of first
log standard output of third
output alone
unfinished made"
same "$(events 'select(.kind == "run.artifact" and .body.role == "unfinished").body.digest')" "sha256:$(printf half | sha256sum | cut -c1-64)"

# All steps refused: that is no partial success, although no artifact is required.
box 0 append permission.revoked -s pack/worker group=exec scope=python3
box 1 pack run worker --demo
out_has 'outcome    refused, demo'
grant exec python3

# A step on a route that is not required may fail.
sed -i 's/role: tool, program: python3, arguments: \[\/pack\/bin\/worker.py\], required: true/role: tool, program: python3, arguments: [\/pack\/bin\/worker.py]/; s/^version: .*/version: 1.0.1/' \
    worker/pack.yaml
box 0 pack upgrade worker
box 0 pack run worker --demo --out two
out_has 'outcome    partial, demo'
box 0 run list
out_has 'partial'
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
box 0 run show "$run" --json
json '.things[0].fields.state' partial
json '.things[0].fields.demo' true
json '.things[0].fields.confined' true
json '.things[0].fields.succeeded' null
finish
