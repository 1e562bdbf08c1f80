#!/usr/bin/env bash
# eval run: a suite against a real endpoint, and what that proves. Good answers, bad ones, and endpoints that break off, answer 200
# with an error inside, answer garbage, never end or refuse: nothing of that passes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

eval_server
new_box
at=(--endpoint "http://127.0.0.1:$port" --model tiny)
eleven=sha256:$(cat served/weights)

# A route whose suite passes in full is proven: which weights its name leads to was seen by the evaluation itself.
repeated 20 'say yes=yes'
suite news.yaml 0.8 "${many[@]}"
box 0 route declare summarise --model tiny --runtime "ollama@127.0.0.1:$port" --suite news
box 0 eval run news.yaml --route summarise
out_has 'verdict'
out_has '20 of 20: 20 passed, 0 missed'
box 0 eval list --json
json '.states[0] | [.verdict, .counts, .route, .digest] | @csv' "\"pass\",true,\"summarise\",\"$eleven\""
box 0 route show summarise
out_has ready
same "$(events 'select(.kind == "eval.started").body | [.suite, .runtime, .samples, .concurrency, .harness] | @csv')" \
    '"news","ollama",20,4,"ledger"'
same "$(events 'select(.kind == "eval.sampled") | [.body.latency_ms > 0, .body.tokens_in, .private.output, .body.output] | @csv' | sort -u)" \
    'true,5,"yes",'

# Connections are kept between samples: one for each lane.
rm served/connections
box 0 eval run news.yaml "${at[@]}" --concurrency 2
(($(wc -l <served/connections) <= 2)) || fail "$(wc -l <served/connections) connections for 20 samples"

# One other byte of the model, and the proof is void as soon as an evaluation has seen it, before it ends, without any other
# look at the server; a full pass proves it again.
weights 12
box 1 eval run news.yaml --route summarise --only t1
box 0 route show summarise
out_has declared-not-proven
box 1 route decide summarise
box 0 eval run news.yaml --route summarise
box 0 route show summarise
out_has ready
same "$(events 'select(.kind == "model.observed") | [.source, .grade, .body.digest[0:9]] | @csv' | xargs)" \
    'evals,measured,sha256:11 evals,measured,sha256:12'

# A look at the server is of the same runtime, and one whose newest look was before that evaluation sees what has come back.
box 0 ingest ollama "http://127.0.0.1:$port"
box 0 route show summarise
out_has ready
box 0 route declare by-name --model tiny --runtime ollama --suite news
weights 13
box 1 eval run news.yaml --route summarise --only t1
box 0 route show summarise
out_has declared-not-proven
weights 12
box 0 ingest ollama "http://127.0.0.1:$port"
box 0 route show summarise
out_has ready
box 0 route show by-name
out_lacks 'has not listed'

# What is declared at an address of this machine and was looked at there is known, however the address is written.
box 0 route declare looked --model tiny --runtime "ollama@localhost:$port" --suite news
box 0 route show looked
out_lacks 'has not listed'

# An evaluation whose model changes in the middle counts for nothing, and nobody did anything wrong.
suite change.yaml 0.1 'become 14=x' "${many[@]}"
box 1 eval run change.yaml "${at[@]}"
out_has 'what was evaluated is not what it was'
box 0 eval list
same "$(wc -c <"$T/.err")" 0
box 0 route show summarise
out_has declared-not-proven
weights 12
box 0 eval run news.yaml --route summarise
box 0 route show summarise
out_has ready

# OpenAI's protocol: weights are not stated, so the result counts for nothing, whatever it is.
box 0 eval run news.yaml --endpoint "http://127.0.0.1:$port/openai" --protocol openai --model tiny --json
json '[.verdict, .passed, .tokens_out] | @csv' '"pass",20,40'
id=$(jq -r .eval <"$T/.out")
box 0 eval show "$id" --json
json '.things[0].fields.counts' false

# What the file of weights is that such a server says it serves, or that is named, is hashed here: then the result counts, and one
# other byte voids the proof, also in the middle of an evaluation.
openai=(--endpoint "http://127.0.0.1:$port/openai" --protocol openai --model tiny)
echo weights >tiny.gguf
echo "$PWD/tiny.gguf" >served/model_path
sum() { echo "sha256:$(sha256sum tiny.gguf | cut -d' ' -f1)"; }
box 0 route declare by-file --model tiny --runtime openai --suite news
box 0 eval run news.yaml --route by-file "${openai[@]}"
box 0 route show by-file
out_has ready
out_has "$(sum)"
same "$(events 'select(.kind == "eval.started" and .body.route == "by-file") | [.body.digest_from, .private.weights_path] | @csv')" \
    "\"file\",\"$PWD/tiny.gguf\""
echo more >>tiny.gguf
box 1 eval run news.yaml --route by-file "${openai[@]}" --only t1
box 0 route show by-file
out_has declared-not-proven
rm served/model_path
box 0 eval run news.yaml --route by-file "${openai[@]}" --weights tiny.gguf
box 0 route show by-file
out_has ready

