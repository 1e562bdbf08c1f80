#!/usr/bin/env bash
# A correction is folded from all events before it. Damage after it ends states as any damage does, and damage before it
# ends them there at the latest: the exit code is 30 and no state is shown that never existed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

flip() { # FROM TO: in the place of the word FROM
    local at
    while read -r at; do
        printf '%s' "$2" | dd of="$BOX/evidence/data.mdb" bs=1 seek="$at" conv=notrunc status=none
    done < <(grep -obaF "$1" "$BOX/evidence/data.mdb" | cut -d: -f1)
}
ends_at() { # SEQ
    for words in 'permit list' 'permit show pack/early/exec' 'state' 'rebuild --check' 'status'; do
        # shellcheck disable=SC2086
        box 30 $words
        [[ $out$err == *"cannot be read from event $1 on, and states end before it"* ]] || fail "$words: no word of event $1"
        out_lacks pack/late
        out_lacks ' revoked '
    done
    box 30 query --sql 'SELECT count(*) FROM permissions'
    out_empty
}

for BOX in "$T/fresh" "$T/stored"; do
    box 0 init --origin "test.example/${BOX##*/}"
    box 0 append permission.granted -s pack/early group=exec tier=T0
    box 0 append x.test.note -s pack/thread text=a
    box 0 append permission.denied -s pack/early group=exec
    box 0 correct 3 --reason mistake
    test "$BOX" = "$T/fresh" || box 0 rebuild
    box 0 append x.test.note -s pack/early text=needle
    box 0 append permission.granted -s pack/other group=gpu tier=T0 request=thimble
    box 0 append permission.revoked -s pack/early group=exec
    box 0 append permission.granted -s pack/late group=exec tier=T0
    box 0 correct 8 --reason mistake

    flip thimble Thimble
    ends_at 6
    box 30 permit list
    out_has granted
    flip Thimble thimble

    # No fold reads the text of a note: damage in it is found by `verify` alone and changes no state.
    flip needle Needle
    box 30 verify
    box 0 permit list
    out_has revoked
    flip Needle needle
done
finish
