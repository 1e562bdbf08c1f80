#!/usr/bin/env bash
# RLIMIT_FSIZE results in a message and exit 4, not in a signal, and leaves nothing half-written behind.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

command -v prlimit >/dev/null || exit 0
# limited BYTES ARGS...
limited() {
    local bytes=$1 code=0
    shift
    # through a pipe, because the limit applies to these files too
    (set -o pipefail && prlimit --core=0 --fsize="$bytes" "$LEDGER" "$@" 2>&1 </dev/null | cat >"$T/.err") || code=$?
    [[ $code == 4 ]] || fail "exit code $code: $*"
    check grep -Eiq 'file size|too large|disk|space' "$T/.err"
    same "$(find . -name '*.new-*' -o -name 'incoming-*' -o -name '.ledger-tmp-*')" ''
}

new_box
note one
head -c 300000 /dev/urandom >large
limited 2000 -C fresh init --origin test.example/fresh
check test ! -e fresh
limited 100000 -C "$BOX" artifact put large
limited 2000 -C "$BOX" backup copy
check test ! -e copy
limited 100 -C "$BOX" checkpoint -o small
check test ! -e small
limited 50 key new some.key --name test.example/some
check test ! -e some.key
for size in 100 20000; do
    limited $size -C "$BOX" append x.test.note -s a --open text text="$(head -c 60000 large | base64 -w0)"
done
box 0 verify
for ((i = 0; i < 40000; i++)); do
    printf '{"kind":"x.test.note","subject":"thing/%d","body":{}}\n' "$i"
done >many.jsonl
limited 1000000 -C "$BOX" ingest jsonl many.jsonl
check grep -Eq '^jsonl: [1-9][0-9.]* [kKMi]*B read, ' "$T/.err"
note two
box 0 verify

finish
