#!/usr/bin/env bash
# pack run: a step that asks a model. What is recorded of a call, what is repeated and what falls back, what may leave the box,
# what a run may spend, and where prompts, answers and keys are not.
# shellcheck disable=SC2016 # ${NAME} is for the pack
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

key=sk-test-0123456789abcdef
new_box
mkdir -p asker/bin asker/prompts
cp "$ROOT/tests/packs/run/worker.py" asker/bin
echo 'Answer in one word: ${question}' >asker/prompts/ask
cat >asker/pack.yaml <<'P'
schema: foundry-pack/v0
name: asker
version: 1.0.0
summary: Asks a model
publisher: test.example/packs
permissions:
  - {group: exec, scope: python3, tier: T0, required: true, reason: runs its program}
  - {group: exec, scope: "true", tier: T0, required: true, reason: does nothing}
  - {group: model.invoke, scope: tiny, tier: T0, required: true, reason: asks}
  - {group: network.egress, tier: T0, reason: asks elsewhere}
routes:
  - {name: ask, role: model, model: tiny, fallback: plain}
  - {name: plain, role: tool, program: python3, arguments: [/pack/bin/worker.py, variables, read, /proc/self/cmdline]}
  - {name: hasty, role: model, model: tiny, fallback: none}
  - {name: none, role: tool, program: "true"}
inputs:
  - {name: question, type: text, required: true}
  - {name: how, type: text}
  - {name: twice, type: boolean}
steps:
  - {id: ask, route: ask, inputs: [question], outputs: [answer], stdout: answer, prompt: prompts/ask, when: input how missing}
  - {id: again, route: ask, inputs: [question], outputs: [second], stdout: second, when: input twice given}
  - {id: hasty, route: hasty, inputs: [question], outputs: [third], stdout: third, when: input how given, limits: {time: 1s}}
P
model_server 127.0.0.1
box 0 pack install asker
box 0 append permission.granted -s pack/asker group=exec scope=python3 tier=T0
box 0 append permission.granted -s pack/asker group=exec scope=true tier=T0
box 0 append permission.granted -s pack/asker group=model.invoke scope=tiny tier=T0

n=0
# ask CODE BEHAVIOUR [INPUT...]: a run whose endpoint behaves so. Its id is $run, what it delivers is in o$n.
ask() {
    local want=$1
    setting model_url "http://127.0.0.1:$port/$2"
    n=$((n + 1))
    box "$want" pack run asker --demo question='is saffron yellow' --out "o$n" "${@:3}"
    run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
}
# asked BEHAVIOUR: how often it was asked for an answer.
asked() { jq -r .target requests | grep -Ec "^/$1/(api/chat|v1/chat/completions)$" || true; }
# fell REASON WORDS: the step of the newest run ran on its fallback, and the record says why.
fell() {
    out_has "on its fallback 'plain'"
    out_has 'outcome    partial, demo'
    out_has "$2"
    same "$(events 'select(.kind == "route.fell_back").body | [.from, .chosen, .reason] | @csv')" "\"tiny\",\"plain\",\"$1\""
    [[ $(events 'select(.kind == "route.fell_back").private.error') == *"$2"* ]] || fail "route.fell_back lacks '$2'"
    same "$(events 'select(.kind == "run.step" and .body.status == "ok").body.route' | tail -1)" plain
}

# An answer that streams is the output of its step. Tokens, times and the model that it was are recorded.
ask 0 ollama
out_has 'ask            ok'
out_has 'outcome    ok, demo'
same "$(cat o1/answer)" 'Grüße – 日本 🎉!'
same "$(jq -r 'select(.target == "/ollama/api/chat").body | fromjson.messages[0].content' requests)" \
    'Answer in one word: is saffron yellow'
same "$(events 'select(.kind == "run.model_called").body | [.model, .route, .runtime, .operation, .stream, .egress, .endpoint] | @csv')" \
    "\"tiny\",\"ask\",\"ollama\",\"chat\",true,false,\"127.0.0.1:$port\""
same "$(events 'select(.kind == "run.model_returned").body | [.ok, .served, .tokens_in, .tokens_out, .finish] | @csv')" \
    'true,"tiny:latest",26,7,"stop"'
