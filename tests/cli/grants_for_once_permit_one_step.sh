#!/usr/bin/env bash
# A grant that holds once permits one step, also where it covers a directory or a host that the step is handed and may not even use.
# shellcheck disable=SC2154 # $run is set by last_run
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir inbox shared outbox
chmod 777 outbox
echo shared >shared/a

# worker SCOPE USES ARGUMENTS: a pack of one step that may ask for one host, installed or upgraded.
version=0
worker() {
    version=$((version + 1))
    make_pack <<END
steps:
  - id: step
    route: work
    uses: [$2]
    arguments: [$3]
END
    sed -i "s/^version: .*/version: 1.0.$version/; s|^routes:|  - {group: network.egress, scope: '$1', tier: T1, reason: asks}\n&|" \
        worker/pack.yaml
    if ((version == 1)); then
        install_worker
    else
        box 0 pack upgrade worker
    fi
}
once() { box 0 permit grant pack/worker "$1" "$2" --tier T1 --once; }
last_run() { run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1); }
# uses GROUP: of the last run, that GROUP, with the kind of event that led to them.
uses() {
    last_run
    events 'select(.kind == "run.step" and .body.status == "started").seq' >"$T/.began"
    events "select(.kind == \"permission.used\" and .body.group == \"$1\") | .body.scope + \" \" + (.body.whole // false | tostring) + \" \" +
        (if .cause == $(cat "$T/.began") then \"step\" else \"other\" end)"
}

for group in filesystem.read:shared filesystem.write:outbox; do
    scope="${group#*:}/**" group=${group%:*}
    worker localhost:9 "\"$group:$scope\"" "list, /workspace/${scope%/**}"
    box 0 permit revoke pack/worker "$group" "$scope"
    once "$group" "$scope"
    box 0 permit unused
    out_has "$scope"
    box 0 pack run worker --demo
    out_has 'step           ok'
    same "$(uses "$group")" "$scope true step"
    box 0 permit unused
    out_lacks "$scope"
    box 1 pack run worker --demo
    out_has 'step           refused'
    out_has "may not $group '$scope'"
    out_has ": expired"
    box 0 permit show "pack/worker/$group/$scope" --json
    json '.things[0].fields | [.step, .uses, .unpermitted] | @csv' '"expired",1,'
done

# So does one for a host.
worker localhost:9 network.egress variables
once network.egress localhost:9
box 0 pack run worker --demo
same "$(uses network.egress)" 'localhost:9 false step'
box 1 pack run worker --demo
out_has "may not network.egress 'localhost:9' at T1: expired"

# How often several hosts are reached is not known before: of these there is no once.
worker '*.example.org:443' network.egress variables
once network.egress '*.example.org:443'
box 1 pack run worker --demo
out_has 'granted once, which a permission.used takes'
box 0 permit grant pack/worker network.egress '*.example.org:443' --tier T1
box 0 pack run worker --demo
same "$(uses network.egress)" ''
box 0 permit revoke pack/worker network.egress '*.example.org:443'
printf 'grants:\n  - {group: network.egress, lifetime: once, decision: grant}\n' >answers.yaml
sed -i 's/^version: .*/version: 2.0.0/' worker/pack.yaml
box 3 pack upgrade worker --grant-file answers.yaml
err_has "the answer for network.egress '*.example.org:443': 'lifetime: once' is for what is used once"
box 0 pack list
out_has "1.0.$version"
box 0 verify
finish
