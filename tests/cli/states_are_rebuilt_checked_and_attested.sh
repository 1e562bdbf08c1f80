#!/usr/bin/env bash
# rebuild, its --check and --drop, attest, and what stats and verify --derived say about states; their exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

new_states
digests() {
    box 0 state --digest --at 18 --json
    jq -c '[.projections[] | {projection, digest}]' <<<"$out"
}

folded=$(digests)
box 0 rebuild
out_has rebuilt
same "$(digests)" "$folded"
box 0 rebuild --json
json .schema ledger.rebuild/1
json .done rebuilt
json .size 19
json '.projections | length > 10' true
box 0 rebuild routes package
out_has '2 projections'
box 0 rebuild --check
out_has checked
box 0 rebuild --check --json
json '.differences | length' 0
json '.rows > 10' true
box 0 rebuild --check packs --json
json '.projections | tojson' '["packs"]'
box 0 stats
out_has '19 of 19 events stored'
box 0 stats --json
json '[.projections[] | select(.condition != "current" or .stored != 19)] | length' 0
box 0 verify --derived
out_has 'projections replayed'
box 0 rebuild --drop
out_has dropped
box 0 rebuild --drop --json
json .done dropped
# A check of nothing says so, and a check of a part names it.
box 0 rebuild --check
same "$out" 'nothing was compared: no rows are stored of 21 projections; 19 events can be folded'
box 0 rebuild --check packs --json
json '[.done, .rows, .compared] | tojson' '["checked",0,[]]'
box 0 rebuild packs
box 0 rebuild --check
out_has 'checked: 1 of 21 projections, '
out_has 'not compared, because no rows of this version are stored: permissions, policies'
box 0 rebuild --check --json
json '.compared | tojson' '["packs"]'
box 0 rebuild --drop
box 0 stats
out_has '0 of 19 events stored'
same "$(digests)" "$folded"

# A row that differs from the events.
box 0 rebuild
data=$BOX/derived/data.mdb
while read -r at; do
    printf '9' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF '7.88.2' "$data" | cut -d: -f1)
box 1 rebuild --check
out_has installs
box 1 rebuild --check --json
json '.differences[0].projection' installs
box 30 verify --derived
out_has installs
box 0 rebuild installs
box 0 rebuild --check
same "$(digests)" "$folded"

# Digests as events.
box 0 attest packs route --actor user:auditor
out_has packs
out_lacks permissions
box 0 log -n 2
out_has ledger.projection_attested
box 0 show 19 --json
json .actor user:auditor
json .body.position 19
json .body.digest "$(jq -r '.[] | select(.projection == "packs") | .digest' <<<"$folded")"
box 0 attest --json
json .schema ledger.attest/1
json '.attested | length > 10' true
json '.attested[0].seq' 21
box 0 verify

box 2 rebuild rotes
err_has "did you mean 'routes'"
box 2 rebuild --check --drop
box 2 rebuild packs --drop
box 2 attest pakcs
err_has "did you mean 'packs'"
run 3 -C nowhere rebuild
run 3 -C nowhere attest
if [[ $(id -u) != 0 ]]; then
    chmod -R a-w "$BOX/keys" && mv "$BOX/keys" "$BOX/away"
    box 4 attest
fi

finish
