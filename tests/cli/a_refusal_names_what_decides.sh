#!/usr/bin/env bash
# A refusal names the event that decides about the use: the newest denial or revocation, or the nearest grant after it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

give() { # STEP FIELDS...
    box 0 append "permission.$1" -s pack/p group=exec "${@:2}"
    seq=$(jq .seq <"$T/.out")
}
refused() { # WORDS FIELDS...: of a use
    box 1 append permission.used -s pack/p --checked group=exec "${@:2}"
    err_has "$1"
}
held() { box 0 append permission.used -s pack/p --checked group=exec "$@"; }

new_box
refused 'nobody granted it' scope=/a tier=T2
give granted scope=/a tier=T3
held scope=/a tier=T2
give revoked scope=/a
refused "revoked (event $seq)" scope=/a tier=T2
give granted scope='/**' tier=T0
refused "granted only up to T0 (event $seq)" scope=/a tier=T2
give granted scope=/? tier=T1
nearest=$seq
give granted scope='/*'
refused "granted only up to T1 (event $nearest)" scope=/a tier=T2
give revoked scope=/?
refused "revoked (event $seq)" scope=/b tier=T2
give granted scope='/**'
refused "granted without a tier, which reaches T0 (event $seq)" scope=/b tier=T2
give granted scope=/b tier=T2 expires=2020-01-01T00:00:00Z
refused "granted without a tier, which reaches T0" scope=/b tier=T2
give revoked scope='/**'
refused "revoked (event $seq)" scope=/b tier=T2
give granted scope=/b tier=T2 expires=2020-01-01T00:00:00Z
refused "expired (event $seq)" scope=/b tier=T2

# A row says so if a decision about another scope applies to its own instead.
row() { # SCOPE STATE OVERRIDDEN_BY
    box 0 state permissions --with who=pack/q --json
    json '.states[] | select(.scope == "'"$1"'") | [.state, .overridden_by] | join(" ")' "$2 $3"
}
decide() {
    box 0 append "permission.$1" -s pack/q group=exec "${@:2}"
    seq=$(jq .seq <"$T/.out")
}
decide granted scope=/srv/a tier=T1
row /srv/a granted ''
decide denied scope='/srv/**'
row /srv/a overridden "$seq"
box 0 permit list --with who=pack/q
out_has "OVERRIDDEN_BY"
box 0 why permission/pack/q/exec//srv/a
out_has "permission/pack/q/exec//srv/a: overridden: by event $seq, which denied '/srv/**'"
box 0 permit list --failed --with who=pack/q
out_has "overridden             $seq"
decide granted scope='/srv/?' tier=T0
row '/srv/**' denied ''
row /srv/a overridden "$((seq - 1))"
decide denied scope=/srv/b tier=T0
decide granted scope='/srv/?' tier=T1
row /srv/a granted ''
row /srv/b denied "$seq"
decide granted scope='/srv/*' tier=T3
row /srv/b lifted "$seq"
row '/srv/**' lifted "$seq"
decide revoked scope='/srv/*/x'
row '/srv/*' granted "$seq"

# Unpermitted uses are on the first screen, with the command that lists them.
box 0 status
out_lacks 'not permitted'
box 0 append permission.used -s pack/q group=exec scope=/srv/a/x tier=T1 count:=2
box 0 status
out_has "2 uses were not permitted: the newest by event $((seq + 1)), permission/pack/q/exec//srv/*/x: used, but it was revoked"
command=$(grep -o 'ledger .*permit list.*violation' <<<"$out")
eval "setsid -w \"$LEDGER\" ${command#ledger}" >typed
check grep -q "used, but it was revoked" typed

# What was refused stays refused where a newer grant of the same scope does not hold, and an older, wider grant does not
# come back.
decided_for_r() {
    box 0 append "permission.$1" -s pack/r group=filesystem.write "${@:2}"
    seq=$(jq .seq <"$T/.out")
}
decided_for_r granted scope='a/*' tier=T3
decided_for_r denied scope=a/b
denied=$seq
decided_for_r granted scope=a/b tier=T0
box 1 append permission.used -s pack/r --checked group=filesystem.write scope=a/b tier=T3
err_has "granted only up to T0 (event $seq)"
box 0 append permission.used -s pack/r --checked group=filesystem.write scope=a/b tier=T0
box 0 permit show pack/r/filesystem.write/a/b
out_has "where this grant does not hold, event $denied counts, which denied it"
decided_for_r granted scope=a/b tier=T3 lifetime=until expires=2020-01-01T00:00:00Z
box 1 append permission.used -s pack/r --checked group=filesystem.write scope=a/b tier=T3
box 0 permit show pack/r/filesystem.write/a/b
out_has "denied: by event $denied: what event $seq granted since does not hold"

# The holder's own actions are not a reason.
box 0 append permission.used -s pack/r group=exec scope=zz
box 1 append permission.used -s pack/r --checked group=exec scope=zz
err_has "may not exec 'zz': nobody granted it"
box 3 append permission.used -s pack/r group=exec scope=zz count:=-3
err_has "field 'count' is a negative integer"
for count in 0 1000001 9223372036854775807; do
    box 3 append permission.used -s pack/r group=exec scope=zz "count:=$count"
    err_has "field 'count' is out of range (expected 1 to 1000000)"
done

# A refusal of a host covers all its ports.
box 0 append permission.granted -s pack/p group=network.egress scope='*' tier=T1
box 0 append permission.used -s pack/p --checked group=network.egress scope=api.example.org:443
box 0 append permission.revoked -s pack/p group=network.egress scope=api.example.org
seq=$(jq .seq <"$T/.out")
box 1 append permission.used -s pack/p --checked group=network.egress scope=api.example.org:443
err_has "revoked (event $seq)"
box 0 append permission.used -s pack/p --checked group=network.egress scope=www.api.example.org:443

# A grant of ** does not cover absolute paths, so a pack that needs it is not refused by a denial of some.
box 0 append pack.installed -s pack/s --body '{"version":"1","permissions":[{"group":"filesystem.read","scope":"**","tier":"T1"}]}'
box 0 append permission.granted -s pack/s group=filesystem.read scope='**' tier=T1
box 0 append permission.denied -s pack/s group=filesystem.read scope='/etc/**'
box 0 pack show s
out_has 'pack/s: ready'
box 0 append permission.denied -s pack/s group=filesystem.read scope=src/secret
seq=$(jq .seq <"$T/.out")
box 0 pack show s
out_has "--note 'overrides event $seq, which denied a part of it'"
finish
