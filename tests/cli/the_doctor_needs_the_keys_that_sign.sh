#!/usr/bin/env bash
# Without the keys that sign nothing can be recorded: the doctor names the file, what is wrong with it and what helps, ends with 4,
# and has mended nothing. What is known can still be judged.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
"$LEDGER" -C "$BOX" doctor >"$T/.out" || true # however well this machine is
keys=$BOX/keys

# refused FILE WORDS: in every form, and nothing is changed.
refused() {
    local form
    chmod 644 "$keys/$other"
    for form in '' '--only keys' --watch '--format junit' --fix '--fix --only keys'; do
        # shellcheck disable=SC2086
        box 4 doctor $form
        err_has "key file '$keys/$1'"
        err_has "$2"
        err_has "bring the file back from where it was kept; 'ledger doctor --no-probe' shows what is known"
        same "$(wc -l <.err)" 1
        out_empty
    done
    box 4 doctor --json
    check jq -e '.error.exit == 4 and (.error.message | contains("key file"))' .err >/dev/null
    box 4 doctor --fix --json
    check jq -e '.error.exit == 4' .err >/dev/null
    same "$(stat -c %a "$keys/$other")" 644
    chmod 600 "$keys/$other"
    "$LEDGER" -C "$BOX" doctor --no-probe >.out 2>.err || (($? == 1)) || fail 'what is known is not judged'
    check grep -q 'this box: ' .out
}

for name in log.key epoch-0.key; do
    other=$([[ $name == log.key ]] && echo epoch-0.key || echo log.key)
    file=$keys/$name
    mv "$file" kept
    refused "$name" 'No such file'
    mkfifo -m 600 "$file"
    refused "$name" 'is not a regular file'
    rm "$file"
    ln -s "$T/kept" "$file"
    refused "$name" 'is a symbolic link'
    rm "$file"
    mkdir "$file"
    refused "$name" 'is not a regular file'
    rmdir "$file"
    (
        umask 077
        head -c 20 kept >"$file"
    )
    refused "$name" 'the key must be'
    cat "$keys/$other" >"$file"
    refused "$name" 'another key than the ledger'
    cat kept >"$file"
    if [[ $(id -u) == 0 ]]; then
        chown 65534 "$file"
        refused "$name" 'belongs to user 65534'
        chown 0 "$file"
    fi
done

# One that was moved aside counts if it is the key: what is recorded about it takes it back.
mv "$keys/epoch-0.key" "$keys/epoch-0.key.0011223344556677"
for state in warn pass; do
    box 0 doctor --only keys --json
    json '.clauses[0].state' "$state"
done
cp "$keys/log.key" "$keys/epoch-0.key.0011223344556677"
mv "$keys/epoch-0.key" kept
other=log.key
refused epoch-0.key 'No such file'
mv kept "$keys/epoch-0.key"
box 0 verify
"$LEDGER" -C "$BOX" doctor --only keys >.out || true
check grep -q 'pass *keys' .out
finish
