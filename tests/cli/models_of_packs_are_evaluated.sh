#!/usr/bin/env bash
# eval run --pack: a route of a pack that a model serves. Its proof is of the weights that the endpoint has; other weights end it, and
# an endpoint that is not there proves nothing.
# shellcheck disable=SC2016 # ${NAME} is for the pack
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

new_box
eval_server
setting model_url "http://127.0.0.1:$port"
mkdir -p asker/prompts asker/suites
echo '${question}' >asker/prompts/ask
cat >asker/pack.yaml <<'P'
schema: foundry-pack/v0
name: asker
version: 1.0.0
summary: Asks a model
publisher: test.example/packs
permissions:
  - {group: model.invoke, scope: tiny, tier: T0, required: true, reason: asks}
  - {group: exec, scope: wc, tier: T0, required: true, reason: counts}
routes:
  - {name: ask, role: model, model: tiny, fallback: count, required: true}
  - {name: count, role: tool, program: wc, arguments: [-c]}
inputs: [{name: question, type: text, required: true}]
steps:
  - {id: ask, route: ask, inputs: [question], outputs: [answer], stdin: question, stdout: answer, prompt: prompts/ask, limits: {time: 20s}}
evals:
  - {route: ask, suite: suites/ask.yaml, thresholds: [{metric: pass_rate_lower, min: 0.3}]}
  - {route: count, suite: suites/count.yaml, thresholds: [{metric: pass_rate_lower, min: 0.2}]}
artifacts: [{name: answer, required: true}]
P
cat >asker/suites/ask.yaml <<'S'
schema: ledger-suite/v0
name: ask
thresholds: [{metric: pass_rate_lower, at_least: 0.3}]
cases:
  - {id: a, tags: [smoke], arguments: ['question=say north'], expect: [{check: equals, text: north}]}
  - {id: b, arguments: ['question=slow south'], expect: [{check: equals, text: south}]}
  - {id: c, arguments: ['question=say east'], expect: [{check: regex, text: '^e'}]}
S
cat >asker/suites/count.yaml <<'S'
schema: ledger-suite/v0
name: count
thresholds: [{metric: pass_rate_lower, at_least: 0.2}]
cases:
  - {id: a, arguments: ['question=abc'], expect: [{check: regex, text: '^3'}]}
S
box 0 pack install asker
box 0 permit grant pack/asker model.invoke tiny --tier T0
box 0 permit grant pack/asker exec wc --tier T0
state() { "$LEDGER" -C "$BOX" state routes "$1" --json | jq -r '.things[0].state'; }
newest() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | jq -rs "last.body | $2"; }
old=sha256:$(printf '11%.0s' {1..32}) new=sha256:$(printf '22%.0s' {1..32})

# The model of the route is asked, by the pack's own step and prompt, and the evaluation is of its weights.
box 0 eval run suites/ask.yaml --pack asker
out_has 'samples  3 of 3: 3 passed'
same "$(asked)" 3
same "$(newest eval.started '[.route, .model, .digest, .pack, .runtime] | join(" ")')" "ask tiny $old asker pack"
same "$(newest eval.finished '[.digest, .verdict] | join(" ")')" "$old pass"
same "$(newest run.model_returned .digest)" "$old"
same "$(state ask) $(state count)" 'ready declared-not-proven'
box 0 pack run asker question='say hello' --out made
out_has 'outcome    ok'
same "$(cat made/answer)" hello

# The route that it falls back to is evaluated in its place, by its own suite.
box 0 eval run suites/count.yaml --pack asker
same "$(state ask) $(state count)" 'ready ready'

# Other weights: the next run is refused, and nothing that they answer is of the proven ones.
weights 22
box 1 pack run asker question='say hello' --out other
err_has "route 'ask' of step 'ask' changed: its runtime serves ${new:0:19} now"
box 0 pack run asker question='say hello' --demo --out other
same "$(state ask)" declared-not-proven
box 0 pack check asker --smoke
out_has 'smoke:ask  pass     yes'
same "$(newest eval.finished '[.digest, .partial] | join(" ")')" "$new true"
same "$(state ask)" declared-not-proven
box 0 eval run suites/ask.yaml --pack asker
same "$(state ask)" ready
box 0 pack run asker question='say hello' --out again

# Weights that change while it runs are not what the evaluation names.
asked_before=$(asked)
echo "$asked_before" >served/hold
(until (($(asked) > asked_before)); do sleep 0.02; done && weights 33 && let_go) &
changer=$!
box 1 eval run suites/ask.yaml --pack asker -j 1 --repeat 3
out_has 'what was evaluated is not what it was at the beginning'
wait "$changer"
same "$(newest eval.finished .verdict)" unknown

# Nobody to ask: nothing is recorded as an evaluation, and what was tried is not known.
setting model_url http://127.0.0.1:1
before=$("$LEDGER" -C "$BOX" query --kind eval.started --format jsonl | wc -l)
box 4 eval run suites/ask.yaml --pack asker
err_has 'nothing was recorded'
box 1 pack check asker --smoke --json
json '.checks[0] | [.check, .verdict] | join(" ")' 'smoke:ask unknown'
json '.checks[0].why | contains("connect")' true
same "$("$LEDGER" -C "$BOX" query --kind eval.started --format jsonl | wc -l)" "$before"
same "$(newest pack.checked '[.check, .verdict, has("evals")] | join(" ")')" 'smoke:ask unknown false'
box 0 verify
finish
