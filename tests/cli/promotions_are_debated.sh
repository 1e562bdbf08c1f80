#!/usr/bin/env bash
# promote debate, promote vote: named voters with keys, two rounds, early agreement, the judge, what closes a debate, and that a
# promotion waits for it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest=sha256:$(printf 'a%.0s' {1..64})
for who in ann bob eve; do
    run 0 key new "$T/$who.key" --name "example.org/$who"
    printf '%s\n' "$out" | grep -o "example.org/$who+[^\"]*" | head -1 >"$T/$who.vkey"
done
vote() { # CODE PROMOTION WHO SCORE
    box "$1" promote vote "$2" --sign-as "$T/$3.key" --policy "$4" --simplicity "$4" --predicted-pass "$4"
}
opened() { # PROMOTION [--judge NAME]
    box 0 promote plan "$1" model/m --digest "$digest"
    box 0 promote debate "$@" --voter "ann=$T/ann.vkey" --voter "bob=$(cat "$T/bob.vkey")"
}

# Both agree in the first round.
opened early
box 0 state debate early.1
out_has 'open'
vote 0 early ann 0.9
json .vote for
box 1 promote debate late --conclude
vote 0 early bob 0.51
vote 1 early bob 0.9
err_has 'voted twice in round 1'
box 0 promote debate early --conclude
json .outcome accepted
vote 1 early ann 0.9
err_has 'after the end'
box 1 promote debate early --conclude
err_has 'was concluded as accepted'

# Two rounds, and the judge.
opened tie --judge bob
vote 0 tie ann 0.9
vote 0 tie bob 0.1
vote 0 tie ann 0.8
json .round 2
vote 0 tie bob 0.2
box 1 promote debate tie --conclude
json .outcome rejected
opened open
vote 0 open ann 0.9
vote 0 open bob 0.1
vote 0 open ann 0.8
vote 0 open bob 0.2
box 1 promote debate open --conclude
json .outcome retained

# What is refused, and what closes it.
opened wrong
vote 1 wrong eve 0.9
err_has "no voter of debate"
vote 3 wrong ann 1.1
err_has 'policy is not a number from 0 to 1'
vote 3 wrong ann x
err_has "policy is 'x'; expected a number from 0 to 1"
box 2 promote vote wrong --policy 1
err_has '--sign-as'
printf '{"policy":0.5,"simplicity":0.5,"predicted_pass":2}' >"$T/vote.json"
box 3 promote vote wrong --sign-as "$T/ann.key" --from "$T/vote.json"
err_has 'predicted_pass is not a number from 0 to 1'
printf '{"policy":0.5,"simplicity":0.5,"predicted":1}' >"$T/vote.json"
box 3 promote vote wrong --sign-as "$T/ann.key" --from "$T/vote.json"
err_has "unknown member 'predicted'"
printf '{"policy":0.5,"simplicity":0.5,"predicted_pass":0.5,"model":"m","reason":"neither"}' >"$T/vote.json"
box 0 promote vote wrong --sign-as "$T/ann.key" --from "$T/vote.json"
json .vote neither
box 1 promote debate wrong --conclude
json .outcome error
box 0 promote plan unsigned model/m --digest "$digest"
box 0 promote debate unsigned --voter "ann=$T/ann.vkey"
debate=$(jq -r .debate <<<"$out")
box 0 append debate.voted -s "debate/$debate" participant=ann round:=1 digest="$digest" \
    'scores:={"policy":1,"simplicity":1,"predicted_pass":1}'
vote 1 unsigned ann 0.9
box 0 why "debate/$debate"
out_has "is not signed with the voter's key"
box 1 promote debate unsigned --conclude
json .outcome error
box 0 promote plan bad model/m --digest "$digest"
box 1 promote debate bad --voter "ann=$T/ann.vkey" --voter "bob=$T/ann.vkey"
err_has 'two voters have one name or one key'
box 1 promote debate bad --voter "ann=$T/ann.vkey" --judge bob
err_has 'its judge is not one of its voters'
box 3 promote debate bad --voter "ann=nothing"
box 3 promote debate bad --voter "ann"
err_has 'expected NAME=KEY'
box 2 promote debate bad

# A promotion waits for its debate.
measured eval.scored -s eval/e task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/e suite=s digest="$digest" verdict=pass
opened swap
box 0 append promotion.simulated -s promotion/swap verdict=pass
box 0 append promotion.verifying -s promotion/swap
box 0 append -g measured promotion.gated -s promotion/swap decision=pass digest="$digest"
box 1 append promotion.promoted -s promotion/swap digest="$digest" --checked
err_has 'waits in round 1 for the votes of ann, bob'
vote 0 swap ann 1
vote 0 swap bob 1
box 1 append promotion.promoted -s promotion/swap digest="$digest" --checked
err_has 'is not concluded; its votes say accepted'
box 0 promote debate swap --conclude
box 0 append promotion.promoted -s promotion/swap digest="$digest" --checked

