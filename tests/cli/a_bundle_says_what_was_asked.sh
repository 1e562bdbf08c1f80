#!/usr/bin/env bash
# Every way of verifying a bundle says what was asked of it, and what its range contains besides the answer: a question
# worded to exclude an event hides nothing.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

call() { # ACTOR TIER
    box 0 append run.tool_called -s run/r-1 --run r-1 -a "$1" tool=shell tier="$2" --json
    jq -r .seq <"$T/.out"
}

python() { # CODE BUNDLE
    local got=0
    out=$(python3 "$ROOT/share/verify_bundle.py" "$2" --key "$vkey" 2>&1) || got=$?
    same "$got" "$1"
}

new_box
box 0 key export
vkey=$out
first=$(call service:jsonl T0)
note between
hidden=$(call user:mallory T3)
last=$(call service:jsonl T0)
box 0 append permission.granted -s pack/p group=exec tier=T1 expires=2027-01-02T03:04:05Z
granted=$(box 0 log -n 1 --json && jq -r .seq <"$T/.out")

# A T3 call by another actor is kept out of the answer by the actor: with the kind named, and without.
box 0 export -o named.tar.zst -k run.tool_called -a service:jsonl --since "$first" --until $((granted + 1))
box 0 export -o actor.tar.zst -a service:jsonl
for name in named actor; do
    run 0 verify $name.tar.zst
    out_has 'actor is service:jsonl'
    out_has "1 run.tool_called (seq $hidden): another actor"
    out_has 'complete for this question and for no other'
    run 0 verify $name.tar.zst --print
    out_has 'not in the answer: another actor'
    out_has "1 run.tool_called (seq $hidden): another actor"
    run 0 verify $name.tar.zst --json
    json '.answer.kinds[] | select(.kind == "run.tool_called") | .undisclosed_seqs[0]' "$hidden"
    json '.answer.kinds[] | select(.kind == "run.tool_called") | .failed.actor' 1
    json '.question.filter[] | select(.field == "actor") | .value' service:jsonl
    json .question.bodies matching
    run 0 verify $name.tar.zst --print --json
    same "$(tail -n 1 "$T/.out" | jq -r '.answer.kinds[] | select(.kind == "run.tool_called") | .undisclosed')" 1
    python 0 $name.tar.zst
    out_has 'actor is service:jsonl'
    out_has "1 run.tool_called (seq $hidden): another actor"
    out_has 'complete for this question and for no other'
done

# It is highlighted if the filter names its kind, otherwise it is only listed.
run 0 verify named.tar.zst
out_has 'kind is run.tool_called'
out_has "(seq $hidden): another actor; the filter names this kind"
out_has '1 of a kind that the filter names'
out_has '1 permission.granted'
out_lacks 'permission.granted (seq '"$granted"'): another kind, another actor; the filter'
run 0 verify named.tar.zst --json
json .answer.stand_out 1
json .aspects.completeness.state note
json .question.from "$first"
json .question.to $((granted + 1))
json .answer.complete true
python 0 named.tar.zst
out_has 'the filter names this kind'
run 0 verify named.tar.zst --print
out_has 'not in the answer: another actor; the filter names this kind'
run 0 verify actor.tar.zst --json
json .answer.stand_out 0
json .aspects.completeness.state good
json .answer.not_disclosed 2

# Times are readable for people, and exact in JSON; those in a body too.
no_bound() { # BUNDLE TEXT: both verifiers, however the first one breaks its lines
    run 0 verify "$1"
    tr -s ' \n' ' ' <"$T/.out" | grep -qF "$2" || fail "verify of $1 does not say '$2'"
    python 0 "$1"
    tr -s ' \n' ' ' <<<"$out" | grep -qF "$2" || fail "verify_bundle.py of $1 does not say '$2'"
}
recorded() { # FROM TO: when these were, as a bundle says it
    jq -rn --arg a "$("$LEDGER" -C "$BOX" show "$1" --json | jq -r .time_text)" \
        --arg b "$("$LEDGER" -C "$BOX" show "$2" --json | jq -r .time_text)" '"recorded from \($a) to \($b)"'
}

