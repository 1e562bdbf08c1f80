#!/usr/bin/env bash
# route declare, park, unpark and remove write judged steps; decide names the candidates, the choice, the reason and the
# events it rests on, records them, and notices a program that changed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
cp /bin/true "$T/tool"
is() { # CODE DECISION REASON CHOSEN ARGS...
    local code=$1 decision=$2 reason=$3 chosen=$4
    shift 4
    box "$code" route decide "$@" --json
    json .choice.decision "$decision"
    json .choice.reason "$reason"
    json .choice.chosen "$chosen"
}
prove() { # EVAL FIELDS...
    measured eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" suite=s verdict=pass "${@:2}"
}

# What nobody declared is refused, and so is what nobody proved; both are recorded.
is 1 refused undeclared null text
box 0 route declare text --program "$T/tool" --suite s --fallback sum
box 0 route declare route/sum --model m --digest "sha256:$(printf '%064d' 7)" --suite s
box 0 route show text --json
json '.things[0].fields.role' tool
is 1 refused proof null text
json '.choice.candidates | map(.name + " " + .bar) | join(", ")' 'text proof, sum proof'
is 0 primary demo text text --demo

# A proof binds the program. It is the reason, and among the events of the decision.
prove e route=text program_digest=@"$T/tool"
box 0 log --kind eval.finished --format jsonl
proof=$(jq -r .seq <<<"$out")
is 0 primary proof text text
json ".choice.evidence | index($proof) != null" true
json '.choice.candidates[0].proof' "$proof"
seq=$(jq -r .receipt.seq <<<"$out")
box 0 show "$seq" --json
json .kind route.decided
box 0 route decide text --dry-run
out_has 'primary: text (proof)'
box 0 log --kind route.decided --format jsonl
same "$(wc -l <<<"$out")" 4 # the dry run wrote none

# Parked: the fallback takes over once it is proven, and the route is degraded.
box 0 route park text --reason maintenance
box 1 route park text
err_has 'parked twice'
is 1 refused parked null text
prove f route=sum digest="sha256:$(printf '%064d' 7)"
is 0 fallback fallback sum text
json '.choice.candidates[0].why' 'it is parked: maintenance'
box 0 route unpark text
box 1 route unpark text
box 0 state routes text --json
json '.things[0].state' degraded
is 0 primary proof text text

# A program that changed stops the next decision, and the state says why.
echo >>"$T/tool"
is 0 fallback fallback sum text
json '.choice.candidates[0].bar' proof
[[ $(jq -r '.choice.candidates[0].why' <<<"$out") == "program drift: proven for program sha256:"* ]] || fail "$out"
box 0 route remove sum
is 1 refused proof null text
box 0 state routes text --json
json '.things[0].state' declared-not-proven
box 0 why route/text
out_has 'program drift'
rm "$T/tool"
is 1 refused program null text
json '.choice.candidates[0].why' "program '$T/tool' cannot be read: No such file or directory"

# Limits of policy and of the machine, each with its own reason.
box 0 append hardware.profiled -s host/box memory_bytes:=8589934592
box 0 append model.observed -s model/m model=m runtime=ollama digest="sha256:$(printf '%064d' 8)" bytes:=7000000000
box 0 route declare big --model m --runtime ollama --suite s --fallback m
prove g route=big digest="sha256:$(printf '%064d' 8)"
is 1 refused policy null big
[[ $(jq -r '.choice.candidates[0].why' <<<"$out") == *"policy 'capability 1'"* ]] || fail "$out"
box 0 append model.declared -s model/m model=m digest="sha256:$(printf '%064d' 8)" bytes:=6200000000
is 1 refused capacity null big
box 0 append model.declared -s model/m model=m digest="sha256:$(printf '%064d' 8)" bytes:=2000000000
is 0 primary proof big big
json .choice.policy 'capability 1'

# Wrong words are refused before anything is written.
box 2 route declare x --fallback x
box 3 route declare x --program ls
err_has "program 'ls' is not an absolute path"
box 3 route declare x --program /nowhere/at/all
box 3 route declare x --model m --role neither
box 1 route remove nothing
finish