same "$(events 'select(.kind == "run.model_returned").body | .latency_ms >= .first_token_ms and .first_token_ms > 0')" true
same "$(events 'select(.kind == "run.model_returned").body.digest')" \
    sha256:dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff
same "$(events 'select(.kind == "run.model_returned").body.output_digest')" "sha256:$(sha256sum <o1/answer | cut -c1-64)"
same "$(events 'select(.kind == "run.finished").body | [.outcome, .model_calls, .tool_calls] | @csv')" '"ok",1,0'
setting model_protocol openai
ask 0 openai
same "$(cat o2/answer)" 'Grüße – 日本 🎉!'
same "$(events 'select(.kind == "run.model_returned").body | [.tokens_in, .tokens_out, .tokens_cached, .tokens_reasoning] | @csv')" 26,7,4,2
setting model_protocol ''

# What is private: neither prompt nor answer is in what others are given, or in an open part of an event.
same "$(events 'select(.kind == "run.model_called").private.prompt')" 'Answer in one word: is saffron yellow'
same "$(events 'select(.kind == "run.model_returned").private.output')" 'Grüße – 日本 🎉!'
"$LEDGER" -C "$BOX" query --format jsonl >open
check grep -q run.model_returned open
box 0 export -o all.tar --whole --bodies all --plain
box 0 support -o report.tar --plain --days 1
check test "$(tar xOf all.tar payloads/0.jsonl | wc -l)" -gt 10
same "$(tar xOf all.tar payloads/0.jsonl | jq -r '.private[]? | .field // empty')" ''
for word in saffron 'one word' Grüße 日本; do
    check test -z "$(grep -laF "$word" open all.tar report.tar; grep -rlF "$word" "$BOX" --exclude-dir packs --exclude-dir evidence)"
done

# A server that is loading is asked again. One that fails or breaks off is not: the fallback serves.
ask 0 loading-1
same "$(cat "o$n/answer")" 'Grüße – 日本 🎉!'
same "$(asked loading-1)" 2
same "$(events 'select(.kind | startswith("run.model")).kind')" "run.model_called
run.model_returned"
ask 0 broken
fell error 'status 500'
same "$(asked broken)" 1
same "$(events 'select(.kind == "run.model_returned").body | [.ok, .outcome, .error] | @csv')" 'false,"error","status"'
ask 0 cut
fell error 'transfer closed'
ask 0 ollama-missing
fell offline "model 'tiny' not found"
setting model_protocol openai
ask 0 openai-error
fell error 'context size'
setting model_protocol ''

# One that says nothing has until the step's time is up: in its answer, and before it, when it is asked what it has.
for behaviour in silent deaf; do
    ask 0 $behaviour how=hastily
    out_has "on its fallback 'none'"
    same "$(events 'select(.kind == "route.fell_back").body.reason')" timeout
    same "$(events 'select(.kind == "run.model_returned").body.error')" timeout
    same "$(events 'select(.kind == "run.step" and .body.step == "hasty" and .body.status == "ok").body.duration_ms < 9000')" true
done

# Off the box nothing is sent without a grant. Which address that is decides, not its name.
jq -r .target requests >before
setting model_url http://192.0.2.1:9
n=$((n + 1))
box 0 pack run asker --demo question=x --out "o$n"
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
fell policy network.egress
same "$(events 'select(.kind | startswith("run.model")).kind')" ''
same "$(jq -r .target requests)" "$(cat before)"

# With a grant it goes there, and the record says so. The other box is another address of this machine, in a network of its own.
cat >elsewhere.sh <<'S'
set -eu
ip link set lo up
ip address add 192.0.2.1/32 dev lo
. "$ROOT/tests/cli/lib_packs.sh"
model_server 192.0.2.1
setting model_url "http://192.0.2.1:$port/ollama"
"$LEDGER" -C "$BOX" append permission.granted -s pack/asker group=network.egress scope="192.0.2.1:$port" tier=T0
"$LEDGER" -C "$BOX" pack run asker --demo question=x --out elsewhere
echo "$port" >port
S
if [[ $(id -u) == 0 ]] && unshare --net true 2>/dev/null && command -v ip >/dev/null; then
    ROOT=$ROOT T=$T BOX=$BOX LEDGER=$LEDGER unshare --net bash elsewhere.sh >.out 2>.err || fail 'a call of another box'
    same "$(cat elsewhere/answer)" 'Grüße – 日本 🎉!'
    run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
    same "$(events 'select(.kind == "run.model_called").body | [.egress, .endpoint] | @csv')" "true,\"192.0.2.1:$(cat port)\""
    same "$(events 'select(.kind == "permission.used" and .body.group == "network.egress").body.scope')" "192.0.2.1:$(cat port)"
