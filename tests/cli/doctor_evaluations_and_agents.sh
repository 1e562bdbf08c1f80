#!/usr/bin/env bash
# An evaluation is run in part, then begun and left; an agent falls silent: the doctor says so, by which event, and the printed
# remedy makes the clause pass.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
export TMPDIR=$T/tmp
mkdir tmp

# clause CLAUSE FIELD: of the box's verdict, as the log gives it.
clause() {
    box 0 state clauses --json
    jq -r --arg c "$1" --arg f "$2" \
        '.states[] | select(.clause == $c and .pack == "") | .[$f] // "" | if type == "array" then join(" ") else tostring end' <"$T/.out"
}
last() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | jq -s '.[-1].seq'; }
# typed COMMAND: what was printed, with the words in capital letters replaced.
typed() {
    [[ $1 == "ledger -C $BOX "* ]] || fail "the remedy '$1' is not a command"
    ledger() { "$LEDGER" "$@"; }
    eval "$1" >typed 2>&1 || fail "'$1' failed: $(cat typed)"
}

same "$(clause evaluations state)" ''
same "$(clause evaluations reason)" 'no evaluation is in force'
cat >same <<'P'
#!/bin/bash
read -r line
echo "$line"
P
chmod 755 same
printf 'schema: ledger-suite/v0\nname: echo\nthresholds: [{metric: pass_rate_lower, at_least: 0.2}]\ncases:\n' >echo.yaml
for word in one two three four five; do
    printf '  - {id: %s, tags: [%s], text: %s, expect: [{check: equals, text: %s, trim: true}]}\n' "$word" "$word" "$word" "$word" >>echo.yaml
done

# A part of the samples.
"$LEDGER" -C "$BOX" eval run echo.yaml --only one -- ./same &>ran || true
part=$(last eval.finished)
same "$(clause evaluations state)" warn
[[ $(clause evaluations reason) == *": only a part of its samples"* ]] || fail "$(clause evaluations reason)"
[[ " $(clause evaluations evidence) " == *" $part "* ]] || fail "event $part is not cited"
box 0 doctor --only evaluations --no-probe --json
json '.clauses[] | select(.clause == "evaluations") | .since_seq' "$part"
command=$(clause evaluations remedy)
command=${command/FILE/echo.yaml}
typed "${command/COMMAND/./same}"
same "$(clause evaluations state)" pass
box 0 doctor diff "$((part + 1))" now --json

# One that was begun two days ago, and left.
box 0 append eval.started -s eval/left suite=echo model=tiny "at:=$(($(date +%s) - 172800))000000000"
same "$(clause evaluations state)" warn
[[ $(clause evaluations reason) == 'left of model/tiny began at '*' and has not ended' ]] || fail "$(clause evaluations reason)"
[[ $(clause evaluations remedy) == *' eval run FILE --resume left --endpoint URL --model tiny' ]] || fail "$(clause evaluations remedy)"
box 0 append eval.invalidated -s eval/left
same "$(clause evaluations state)" pass

# An agent that is heard of no more, and then again.
same "$(clause agents state)" ''
box 0 append agent.session_started -s agent/codex "at:=$(($(date +%s) - 40 * 86400))000000000"
heard=$(last agent.session_started)
same "$(clause agents state)" warn
same "$(clause agents evidence)" "$heard"
box 0 state agents
out_has codex
mkdir -p "$HOME/.codex"
typed "$(clause agents remedy)"
box 0 doctor --only agents
same "$(clause agents state)" pass
box 0 setup --undo codex
same "$(clause agents state)" warn
box 0 append doctor.remedied -s check/agents check=agents target=codex remedy=retired outcome=ok
same "$(clause agents state)" pass
box 0 append run.started -s run/1 agent=codex
same "$(clause agents state)" pass
same "$(clause agents reason)" '1 was heard of in the last 30 days'
finish
