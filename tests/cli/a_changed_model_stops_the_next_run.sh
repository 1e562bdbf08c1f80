#!/usr/bin/env bash
# pack run, without --demo: a pack whose routes are proven runs. A changed model stops the next run before it begins, with the
# events that say why, unless the pack itself names what serves instead; what was changed is what the ledger was told, or what the
# endpoint has.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mkdir -p pack inbox
echo text >inbox/a
echo '{}' >pack/suite.json
old=sha256:$(printf '%064d' 1)
new=sha256:$(printf '%064d' 2)
cat >pack/pack.yaml <<'EOF'
schema: foundry-pack/v0
name: p
version: 1.0.0
summary: Counts and asks
publisher: test.example/packs
permissions:
  - {group: exec, scope: wc, tier: T0, required: true, reason: counts}
  - {group: filesystem.read, scope: inbox/**, tier: T0, required: true, reason: reads}
  - {group: model.invoke, scope: tiny, tier: T0, required: true, reason: asks}
routes:
  - {name: count, role: tool, program: wc, arguments: [-c], required: true}
  - {name: ask, role: model, model: tiny, required: true}
evals:
  - {route: count, suite: suite.json, thresholds: [{metric: acc, min: 0.5}]}
  - {route: ask, suite: suite.json, thresholds: [{metric: acc, min: 0.5}]}
inputs:
  - {name: file, type: file, required: true}
  - {name: question, type: text}
steps:
  - {id: count, route: count, inputs: [file], outputs: [n], stdin: file, stdout: n}
  - {id: ask, route: ask, inputs: [question], outputs: [answer], when: input question given}
artifacts:
  - {name: n, required: true}
EOF
box 0 pack install pack
for p in 'exec wc' 'filesystem.read inbox/**' 'model.invoke tiny'; do
    box 0 append permission.granted -s pack/p "group=${p% *}" "scope=${p#* }" tier=T0
done
box 0 append model.observed -s model/tiny model=tiny digest="$old" runtime=ollama
version=1.0.0
prove() { # ROUTE FIELDS...
    local config
    config=$("$LEDGER" -C "$BOX" state routes "$1" --json | jq -r '.things[0].fields.config_digest')
    measured eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" route="$1" suite=suite.json suite_digest="sha256:$(sha256sum <pack/suite.json | cut -c1-64)" \
        config_digest="$config" pack=p pack_version="$version" verdict=pass \
        pack_digest="$("$LEDGER" -C "$BOX" state packs p --json | jq -r '.things[0].fields.tree_digest')" "${@:2}"
}
prove count program_digest=@/usr/bin/wc
prove ask digest="$old"
box 0 pack show p --json
json '.things[0].state' ready
box 0 pack run p file=inbox/a --out out
out_has 'outcome    ok'
same "$(cat out/n)" 5

runs() { "$LEDGER" -C "$BOX" query --kind run.started --format jsonl | wc -l; }
newest() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | jq -s "last.$2"; }

# The name leads to other weights: the route is required, so no run that would use it begins. One that does not use it does.
box 0 append model.observed -s model/tiny model=tiny digest="$new" runtime=ollama
seq=$(newest model.observed seq)
box 0 pack show p --json
json '.things[0].state' partial
box 1 pack run p file=inbox/a question=why --out out2
err_has "refused: route 'ask' of step 'ask' changed: model drift: proven for"
err_has "$seq"
check test ! -e out2
same "$(runs)" 1
box 0 pack run p file=inbox/a --out out2
out_has 'outcome    ok'

# In a demo it runs, if it can, and is said; this one has no endpoint to ask.
box 1 pack run p file=inbox/a question=why --demo --out out3
out_has "ask            error"
out_has 'outcome    error, demo'

# A fallback that the pack declares serves instead, unless the route is required; the run is partial and says by which event.
upgrade() { # VERSION REQUIRED
    sed -i -e "s/^version: .*/version: $1/" -e "s/model: tiny.*}/model: tiny, fallback: count$2}/" \
        -e 's/^  - {id: ask.*/  - {id: ask, route: ask, inputs: [file], outputs: [answer], stdin: file, stdout: answer}/' pack/pack.yaml
    box 0 pack upgrade pack
    prove count program_digest=@/usr/bin/wc
    prove ask digest="$3"
}
version=1.1.0
upgrade $version '' "$old"
box 0 pack run p file=inbox/a --out out4
out_has "ask            ok"
out_has "on its fallback 'count': route 'ask' changed: model drift: proven for"
out_has "event"
out_has "$seq"
out_has 'outcome    partial'
same "$(cat out4/n)" 5
same "$(newest route.decided 'body | [.decision, .chosen] | join(" ")')" '"fallback count"'
version=1.2.0
upgrade $version ', required: true' "$old"
box 1 pack run p file=inbox/a
err_has "; the pack requires it, so its fallback does not take its place"
err_has "$seq"

# What the endpoint has counts, though nobody told the ledger: an evaluation of other weights proves nothing.
version=1.3.0
upgrade $version ', required: true' "$new"
box 0 pack run p file=inbox/a --out out5
out_has "on its fallback 'count': no endpoint of models is configured"
mkfifo pipe
python3 "$ROOT/tests/work/model_server.py" requests <pipe >port &
server=$!
exec 5>pipe
until [[ -s port ]]; do sleep 0.02; done
printf 'model_url = http://127.0.0.1:%s/ollama\n' "$(cat port)" >>"$BOX/config"
before=$(runs)
proof=$(newest eval.finished seq)
box 1 pack run p file=inbox/a
err_has "route 'ask' of step 'ask' changed: its runtime serves sha256:dde5aa3fc5ff now: model drift: proven for sha256:0"
err_has "$proof"
same "$(runs)" "$before"
check test -z "$(jq -r 'select(.target | endswith("/api/chat")) | .target' requests)"

# Proven for these, they serve; what a pack demands by digest is not served by others, in a demo neither.
version=1.4.0
upgrade $version ', required: true' sha256:dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff
box 0 pack run p file=inbox/a --out out6
out_has 'outcome    ok'
version=1.5.0
upgrade $version ", digest: '$old', required: true" "$old"
box 1 pack run p file=inbox/a --demo
err_has "route 'ask' of step 'ask' changed: it demands sha256:0000"
exec 5>&-
wait "$server"
finish
