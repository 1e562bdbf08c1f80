#!/usr/bin/env bash
# On a read-only file system everything can be read and verified; an append there exits with 4. If the lock file is not
# writable, the message says so.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
try() { # CODE ARGS...
    local want=$1 got=0
    shift
    "${as[@]}" "$LEDGER" -C "$BOX" "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    out=$(cat "$T/.out")
    err=$(cat "$T/.err")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: $*"
}

# shellcheck disable=SC2016 # the inner shell expands them
as=(unshare -rm sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$BOX")
if "${as[@]}" true 2>/dev/null; then
    try 0 log
    out_has one
    try 0 show 1
    try 0 verify
    try 0 stats
    try 0 checkpoint
    try 0 prove 1
    try 4 append x.test.note -s a
    try 0 verify
fi

as=()
if [[ $(id -u) == 0 ]]; then
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    chown -R 65534:65534 "$T"
fi
chmod -R a-w "$BOX"
if "${as[@]}" test -x "$LEDGER" 2>/dev/null; then
    try 4 append x.test.note -s a
    err_has 'ermission denied'
fi

finish