# Two servers of this machine that speak it are told apart by their ports: a route names one of them, and is evaluated there.
box 0 route declare by-port --model tiny --runtime "openai@localhost:$port" --suite news
box 0 eval run news.yaml --route by-port --weights tiny.gguf
box 0 route show by-port
out_has ready
echo others >other.gguf
box 0 append model.observed -s model/tiny runtime=openai endpoint=http://127.0.0.1:1 "digest=sha256:$(sha256sum other.gguf | cut -c1-64)"
box 0 route show by-port
out_has ready
box 0 route show by-file
out_has 'in different runtimes'
box 0 append route.declared -s route/by-file "digest=$(sum)"
box 0 route show by-file
out_has ready
# That the server has these weights is the caller's word: it opens the gates of a model, and never those of an image, of which the
# server knows nothing.
echo given >given.gguf
box 0 eval run news.yaml "${openai[@]}" --weights given.gguf
out_has 'weights  given'
same "$(events 'select(.kind == "model.observed" and .body.model == "tiny").grade' | tail -1)" reported
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
mkdir image adapter model
for what in image adapter model; do
    box 0 promote plan "of-$what" "$what/tiny" --target "$what" --from given.gguf --tier T1
    box 0 promote simulate "of-$what" --verdict pass
done
for what in image adapter; do
    box 1 promote verify "of-$what" --gates alone.yaml
    out_has 'is of a model with these weights: a candidate is handed to a command'
done
box 0 promote verify of-model --gates alone.yaml
box 3 eval run news.yaml "${openai[@]}" --weights nothing.gguf
err_has 'No such file'
box 3 eval run news.yaml "${at[@]}" --weights tiny.gguf
err_has 'expected: no --weights'

# A threshold that is missed is exit 1; the wrong answers say which expectation.
suite half.yaml 0.8 "${many[@]}" 'say no=yes' 'say no=yes' 'say no=yes' 'say no=yes' 'say no=yes'
box 1 eval run half.yaml "${at[@]}" --json
json '[.verdict, .passed, .missed, .errors, .partial] | @csv' '"fail",20,5,0,false'
same "$(events 'select(.kind == "eval.sample_failed").body | [.failure, .unmet[]] | @csv' | sort -u)" '"assertion","1:equals"'

# Each kind of bad endpoint is an error of its sample, with its reason; the evaluation is not clear.
bad() {
    suite bad.yaml 0.1 "$1=x" "${many[@]}"
    box 1 eval run bad.yaml "${at[@]}" --json
    json '[.verdict, .passed, .missed, .errors] | @csv' '"unknown",20,0,1'
    [[ $(jq -r .first_error <"$T/.out") == *"$2"* ]] || fail "the first error lacks '$2'"
    same "$(events 'select(.kind == "eval.sample_failed" and .body.suite == "bad").body.failure' | tail -1)" error
}
bad die 'transfer closed'
bad error 'the model burns'
bad garbage 'JSON'
within=5s bad stall 'within'
bad refuse 'the disk burns'
within=5s suite endless.yaml 0.1 'endless=x' "${many[@]}"
box 0 eval run endless.yaml "${at[@]}" --json
json '[.verdict, .passed, .limited, .errors] | @csv' '"pass",20,1,0'

# Where every sample ends in an error, that is said first.
good=("${many[@]}")
repeated 20 'refuse=x'
suite refused.yaml 0.8 "${many[@]}"
many=("${good[@]}")
box 1 eval run refused.yaml "${at[@]}"
[[ $out == 'all of the 20 samples ended in an error'* ]] || fail "the bad news is not first"
out_has 'the disk burns'
box 0 eval list
out_has 'only a part of its samples has a known answer: 0 of 20'

# A part proves nothing: by tag, by a budget, after a failure.
box 1 eval run news.yaml --route summarise --only t1 --json
json '[.verdict, .partial, .samples, .samples_total] | @csv' '"unknown",true,10,20'
box 1 eval run news.yaml --route summarise --budget-tokens 7 --concurrency 1 --json
json '[.verdict, .partial, .stopped] | @csv' '"unknown",true,"budget"'
box 1 eval run half.yaml "${at[@]}" --fail-fast --json
json '.stopped, .partial' $'fail_fast\ntrue'
box 0 route show summarise
out_has ready

# Repeats and seeds: each repeat of a case has the next seed; a shuffled order asks the same.
cat >seeds.yaml <<'S'
schema: ledger-suite/v0
name: seeds
cases:
  - {id: a, text: 'say a', seed: 41, repeats: 2, expect: [{check: equals, text: a}]}
S
rm served/asked
box 0 eval run seeds.yaml "${at[@]}" --shuffle 3 --json
json .samples 2
same "$(jq .options.seed served/asked | sort | xargs)" '41 42'
box 0 eval run seeds.yaml "${at[@]}" --repeat 3 --json
json '[.samples, .partial] | @csv' '3,false'
box 1 eval run seeds.yaml "${at[@]}" --repeat 1 --json
json '[.samples, .partial] | @csv' '1,true'

