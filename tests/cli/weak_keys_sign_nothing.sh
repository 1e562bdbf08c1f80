#!/usr/bin/env bash
# Points of small order, non-canonical encodings and S of L and more are refused by both verifiers.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

command -v openssl >/dev/null || exit 0
new_box
note one
box 0 key export
vkey=$out
box 0 prove 1 -o 1.tlog-proof --leaf 1.leaf
python3 "$ROOT/tests/cli/weak_keys_sign_nothing.py" "$LEDGER" "$ROOT/share/verify_proof.py" 1.tlog-proof 1.leaf "$vkey" \
    >"$T/.out" 2>"$T/.err" || fail 'a weak key or signature is accepted'

# The other verifier has the same rule, word for word.
rule() { sed -n '/^P, L = /,/^        return False/p' "$ROOT/share/$1"; }
same "$(rule verify_proof.py)" "$(rule verify_bundle.py)"
check test -n "$(rule verify_bundle.py)"

finish
