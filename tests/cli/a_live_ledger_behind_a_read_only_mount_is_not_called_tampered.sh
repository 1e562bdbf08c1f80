#!/usr/bin/env bash
# Through a read-only mount nothing can hold a snapshot of a ledger that others write to. A reader there gets what was
# written, or exit 4 with the reason; never a verdict of damage. A ledger that nobody writes to gets its verdict there.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# shellcheck disable=SC2016 # the inner shell expands them
as=(unshare -rm sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$BOX")
new_box
if ! "${as[@]}" true 2>/dev/null; then
    echo "not tested here: neither root nor a user namespace may mount" >&2
    finish
    exit 0
fi

# Keys and private fields, so that many tables change with each commit.
lines() { # FROM
    awk -v from="$1" 'BEGIN { for (i = from; i < from + 40; i++)
        printf "{\"kind\":\"x.test.note\",\"subject\":\"s/%d\",\"actor\":\"service:t\",\"key\":\"k%d\",\"open\":[\"t\"],\"body\":{\"t\":\"%d\"},\"private\":{\"p\":\"%0200d\"}}\n", i % 50, i, i, i }'
}
for ((i = 0; i < 3000; i += 40)); do lines $i; done >in.jsonl
box 0 ingest jsonl in.jsonl

write() {
    local i
    for ((i = 3000; ; i += 40)); do
        lines $i | "$LEDGER" -C "$BOX" ingest jsonl >/dev/null 2>&1
    done
}
write &
writer=$!
trap 'kill "$writer" 2>/dev/null || true; wait "$writer" 2>/dev/null || true; chmod -R u+rwX "$T"; rm -rf "$T"' EXIT

refused=0
for i in $(seq 25); do
    for command in 'verify' 'log -n 400 --json' 'query --kind x.test.note --count' 'stats'; do
        got=0
        # shellcheck disable=SC2086 # words
        "${as[@]}" "$LEDGER" -C "$BOX" $command >"$T/.out" 2>"$T/.err" </dev/null || got=$?
        err=$(cat "$T/.err")
        case $got in
        0) ;;
        4)
            err_has 'read-only mount'
            refused=$((refused + 1))
            ;;
        *) fail "exit code $got of $command" ;;
        esac
    done
done
kill "$writer"
wait "$writer" 2>/dev/null || true
echo "$refused of 100 were refused"

box 0 verify
got=0
"${as[@]}" "$LEDGER" -C "$BOX" verify >"$T/.out" 2>"$T/.err" || got=$?
same "$got" 0
python3 - "$BOX/evidence/data.mdb" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
for at in range(65536, len(data), 997):
    data[at] ^= 1
open(sys.argv[1], "r+b").write(data)
END
got=0
"${as[@]}" "$LEDGER" -C "$BOX" verify >"$T/.out" 2>"$T/.err" || got=$?
same "$got" 30

finish
