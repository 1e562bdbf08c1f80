#!/usr/bin/env bash
# An older copy of the whole directory, restored in place, is the same file in the same place, and the copy of the head went
# back with it: only the trust file knows that more was sealed, and nothing is signed again.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

put_back() { check cp -a "$1/." "$BOX/"; }

# The bytes of the evidence, the keys and the files beside them.
state() { (cd "$BOX" && find . -type f ! -name 'lock*' ! -path './derived/*' -exec sha256sum {} + | sort); }

echo '{"kind":"x.test.note","subject":"s","actor":"service:t","private":{"text":"t"}}' >one.jsonl
head -c 100000 /dev/urandom >file
writers=(
    'append x.test.note -s a' 'append --moved' 'ingest jsonl one.jsonl' 'artifact put file' 'key rotate'
    'attest packs' 'erase 1 --body --reason request' 'export --kind x.test.note -o out.tar.zst' 'support -o support.tar.zst'
    'reveal 1 --private text -o reveal.tar.zst'
)

# all_refuse TEXT: each writer, without a byte written or printed.
all_refuse() {
    local writer before
    before=$(state)
    for writer in "${writers[@]}"; do
        # shellcheck disable=SC2086 # words
        box 20 $writer
        out_empty
        err_has "$1. Nothing is signed here."
        err_has "'ledger backup' of this one and 'ledger restore'"
        err_has "'ledger trust add --replace'"
        same "$(ls -- *.zst 2>/dev/null)" ''
    done
    same "$(state)" "$before"
}

new_box
box 0 append x.test.note -s thing/1 text=one
cp -a "$BOX" kept
note two
box 0 verify
check grep -q '^head test.example/box 3 ' "$TRUST"

put_back kept
same "$(box 0 stats --json 2>/dev/null && jq -r .place <"$T/.out")" home
all_refuse "the trust file knows 3 events of 'test.example/box', but there are only 2 here: the database was set back or cut"
box 20 append x.test.note -s a --json
same "$(jq -r '.error.code, .error.exit' <<<"$err" | paste -sd' ')" 'ERR_ROLLBACK 20'
box 0 log # reading continues, with a warning
err_has 'warning: '
box 0 ingest jsonl one.jsonl --dry-run

# the first remedy: a new origin
cp -a "$BOX" wayout
printf 'for the backup\n' >pass
chmod 600 pass
box 0 key backup log.key --key-passphrase-file pass
err_has 'warning: '
box 0 backup saved
run 20 -C saved append x.test.note -s a
run 0 -C restored restore saved --log-key log.key --key-passphrase-file pass
run 0 -C restored append x.test.note -s a
err_empty

# the second: the user vouches for it
cp "$TRUST" known
box 20 trust add
box 0 trust add --replace
note three
err_empty

# as many events, of another history
cp known "$TRUST"
all_refuse "the 3 events of 'test.example/box' are not those that the trust file knows: another history"

# the true one, restored, continues; and what is unknown, or could have been written by others, has no effect, as for
# readers
put_back kept
chmod 666 "$TRUST"
note two
chmod 600 "$TRUST"
put_back kept
mv "$TRUST" trust
note two
mkdir "$TRUST"
note three
rmdir "$TRUST"
printf 'head test.example/box 9 nonsense\nhead other.example 9 nonsense\n' >"$TRUST"
note four
mv trust "$TRUST"

# another ledger of the same name, larger than the known one
rm -r "$BOX"
mv "$TRUST" trust
box 0 init --origin test.example/box --no-trust
box 0 append x.test.note -s thing/1 text=x
note y
note z
mv trust "$TRUST"
all_refuse "the first event of 'test.example/box' is not the one that the trust file knows: another ledger"
box 0 trust add --replace
note a
err_empty

finish
