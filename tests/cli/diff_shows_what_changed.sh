#!/usr/bin/env bash
# diff: what appeared and changed between two moments, each with its event; what does not count as a change; its exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

new_states

line() { grep -qE "$1" "$T/.out" || fail "no line like '$1'"; }
seq_of() { jq -r --arg n "$1" '.changes[] | select(.name == $n) | .seq' <"$T/.out"; }

box 0 diff 0
line '^packs$'
line '^\+ +pdf-ops '
line '^installs$'
out_lacks 'run.finished'
out_lacks eval_scores

box 0 diff 10 11
same "$(grep -cE '^[-+~]' <<<"$out")" 1
line '^~ +dpkg/curl/amd64 +11 .*install.upgraded +version 7.88.1 -> 7.88.2$'
box 0 diff 10 11 --json
json .schema ledger.diff/1
json '.from.at, .at' $'11\n12'
json '.changes[0] | [.name, .change, .before.version, .after.version, .seq, .kind] | tojson' \
    '["package/dpkg/curl/amd64","changed","7.88.1","7.88.2",11,"install.upgraded"]'

# A proof arrives: the route and its pack change with the event of the evaluation.
box 0 diff 8 9
line '^~ +summarise +9 .*eval.finished +declared-not-proven -> ready'
line '^~ +pdf-ops +9 .*demo-only -> partial'

# A name that moved invalidates the proof.
box 0 diff 17 --json
same "$(seq_of model-name/ollama/llama3.2:3b)" 18
json '.changes[] | select(.name == "model-name/ollama/llama3.2:3b") | .after.digest' "$OTHER"
json '.changes[] | select(.name == "route/summarise") | .after.state' declared-not-proven
same "$(seq_of route/summarise)" 18
box 0 diff 17
line '^~ +summarise +18 .*ready -> declared-not-proven: model drift'

# Changes without an event.
box 0 diff 18 2041-01-01
line '^~ +pack/pdf-ops/filesystem.read/inbox/\*\* +by time +2040-01-01 00:00:00Z +granted -> expired'
box 0 diff 18 2041-01-01 --json
json '.changes[] | select(.table == "permissions") | [.seq, .kind] | tojson' '[null,null]'

# The pack is blocked because its permission expired, and by nothing else.
box 0 diff 18 2041-01-01
line '^~ +pdf-ops +by time +2040-01-01 00:00:00Z .*blocked: permission filesystem.read '
box 0 why pack/pdf-ops --at 2041-01-01
out_has 'since 2040-01-01 00:00:00Z, by time alone'
box 1 diff now now
box 0 diff yesterday today --table model_names --json
json '[.changes[] | select(.name == "model-name/ollama/llama3.2:3b") | .change, .seq] | tojson' '["first_heard",5,"changed",18]'

# Runs only on request; counters do not count as changes.
box 1 diff 11 14
err_has 'nothing changed'
out_empty
box 1 diff 11 14 --json
json '.changes | length' 0
box 0 diff 11 14 --all
line '^\+ +r1 +12 '
line '^~ +r1 +13 .* running -> finished'
box 0 diff 11 14 --table runs
same "$(grep -cE '^[-+]' <<<"$out")" 2
box 0 diff 12 13 --table run
line '^~ +r1 +13 .*running -> finished'
add 19 permission.used -s pack/pdf-ops group=filesystem.read 'scope=inbox/a'
box 1 diff 18
box 0 diff 2h --table installs
line '^\+ +dpkg/curl'
box 0 diff 2h --time relative
out_has ' ago'
today=$(date -u +%Y-%m-%d)
box 0 diff 2020-01-01 "$today"
box 1 diff 2020-01-01 2020-01-02

# A route on its fallback that falls back again does not change.
add 20 pack.installed -s pack/p version=1.0.0 'routes:=[{"name":"r"}]' 'permissions:=[{"group":"exec","scope":"bin/**"}]'
add 21 permission.denied -s pack/p group=exec 'scope=bin/**'
add 22 route.declared -s route/r pack=p
add 23 route.fell_back -s route/r
add 24 route.fell_back -s route/r
box 0 diff 22 23
box 0 diff 22 24 --json
json '[.changes[] | select(.name == "route/r") | .change, .seq, .after.state] | tojson' '["changed",23,"degraded"]'
json '[.changes[] | select(.noun == "pack" or .noun == "verdict") | .seq] | unique | tojson' '[23]'
box 0 diff 21 24 --json
json '[.changes[] | select(.name == "route/r") | .change, .seq, .after.state] | tojson' '["appeared",22,null,"changed",23,"degraded"]'
box 1 diff 23 24
err_has 'nothing changed'

