#!/usr/bin/env bash
# A step of T2 needs a snapshot that is measured, newer than the last one, young enough, undamaged, and that holds what the
# step may write. recovery snapshot takes one; recovery verify reads it again.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mkdir -p data/sub other
data=$(realpath data)
printf 'one\n' >data/a
printf 'two\n' >data/sub/b
: >'data/with space%'
ln -s /etc/passwd data/link
mkfifo data/pipe
step() { # CODE ARGS: of a run
    local want=$1
    shift
    box "$want" append run.step -s run/1 --checked step=write tier=T2 "$@"
}
writes() { printf 'writes:=["%s"]' "$1"; }

step 1
err_has "names the paths that it may write"
step 1 "$(writes "$data/a")"
err_has "none was taken ('ledger recovery snapshot')"
box 0 append run.step -s run/1 --checked step=read tier=T1

# What changes while it is read is no copy.
box 4 recovery snapshot /proc/self --into changing
err_has 'changed while it was read'

# Taken: the copy is what the original was, and the event says so.
box 0 recovery snapshot data data/sub --into snaps
id=$(jq -r .snapshot <<<"$out")
taken=$(jq -r .seq <<<"$out")
cmp data/a "snaps/$id/files$data/a"
same "$(readlink "snaps/$id/files$data/link")" /etc/passwd
check test ! -e "snaps/$id/files$data/pipe"
box 0 show "$taken" --json
json .grade measured
json '.body.paths | join(" ")' "$data"
json '.body.entries' 7
json '.body.digest' "sha256:$(sha256sum "snaps/$id/list" | cut -d' ' -f1)"
grep -q "^f 0644 .* $(sha256sum data/a | cut -d' ' -f1) .*/a$" "snaps/$id/list" || fail "the list lacks data/a"
grep -q '/with%20space%25$' "snaps/$id/list" || fail "the list does not escape names"
box 0 recovery list --format json
json '.states[0].state' taken

# It permits what it holds, and nothing beside it; then it is older than the step.
step 1 "$(writes "$data-else")"
err_has "snapshot '$id' does not hold '$data-else'"
step 1 "$(writes "$data/../other")"
err_has "'..' segment"
step 1 'writes:=["data/a"]'
err_has "is not absolute"
step 1 "$(writes "$data/*")"
step 0 "$(writes "$data/sub/new")" status=started
step 0 "$(writes "$data/sub/new")" status=ok # the end of a step is a fact
step 1 "$(writes "$data/a")"
err_has "is older than the last step of T2"

# What is reported or declared is no snapshot; nor is one that has expired, or is too old for the policy.
box 0 append recovery.snapshot_taken -s snapshot/claimed snapshot=claimed "paths:=[\"$data\"]"
step 1 "$(writes "$data/a")"
err_has "snapshot 'claimed' is not measured"
box 0 append recovery.snapshot_taken -s snapshot/old -g measured snapshot=old "paths:=[\"$data\"]" --time 2020-01-01T00:00:00Z
step 1 "$(writes "$data/a")"
err_has "snapshot 'old' is older than the last step"
box 0 append recovery.snapshot_taken -s snapshot/gone -g measured snapshot=gone "paths:=[\"$data\"]" expires=2020-01-01T00:00:00Z
step 1 "$(writes "$data/a")"
err_has "snapshot 'gone' has expired"
box 0 recovery snapshot data --into snaps
fresh=$(jq -r .snapshot <<<"$out")
box 0 append policy.declared -s policy/strict policy=strict snapshot_max_age_ms=0
step 1 "$(writes "$data/a")"
err_has "snapshot '$fresh' is too old"
box 0 append policy.declared -s policy/strict policy=strict
step 0 "$(writes "$data/a")" --dry-run

# Damage is found by reading every byte, and a damaged snapshot permits nothing.
box 0 recovery verify "$fresh" --json
json '.snapshots[0].verdict' ok
chmod u+w "snaps/$fresh/files$data/a"
printf 'One\n' >"snaps/$fresh/files$data/a"
box 30 recovery verify "$fresh" --json
json '.snapshots[0].verdict' damaged
step 1 "$(writes "$data/a")"
err_has "snapshot '$fresh' was found damaged"
rm -r "snaps/$id"
box 30 recovery verify "$id"
out_has missing
box 1 recovery verify nothing
err_has 'there is no such snapshot'

# Mistakes leave nothing behind.
before=$(find snaps -mindepth 1 -maxdepth 1 | wc -l)
box 3 recovery snapshot data absent --into snaps
err_has "'absent' cannot be copied"
box 3 recovery snapshot / --into snaps
box 3 recovery snapshot "$T" --into snaps
err_has 'is where the copy is written'
box 2 recovery snapshot data --keep sometime
box 0 recovery snapshot data --into snaps --dry-run
same "$(find snaps -mindepth 1 -maxdepth 1 | wc -l)" "$before"

finish
