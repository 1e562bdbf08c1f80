#!/usr/bin/env bash
# why: for a promotion under way everything that blocks it, each with the command that helps, until nothing does; for a
# route that nobody declared the pack that needs it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest=sha256:$(printf 'a%.0s' {1..64})
box 0 append promotion.planned -s promotion/c what=model model=m digest="$digest" tier=T1
rules() { box 0 why promotion/c --json && jq -r '[.things[0].fields.missing[]?.rule] | join(" ")' <<<"$out"; }
same "$(rules)" "promotion.step promotion.gate promotion.proof"
box 0 why promotion/c
out_has 'promotion/c: planned'
out_has 'it has to be'
out_has 'the gate has not answered'
out_has 'no full pass for sha256:aaaaaaaaaaaa: nothing was evaluated'
box 1 append promotion.promoted -s promotion/c digest="$digest" --checked

# Each remedy as printed, with the capital letters replaced, until none is left.
remedy() {
    box 0 why promotion/c --json
    jq -r "[.things[0].fields.missing[] | select(.rule == \"$1\").remedy] | first" <<<"$out"
}
follow() {
    local text
    text=$(remedy "$1" | sed -e 's/VERDICT/pass/; s/DECISION/pass/')
    check bash -c "ledger() { '$LEDGER' \"\$@\"; }; $text" >"$T/.remedy"
}
follow promotion.step
same "$(rules)" "promotion.step promotion.gate promotion.proof"
same "$(remedy promotion.gate)" null # it is not required yet
same "$(remedy promotion.proof)" "ledger -C $BOX eval run FILE --endpoint URL --model MODEL"
measured eval.scored -s eval/e suite=s task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true # what it writes
measured eval.finished -s eval/e suite=s digest="$digest" verdict=pass
same "$(rules)" "promotion.step promotion.gate"
follow promotion.step # which asks the gates
same "$(rules)" ""
box 0 append promotion.verifying -s promotion/c
same "$(rules)" "promotion.gate"
follow promotion.gate
same "$(rules)" ""
box 0 append promotion.promoted -s promotion/c digest="$digest" --checked
same "$(rules)" "" # and nothing is required of a promoted one
box 0 why promotion/c
out_has 'promotion/c: promoted'

# After a failed trial only another one helps: each remedy is accepted as printed.
checked() { # PROMOTION RULE VERDICT
    box 0 why "promotion/$1" --json
    text=$(jq -r "[.things[0].fields.missing[] | select(.rule == \"$2\").remedy] | first" <<<"$out")
    [[ $text == "ledger -C $BOX promote "* ]] || fail "'$text' is not a command"
    check bash -c "ledger() { '$LEDGER' \"\$@\"; }; ${text/VERDICT/${3-}}" >"$T/.remedy"
}
box 0 append promotion.planned -s "promotion/it's tried" what=model digest="$digest" tier=T1
checked "it's tried" promotion.step fail
trial=$(jq .seq "$T/.remedy")
box 0 why "promotion/it's tried"
out_has "the trial failed (event $trial)"
out_lacks 'it has to be'
box 1 append promotion.promoted -s "promotion/it's tried" digest="$digest" --checked
err_has "the trial failed (event $trial)"
checked "it's tried" promotion.trial pass
box 0 why "promotion/it's tried" --json
json '.things[0].fields.missing | map(select(.rule == "promotion.step").remedy) | first' \
    "ledger -C $BOX promote verify 'it'\\''s tried'"
box 0 promote verify "it's tried" # the evaluation of the same digest counts

# A tripcode that had already ended stops what is under way, and is reported as ended; --checked refuses it.
box 1 append promotion.tripped -s "promotion/it's tried" code=old expires=2020-01-01T00:00:00Z --checked
err_has "tripcode 'old' had already ended"
box 0 append promotion.tripped -s "promotion/it's tried" code=old expires=2020-01-01T00:00:00Z
tripped=$(jq .seq <<<"$out")
box 1 append promotion.promoted -s "promotion/it's tried" digest="$digest" --checked
err_has "tripcode 'old' stopped it (event $tripped), though it had already ended"

# A pack needs a route that nobody declared.
box 0 append pack.installed -s pack/p version=1 routes:='[{"name":"summarise","required":true},{"name":"other","required":false}]'
box 0 why route/summarise
out_has 'pack/p: '
out_has 'route/summarise'
out_has 'route.declared -s route/summarise'
err_has "there is no route 'summarise': it was never declared, and this needs it"
box 0 why route/summarise --json
json '.things[0].fields.missing | map(select(.about == "route/summarise").rule) | first' need.route-undeclared
box 1 why route/other # nothing needs it
err_has "there is no route 'other'"
box 1 why route/none
finish
