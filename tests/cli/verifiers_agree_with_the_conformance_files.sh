#!/usr/bin/env bash
# The conformance files are what their generator makes; the program and both scripts give each the verdict and the rule in
# the index; each rule in the documents has a file that breaks it, and each rule in the index is in the documents.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

HERE=$ROOT/tests/conformance
python3 "$HERE/generate.py" "$T/made"
check diff -r "$HERE/samples" "$T/made"
agree() { python3 "$HERE/run.py" --rules "$@" >"$T/said" || fail "$(cat "$T/said")"; }
agree --kind bundle -- "$LEDGER" verify '{file}' --no-trust-file --json
agree --kind proof -- "$LEDGER" verify '{file}' --no-trust-file --json
agree --kind bundle --without authors --without projections -- python3 -S -B "$ROOT/share/verify_bundle.py" '{file}' --json
agree --kind proof --without authors --without policy -- python3 -S -B "$ROOT/share/verify_proof.py" '{file}' --json

# The example in the document is a bundle that they accept, printed.
python3 -B "$HERE/example.py" "$T/example.tar"
run 10 verify "$T/example.tar" --no-trust-file
mkdir unpacked && tar -xf "$T/example.tar" -C unpacked
(cd unpacked && check sha256sum -c --quiet SHA256SUMS)
python3 -B "$HERE/example.py" >wanted
sed -n '/^<!-- made by/,/^<!-- end/p' "$ROOT/docs/bundle.md" | sed '1d;$d' >printed
check diff wanted printed

jq -r '.[].rule // empty' "$HERE/samples/index.json" | sort -u >broken
grep -ho '^- \*\*[FBT][0-9]*\*\*' "$ROOT/docs/format.md" "$ROOT/docs/bundle.md" | tr -d -- '- *' | sort -u >said
same "$(comm -3 broken said | tr -d '\t' | tr '\n' ' ')" ''
# Every rule that the program and the scripts name is in the documents.
grep -rhoE --exclude-dir=examples --include='*.c' --include='*.py' '"[FBT][0-9]+"' "$ROOT/export" "$ROOT/ledger" "$ROOT/share" | tr -d '"' | sort -u >named
same "$(comm -23 named said)" ''

finish
