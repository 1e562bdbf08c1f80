#!/usr/bin/env bash
# Escape sequences appear on a terminal, and never in a pipe, with --no-color or with NO_COLOR.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
box 0 log
out_lacks $'\e'
command -v script >/dev/null || {
    finish
    exit 0
}
on_tty() { # COMMAND
    script -qec "$1" tty.log </dev/null >/dev/null 2>&1 || true
    out=$(cat tty.log)
    cp tty.log "$T/.out"
    : >"$T/.err"
}
export TERM=xterm
on_tty "'$LEDGER' -C '$BOX' verify"
out_has $'\e[32m'
on_tty "'$LEDGER' -C '$BOX' --no-color verify"
out_lacks $'\e[32m'
on_tty "NO_COLOR=1 '$LEDGER' -C '$BOX' verify"
out_lacks $'\e[32m'
on_tty "TERM=dumb '$LEDGER' -C '$BOX' verify"
out_lacks $'\e[32m'

# A table is cut to the terminal's width, and only there.
long=$(printf 'long%.0s' $(seq 100))
note "$long"
box 0 log -n 1
out_has "$long"
on_tty "COLUMNS=60 '$LEDGER' --no-color -C '$BOX' log -n 1"
out_lacks "$long"
out_has '…'

finish
