#!/usr/bin/env bash
# export, verify: the states of a bundle are those that its events give, including corrections.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# All states of a complete bundle are recomputed from its events.
states_hold() {
    rm -f st.tar
    box 0 export -o st.tar --plain --whole --bodies all --states all
    run 0 verify st.tar
    out_has 'recomputed from the events'
    out_lacks "the log key's word is all there is"
}

# write NAME ARG...: appends, and keeps the seq under a name.
declare -A seq
write() {
    local name=$1
    shift
    box 0 append "$@" --json
    seq[$name]=$(jq .seq <<<"$out")
}
undo() {
    box 0 correct "${seq[$1]}" --reason mistake
    states_hold
}

new_box
digest="sha256:$(printf '%064d' 1)"
write grant permission.granted -s pack/p group=exec scope=/b tier=T1
write revoke permission.revoked -s pack/p group=exec scope=/b
write other permission.granted -s pack/p group=exec scope=/c tier=T1
states_hold
undo revoke
write revoke permission.revoked -s pack/p group=exec scope=/b
write again permission.granted -s pack/p group=exec scope=/b tier=T1
box 0 correct "${seq[again]}" --reason 'and one more before the bundle is cut'
undo grant
write one pack.installed -s pack/p pack=p version=1 digest="$digest"
write parked pack.parked -s pack/p pack=p version=1
states_hold
undo parked
write two pack.installed -s pack/p pack=p version=2 digest="$digest"
undo one
write started run.started -s run/r
write finished run.finished -s run/r outcome=error
undo finished
undo two
undo other

# If a corrected event is not in the bundle, nothing is said about the states.
box 0 export -o part.tar --plain --since "${seq[two]}" --bodies all --states all
run 0 verify part.tar
out_has "the log key's word is all there is"

finish
