#!/usr/bin/env bash
# promote: plan, simulate, verify, apply, rollback and abort; an illegal step is refused with its evidence; what is live at any
# time by `history`.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
a=sha256:$(printf 'a%.0s' {1..64})
b=sha256:$(printf 'b%.0s' {1..64})
next() { box 0 promote status "$1" --json && jq -r '.promotions[0].next // ""' <<<"$out"; }
live() { box 0 promote history "$@" --json && jq -r '.live[-1].digest' <<<"$out"; }

# These steps compare nothing with what was live; promotions_ask_gates.sh is about gates.
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml

# Usage.
box 2 promote plan c model/m
err_has '--digest DIGEST is missing'
box 2 promote plan c model/m --digest sha256:aa
err_has "--digest is 'sha256:aa'; expected a digest"
box 2 promote plan c thing/m --digest "$a"
err_has "'thing/m' is nothing that is promoted; expected route/NAME, pack/NAME"
box 2 promote simulate c
err_has '--verdict VERDICT or a COMMAND is missing'
box 1 promote simulate c --verdict pass
err_has "there is no promotion 'c'"
box 1 promote history
err_has 'nothing was promoted'

# The way, and steps out of turn.
box 0 promote plan c model/m --digest "$a" --before "$b" --version 2
plan=$(jq .seq <<<"$out")
same "$(next c)" "ledger -C $BOX promote simulate c --verdict VERDICT"
box 1 promote plan c model/m --digest "$a"
err_has "it is planned, and may not be planned again: abort it first: ledger promote abort c (event $plan)"
box 1 promote apply c
err_has 'it has to be simulated and verified first'
err_has "(event $plan)"
box 1 promote verify c
err_has 'it is planned, and may not be verified: simulate it first: ledger promote simulate c -- COMMAND'
echo '-old' >diff.txt
box 0 promote simulate c --verdict pass --report diff.txt
box 0 log --kind promotion.simulated --json
report=$(jq -r .body.report <<<"$out")
box 0 artifact get "$report"
same "$out" '-old'
same "$(next c)" "ledger -C $BOX promote verify c"
box 1 promote verify c
out_has 'no full pass for sha256:aaaaaaaaaaaa: nothing was evaluated'
box 1 promote apply c
err_has 'the gate has answered refuse'

# A full pass opens the gate of evaluations; a failure that comes after it bars the promotion all the same.
evaluate() { # EVAL VALUE VERDICT
    measured eval.started -s "eval/$1" suite=s digest="$a"
    measured eval.scored -s "eval/$1" task=t metric=acc value:="$2" threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" suite=s digest="$a" verdict="$3"
    finished=$(jq .seq <<<"$out")
}
evaluate one 1 pass
box 0 promote verify c --gates alone.yaml --json
json .decision pass
json '.gates[] | select(.gate == "evaluation").state' open
evaluate two 0 fail
box 1 promote apply c
err_has "its newest evaluation by suite 's' failed"
evaluate three 1 pass
box 0 promote apply c
promoted=$(jq .seq <<<"$out")
same "$(live model/m)" "$a"
box 1 promote apply c
err_has 'nothing is left to do'
[[ $err != *replace* ]] || fail 'what is promoted already was planned to replace nothing any more'

# One event takes it back.
box 0 promote rollback c --reason incident
same "$(live model/m)" "$b"
same "$(live model/m --at "$promoted")" "$a"
box 1 promote history model/m --at "$finished"
box 1 promote rollback c
err_has 'it is rolled back, and may not be rolled back: only what is promoted goes back'
box 0 promote history
out_has 'rolled_back'

# What is replaced is what is live: another claim is refused, and so is a step that was judged beside another version.
c=sha256:$(printf 'c%.0s' {1..64})
box 1 promote plan e model/m --digest "$c" --before "$a"
err_has "--before is $a, and $b is live since event"
box 1 promote plan e model/m --digest "$b"
err_has 'the candidate is what it would replace'
for id in e f; do
    box 0 promote plan "$id" model/m --digest "$([[ $id == e ]] && echo "$c" || echo "$a")"
    box 0 promote simulate "$id" --verdict pass
done
measured eval.started -s eval/four suite=s digest="$c"
measured eval.scored -s eval/four task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/four suite=s digest="$c" verdict=pass
box 0 promote verify e --gates alone.yaml
box 0 promote verify f --gates alone.yaml
box 0 promote apply e
live_c=$out
box 1 promote apply f
err_has "it was planned to replace ${b:0:19}, and since event $(jq .seq <<<"$live_c") ${c:0:19} is live: abort it and plan it again"
same "$(live model/m)" "$c"
box 0 promote abort f
box 0 promote plan f model/m --digest "$a"
box 0 promote simulate f --verdict pass
box 0 promote verify f --gates alone.yaml
box 0 promote apply f
box 1 promote rollback e
err_has "${a:0:19} is live since event"
box 0 promote rollback f
box 0 promote rollback e
same "$(live model/m)" "$b"

# A trial by a command; a failed one leads nowhere; an abort ends it.
box 0 promote plan d image/base --digest "$a"
box 1 promote simulate d -- sh -c 'echo changed; exit 3'
box 1 promote verify d
err_has 'the trial failed'
box 0 promote status
out_has 'image/base'
box 3 promote simulate d -- no-such-program
err_has "there is no program 'no-such-program'"
box 0 promote abort d --reason failed
box 1 promote simulate d --unconfined -- touch "$T/tried"
err_has 'it was aborted'
[[ ! -e $T/tried ]] || fail 'a trial that is not recorded is not run'
box 1 promote abort d
err_has 'it was aborted, and may not be aborted again: nothing is left to do'
box 0 promote status
err_has 'nothing is in progress'

# What is wrong is named first; a pack has a version.
box 2 promote plan g foo/bar --digest nothing
err_has "'foo/bar' is nothing that is promoted"
box 2 promote plan g pack/q --digest "$a"
err_has '--version TEXT is missing'
box 0 promote plan g pack/q --digest "$a" --version 1.0
finish
