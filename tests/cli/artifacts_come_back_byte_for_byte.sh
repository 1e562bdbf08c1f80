#!/usr/bin/env bash
# artifact put and get: small, large, from standard input, damaged, absent.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
printf 'hello' >small
head -c 3000000 /dev/urandom >large
box 0 artifact put small
id=$out
same "$id" "artifact:sha256:$(sha256sum small | cut -d' ' -f1)"
box 0 artifact put small --json
json .id "$id"
json .size 5
box 0 artifact get "$id"
same "$out" hello
box 0 artifact get "${id#artifact:}" -o back
check cmp small back
box 0 artifact put large
large=$out
box 0 artifact get "$large" -o back
check cmp large back
code=0
printf 'from a pipe' | "$LEDGER" -C "$BOX" artifact put - >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 0
box 0 artifact get "$(cat "$T/.out")"
same "$out" 'from a pipe'
box 1 artifact get "artifact:sha256:$(printf '0%.0s' $(seq 64))"
box 3 artifact get nonsense
err_has nonsense
box 3 artifact put absent
err_has absent
box 4 artifact get "$id" -o no/such/dir/file
box 2 artifact
box 2 artifact put
box 2 artifact get
box 2 artifact gte "$id"
err_has "did you mean 'get'"
box 2 artifact put small extra

# Different content under the same name is detected, and the target is not written.
file=$(find "$BOX" -type f -size +2900k -path '*artifact*' | head -n 1)
if [[ -n $file ]]; then
    chmod u+w "$file"
    printf 'X' | dd of="$file" bs=1 seek=1000 conv=notrunc status=none
    box 30 artifact get "$large" -o damaged
    check test ! -e damaged
    check bash -c '! ls damaged.part-* 2>/dev/null'
else
    fail "the large artifact lies in no file of its own"
fi

finish
