#!/usr/bin/env bash
# eval run, and an endpoint that is not there, goes away, hangs or is busy: what it did not answer is not used up. A dead one is refused
# before anything is recorded; one that dies is waited for, and then the evaluation stops, and continues where it was.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

server_up
new_box
at=(--endpoint "http://127.0.0.1:$port" --model tiny)
repeated 30 'slow yes=yes'
within=5s suite slow.yaml 0.8 "${many[@]}"

# of KIND: how many events of it there are.
of() { events "select(.kind == \"$1\").seq" | wc -l; }
# started ARGS...: in the background, with some samples on record; its process is $pid.
started() {
    local before
    before=$(of eval.sampled)
    hold
    setsid "$LEDGER" -C "$BOX" eval run slow.yaml "${at[@]}" "$@" >"$T/.back" 2>"$T/.back_err" &
    pid=$!
    for ((i = 0; i < 600 && $(of eval.sampled) < before + 4; i++)); do sleep 0.05; done
}
# ended CODE: it has ended so.
ended() {
    local got=0
    wait "$pid" || got=$?
    let_go
    [[ $got == "$1" ]] || {
        cat "$T/.back" "$T/.back_err"
        fail "exit code $got, wanted $1"
    }
}
# again: the command that it printed, as it is.
again() {
    local command
    command=$(sed -n 's/.*To continue: ledger //p' "$T/.back_err")
    [[ -n $command ]] || fail "how to continue is not said"
    bash -c "'$LEDGER' $command --json" >"$T/.out" 2>"$T/.err" || fail "it cannot be continued by: ledger $command"
}

# It dies in the middle: nothing is used up, and what it said stays.
started --patience 1s
server_down
ended 4
grep -q 'no answer: ' "$T/.back_err" || fail "that nobody answers is not said"
grep -q 'none: it is not finished, stopped: unreachable' "$T/.back" || fail "that it is not finished is not said"
! grep -q 'what was evaluated is not' "$T/.back" || fail "what is not known is said"
n=$(of eval.sampled)
((n >= 4 && n < 30)) || fail "$n samples are on record"
same "$(of eval.sample_failed) $(of eval.finished)" '0 0'

# Dead at the beginning, also of a continuation: refused, and nothing is recorded.
last=$("$LEDGER" -C "$BOX" query --format jsonl | wc -l)
box 4 eval run slow.yaml "${at[@]}"
err_has "http://127.0.0.1:$port"
err_has 'nothing was recorded'
box 4 eval run slow.yaml "${at[@]}" --resume last --json
box 4 eval run slow.yaml --endpoint http://127.0.0.1:1 --protocol openai --model tiny
same "$("$LEDGER" -C "$BOX" query --format jsonl | wc -l)" "$last"

# Back again, it is continued by the printed command, and it counts.
server_up
again
json '[.verdict, .resumed, .samples, .errors, .partial] | @csv' '"pass",1,30,0,false'
same "$(events 'select(.kind == "eval.sampled").body.sample' | sort | uniq -d)" ''
box 0 eval show "$(jq -r .eval <"$T/.out")" --json
json '.things[0].fields.counts' true

# Back within the patience, it is waited for.
started
server_down
let_go
sleep 0.5
server_up
ended 0
same "$(of eval.sample_failed)" 0
grep -q '30 of 30: 30 passed' "$T/.back" || fail "not all passed"

# It hangs: that it does not answer is not its cases' fault.
started --patience 2s
kill -STOP "$server"
ended 4
kill -CONT "$server"
same "$(of eval.sample_failed)" 0
again
json '[.verdict, .samples, .errors] | @csv' '"pass",30,0'

# It is busy for a while, then for good; and it may say for how long.
repeated 20 'say yes=yes'
suite fast.yaml 0.8 "${many[@]}"
echo '503 1' >served/busy
(
    sleep 1
    rm served/busy
) &
box 0 eval run fast.yaml "${at[@]}" --json
json '[.verdict, .samples, .errors] | @csv' '"pass",20,0'
(($(events 'select(.kind == "eval.sampled").body.attempts // 1' | sort -n | tail -1) > 1)) || fail "nothing was repeated"
echo '429' >served/busy
box 4 eval run fast.yaml "${at[@]}" --patience 1s
err_has 'status 429'
out_has '0 of 20'
echo '503 3600' >served/busy
box 4 eval run fast.yaml "${at[@]}" --patience 30m
err_has 'status 503'
rm served/busy
box 0 eval run fast.yaml "${at[@]}" --resume last --json
json '[.verdict, .samples, .errors] | @csv' '"pass",20,0'

# It dies after the last answer: who gave the answers is asked when it is back, and they are not asked again.
server_down
echo 20 >served/life
server_up
rm served/asked
box 4 eval run fast.yaml "${at[@]}" --patience 0s
out_has '20 of 20: 20 passed'
out_has 'none: it is not finished'
out_lacks 'what was evaluated is not'
same "$(asked)" 20
rm served/life
server_up
box 0 eval run fast.yaml "${at[@]}" --resume last
same "$(asked)" 20

# A case that breaks the connection is its own fault, when the server still answers.
suite dies.yaml 0.1 'die=x' "${many[@]}"
box 1 eval run dies.yaml "${at[@]}" --json
json '[.finished, .passed, .errors] | @csv' 'true,20,1'

# A model that is not there, and one that is not on this box, are refused once, before anything is asked.
last=$("$LEDGER" -C "$BOX" query --format jsonl | wc -l)
box 3 eval run fast.yaml --endpoint http://192.0.2.1:9 --model tiny
err_has 'expected: --off-box'
same "$(wc -l <"$T/.err")" 1
box 2 eval run fast.yaml "${at[@]}" --patience long
err_has 'expected a time such as'
same "$("$LEDGER" -C "$BOX" query --format jsonl | wc -l)" "$last"
box 0 verify
finish
