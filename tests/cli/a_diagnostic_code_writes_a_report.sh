#!/usr/bin/env bash
# DIAGNOSTIC has a support report written: its digest is recorded, its path is printed; once, and only if a controller asks.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
run 0 key new alice.key --name test.example/alice
alice=$out
run 0 key new mallory.key --name test.example/mallory
count() { "$LEDGER" -C "$BOX" log --kind "$1" --format jsonl 2>/dev/null | grep -c . || true; }
in_minutes() { date -u -d "+$1 min" +%FT%TZ; }

box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$alice\"]"
box 1 tripcode issue DIAGNOSTIC --sign-as mallory.key
err_has 'not signed by a controller'
check test ! -e "$BOX/reports"

# Obeyed at once: a line for the order, one for the report.
box 0 tripcode issue DIAGNOSTIC --sign-as alice.key
id=$(jq -rs '.[0].tripcode' <<<"$out")
report=$(jq -rs '.[1].report' <<<"$out")
seq=$(jq -rs '.[1].seq' <<<"$out")
same "$report" "$(realpath "$BOX")/reports/$id.tar.zst"
same "$(jq -rs '.[1].sha256' <<<"$out")" "$(sha256sum "$report" | cut -d' ' -f1)"
same "$(stat -c %a "$report")" 600
tar --zstd -tf "$report" | grep -q report.json || fail "it is no support report"
box 0 show "$seq" --json
json .kind recovery.tripcode_obeyed
json .grade measured
json .body.digest "sha256:$(sha256sum "$report" | cut -d' ' -f1)"
exported=$(jq -r .body.exported <<<"$out")
out_has "$report"
box 0 show "$exported" --json
json .kind ledger.exported
json .body.format support
json .body.digest "sha256:$(sha256sum "$report" | cut -d' ' -f1)"
box 0 tripcode show "$id" --json
json '.things[0].state' obeyed
json '.things[0].fields.evidence | length' 2
box 0 why "tripcode/$id"

# Once.
box 1 tripcode obey "$id"
err_has 'it was obeyed before'
same "$(count recovery.tripcode_obeyed)" 1
same "$(count ledger.exported)" 1

# It permits nothing.
d1=sha256:$(printf '1%.0s' {1..64})
box 1 append run.step -s run/1 --checked step=wipe tier=T3 digest="$d1" tripcode="$id"

# One that came into the log another way is obeyed when somebody says so; nobody's, or a late one, is not.
a=$(printf 'a%.0s' {1..32})
box 0 append recovery.tripcode_issued -s "tripcode/$a" code=DIAGNOSTIC expires="$(in_minutes 5)" --sign-as alice.key
box 0 tripcode obey "$a" -o here.tar.zst
json .report "$(realpath here.tar.zst)"
b=$(printf 'b%.0s' {1..32})
box 0 append recovery.tripcode_issued -s "tripcode/$b" code=DIAGNOSTIC expires="$(in_minutes 5)" --sign-as mallory.key
box 1 tripcode obey "$b"
err_has 'it was not valid when it was issued'
box 1 tripcode obey "$(printf 'c%.0s' {1..32})"
err_has 'nobody issued it'
box 2 tripcode obey ../../x
err_has 'expected 32 hex digits'
id=$("$LEDGER" -C "$BOX" tripcode issue STEP --digest "$d1" --for run/1 --sign-as alice.key | jq -r .tripcode)
box 1 tripcode obey "$id"
err_has 'it is no DIAGNOSTIC'
box 0 tripcode issue DIAGNOSTIC --sign-as alice.key --dry-run
same "$(count recovery.tripcode_obeyed)" 2

# Where the report cannot be written, the order stands until it expires.
box 3 tripcode issue DIAGNOSTIC --sign-as alice.key -o here.tar.zst
id=$(jq -rs '.[0].tripcode' <<<"$out")
err_has 'exists already'
err_has "'ledger tripcode obey $id' tries again"
box 0 tripcode show "$id" --json
json '.things[0].state' issued

# LOCKDOWN does not stop it: a report only observes.
box 0 tripcode issue LOCKDOWN --sign-as alice.key
box 0 tripcode obey "$id"
box 0 tripcode issue DIAGNOSTIC --sign-as alice.key
box 0 verify
box 0 rebuild --check

finish
