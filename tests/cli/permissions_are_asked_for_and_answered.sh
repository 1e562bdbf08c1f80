#!/usr/bin/env bash
# permit request, grant, deny and revoke write judged steps; resolve sets what a pack asks for against what it holds, and
# unused lists what nobody used.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append pack.installed -s pack/p version=1 'permissions:=[
    {"group":"filesystem.read","scope":"inbox/**","tier":"T0"},
    {"group":"exec","scope":"/usr/bin/pdftotext","tier":"T1"},
    {"group":"network.egress","scope":"api.example.org:443","required":false}]'
answers() { jq -r '[.permissions[] | "\(.answer) \(.group)"] | sort | join(", ")' <<<"$out"; }

box 1 permit resolve pack/p --json
same "$(answers)" 'missing exec, missing filesystem.read, missing network.egress'
json .complete false
json .reason "filesystem.read on 'inbox/**' is not granted"

# Each answer, with the event that gives it.
box 0 permit grant pack/p filesystem.read 'inbox/**'
read=$(jq -r .seq <<<"$out")
box 0 permit grant pack/p exec '/usr/bin/*' --tier T1 --until 2220-01-01T00:00:00Z
box 0 permit deny pack/p network.egress --note 'no need'
denied=$(jq -r .seq <<<"$out")
box 0 permit resolve p --json # a name alone is a pack's
same "$(answers)" 'denied network.egress, held exec, held filesystem.read, unused exec, unused filesystem.read, wider exec'
json .complete true
json '.permissions[] | select(.group == "network.egress").seq' "$denied"
json '.permissions[] | select(.answer == "wider").why' "asked for is '/usr/bin/pdftotext'"
json '.permissions[] | select(.answer == "held" and .group == "filesystem.read").seq' "$read"
box 0 permit resolve p
out_has "granted by event $read, of 'inbox/**'"
out_has "denied by event $denied"

# A use ends "unused"; a grant that ends soon is expiring; a higher tier than asked for is wider.
box 0 append permission.used -s pack/p --checked group=filesystem.read scope=inbox/a
box 0 log --kind permission.granted --format jsonl
time=$(jq -rs '.[1].time' <<<"$out")
box 0 permit unused p --json
json '[.permissions[].group] | join(" ")' exec
json '.permissions[0].since' "$time"
box 0 permit grant pack/p exec /usr/bin/pdftotext --tier T2 --until "$(date -u -d '+1 day' +%FT%TZ)"
box 0 permit resolve p --json
json '[.permissions[] | select(.answer == "expiring").group] | join(" ")' exec
json '[.permissions[] | select(.answer == "wider" and .tier == "T2").why] | join(" ")' "asked for is '/usr/bin/pdftotext' up to T1"
box 0 permit resolve p --within 1h --json
json .counts.expiring 0

# What is revoked stops at once, and what is required and refused is the reason.
box 0 permit revoke pack/p filesystem.read 'inbox/**'
revoked=$(jq -r .seq <<<"$out")
box 1 append permission.used -s pack/p --checked group=filesystem.read scope=inbox/a
err_has "revoked (event $revoked)"
box 1 permit resolve p --json
json .reason "filesystem.read on 'inbox/**' is revoked by event $revoked"
json '.evidence | tostring' "[$revoked]"
box 0 permit resolve p --at "$((revoked - 1))"
box 1 permit revoke pack/q exec /bin/true
err_has 'never granted'

# Requests: open until they are answered, and a grant without a tier has theirs.
box 0 permit request agent/a gpu --tier T1 --required --request r1 --note 'to render'
box 1 permit resolve agent/a --json
same "$(answers)" 'missing gpu'
box 0 permit grant agent/a gpu --request r1 --once
box 0 permit resolve agent/a --json
same "$(answers)" 'held gpu, unused gpu'
json '.permissions[] | select(.answer == "unused").tier' T1
json '.permissions[] | select(.answer == "unused").lifetime' once
box 0 show "$(box 0 log --kind permission.requested --format jsonl && jq -r .seq <<<"$out")"
out_has 'to render'

# Limits: one of them, and a session is one.
box 2 permit grant agent/a exec --once --permanent
err_has 'give one of --once, --session, --until and --permanent'
box 0 permit grant agent/a exec --session s1
box 1 append permission.used -s agent/a --checked group=exec scope=/bin/ls --run other
box 0 append permission.used -s agent/a --checked group=exec scope=/bin/ls --run s1
box 3 permit grant agent/a exec --until soon
err_has "expires"
box 3 permit grant someone exec
box 3 permit grant agent/a everything
err_has "filesystem.read"
box 3 permit grant agent/a filesystem.read ../x
err_has "'..' segment"

# With one's own key the decision is one's own.
run 0 key new alice.key --name test.example/alice
box 0 permit grant agent/a model.invoke llama --sign-as alice.key
box 0 show "$(jq -r .seq <<<"$out")" --json
json '.author' test.example/alice

# The same step with its key is written once; a preview writes nothing.
box 0 permit grant agent/a secrets.read a/b --key k1
first=$(jq -r .seq <<<"$out")
box 0 permit grant agent/a secrets.read a/b --key k1
json .seq "$first"
box 1 permit grant agent/a secrets.read a/c --key k1
box 0 permit deny agent/a secrets.read --dry-run
json .dry_run true
# A scope that is there and empty is a variable that was not set: it does not mean everything. Nor does a time that is over
# mean none.
before=$("$LEDGER" -C "$BOX" checkpoint | sed -n 2p)
for verb in request grant deny revoke; do
    box 3 permit "$verb" agent/a filesystem.read ''
    err_has 'SCOPE is empty: leave it out for everything in the group'
done
box 2 permit grant agent/a gpu --until 2020-01-01T00:00:00Z
err_has "--until is '2020-01-01T00:00:00Z', which is over"
same "$("$LEDGER" -C "$BOX" checkpoint | sed -n 2p)" "$before"
box 1 permit unused agent/nobody
box 1 permit resolve agent/nobody
err_has 'asks for nothing and holds nothing'
box 2 permit resolve p --within later

finish
