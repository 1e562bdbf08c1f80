#!/usr/bin/env bash
# One byte of a program that serves a proven route of a pack changes: the next run is refused, and the route is declared-not-proven as
# soon as somebody looks. With the byte as it was, the proof counts again. Programs of the host, and of the pack itself.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir -p worker/bin worker/suites/inbox tools inbox
cp /usr/bin/wc tools/count
cp /usr/bin/cat worker/bin/copy
echo hello >worker/suites/inbox/a
cp worker/suites/inbox/a inbox
cat >worker/pack.yaml <<P
schema: foundry-pack/v0
name: worker
version: 1.0.0
summary: Counts and copies
publisher: test.example/packs
permissions:
  - {group: exec, scope: $T/tools/count, tier: T0, required: true, reason: counts}
  - {group: exec, scope: bin/copy, tier: T0, required: true, reason: copies}
  - {group: filesystem.read, scope: inbox/**, tier: T0, required: true, reason: reads}
routes:
  - {name: count, role: tool, program: $T/tools/count, arguments: [-c], required: true}
  - {name: copy, role: tool, program: bin/copy, required: true}
inputs: [{name: file, type: file, required: true}]
steps:
  - {id: count, route: count, inputs: [file], outputs: [n], stdin: file, stdout: n}
  - {id: copy, route: copy, inputs: [file], outputs: [same], stdin: file, stdout: same}
evals:
  - {route: count, suite: suites/count.yaml, thresholds: [{metric: pass_rate_lower, min: 0.2}]}
  - {route: copy, suite: suites/copy.yaml, thresholds: [{metric: pass_rate_lower, min: 0.2}]}
artifacts: [{name: n, required: true}]
P
for suite in 'count n 6' 'copy same hello'; do
    read -r name output text <<<"$suite"
    cat >"worker/suites/$name.yaml" <<S
schema: ledger-suite/v0
name: $name
thresholds: [{metric: pass_rate_lower, at_least: 0.2}]
cases: [{id: a, files: [{name: file, path: inbox/a}], expect: [{check: contains, output: $output, text: '$text'}]}]
S
done
box 0 pack install worker
grant exec "$T/tools/count"
grant exec bin/copy
grant filesystem.read 'inbox/**'
state() { "$LEDGER" -C "$BOX" state routes "$1" --json | jq -r '.things[0].state'; }
# change FILE: one bit of its last byte, which is in no code; twice is as it was.
change() {
    chmod u+w "$1"
    python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(-1, 2); b = f.read(1)[0]; f.seek(-1, 2); f.write(bytes([b ^ 1]))' "$1"
}

for suite in count copy; do box 0 eval run "suites/$suite.yaml" --pack worker; done
same "$(state count) $(state copy)" 'ready ready'
box 0 pack run worker file=inbox/a --out made
out_has 'outcome    ok'

# A program of the host.
runs=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | wc -l)
change tools/count
box 1 pack run worker file=inbox/a --out other
err_has "route 'count' of step 'count' changed: program drift"
same "$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | wc -l)" "$runs"
box 1 route decide count
out_has 'program drift: proven for program'
same "$(state count) $(state copy)" 'declared-not-proven ready'
box 0 pack show worker --json
json '.things[0].state' partial

# Proven as it is now; and as it was, it still is.
box 0 eval run suites/count.yaml --pack worker
same "$(state count)" ready
box 0 pack run worker file=inbox/a --out other
change tools/count
box 0 pack run worker file=inbox/a --out another
out_has 'outcome    ok'

# A program of the installed pack: the pack is blocked at once, and its route is not proven.
own=$(find "$BOX/packs" -path '*/bin/copy')
change "$own"
box 0 pack list --json
json '.states[0].state' blocked
box 1 pack run worker file=inbox/a --out none
err_has 'was installed as'
box 1 eval run suites/copy.yaml --pack worker
box 1 route decide copy
out_has "pack 'worker': installed as"
same "$(state copy)" declared-not-proven
change "$own"
chmod u-w "$own"
box 0 pack list --json
json '.states[0].state' ready
box 0 route decide copy
same "$(state copy)" ready
box 0 pack run worker file=inbox/a --out last

# Other files under the same version are another pack: what was proven of these says nothing of those, nor the other way round.
reinstall() {
    box 0 pack remove worker
    box 0 pack install worker
}
echo other >worker/note
box 1 pack upgrade worker
out_has 'change the version, or remove it first'
reinstall
same "$(state count) $(state copy)" 'declared-not-proven declared-not-proven'
box 1 route decide count
out_has "is of other files of pack 'worker' than those installed"
command=$("$LEDGER" -C "$BOX" state routes count --json | jq -r '.things[0].fields.missing[] | select(.rule == "proof.files") | .remedy')
same "$command" "ledger -C $BOX eval run suites/count.yaml --pack worker --route count"
ledger() { "$LEDGER" "$@"; }
check eval "$command >typed"
same "$("$LEDGER" -C "$BOX" query --kind eval.started --format jsonl | jq -rs 'last.body.pack_digest')" \
    "$("$LEDGER" pack validate worker --json | jq -r .tree_digest)"
same "$(state count) $(state copy)" 'ready declared-not-proven'
rm worker/note
reinstall
same "$(state count) $(state copy)" 'ready ready'
box 0 verify
finish
