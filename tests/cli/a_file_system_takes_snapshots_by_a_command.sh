#!/usr/bin/env bash
# recovery snapshot --by METHOD runs the command that the configuration has, without a shell, and then the one that asks
# whether the snapshot exists. What each says is checked, and the event says what was verified.
# shellcheck disable=SC2016 # ${name} and its like are the program's, not the shell's
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
config=$BOX/config
mkdir 'my data'
data=$(realpath 'my data')
printf 'one\n' >"$data/a"

# A file system of our own: its list of snapshots is a file.
cat >"$T/fs" <<EOF
#!/bin/sh
[ ! -e "$T/fail-\$1" ] || { echo "no room" >&2; exit 7; }
case \$1 in
take) [ ! -e "$T/lie" ] || exit 0
      printf '%s\n' "\$@" >"$T/words"; env >"$T/environment"; echo "\$3" >>"$T/snapshots" ;;
list) cat "$T/snapshots"; echo "asked for \$2" >&2 ;;
esac
EOF
chmod +x "$T/fs"
: >"$T/snapshots"
setting() { # TAKE CHECK
    printf 'snapshot_zfs = %s\nsnapshot_zfs_check = %s\n' "$1" "$2" >"$config"
    chmod 644 "$config"
}
refused() { # SETTING WORDS: the ledger says which line, and what is expected
    printf '%s\n' "$1" >"$config"
    box 3 recovery snapshot "$data" --by zfs
    err_has "line 1"
    err_has "$2"
}
steps() { box "$1" append run.step -s run/1 --checked step=write tier=T2 "writes:=[\"$data/a\"]"; }
events() { "$LEDGER" -C "$BOX" log --kind recovery.snapshot_taken --format jsonl 2>/dev/null | grep -c . || true; }

# Nothing is configured, or wrongly.
box 3 recovery snapshot "$data" --by zfs
err_has "'snapshot_zfs' is not set"
refused 'snapshot_zfs = zfs snapshot ${source}@${name}' 'must be a JSON list of texts'
refused 'snapshot_zfs = ["zfs", "snapshot", "${source}@${name}"]' 'an absolute path'
refused 'snapshot_zfs = ["/sbin/zfs", "snapshot", "${source}"]' 'must contain ${name}'
refused 'snapshot_zfs = ["/sbin/zfs", "snapshot", "tank@${name}"]' '${path} or ${source}'
refused 'snapshot_zfs = ["/sbin/zfs", 7]' 'must be a JSON list of texts'
refused 'snapshot_ext4 = ["/sbin/x", "${path}", "${name}"]' "'snapshot_ext4' is unknown"
refused 'snapshot_zfs_check = []' 'must be a JSON list of texts'
echo 'snapshot_zfs = ["/sbin/zfs", "snapshot", "${source}@${name}"]' >"$config"
box 3 recovery snapshot "$data" --by zfs
err_has "'snapshot_zfs_check' is not set"
setting '["'"$T/fs"'", "take", "${path}; touch '"$T"'/shell", "${source}@${name}"]' '["'"$T/fs"'", "list", "${name}"]'
box 3 recovery snapshot "$data" --by ext4
err_has 'expected btrfs, zfs or lvm'
box 2 recovery snapshot "$data" "$T" --by zfs
box 2 recovery snapshot "$data" --by zfs --into snaps
box 3 recovery snapshot absent --by zfs
chmod 666 "$config"
box 3 recovery snapshot "$data" --by zfs
err_has 'somebody else may write to it'
same "$(wc -c <"$T/snapshots")" 0

# Taken: each argument is one word, and no shell has seen it.
chmod 644 "$config"
box 0 recovery snapshot "$data" --by zfs --dry-run
same "$(wc -c <"$T/snapshots")" 0
box 0 recovery snapshot "$data" --by zfs --keep 7d
id=$(jq -r .snapshot <<<"$out")
seq=$(jq -r .seq <<<"$out")
same "$(cat "$T/words")" "take
$data; touch $T/shell
$(df --output=source "$data" | tail -n 1)@$id"
check test ! -e "$T/shell"
grep -qx 'PATH=/usr/sbin:/usr/bin:/sbin:/bin' "$T/environment" || fail "PATH is not the fixed one"
! grep -q '^HOME=' "$T/environment" || fail "the environment was inherited"
box 0 show "$seq" --json
json .grade measured
json .body.method zfs
json .body.verified_by listing
json '.body.paths | join(" ")' "$data"
json '.body.digest // "none"' none
json '.body.expires > 0' true
box 0 show "$seq" --json
json '.private.command | length' 4
steps 0
steps 1
err_has 'is older than the last step of T2'

# A copy says that every byte of it was read.
box 0 recovery snapshot "$data" --into snaps
copy=$(jq -r .snapshot <<<"$out")
box 0 show "$(jq -r .seq <<<"$out")" --json
json .body.verified_by content

# It is asked for again, by what the configuration has now.
box 0 recovery verify "$id" --json
json '.snapshots[0].verdict' ok
json '.snapshots[0].verified_by' listing
box 0 recovery verify "$copy" --json
json '.snapshots[0].verified_by' content
cp "$config" "$T/saved"
rm "$config"
box 3 recovery verify "$id"
err_has "'snapshot_zfs' is not set"
cp "$T/saved" "$config"
: >"$T/snapshots"
box 30 recovery verify "$id" --json
json '.snapshots[0].verdict' missing
box 0 recovery show "$id"
out_has missing
# An id that nobody here made is not handed to a command; nor is a path that is none.
box 0 append recovery.snapshot_taken -s snapshot/-rf -g measured -- snapshot=-rf method=zfs verified_by=listing "paths:=[\"$data\"]"
box 30 recovery verify -- -rf
out_has "its id is not one of 'ledger recovery snapshot'"

# What fails, or only says that it succeeded, is not recorded.
before=$(events)
touch "$T/fail-take"
box 4 recovery snapshot "$data" --by zfs
err_has "the command of 'snapshot_zfs' failed with status 7: no room"
rm "$T/fail-take"
touch "$T/lie"
box 4 recovery snapshot "$data" --by zfs
err_has "does not name"
err_has "nothing was recorded"
rm "$T/lie"
touch "$T/fail-list"
box 4 recovery snapshot "$data" --by zfs
err_has "'snapshot_zfs_check' failed with status 7"
rm "$T/fail-list"
mv "$T/fs" "$T/away"
box 4 recovery snapshot "$data" --by zfs
err_has "cannot start '$T/fs'"
mv "$T/away" "$T/fs"
same "$(events)" "$before"

# Another file system below the path is not in the snapshot.
if [[ -d /dev/shm && $(stat -c %d /dev) != $(stat -c %d /dev/shm) ]]; then
    box 3 recovery snapshot /dev --by zfs
    err_has 'is another file system or subvolume'
fi

finish