# Against a baseline: unknown until there is one, a pass while the answers are as good, a fail when they are worse.
repeated 25 'weigh=yes'
suite base.yaml 0.001 "${many[@]}"
sed -i 's/^cases:/  - {metric: regression_lower, at_least: -0.25, baseline: good}\ncases:/' base.yaml
weights 11
box 1 eval run base.yaml "${at[@]}"
out_has 'verdict  unknown'
id=$("$LEDGER" -C "$BOX" eval list --json | jq -r '.states[0].eval')
err_has "eval baseline base good $id"
box 0 eval baseline base good last
box 0 eval run base.yaml "${at[@]}" --json
json .verdict pass
weights 22
box 1 eval run base.yaml "${at[@]}" --json
json '[.verdict, .missed] | @csv' '"fail",25'
same "$(events 'select(.kind == "eval.finished" and .body.suite == "base") | (.body.baseline // "none")' | xargs)" "none $id $id"

# A judge with a rubric; one that leaves its scale is an error.
cat >judged.yaml <<S
schema: ledger-suite/v0
name: judged
judge: {protocol: ollama, url: 'http://127.0.0.1:$port', model: tiny}
cases:
  - {id: a, text: 'say fine', expect: [{check: judge, text: 'It is fine.', scale: {lowest: 1, highest: 5}, at_least: 4}]}
S
box 0 eval run judged.yaml "${at[@]}" --json
json '.passed' 1
sed -i "s/say fine/say bad/" judged.yaml
box 1 eval run judged.yaml "${at[@]}" --json
json '[.missed, .errors] | @csv' '1,0'
sed -i "s/say bad/say wild/" judged.yaml
box 1 eval run judged.yaml "${at[@]}" --json
json '[.missed, .errors] | @csv' '0,1'

# What is wrong with the call.
box 2 eval run news.yaml
err_has 'give --route ROUTE, --pack NAME, --endpoint URL and --model MODEL, or a command'
box 2 eval run news.yaml --endpoint http://127.0.0.1:1
err_has 'give --model MODEL'
box 3 eval run news.yaml "${at[@]}" --model $'ti\nny'
err_has "the model's name: expected one line of text"
box 2 eval run news.yaml "${at[@]}" --concurrency 0
err_has 'expected 1 to 256'
box 2 eval run news.yaml "${at[@]}" --budget-time soon
err_has 'expected a time such as 90s'
box 2 eval run news.yaml "${at[@]}" --budget-time 0s
err_has 'expected a time above 0'
box 1 eval run news.yaml --route nowhere
err_has "no route 'nowhere' is declared"
box 3 eval run news.yaml "${at[@]}" --only unknown
err_has "no case of the suite has the tag 'unknown'"
box 3 eval run missing.yaml "${at[@]}"
echo 'schema: ledger-suite/v0' >broken.yaml
box 3 eval run broken.yaml "${at[@]}"
err_has 'broken.yaml:'
box 0 verify
# What proves nothing says what would: thresholds, a file of weights, a baseline. Each remedy is typed as it is printed.
remedy() { "$LEDGER" -C "$BOX" route list --json | jq -r ".states[] | select(.route == \"$1\").missing[] | select(.rule == \"$2\").remedy"; }
suite plain.yaml 0.1 'say yes=yes' 'say also=also'
sed -i '/^thresholds/d; /pass_rate_lower/d' plain.yaml
weights 33
box 0 route declare plain --model tiny --runtime "ollama@127.0.0.1:$port" --suite plain
box 0 eval validate plain.yaml
out_has 'thresholds: [{metric: pass_rate_lower, at_least: 0.3}]'
box 0 eval run plain.yaml --route plain
err_has "suite 'plain' has no threshold"
out_has 'counts   no: none of its scores was held against a threshold'
same "$(remedy plain eval.held | grep -o 'eval run.*')" 'eval run FILE --route plain --adopt'
sed -i 's/^cases:/thresholds: [{metric: pass_rate_lower, at_least: 0.3}]\ncases:/' plain.yaml
box 0 eval run plain.yaml --route plain --adopt
box 0 route show plain
out_has ready
rm -f served/model_path
box 0 eval run plain.yaml --route plain "${openai[@]}"
err_has '--weights FILE'

# The newest evaluation is the first of the list, and 'last'.
newest=$("$LEDGER" -C "$BOX" eval list --json | jq -r '.states[0].eval')
same "$(events 'select(.kind == "eval.finished").subject' | tail -n 1)" "eval/$newest"
box 0 eval report last --json
json .eval.eval "$newest"
box 0 eval show last
out_has "$newest"

# An answer that names another model says nothing of the one that was asked.
echo other >served/names
box 1 eval run plain.yaml "${at[@]}" --json
json '[.verdict, .errors] | @csv' '"unknown",2'
out_has "the answer is of model 'other', not of 'tiny'"
echo tiny:latest >served/names
box 0 eval run plain.yaml "${at[@]}"
rm served/names
finish