# Who has not voted is told, and what comes next; a rejection closes the gates, and stays with the candidate when it is planned anew.
digest=sha256:$(printf 'b%.0s' {1..64})
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
printf 'schema: ledger-gates/v0\nname: two\ngates: {debate: {voters: 2}}\n' >two.yaml
gate() { jq -r --arg g "$1" '.gates[] | select(.gate == $g).state' <<<"$out"; }
measured eval.scored -s eval/f task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/f suite=s digest="$digest" verdict=pass
box 0 promote plan none model/m --digest "$digest" --before "sha256:$(printf 'a%.0s' {1..64})"
box 0 promote simulate none --verdict pass
box 0 promote verify none --gates alone.yaml --json
same "$(gate debate)" ''
box 1 promote verify none --gates two.yaml --json
same "$(gate debate)" closed
box 0 promote abort none
opened s1
box 0 promote status s1 --json
json '.promotions[0].next | endswith(" promote vote s1 --sign-as KEYFILE --policy SCORE --simplicity SCORE --predicted-pass SCORE")' true
vote 0 s1 ann 0.1
box 0 promote status s1
out_has 'waits in round 1 for the votes of bob'
vote 0 s1 bob 0
box 0 promote status s1 --json
json '.promotions[0].next | endswith(" promote debate s1 --conclude")' true
box 1 promote debate s1 --conclude
json .outcome rejected
box 0 promote simulate s1 --verdict pass
box 1 promote verify s1 --gates alone.yaml --json
same "$(gate evaluation) $(gate debate)" 'open closed'
box 0 promote status s1
out_has rejected
out_has ' promote debate s1 --voter NAME=KEY'
box 0 promote list
out_has rejected
box 0 promote abort s1
box 0 promote plan s2 model/m --digest "$digest"
box 0 promote simulate s2 --verdict pass
box 1 promote verify s2 --gates alone.yaml
box 0 promote status s2
out_has "is rejected, not accepted; it is about the same candidate, in promotion/s1"
box 1 append promotion.promoted -s promotion/s2 digest="$digest" --checked
err_has "is rejected, not accepted"

# A later debate that accepts it opens the way; dry runs write nothing, a key writes once.
size() { "$LEDGER" -C "$BOX" checkpoint | sed -n 2p; }
before=$(size)
box 0 promote debate s2 --voter "ann=$T/ann.vkey" --voter "bob=$T/bob.vkey" --dry-run
out_has debate.opened
same "$(size)" "$before"
box 0 promote debate s2 --voter "ann=$T/ann.vkey" --voter "bob=$T/bob.vkey" --key k1 --note 'once more'
same "$(size)" "$((before + 2))"
box 0 promote debate s2 --voter "ann=$T/ann.vkey" --voter "bob=$T/bob.vkey" --key k1 --note 'once more'
err_has 'already has this key: nothing was written'
same "$(size)" "$((before + 2))"
box 1 promote debate s2 --voter "ann=$T/ann.vkey" # it is open
err_has 'opened twice'
box 0 promote vote s2 --sign-as "$T/ann.key" --policy 1 --simplicity 1 --predicted-pass 1 --dry-run
box 0 promote vote s2 --sign-as "$T/ann.key" --policy 0.9 --simplicity 0.6 --predicted-pass 0.8 --key k2-0123456789abcdefghij --note good
box 0 promote vote s2 --sign-as "$T/ann.key" --policy 0.9 --simplicity 0.6 --predicted-pass 0.8 --key k2-0123456789abcdefghij --note good --round 1
err_has 'already has this key'
same "$(size)" "$((before + 3))"
box 0 state debate_votes --json
json '[.states[] | select(.debate | startswith("s2."))][0].score' 0.81
vote 0 s2 bob 1
box 0 promote debate s2 --conclude --dry-run
same "$(size)" "$((before + 4))"
box 0 promote debate s2 --conclude --key k3
box 0 promote debate s2 --conclude --key k3
err_has 'already has this key'
box 1 promote debate s2 --conclude
err_has 'was concluded as accepted'
same "$(size)" "$((before + 5))"
box 0 promote simulate s2 --verdict pass
box 0 promote verify s2 --gates two.yaml --json
same "$(gate debate)" open
box 0 promote apply s2
# After a rejection another one is opened under another name.
digest=sha256:$(printf 'c%.0s' {1..64})
opened again
vote 0 again ann 0
vote 0 again bob 0
box 1 promote debate again --conclude
box 0 promote debate again --voter "ann=$T/ann.vkey"
json '.debate | test("^again[.][0-9]+[.]2$")' true
finish
