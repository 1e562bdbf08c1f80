#!/usr/bin/env bash
# A bundle that contains an event and its correction shows the event as corrected; export names corrections outside the
# bundle only for events in it. For selected events both verifiers note that completeness is not claimed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 key export
vkey=$out
note first
note second
note third
box 0 correct 2 --reason wrong
box 3 correct 1 --reason ''
err_has 'the reason is empty; expected: a few words'

box 0 export -n --sparse 1,3
out_lacks 'was corrected'
box 0 export -n --sparse 1,2
out_has 'event 2 was corrected by event 4, which is not in the bundle'

box 0 export -o both.tar --sparse 1,2,4
box 0 verify both.tar --print
out_has 'x.test.note  thing/1  (corrected by event 4)'
same "$(grep -c 'corrected by event' <<<"$out")" 1
out_has 'completeness  note'
box 0 verify both.tar --print --json
same "$(jq -sc '[.[] | select(.seq?) | [.seq, .corrected_by]]' <"$T/.out")" '[[1,null],[2,4],[4,null]]'
box 0 export -o range.tar --since 0
box 0 verify range.tar --print
same "$(grep -c 'corrected by event 4' <<<"$out")" 1
box 0 export -o without.tar --sparse 1,2
box 0 verify without.tar --print
out_lacks 'corrected by'

python3 "$ROOT/share/verify_bundle.py" both.tar --key "$vkey" >page || fail 'the script refuses the bundle'
grep -q '^completeness  note  not claimed: 3 chosen events$' page || fail "$(cat page)"
grep -q '; 1 epoch key$' page || fail "$(cat page)"
finish
