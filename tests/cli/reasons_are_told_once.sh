#!/usr/bin/env bash
# An answer says only once why an evaluation does not count: in its list, in why of it, of its route and of their pack.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest=sha256:$(printf 'a%.0s' {1..64})
box 0 append pack.installed -s pack/p version=1 routes:='[{"name":"r","required":true}]' \
    permissions:='[{"group":"exec","required":true}]'
box 0 append route.declared -s route/r pack=p suite=s digest="$digest" required:=true
evaluated() { # EVAL ARGS...: with one score on the wrong side
    local id=$1
    shift
    measured eval.started -s "eval/$id" suite=s route=r digest="$digest" pack=p pack_version=1
    measured eval.scored -s "eval/$id" task=t metric=acc value:=0.2 threshold:=0.9 higher_is_better:=true
    measured eval.finished -s "eval/$id" "$@"
}
once() { same "$(grep -oF "$1" "$T/.out" | wc -l)" 1; }
wrong="'t acc' is 0.2, at least 0.9 is asked for"

evaluated e verdict=fail failed:=1
for command in "eval list" "why eval/e" "eval show e" "why route/r" "why pack/p"; do
    # shellcheck disable=SC2086
    box 0 $command --time relative
    [[ $command == "eval show e" ]] && out=$(sed '/^FIELD/,/^evidence/d' <<<"$out") && printf '%s\n' "$out" >"$T/.out"
    once "$wrong"
    out_lacks 'it failed' # the score already says that
done
box 0 why pack/p
out_has 'pack/p: blocked'
once 'eval run s --pack p --route r' # and the remedy for all of it
box 0 why pack/p --json
json '.things[0].reason | contains("permission exec is not granted")' true
json '[.things[0].fields.missing[].rule] | tojson' '["need.permission","eval.below","pack.demo"]'

# What the scores do not say is reported about the evaluation; so are failures counted beyond those that are found.
evaluated counted verdict=pass failed:=1
box 0 eval show counted --json
json '[.things[0].fields.missing[].rule] | tojson' '["eval.below"]'
evaluated more verdict=pass failed:=3
box 0 eval show more --json
json '[.things[0].fields.missing[].rule] | tojson' '["eval.below","eval.counted"]'
box 0 append eval.finished -s eval/word verdict=fail failed:=2 digest="$digest"
box 0 eval show word --json
json '.things[0].reason | startswith("it failed: 2 scores below what is asked for; ")' true
finish
