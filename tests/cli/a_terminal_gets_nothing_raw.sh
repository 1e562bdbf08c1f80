#!/usr/bin/env bash
# Data cannot control the terminal through any command: as text, as JSON, in messages, from files and settings.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

mkdir work
timeout 500 python3 "$ROOT/tests/cli/terminal.py" "$LEDGER" "$T/work" >"$T/.out" 2>"$T/.err" || fail 'something raw came through'
check test "$(sed -n '1s/ commands//p' "$T/.out")" -gt 250

finish
