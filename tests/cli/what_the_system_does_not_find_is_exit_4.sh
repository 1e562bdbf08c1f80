#!/usr/bin/env bash
# "Not found" is an answer (exit 1) for look-ups in the ledger, an input error (3) for files to be read, and a system
# failure (4) for files to be written or that belong to the ledger. What cannot be read is not "not found".
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
printf 'for the backup\n' >bpass
chmod 600 bpass
box 4 backup /proc/no-such-place
box 4 key backup absent/log.key --key-passphrase-file bpass
run 4 -C /proc/no-such-place init --no-trust
box 1 show 99
box 1 prove 99
box 3 artifact put absent
mv "$BOX/keys" elsewhere
box 4 key rotate
box 4 append x.test.note -s a
mv elsewhere "$BOX/keys"
box 0 key rotate

as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
if [[ $(id -u) == 0 ]] && command -v setpriv >/dev/null && chmod 755 "$T" && chmod 700 "$BOX" &&
    "${as[@]}" test -x "$LEDGER"; then
    for args in log 'append x.test.note -s a' verify stats; do
        code=0
        # shellcheck disable=SC2086
        "${as[@]}" env HOME="$T/home" "$LEDGER" -C "$BOX" $args >"$T/.out" 2>"$T/.err" </dev/null || code=$?
        err=$(cat "$T/.err")
        [[ $code == 4 ]] || fail "'$args' on a directory that may not be read gives $code"
        err_has 'ermission denied'
        [[ $err != *'ledger init'* ]] || fail "'$args' speaks of init"
    done
fi

finish
