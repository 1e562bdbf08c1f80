#!/usr/bin/env bash
# Observations go by their source's time: old ones that are recorded today are counted, and change nothing. No state has a
# since in the future, and diff calls no older result worse.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
A=sha256:$(printf 'a%.0s' {1..64})
event() { box 0 append "$@"; }
old() { event "$@" --time 2020-01-01T00:00:00Z; }
column() { # TABLE COLUMN: of its only row
    box 0 state "$1" --json
    jq -r ".states[0].$2" <"$T/.out"
}
expect() { same "$1.$2: $(column "$1" "$2")" "$1.$2: $3"; }

event runtime.observed -s runtime/ollama runtime=ollama version=0.6
old runtime.unreachable -s runtime/ollama runtime=ollama error=refused
expect runtimes state up
expect runtimes late 1
box 0 state clauses --json
json '.states[] | select(.clause == "runtimes") | .state' pass

event hardware.profiled -s host/local memory_bytes:=68719476736
old hardware.profiled -s host/local memory_bytes:=1073741824
expect hardware tier cpu-large

event model.observed -s model/m:1 runtime=ollama digest="$A"
old model.removed -s model/m:1 runtime=ollama digest="$A"
expect models state present
expect model_names state present

event route.declared -s route/r digest="$A" --time 2036-01-01T00:00:00Z
old route.offline -s route/r
expect routes state declared
(($(column routes since) / 1000000000 <= $(date +%s))) || fail "since a time that is yet to come"

# A run that ends before it began has ended, and says so.
event run.started -s run/1 pack=p
old run.finished -s run/1 outcome=ok
expect runs state finished
expect runs violation 'finished before it began'
same "$(column runs since)" "$(column runs started_at)"

# Of results, the newest by the time of its measurement; older ones that are imported later change nothing.
score() { # MONTH VALUE EVAL
    printf '{"kind":"eval.scored","subject":"eval/%s","time":"2026-%s-01T00:00:00Z","body":{"model":"m","digest":"%s",' "$3" "$1" "$A"
    printf '"task":"t","metric":"acc","value":%s,"higher_is_better":true}}\n' "$2"
}
score 03 0.9 march >march.jsonl
score 02 0.4 february >february.jsonl
box 0 ingest jsonl march.jsonl
box 0 state eval_results --json
before=$(jq .at <"$T/.out")
box 0 ingest jsonl february.jsonl
expect eval_results value 0.9
expect eval_results eval march
box 1 diff $((before - 1)) now --json
json '.changes | length' 0
finish
