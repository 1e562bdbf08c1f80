#!/usr/bin/env bash
# Requested private fields that are erased are reported, with the event that erased them: by export, by verify and by the
# Python verifier, which see that event in the bundle, wherever in the log it is.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

step() { # RUN [FIELD=VALUE...]
    local run=$1
    shift
    box 0 append run.step -s "run/$run" --run "$run" step=one "$@" --json
    jq -r .seq <"$T/.out"
}
erase() { # ARGS...
    box 0 erase "$@" --reason request --json
    jq -r .seq <"$T/.out"
}
everywhere() { # BUNDLE TEXT PYTHON
    run 0 verify "$1"
    out_has "$2"
    run 0 verify "$1" --print
    out_has "$2"
    out=$(python3 "$ROOT/share/verify_bundle.py" "$1" --key "$vkey" 2>&1) || fail "verify_bundle.py: $out"
    out_has "$3"
}

new_box
box 0 key export
vkey=$out
a=$(step r-1 prompt=one output=two)
b=$(step r-1 prompt=three)
c=$(step r-1 prompt=four output=five)
by=$(erase "$a" "$b" --private prompt)

# The erasing event is outside the range of the run.
box 0 export -o some.tar.zst --run r-1 --private prompt,output --dry-run
out_has "2 private fields were erased (event $by)"
box 0 export -o some.tar.zst --run r-1 --private prompt,output
out_has '3 private fields'
out_has "2 private fields were erased (event $by)"
everywhere some.tar.zst "2 private fields were erased (event $by)" "2 private fields (event $by): erased"
run 0 verify some.tar.zst --json
json .counts.private_erased 2
json .counts.private_fields 3
json .aspects.erasures.state note

# What was not requested is not reported.
box 0 export -o other.tar.zst --run r-1 --private output
out_lacks 'were erased'
run 0 verify other.tar.zst
out_has 'erasures      good         none'
box 0 export -o none.tar.zst --run r-1
run 0 verify none.tar.zst
out_has 'erasures      good         none'

# All private fields, and a body as well; in a sparse bundle too.
all=$(erase "$c" --all-private)
box 0 export -o all.tar.zst --run r-1 --private prompt --json
json .private_erased 2
json .private_all_erased 1
everywhere all.tar.zst "2 private fields and all private fields of 1 event were erased (events $by, $all)" \
    "2 private fields; all private fields of 1 event (event $by, $all): erased"
box 0 export -o sparse.tar.zst --sparse "$b,$c" --private prompt
everywhere sparse.tar.zst "1 private field and all private fields of 1 event were erased (events $by, $all)" \
    "1 private field; all private fields of 1 event (event $by, $all): erased"
body=$(erase "$b" --body)
box 0 export -o body.tar.zst --run r-1 --private prompt
everywhere body.tar.zst "1 body was erased, each by a proven ledger.erased event; 1 private field and all private fields of 1 event" \
    '1 body; 1 private field; all private fields of 1 event'
check test "$body" -gt "$all"

finish
