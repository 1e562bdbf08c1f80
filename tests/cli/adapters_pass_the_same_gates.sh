#!/usr/bin/env bash
# An adapter is declared, its training recorded, tried, promoted through the gates of all candidates, attached and rolled back. Each
# state says what is missing; what is in use is never changed in place.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
one=sha256:$(printf '1%.0s' {1..64})
two=sha256:$(printf '2%.0s' {1..64})
adapter() { # EXIT STEP DIGEST FIELDS...
    local exit=$1 step=$2 digest=$3
    shift 3
    box "$exit" append --checked "adapter.$step" -s adapter/style adapter=style digest="$digest" "$@"
}
is() { # DIGEST STATE REASON
    box 0 adapter list --json
    json ".states[] | select(.digest == \"$1\") | [.state, .reason // \"\"] | join(\": \")" "$2: $3"
}
evaluate() { # DIGEST EVAL VALUE
    measured eval.scored -s "eval/$2" task=t metric=acc value:="$3" threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$2" suite=s digest="$1" verdict="$([[ $3 == 1 ]] && echo pass || echo fail)"
}

adapter 1 canaried "$one" verdict=pass
err_has 'it has to be declared first'
adapter 0 declared "$one" base=llama type=lora rank:=8
is "$one" declared 'it was not tried: it needs a trial that passes first (adapter.canaried)'
adapter 0 trained "$one" data_digest="$two" steps:=100
box 0 adapter show style --json
json '.things[0].fields | [.state, .data_digest, (.trained_seq != null)] | tojson' "[\"declared\",\"$two\",true]"
adapter 1 attached "$one" model=llama
err_has 'it has to be promoted first'
adapter 0 canaried "$one" verdict=fail
is "$one" declared "its newest trial says 'fail': it needs one that passes first (adapter.canaried)"
adapter 0 canaried "$one" verdict=pass eval=first
is "$one" canaried 'no promotion of it is planned'

# The gates are those of any candidate.
box 0 promote plan p1 adapter/style --digest "$one" --tier T1
is "$one" canaried "promotion 'p1' is planned"
box 1 promote apply p1
err_has 'it has to be simulated and verified first'
box 0 promote simulate p1 --verdict pass
box 1 promote verify p1
out_has 'no full pass for sha256:111111111111: nothing was evaluated'
box 1 promote apply p1
evaluate "$one" first 1
box 0 promote verify p1
adapter 1 attached "$one" model=llama
box 0 promote apply p1
is "$one" promoted ''
adapter 0 attached "$one" model=llama
is "$one" attached ''

# A second version: it does not come into use while the first is, and a failure of its evaluation bars it.
adapter 0 declared "$two" base=llama
adapter 0 canaried "$two" verdict=pass eval=second
evaluate "$two" second 0.25
box 0 promote plan p2 adapter/style --digest "$two" --tier T1
box 0 promote simulate p2 --verdict pass
box 1 promote verify p2
out_has 'failed: a score is on the wrong side of its threshold'
evaluate "$two" third 1
box 1 promote verify p2
out_has "eval 'first' has no samples"
adapter 1 attached "$two" model=llama
err_has 'another version is in use'
is "$one" attached ''

# Back: it is detached first. Detached from one model, it is still attached to the other.
adapter 0 attached "$one" model=qwen
box 1 promote rollback p1 --reason regression
err_has 'it has to be detached first'
adapter 0 detached "$one" model=llama
is "$one" attached ''
box 1 promote rollback p1 --reason regression
adapter 1 detached "$one" model=llama
err_has "'llama' does not use it"
adapter 0 detached "$one" model=qwen
is "$one" detached ''
box 0 promote rollback p1 --reason regression
is "$one" canaried "promotion 'p1' is idle"
adapter 1 attached "$one" model=llama
adapter 0 detached "$one" withdrawn:=true
is "$one" withdrawn ''
adapter 1 declared "$one"
err_has 'it was withdrawn'
finish