# Keys change daily, and are shown on request.
box 0 key rotate
box 1 diff 24
box 0 diff 24 --table epochs
line '^\+ +000001 '

# A model that got worse in a task, by another evaluation of it; a partial evaluation does not affect that.
score() { # SEQ EVAL VALUE FIELD...
    add "$1" eval.scored -s "eval/$2" model=qwen:7b task=math metric=exact_match value:="$3" stderr:=0.01 higher_is_better:=true "${@:4}"
}
score 26 m1 0.81
score 27 m2 0.42
score 28 m3 0.11 partial:=true
score 29 m4 0.42
box 0 diff 26
line '^~ +qwen:7b/math/exact_match +27 .*value 0.81 -> 0.42 \(worse\)'
out_lacks stderr
box 0 diff 26 29 --json
json '[.changes[] | [.name, .before.value, .after.value, .seq]] | tojson' '[["result/qwen:7b/math/exact_match",0.81,0.42,27]]'
box 1 diff 27 29
add 30 eval.invalidated -s eval/m4 reason=leak
box 0 diff 29
line '^~ +qwen:7b/math/exact_match +30 .*scored -> invalidated'
box 0 diff 25 30 --table eval_scores
line '^\+ +m1/math/exact_match .*value 0.81$'

# What appeared and changed since is shown as both: how it appeared, and what became of it.
add 31 permission.granted -s pack/p group=exec 'scope=bin/x' tier=T1
add 32 permission.revoked -s pack/p group=exec 'scope=bin/x'
box 0 diff 30 32 --table permissions
line '^\+ +pack/p/exec/bin/x +31 .*permission.granted +granted, tier T1'
line '^~ +pack/p/exec/bin/x +32 .*permission.revoked +granted -> revoked$'
box 0 diff 30 32 --table permissions --json
json '[.changes[] | [.change, .seq, .before.state, .after.state]] | tojson' \
    '[["appeared",31,null,null],["changed",32,"granted","revoked"]]'
add 33 permission.granted -s pack/p group=exec 'scope=bin/x' tier=T1
box 0 diff 30 33 --table permissions
line '^~ +pack/p/exec/bin/x +33 .*permission.granted +granted again: where this grant does not hold, event 32 counts, which revoked it$'

# A new policy is the cause of everything that it judges, and so is its correction.
add 34 policy.declared -s policy/strict policy=strict version=1 'tool_rules:=[{"group":"exec","tier":"T3"}]'
box 0 diff 33 34 --table permissions
line '^~ +pack/p/exec/bin/\*\* +34 .*policy.declared +judged_tier T2 -> T3'
line '^~ +pack/p/exec/bin/x +34 .*policy.declared +judged_tier T2 -> T3'
out_lacks unknown
box 0 correct 34 --reason wrong_subject
box 0 diff 34 --table permissions
line '^~ +pack/p/exec/bin/\*\* +35 .*ledger.corrected +judged_tier T3 -> T2'
line '^~ +pack/p/exec/bin/x +35 .*ledger.corrected +judged_tier T3 -> T2'

# Uses are counted, and counters do not count as changes, unpermitted uses included.
add 36 permission.used -s pack/p group=exec 'scope=bin/x' tier=T3
box 0 permit show pack/p/exec/bin/x --json
json '.things[0].fields.unpermitted' 1
box 1 diff 35 36 --table permissions

box 2 diff
box 2 diff 1 2 3
box 2 diff 1 --table instals
err_has "did you mean 'installs'"
box 2 diff 1 --table runs --all
box 2 diff 1 --time soon
box 3 diff 9 8
err_has 'the earlier moment comes first'
box 3 diff 1 99
err_has 'the newest is 36'
box 3 diff soon
run 3 -C nowhere diff 1

finish
