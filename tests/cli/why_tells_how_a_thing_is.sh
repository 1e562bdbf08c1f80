#!/usr/bin/env bash
# why NOUN/NAME: its state, what belongs to it, and the events that this is based on; its exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

new_states

box 0 why pack/pdf-ops
out_has 'pack/pdf-ops: '
out_has 'route/summarise'
out_has 'permission/pack/pdf-ops/filesystem.read/inbox/**'
out_has 'pack.installed'
out_has 'eval.finished'
box 0 why pack/pdf-ops --at 17 --json
json .schema ledger.why_state/1
json '.things[0].state' partial
json '.things[0].reason | test("extract")' true
json '[.things[0].parts[] | select(.decides) | .name] | index("route/extract") != null' true
json '[.things[0].events[].seq] | index(9) != null' true
json '[.things[0].events[].kind] | index("route.declared") != null' true
box 0 why route/summarise
out_has 'route/summarise: declared-not-proven'
out_has 'proven for sha256:aaaaaaaaaaaa'
out_has "model/$OTHER" # the weights that it uses now, which its declaration does not name
box 0 why route/summarise --at 17 --json
json '.things[0].state' ready
json '[.things[0].parts[] | select(.decides | not) | .name] | index("pack/pdf-ops") != null' true
box 0 why model/llama3.2:3b
out_has "model/$OTHER: present"
box 0 why "model/$WEIGHTS" --at 17
out_has route/summarise
box 0 why permission/pack/pdf-ops/filesystem.read
out_has ': granted'
box 0 why 'permission/pack/pdf-ops/filesystem.read/inbox/**' --json
json '[.things[0].events[].seq] | tojson' '[3]'
box 0 why permission/pack/pdf-ops --at 2041-01-01
out_has ': expired'
box 0 why package/dpkg/curl
out_has 'package/dpkg/curl/amd64: installed'
out_has 'install.upgraded'
box 0 why tool/bash
out_has 'permission/tool/bash/exec/make'
box 0 why promotion/p1
out_has 'it is planned, and may not be promoted: simulate it first'
box 0 why run/r1 --time relative
out_has ' ago'
box 0 why eval/e1
box 0 why model-name/ollama/llama3.2:3b


# By the subject of its events, and without the leading parts.
box 0 why package/dpkg/curl:amd64
out_has 'package/dpkg/curl/amd64: installed'
box 0 why package/curl
out_has 'package/dpkg/curl/amd64: installed'
box 0 why permission/bash
out_has 'permission/tool/bash/exec/make: granted'
box 0 why model/llama3.2
out_has "model/$OTHER: present"
box 0 why verdict
out_has 'QUESTION'
out_lacks MESSAGES # which say the same as the reasons
box 0 why clause/gaps
out_lacks MESSAGES
out_has ', event 0'
box 2 why route
err_has "'ledger state routes' lists them"
box 2 why paack
err_has "did you mean 'pack/...'"
# Without a noun: the one match, once; or the list of matches.
box 0 why pdf-ops
out_has 'pack/pdf-ops: '
same "$(grep -c '^pack/pdf-ops: ' "$T/.out")" 1
out_lacks 'permission/pack/pdf-ops/filesystem.read/inbox/**: '
box 0 why llama3.2
out_has "model/$OTHER: present"
box 0 why curl
out_has 'package/dpkg/curl/amd64: installed'
box 0 why r1
out_has 'run/r1: finished'
box 1 why r
err_has "there is no run 'r', and 2 begin so: 'r1', 'r2'"
box 2 why nothing-of-that-name
err_has "'nothing-of-that-name' is neither a sequence number nor the name of anything known"

# It is still a chain of causes.
box 0 why 13
out_has run.finished

box 1 why pack/pdf-opps
err_has "did you mean 'pdf-ops'"
out_empty
box 1 why pack/pdf-ops --at 0
err_has 'at that time'
box 1 why package/dpkg/wget --json
same "$(jq -r .error.code <<<"$err")" ERR_NOTFOUND
box 2 why pakc/pdf-ops
err_has 'pack/'
box 1 why tool/none
box 2 why pack/pdf-ops --time soon
box 2 why 3 --at 2
box 2 why packs
box 3 why pack/pdf-ops --at 19
box 3 why pack/pdf-ops --at soon
run 3 -C nowhere why pack/pdf-ops

