#!/usr/bin/env bash
# why of what is not in its good state: what changed shortly before, first what its judge reads, then what is only near in
# time; the same for a moment of the past; nothing for a good state.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

new_states

# The route's weights moved by event 18: the name that did it is first, what follows from it is not named.
box 0 why route/summarise
out_has 'SHORTLY BEFORE'
out_has "digest $WEIGHTS -> $OTHER"
shown=$out
box 0 why route/summarise --json
same "$(grep -c "and $(jq '.things[0] | .more_before + (.before | length) - 3' <<<"$out") more" <<<"$shown")" 1
json '.things[0].before | length' 4
json '.things[0].before_whole' true
json '.things[0].before[0] | [.name, .seq, .kind, .change, .direct] | tojson' \
    '["model-name/ollama/llama3.2:3b",18,"model.observed","changed",true]'
json '.things[0].before[0].after.digest' "$OTHER"
json '[.things[0].before[] | select(.seq == 18) | .name] | length' 1
before=$(jq -c '[.things[0].before, .things[0].more_before]' <<<"$out")

# A pack is as it is because of its routes, which changed by the same event.
box 0 why pack/pdf-ops --json
json '.things[0].before[0] | [.name, .before.state, .after.state] | tojson' \
    '["route/summarise","ready","declared-not-proven"]'

# What comes later changes nothing.
add 19 install.removed -s package/dpkg/curl manager=dpkg package=curl arch=amd64
box 0 why route/summarise --json
same "$(jq -c '[.things[0].before, .things[0].more_before]' <<<"$out")" "$before"
box 0 why route/summarise --json --at 18
same "$(jq -c '[.things[0].before, .things[0].more_before]' <<<"$out")" "$before"

# By time alone: a permission expires, and its pack is blocked.
box 0 why pack/pdf-ops --at 2041-01-01
out_has 'granted -> expired'
out_has 'by time'
box 0 why pack/pdf-ops --at 2041-01-01 --json
json '.things[0].before | map([.name, .seq, .kind, .direct]) | tojson' \
    '[["permission/pack/pdf-ops/filesystem.read/inbox/**",null,null,true]]'
json '.things[0].before[0].time' 2208988800000000000

# What nothing of its own explains: what else happened in the hours before.
add 20 runtime.observed -s runtime/ollama runtime=ollama status=ok
add 21 runtime.unreachable -s runtime/ollama runtime=ollama
box 0 why runtime/ollama
out_has 'package/dpkg/curl/amd64'
out_has 'near'
out_lacks ' read '

# A decision has no causes but what it rests on, and a good state needs none.
add 22 permission.revoked -s tool/bash group=exec scope=make
box 0 why permission/tool/bash/exec/make
out_has ': revoked'
out_lacks 'SHORTLY BEFORE'
box 0 why route/summarise --at 17
out_lacks 'SHORTLY BEFORE'
box 0 why route/summarise --at 17 --json
json '.things[0] | [has("before"), .before] | tojson' '[true,null]'
box 0 route show summarise --json
json '.things[0] | has("before")' false

# What came up, or was mended, made nothing worse.
add 23 runtime.observed -s runtime/vllm runtime=vllm status=ok
add 24 runtime.observed -s runtime/lmstudio runtime=lmstudio status=ok
add 25 doctor.remedied -s check/faults check=faults target=disk/sda remedy=replaced outcome=ok
add 26 runtime.unreachable -s runtime/vllm runtime=vllm
box 0 why runtime/vllm
out_has 'SHORTLY BEFORE'
out_lacks lmstudio
out_lacks repair/
finish
