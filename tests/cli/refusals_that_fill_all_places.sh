#!/usr/bin/env bash
# If more patterns of one holder and group are refused than there are slots, every answer is the same no, until all is
# refused.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
full='more than 256 patterns refuse: nobody can tell'
for i in $(seq 0 256); do
    echo "{\"kind\":\"permission.denied\",\"subject\":\"pack/p\",\"body\":{\"group\":\"exec\",\"scope\":\"d$i/*\"}}"
done >denials.jsonl
box 0 ingest jsonl denials.jsonl
box 0 append permission.granted -s pack/p group=exec tier=T3
box 0 append permission.granted -s pack/p group=exec tier=T1 scope=x
box 0 append pack.installed -s pack/p version=1 permissions:='[{"group":"exec","scope":"x","tier":"T1"}]'
box 0 append run.started -s run/r pack=p

gates() { # CODE: of a use, of a run that begins and of a call
    for scope in x d3/x; do
        box "$1" append permission.used -s pack/p group=exec "scope=$scope" tier=T1 --checked --dry-run
        [[ $1 == 0 ]] || [[ $(jq -r .checked.reason <<<"$out") == *"$full" ]] || fail 'the use is refused for another reason'
        box "$1" append run.started -s run/q --checked --dry-run --body \
            "{\"pack\":\"p\",\"permissions\":[{\"group\":\"exec\",\"scope\":\"$scope\",\"tier\":\"T1\"}]}"
        [[ $1 == 0 ]] || [[ $(jq -r .checked.reason <<<"$out") == *"$full" ]] || fail 'the run is refused for another reason'
        box "$1" append run.tool_called -s run/r tool=Read group=exec "scope=$scope" tier=T1 --checked --dry-run
        [[ $1 == 0 ]] || [[ $(jq -r .checked.reason <<<"$out") == *"$full"* ]] || fail 'the call is refused for another reason'
    done
}
state_of() { # SCOPE
    box 0 permit list --json
    jq -c --arg scope "$1" '.states[] | select(.scope == $scope) | [.state, .reason]' <<<"$out"
}
gates 1
box 0 pack list --json
same "$(jq -r '.states[0].state' <<<"$out")" blocked
same "$(jq -r '.states[0].reason' <<<"$out")" "permission exec on 'x' of tier T1 is not granted: $full"
same "$(state_of 'd3/*')" "[\"denied\",\"$full\"]"
same "$(state_of 'd256/*')" "[\"denied\",\"$full\"]"
same "$(state_of '')" "[\"expired\",\"no use has it: $full\"]"
same "$(state_of x)" "[\"expired\",\"no use has it: $full\"]"

# A grant of a pattern has no slot either, and its refusal names the complete remedy.
box 1 append permission.granted -s pack/p group=exec tier=T3 'scope=e/*' --checked --dry-run
[[ $(jq -r .checked.reason <<<"$out") == *'permission.revoked of what is wider' ]] || fail 'the remedy is cut'

# A refusal of everything needs no slots: then grants hold again.
box 0 pack show p --json
remedy=$(jq -r '.. | .remedy? // empty' <<<"$out" | head -n 1)
[[ $remedy == 'ledger -C '*' permit revoke pack/p exec' ]] || fail "another remedy: $remedy"
box 0 permit revoke pack/p exec
gates_are_revoked=$(box 1 append permission.used -s pack/p group=exec scope=x tier=T1 --checked --dry-run && jq -r .checked.reason <<<"$out")
same "$gates_are_revoked" "pack/p may not exec 'x' at T1: revoked"
box 0 append permission.granted -s pack/p group=exec tier=T3
gates 0
box 0 pack list --json
same "$(jq -r '.states[0].state' <<<"$out")" ready
same "$(state_of 'd3/*' | jq -r '.[0]')" lifted

# A scope that nobody can hold is fixed where it is requested.
box 0 append pack.installed -s pack/f version=1 permissions:='[{"group":"exec","scope":"out/","tier":"T1"}]'
box 0 pack show f --json
same "$(jq -r '.things[0].reason' <<<"$out")" "permission exec on 'out/' of tier T1 is not granted: its scope ends in '/'"
[[ $(jq -r '.. | .remedy? // empty' <<<"$out" | head -n 1) == *'pack.upgraded -s pack/f version=VERSION permissions:=PERMISSIONS' ]] ||
    fail 'a remedy that is refused'
box 0 append pack.upgraded -s pack/f version=2 permissions:='[{"group":"exec","scope":"out","tier":"T1","required":false}]'
box 0 append permission.requested -s pack/f group=exec scope=a/../b required:=true
box 0 pack show f --json
command=$(jq -r '.. | .remedy? // empty' <<<"$out" | head -n 1)
[[ $command == *"permission.requested -s pack/f group=exec scope=a/../b required:=false" ]] || fail "another remedy: $command"
box 0 append permission.requested -s pack/f group=exec scope=a/../b required:=false
box 0 pack show f --json
[[ $(jq -r '.things[0].state' <<<"$out") != blocked ]] || fail 'the remedy does not mend'

# A request that was never decided is reported as such.
box 0 append permission.requested -s pack/g group=gpu scope=b tier=T0
asked=$(jq .seq <<<"$out")
box 0 append pack.installed -s pack/g version=1 permissions:='[{"group":"gpu","scope":"b"}]'
box 0 pack show g --json
same "$(jq -r '.things[0].reason' <<<"$out")" "permission gpu on 'b' is requested, not granted (event $asked)"
finish
