#!/usr/bin/env bash
# A changed version or format number in the evidence is damage (30), not a newer program's ledger (4): in a database page,
# the record that names the format, the head, an event.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note alpha
note beta
data=$BOX/evidence/data.mdb
cp "$data" good.mdb

# WHAT OFFSET...: these bytes are changed, and every reader exits with 30.
changed() {
    local what=$1 at byte
    shift
    [[ $# -gt 0 ]] || fail "no $what in the database"
    for at in "$@"; do
        byte=$(od -An -tu1 -j "$at" -N 1 "$data")
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((byte ^ 3)))" | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
    done
    rm -rf "$BOX/derived"
    for words in verify log status 'show 1' 'query --count' 'state' "append x.test.note --subject thing/1 n=1"; do
        # shellcheck disable=SC2086
        box 30 $words
    done
    cp good.mdb "$data"
}
places() { # PATTERN SKIP: offsets of the byte behind so many bytes of each match
    LC_ALL=C grep -obaP "$1" good.mdb | cut -d: -f1 | while read -r at; do echo $((at + $2)); done
}
mapfile -t at < <(places 'format\x92\x01' 7)
changed 'format record' "${at[@]}"
mapfile -t at < <(places 'head[\x90-\x9f]\x01' 5)
changed 'head record' "${at[@]}"
mapfile -t at < <(places '\x9d\x01[\x01\x02]' 1)
[[ ${#at[@]} -gt 0 ]] || mapfile -t at < <(places '[\x90-\x9f]\x01[\x01\x02]\xcf' 1)
changed 'event' "${at[@]}"
changed 'meta page' 20
changed 'meta page' 4116
box 0 log
finish
