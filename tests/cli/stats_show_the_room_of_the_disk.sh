#!/usr/bin/env bash
# stats: the quota does not guarantee disk space, so the file system's free space is shown beside it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 stats
out_has 'quota in use'
out_has 'free on disk     '
box 0 stats --json
json .disk_bytes "$(df -B1 --output=size "$BOX" | tail -n 1 | tr -d ' ')"
json '.disk_free_bytes <= .disk_bytes' true
json '.disk_free_bytes > 0' true

# A quota larger than the disk is reported.
run 0 -C large init --no-trust --origin test.example/large --map-bytes $((1 << 44))
run 0 -C large stats
((1 << 44 <= $(df -B1 --output=avail "$T" | tail -n 1))) || out_has 'full before the quota is'

finish