# A range by sequence numbers says nothing about all times: its first and last times are given, and the length of the log.
box 0 export -o range.tar.zst --since "$first" --until "$last"
no_bound range.tar.zst "no bound of time: the range is by sequence numbers, $(recorded "$first" "$last")"
no_bound range.tar.zst "range events $first to $last, of a log of $((granted + 3))"
box 0 export -o one.tar.zst --since "$first" --until "$first"
no_bound one.tar.zst "range event $first, of a log of"
box 0 export -o few.tar.zst --sparse "$first,$last"
no_bound few.tar.zst "no bound of time: events that were chosen, $(recorded "$first" "$last")"
box 0 export -o whole.tar.zst --whole -k 'run.*'
no_bound whole.tar.zst 'time any: the range is the whole log'

# No private field is different from a field named "none".
box 0 export -o none-asked.tar.zst --private none --since "$first" --until "$last"
err_empty
no_bound none-asked.tar.zst 'no fields'
run 0 verify none-asked.tar.zst --json
json '.question.private | length' 0
json '.question.size > .question.to' true
box 0 export -o unknown-field.tar.zst --private skope --since "$first" --until "$granted"
err_has 'no event that leaves has a private field of the names that were given'
box 0 export --dry-run --private skope --since "$first" --until "$granted"
err_has 'no event that leaves has a private field of the names that were given'
box 0 append x.test.kept -s thing/kept hidden=hill
box 0 export --dry-run --private hidden,skope -k x.test.kept
[[ $err != *'of the names'* ]] || fail 'one of the names is there'

box 0 export -o time.tar.zst --since 2026-01-01T00:00:00Z --until 2260-01-01T00:00:00Z -k 'permission.*' --private scope
run 0 verify time.tar.zst --print
out_has 'kind begins with permission.'
out_has '"expires": "2027-01-02T03:04:05'
out_has 'private     scope'
run 0 verify time.tar.zst --print --json
same "$(jq -rs '.[] | select(.kind == "permission.granted") | .body.expires' <"$T/.out")" 1798859045000000000
box 0 show "$granted"
out_has '"expires": "2027-01-02T03:04:05'
cut=$(box 0 show "$last" --json && jq -r .time_text <"$T/.out")
box 0 export -o until.tar.zst --until "$cut"
run 0 verify until.tar.zst --json
until=$(jq -r .question.until <"$T/.out")
same "$(date -d "$until" +%s%N)" "$(jq -r .question.until_ns <"$T/.out")"
json .question.since null
json .answer.stand_out 0
outside=$(jq -r '.answer.kinds[] | select(.failed.time == 1) | .undisclosed_seqs[0]' <"$T/.out")
run 0 verify until.tar.zst
out_has "until before $until"
out_has "(seq $outside): outside the time"
python 0 until.tar.zst
out_has "until before $until"
out_has "(seq $outside): outside the time"

# Bodies that are not disclosed are withheld; selected events claim nothing about others.
box 0 export -o none.tar.zst --bodies none -k run.tool_called
run 0 verify none.tar.zst
out_has "withheld    3 run.tool_called (seq $first, $hidden, $last)"
out_has 'of none'
python 0 none.tar.zst
out_has "withheld    3 run.tool_called (seq $first, $hidden, $last)"
box 0 export -o chosen.tar.zst --sparse "$first,$last"
run 0 verify chosen.tar.zst
out_has 'events were chosen one by one'
out_has 'nothing is said of others'
run 0 verify chosen.tar.zst --json
json .answer.complete false
python 0 chosen.tar.zst
out_has 'nothing is said of others'

# An invalid bundle says nothing about its question.
head -c 600 none.tar.zst >bad.tar.zst
run 30 verify bad.tar.zst --json
json .question null
json .answer null
run 30 verify bad.tar.zst
out_lacks 'the exporter'

finish
