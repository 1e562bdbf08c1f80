#!/usr/bin/env bash
# Rows of states that somebody changed in derived data: no gate opens, no false digest is attested, no bundle contains them.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
forge() {
    python3 - "$BOX/derived/data.mdb" <<'P'
import sys
p = sys.argv[1]
b = open(p, 'rb').read()
assert b'\xa7revoked' in b, 'the row is not stored'
open(p, 'wb').write(b.replace(b'\xa7revoked', b'\xa7granted'))
P
}
use() { box "$1" append permission.used -s pack/p --checked group=exec scope=/srv/a; }

round() { # $1: a name for its bundle
    use 1
    err_has "revoked (event"
    box 0 rebuild
    forge
    box 0 permit list --json
    out_has '"granted"' # lists show what is stored
    use 1
    err_has "revoked (event"
    use 1
    box 0 attest permissions
    box 0 log -n 1 -k ledger.projection_attested --json
    attested=$(jq -r .body.digest <<<"$out")
    position=$(jq -r .body.position <<<"$out")
    box 0 append x.acme.note -s a/b text=1
    box 0 export -o "$T/$1.tar" --kind x.acme.note --plain --states permissions
    tar xOf "$T/$1.tar" states/permissions.json >"$T/$1.json"
    same "$(grep -c '"decision":"revoked"' "$T/$1.json")" 1
    box 30 verify --derived
    box 0 rebuild --drop
    box 0 verify --derived
    box 0 state --digest --at $((position - 1)) --json
    same "$(jq -r '.projections[] | select(.projection == "permissions").digest' <<<"$out")" "$attested"
}

box 0 append permission.granted -s pack/p group=exec 'scope=/srv/*'
box 0 append permission.revoked -s pack/p group=exec 'scope=/srv/*'
round few

# Enough events that one of them vouches for the rows.
for i in $(seq 3000); do
    printf '{"kind":"run.step","subject":"run/r%d","run":"r%d","body":{"name":"s"},"key":"k%d"}\n' $((i % 300)) $((i % 300)) "$i"
done >"$T/many.jsonl"
box 0 ingest jsonl "$T/many.jsonl"
use 1
box 0 query --kind ledger.states_attested -c
same "$out" 1
round many

# A correction is folded once: the root after it covers it, and rows that are forged then open no gate either.
roots() { "$LEDGER" -C "$BOX" query --kind ledger.states_attested -c; }
before=$(roots)
box 0 correct 2 --reason mistake
use 0
same "$(roots)" $((before + 1))
use 0
same "$(roots)" $((before + 1))
box 0 append permission.revoked -s pack/p group=exec 'scope=/srv/*'
use 1
box 0 rebuild
forge
use 1
err_has "revoked (event"
same "$(roots)" $((before + 1))
finish
