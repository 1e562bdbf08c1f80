#!/usr/bin/env bash
# Gates that refused a candidate are asked again until somebody names others, and then that is on record: by the promotion, by its
# status and history, and whichever promotion the candidate is planned for next.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest=sha256:$(printf '1%.0s' {1..64})
printf 'schema: ledger-gates/v0\nname: strict\ngates: {diff: {}, disk: {free_bytes: 1}}\n' >strict.yaml
strict=sha256:$(sha256sum strict.yaml | cut -d' ' -f1)
printf 'schema: ledger-gates/v0\nname: lax\ngates: {disk: {free_bytes: 1}}\n' >lax.yaml
lax=sha256:$(sha256sum lax.yaml | cut -d' ' -f1)
measured eval.scored -s eval/e task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/e suite=s digest="$digest" verdict=pass
plan() { # ID
    box 0 promote plan "$1" image/w --digest "$digest" --tier T1
    box 0 promote simulate "$1" --verdict pass
}
last() { # KIND MEMBER
    "$LEDGER" -C "$BOX" log --kind "promotion.$1" --format jsonl | tail -1 | jq -r ".$2"
}

# The first verification asks those that are included; what refused is asked again, though its file is gone.
plan a
box 1 promote verify a --gates strict.yaml
mv strict.yaml kept.yaml
box 1 promote verify a --json
json .policy strict
json .policy_digest "$strict"
box 1 promote verify a
err_has "gates 'strict' (${strict:0:19}), as event"
box 1 promote verify a --replay
err_lacks() { [[ $err != *"$1"* ]] || fail "standard error has '$1'"; }
err_lacks 'the answers are not'
box 0 promote status a --json
same "$(jq -r '.promotions[0] | "\(.policy) \(.policy_digest) \(.closed)"' <<<"$out")" "strict $strict diff"
box 1 promote verify a
out_has "gate 'diff' is closed: the trial"
out_has 'promote simulate a --verdict pass --report FILE'
box 0 promote status a
out_has "verified by gates 'strict' ($strict)"
out_has "a --verdict pass --report FILE && ledger -C $BOX promote verify a"
out_has 'promote simulate a --verdict pass --report FILE'

# Neither another plan of the same id nor another promotion sheds them.
box 0 promote abort a
plan a
box 1 promote verify a --json
json .policy strict
plan b
box 1 promote verify b --json
json .policy strict

# What is appended past the command does not either.
box 0 append promotion.verifying -s promotion/b digest="$digest" policy=lax policy_digest="$lax"
box 0 append -g measured promotion.gated -s promotion/b decision=pass digest="$digest" policy=lax policy_digest="$lax"
box 1 promote apply b
box 0 promote show b
out_has 'other gates did not pass it (event'

# Others are asked where they are named, and that is recorded with who did it.
box 0 promote verify b --gates lax.yaml --actor user:carol
err_has "gates 'lax' (${lax:0:19}) take the place of 'strict' (${strict:0:19}), which answered refuse"
same "$(last verifying actor) $(last verifying body.policy_before)" "user:carol $strict"
box 0 promote status b
out_has "lax"
out_has "in place of $strict"
box 0 promote apply b
box 0 promote history image/w --json
same "$(jq -r '.live[0] | "\(.policy) \(.policy_digest)"' <<<"$out")" "lax $lax"
box 1 promote verify b --gates default --replay
err_has 'asked other gates than these'

# `default` names those that are included. A file that is gone from the ledger has to be named.
digest=sha256:$(printf '2%.0s' {1..64})
measured eval.scored -s eval/f task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/f suite=s digest="$digest" verdict=pass
plan c
printf 'schema: ledger-gates/v0\nname: lost\ngates: {diff: {}}\n' >lost.yaml
box 1 promote verify c --gates lost.yaml
box 0 erase --artifact "artifact:sha256:$(sha256sum lost.yaml | cut -d' ' -f1)" --reason request --yes
box 1 promote verify c
err_has '--gates FILE names it'
box 1 promote verify c --gates default --json
json .policy default

# Named evaluations are those of one verification.
box 1 promote verify c --gates lost.yaml --eval no-such-evaluation-of-this-candidate
out_has "'no-such-evaluation-of-this-candidate' is not known"
box 0 promote simulate c --verdict pass --report lax.yaml
box 0 promote verify c --gates lost.yaml

# Neither another name nor a correction of the refusal takes them away, and what was typed does not set others.
digest=sha256:$(printf '3%.0s' {1..64})
mv kept.yaml strict.yaml
measured eval.scored -s eval/g task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/g suite=s digest="$digest" verdict=pass
plan d
box 0 promote verify d --gates lax.yaml
plan e
box 1 promote verify e --gates strict.yaml --json
gated=$(jq .gated_seq <<<"$out")
box 1 promote apply d
err_has "gates 'strict' were asked about the same candidate as promotion 'e', and did not pass it (event $gated)"
box 0 append promotion.gated -s promotion/e decision=refuse digest="$digest" policy=lax policy_digest="$lax"
box 0 correct "$gated" --reason mistake
box 1 promote apply d
err_has 'have not answered'
other() {
    box 0 promote plan f image/other --digest "$digest" --tier T1
    box 0 promote simulate f --verdict pass
}
other
box 1 promote verify f --json
json .policy strict
box 0 erase "$(jq .gated_seq <<<"$out")" --body --yes --reason mistake
box 0 rebuild
box 0 promote abort f
other
box 0 promote verify f --gates lax.yaml
err_has "take the place of 'strict'"
same "$(last verifying body.policy_before)" "$strict"
box 0 promote verify d
err_has "gates 'lax'"
box 0 promote apply d

# A file is read, and nothing that would be waited for.
mkfifo pipe
box 3 promote verify e --gates pipe
err_has "'pipe' is not a regular file"
finish
