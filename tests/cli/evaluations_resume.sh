#!/usr/bin/env bash
# eval run --resume: an evaluation that was interrupted, in order or by kill -9, continues where it was, and says so.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

eval_server
new_box
at=(--endpoint "http://127.0.0.1:$port" --model tiny)
repeated 60 'slow yes=yes'
suite slow.yaml 0.8 "${many[@]}"

# recorded: samples that are on record, of all evaluations.
recorded() { events 'select(.kind == "eval.sampled").seq' | wc -l; }
# started ARGS...: an evaluation in the background, of which some samples are on record; its process is $pid.
started() {
    local before
    before=$(recorded)
    hold
    setsid "$LEDGER" -C "$BOX" eval run slow.yaml "${at[@]}" "$@" >"$T/.back" 2>"$T/.back_err" &
    pid=$!
    for ((i = 0; i < 600 && $(recorded) < before + 4; i++)); do sleep 0.05; done
}

# Ctrl-C ends it in order: exit 1, what is on record stays, and how to continue is said.
started
kill -INT "$pid"
got=0
wait "$pid" || got=$?
let_go
same "$got" 1
grep -qF "eval run slow.yaml --endpoint http://127.0.0.1:$port --model tiny --resume " "$T/.back_err" ||
    fail "how to continue is not said"
grep -q 'none: it is not finished, stopped: interrupted' "$T/.back" || fail "that it is not finished is not said"
n=$(recorded)
((n >= 4 && n < 60)) || fail "$n samples are on record"
same "$(events 'select(.kind == "eval.finished").seq' | wc -l)" 0
id=$(events 'select(.kind == "eval.started").subject' | cut -d/ -f2)
grep -q -- "--resume $id" "$T/.back_err" || fail "the evaluation is not named"

# It is continued by its id only with the same plan and the same weights.
box 1 eval run slow.yaml "${at[@]}" --resume "$id" --shuffle 1
err_has 'it has another plan'
weights 22
box 1 eval run slow.yaml "${at[@]}" --resume "$id"
err_has 'its digest of weights was sha256:1111'
weights 11
box 1 eval run slow.yaml "${at[@]}" --resume nothing
err_has "no evaluation 'nothing' was started here"

# Killed in the middle of that, and continued once more: no sample on record is asked again.
started --resume last
kill -KILL "$pid"
wait "$pid" || true
let_go
n=$(recorded)
((n < 60)) || fail "it was killed too late"
rm served/asked
box 0 eval run slow.yaml "${at[@]}" --resume last --json
json '[.eval, .verdict, .resumed, .samples, .partial] | @csv' "\"$id\",\"pass\",2,60,false"
same "$(asked)" "$((60 - n))"
same "$(recorded)" 60
same "$(events 'select(.kind == "eval.finished").body | [.resumed, .samples, .verdict] | @csv')" '2,60,"pass"'
same "$(events 'select(.kind == "eval.resumed").body.samples' | wc -l)" 2
same "$(events 'select(.kind == "eval.sampled").body.sample' | sort -u | wc -l)" 60
box 0 eval show "$id" --json
json '.things[0].fields.counts' true

# What has ended is not continued.
box 1 eval run slow.yaml "${at[@]}" --resume "$id"
err_has 'has ended, and cannot be resumed'
box 1 eval run slow.yaml "${at[@]}" --resume last
err_has 'no evaluation of this suite was interrupted'
box 0 verify
finish