else
    echo 'skipped: a call of another box (only root makes a network of its own, with ip)'
fi

# A run spends what its configuration allows it, in tokens or in money, and then its fallback serves.
budget() { # WORDS: the first call is paid for, the second is not.
    : >requests
    ask 0 ollama twice=true
    out_has 'ask            ok'
    out_has 'again          ok'
    fell policy "$1"
    same "$(cat "o$n/answer")" 'Grüße – 日本 🎉!'
    same "$(asked ollama)" 1
    same "$(events 'select(.kind == "run.model_returned" and .body.over_budget).seq')" ''
    same "$(events 'select(.kind == "run.model_returned").body | [.ok, .tokens_out, .error] | @csv')" 'true,7,
false,,"budget"'
}
setting model_tokens 33
budget 'nothing is left of the budget'
same "$(jq -r 'select(.target == "/ollama/api/chat").body | fromjson.options.num_predict' requests)" 33
setting model_tokens 34
: >requests
ask 0 ollama twice=true
same "$(jq -r 'select(.target == "/ollama/api/chat").body | fromjson.options.num_predict' requests)" "34
1"

# A prompt is counted by who reads it: what went beyond the budget is said, and the step has its answer.
setting model_tokens 20
ask 0 ollama
out_has 'the run has used 33 tokens of its models, more than the 20 of model_tokens'
same "$(events 'select(.kind == "run.model_returned").body.over_budget')" true
setting model_tokens ''

# Without prices nothing has a cost: such a budget would never end.
setting model_cost 40
box 3 pack list
err_has "'model_cost' needs model_prompt_price and model_answer_price"
setting model_prompt_price 1000000
setting model_answer_price 2000000
budget 'nothing is left of the budget'
same "$(events 'select(.kind == "run.model_returned" and .body.ok).body.cost == 0.00004')" true
setting model_cost ''

# Where a server counts nothing, a budget does not last for ever.
setting model_tokens 60
setting model_protocol openai
: >requests
ask 0 openai-no-usage twice=true
fell policy 'nothing is left of the budget'
same "$(events 'select(.kind == "run.model_returned" and .body.ok).body | has("tokens_in")')" false
setting model_tokens ''
setting model_protocol ''

# The key goes to the endpoint from a file that others cannot read, and nowhere else: into no event, argument or environment.
echo "$key" >model.key
chmod 600 model.key
setting model_key "$T/model.key"
: >requests
ask 0 ollama
same "$(jq -r 'select(.target == "/ollama/api/chat").key' requests)" "Bearer $key"
ask 0 repeat-key
same "$(cat "o$n/answer")" "it is ************************, is it not?"
ask 0 long-key
fell error '401'
setting model_url "http://127.0.0.1:$port/stall"
setsid "$LEDGER" -C "$BOX" pack run asker --demo question=x --out "stalled" >o 2>e </dev/null &
pid=$!
until (($(asked stall) > 0)); do sleep 0.05; done
check test -z "$(grep -alF "$key" "/proc/$pid/environ" "/proc/$pid/cmdline")"
check grep -aq question=x "/proc/$pid/cmdline"
kill -INT "$pid"
got=0
wait "$pid" || got=$?
same "$got" 1
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
same "$(events 'select(.kind == "run.model_returned").body | [.outcome, .error] | @csv')" '"aborted","stopped"'
same "$(events 'select(.kind == "run.finished").body.outcome')" aborted
check test -s "o$n/answer"
check grep -q LEDGER_RUN "o$n/answer"
check test -z "$(grep -rlaF "$key" "$BOX" "$HOME" "$XDG_STATE_HOME" o? o?? .out .err o e 2>/dev/null)"
"$LEDGER" -C "$BOX" query --format jsonl --private >all
check test -z "$(grep -F "$key" all)"
chmod 644 model.key
: >requests
ask 0 ollama
fell offline "mode 0644; expected: 0600"
same "$(wc -l <requests)" 0
box 0 verify
finish
