#!/usr/bin/env bash
# eval run believes the samples that it recorded itself: what others append for the same evaluation is neither taken for an
# answer nor counted, whether it is resumed or not.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

eval_server
new_box
at=(--endpoint "http://127.0.0.1:$port" --model tiny)
repeated 12 'slow yes=no'
suite wrong.yaml 0.5 "${many[@]}"

# Stopped after some samples; the others are forged as passed.
hold
setsid "$LEDGER" -C "$BOX" eval run wrong.yaml "${at[@]}" >/dev/null 2>&1 &
pid=$!
for ((i = 0; i < 600 && $(events 'select(.kind == "eval.sample_failed").seq' | wc -l) < 2; i++)); do sleep 0.05; done
kill -INT "$pid"
wait "$pid" || true
let_go
id=$(events 'select(.kind == "eval.started").subject' | cut -d/ -f2)
n=$(events 'select(.kind == "eval.sample_failed").seq' | wc -l)
((n < 12)) || fail "all of it was run"
for i in {1..12}; do
    box 0 append eval.sampled -s "eval/$id" task=wrong sample="c$i" repeat:=0 \
        doc_digest="$(events 'select(.kind == "eval.sample_failed").body.doc_digest' | head -n 1)"
done
box 1 eval run wrong.yaml "${at[@]}" --resume "$id" --json
json '[.verdict, .samples, .passed] | @csv' '"fail",12,0'
finish
