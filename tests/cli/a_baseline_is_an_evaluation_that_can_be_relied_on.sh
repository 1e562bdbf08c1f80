#!/usr/bin/env bash
# eval baseline: an evaluation gets a name that later ones are compared with, if it is complete, did not fail and was not taken
# back; a name means what it was set to last; the list says whether that can still be relied on.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
weights=sha256:$(printf 'a%.0s' {1..64})
suite=sha256:$(printf 'd%.0s' {1..64})
evaluated() { # EVAL VALUE VERDICT ARGS...
    measured eval.started -s "eval/$1" suite=extraction suite_digest="$suite" digest="$weights" samples:=4
    for _ in 1 2 3; do measured eval.sampled -s "eval/$1"; done
    measured eval.scored -s "eval/$1" task=extraction metric=pass_rate_lower value:="$2" threshold:=0.8 \
        higher_is_better:=true verdict="$3" samples:=4
    measured eval.finished -s "eval/$1" suite=extraction suite_digest="$suite" digest="$weights" verdict="$3" \
        samples:=4 samples_total:=4 "${@:4}"
}
evaluated e1 0.9 pass
evaluated e2 0.5 fail
evaluated e3 0.95 pass partial:=true
evaluated e4 0.95 unknown

box 1 eval baseline # there is none
box 0 eval baseline extraction release e1 --note 'as shipped'
box 0 eval baseline --json
json '.states[0] | [.suite, .baseline, .eval, .counts, .suite_digest, .digest] | tojson' \
    "[\"extraction\",\"release\",\"e1\",true,\"$suite\",\"$weights\"]"

# What failed, is partial, is of another suite or does not exist is refused, and nothing is written.
refused() { # WHY ARGS...
    box 1 eval baseline "${@:2}"
    grep -q "$1" "$T/.err" || fail "no reason like '$1'"
}
refused "evaluation 'e2' cannot be a baseline: " extraction release e2
refused "evaluation 'e3' cannot be a baseline: " extraction release e3
refused "there is no evaluation 'e9'" extraction release e9
refused "it is of suite 'extraction'" other release e1
box 3 eval baseline extraction '' e1
for name in $'r\e[2J' $'r\nx' $'r\u202e' ' ' "$(printf 'x%.0s' {1..129})"; do
    box 3 eval baseline extraction "$name" e1
    err_has "the baseline's name "
done
box 0 eval new -
out_has 'schema: ledger-suite/v0'
box 0 eval new sums.json
box 0 eval validate sums.json
box 2 eval baseline extraction release
box 2 eval baseline extraction release e1 --last 3
box 0 eval baseline extraction --json
json '.states[0].eval' e1

# A first evaluation may have nothing to be compared with: its verdict is open, and it can be the baseline of the next.
box 0 eval baseline extraction release eval/e4
box 0 eval baseline extraction night e1
box 0 eval baseline extraction
grep -q 'release .*e4' "$T/.out" || fail "the newest is not shown"
box 1 eval baseline another

# What is taken back afterwards stays named, and does not count.
box 0 append eval.invalidated -s eval/e1 reason=contaminated
box 0 eval baseline extraction --json --with baseline=night
json '.states[0] | [.eval, .counts] | tojson' '["e1",false]'
json '.states[0].reason | contains("invalidated")' true
refused 'invalidated' extraction night e1

# An id that was started anew is another evaluation.
measured eval.started -s eval/e4 suite=extraction
box 0 eval baseline extraction --json --with baseline=release
json '.states[0].counts' false
json '.states[0].reason | contains("started anew")' true
