#!/usr/bin/env bash
# What is live is asked inside the transaction that promotes: of two promotions of the same, verified against the same live version,
# one is promoted and the other refused, in whichever order and at the same moment; the same for two rollbacks.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
digest_of() { echo "sha256:$(printf '%064d' "$1")"; }
evaluate() { # DIGEST
    measured eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" suite=s digest="$1" verdict=pass
}
ready() { # ID DIGEST
    evaluate "$2"
    box 0 promote plan "$1" model/m --digest "$2"
    box 0 promote simulate "$1" --verdict pass
    box 0 promote verify "$1" --gates alone.yaml
}

# One after the other, by events alone.
ready a "$(digest_of 1)"
ready b "$(digest_of 2)"
ready c "$(digest_of 3)"
box 0 append promotion.promoted -s promotion/a --checked digest="$(digest_of 1)"
live=$(jq .seq <<<"$out")
box 1 append promotion.promoted -s promotion/b --checked digest="$(digest_of 2)"
err_has "it was planned to replace nothing, and since event $live sha256:000000000000 is live: abort it and plan it again"
box 0 promote status b
out_has "it was planned to replace nothing"
json_next() { "$LEDGER" -C "$BOX" --json promote status "$1" | jq -r '.promotions[0].next'; }
[[ $(json_next b) == *' promote abort b' ]] || fail "the next step of b is $(json_next b)"
box 1 promote apply c
err_has ' is live: abort it and plan it again'
box 0 promote abort b
ready b "$(digest_of 2)"
box 0 promote apply b
box 1 append promotion.rolled_back -s promotion/a --checked digest="$(digest_of 9)" digest_before="$(digest_of 1)"
err_has 'that is rolled back first'
box 0 append promotion.rolled_back -s promotion/b --checked digest="$(digest_of 1)" digest_before="$(digest_of 2)"

# At the same moment.
for i in 10 12 14 16 18; do
    ready "p$i" "$(digest_of "$i")"
    ready "q$i" "$(digest_of $((i + 1)))"
    "$LEDGER" -C "$BOX" promote apply "p$i" >"$T/p.out" 2>"$T/p.err" &
    p=$!
    "$LEDGER" -C "$BOX" promote apply "q$i" >"$T/q.out" 2>"$T/q.err" &
    q=$!
    one=0 other=0
    wait "$p" || one=$?
    wait "$q" || other=$?
    same "$((one + other)) $((one * other))" '1 0'
    check grep -q ' is live: abort it and plan it again' "$T/p.err" "$T/q.err"
    box 0 promote history model/m --json
    json '.live[-1].promotion' "$([[ $one == 0 ]] && echo "p$i" || echo "q$i")"
done
finish