# Events that are cited and cannot be read.
cp -R "$BOX" whole
add 19 permission.granted -s pack/needle-in-the-tail group=exec
add 20 run.started -s run/last --run last pack=x
box 0 rebuild
data=$BOX/evidence/data.mdb
while read -r at; do
    printf 'N' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle-in-the-tail' "$data" | cut -d: -f1)
box 30 why permission/pack/needle-in-the-tail
err_has 'event 19 is not what was written'
out_has ': granted'
box 30 why permission/pack/needle-in-the-tail --json
json .complete false
json '.things[0].state' granted
box 30 permit show pack/needle-in-the-tail
box 0 permit list
out_has needle-in-the-tail
box 30 verify --derived
out_has 'projections not compared: some events cannot be read'
out_has 'first fault: seq 19'
box 30 diff 18
out_has '(unreadable)'
cp -R whole/. "$BOX" # into the same files, because a copy accepts no events

# A promotion names what it may change in future: its current state is not based on that.
add 19 promotion.planned -s promotion/p2 what=route pack=pdf-ops
box 0 why pack/pdf-ops --json
json '.things[0].parts[] | select(.name == "promotion/p2") | .decides' false
json '[.things[0].events[].seq] | index(19)' null

# A name that came to lead elsewhere says so; an alias is one.
box 0 why model-name/ollama/llama3.2:3b
out_has "it moved 1 time, last by event 18: $WEIGHTS -> $OTHER"
add 20 model.alias_set -s alias/champion alias=champion digest="$WEIGHTS"
box 0 why alias/champion
out_has 'champion: present'
box 2 why task/nothing
err_has 'lists the events about it'

# Things without a state are described by what is known of them.
add 21 eval.suite_declared -s suite/smoke suite=smoke suite_digest="$SUITE" version=3
box 0 why suite/smoke
out_has 'suite/smoke: suite_digest '
out_has 'version 3'

# If many things have the name, some are listed.
for i in $(seq 1 25); do
    printf '{"kind":"install.installed","subject":"package/pip/p%s","body":{"manager":"pip","package":"p%s","version":"1"}}\n' "$i" "$i"
done >many.jsonl
box 0 ingest jsonl many.jsonl
box 0 why package/pip
same "$(grep -c '^package/pip/' <<<"$out")" 20
err_has "5 more have this name: 'ledger state installs' lists them"
box 0 why package/pip --json
json '.things | length' 25

# Things without a state have none in JSON either, in the list, among the fields and beside them.
box 0 append pack.configured -s pack/stateless digest="$WEIGHTS"
for words in 'why pack/stateless' 'pack show stateless'; do
    # shellcheck disable=SC2086
    box 0 $words --json
    same "$(jq -c '.things[0] | [.state, .fields.state]' "$T/.out")" '[null,null]'
done

# Things that only others name: which name them. Things with the same name: which there are.
run 0 -C other init --no-trust
run 0 -C other append permission.granted -s pack/undeclared group=exec scope=bin/sh tier=T1
run 0 -C other why pack/undeclared
err_has "there is no pack 'undeclared': nothing declared it; this names it"
out_has 'permission/pack/undeclared/exec/bin/sh: granted'
run 0 -C other why undeclared
out_has 'permission/pack/undeclared/exec/bin/sh: granted'
run 0 -C other append run.started -s run/alike --run alike
run 0 -C other append pack.installed -s pack/alike pack=alike version=1
run 2 -C other why alike
err_has "'alike' names 2 things (say which): 'pack/alike', 'run/alike'"

# Events mentioned by a reason are named: the score, the suite that requires it, the correction that removed another one.
route=('route=r' 'suite=s' "digest=$WEIGHTS")
run 0 -C other append eval.suite_declared -s suite/s suite=s \
    'tasks:=[{"name":"t1","metric":"acc","threshold":0.8,"higher_is_better":true},{"name":"t2","metric":"acc"}]'
run 0 -C other append route.declared -s route/r suite=s digest="$WEIGHTS"
run 0 -C other append eval.scored -s eval/e task=t1 metric=acc value:=0.2
run 0 -C other append eval.scored -s eval/e task=t2 metric=acc value:=0.9
run 0 -C other append eval.finished -s eval/e "${route[@]}" verdict=pass
run 0 -C other correct 7 --reason wrong_subject
run 0 -C other why route/r --json
json '.things[0].reason | test("0.2, at least 0.8 is asked for.*was not scored: .t2 acc.")' true
json '.things[0].events | map(.seq) | tojson' '[4,5,6,8,9]'
run 0 -C other why eval/e --json
json '.things[0].events | map(.seq) | tojson' '[4,6,8,9]'

finish
