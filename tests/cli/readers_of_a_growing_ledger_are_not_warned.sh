#!/usr/bin/env bash
# While others append, verify and erase, neither a reader nor a writer sees a ledger as rolled back.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for i in {1..300}; do
    printf '{"kind":"x.test.note","subject":"s/%s","actor":"service:t","private":{"text":"%s"}}\n' "$i" "$i"
done >many.jsonl
box 0 ingest jsonl many.jsonl

write() {
    for i in {1..60}; do
        "$LEDGER" -C "$BOX" append x.test.note -s "w/$1/$i" --actor service:t >/dev/null || break
    done
    touch "done.$1"
}
verify_often() {
    while [[ ! -e done.1 || ! -e done.2 ]]; do
        "$LEDGER" -C "$BOX" verify --since-verified >/dev/null
    done
}
erase_often() {
    for i in 3 5 7 9 11 13; do
        "$LEDGER" -C "$BOX" erase "$i" --body --reason request >/dev/null
    done
}
read_often() {
    while [[ ! -e done.1 || ! -e done.2 ]]; do
        "$LEDGER" -C "$BOX" log -n 1 >/dev/null
        "$LEDGER" -C "$BOX" stats >/dev/null
    done
}
write 1 2>writing.1 &
write 2 2>writing.2 &
verify_often 2>verifying &
erase_often 2>erasing &
read_often 2>reading.1 &
read_often 2>reading.2 &
wait
for file in writing.1 writing.2 verifying erasing reading.1 reading.2; do
    cp "$file" "$T/.err"
    check test ! -s "$file"
done
box 0 verify
box 0 log -n 1
err_empty

# a backup and a restored ledger are no older than what is known
printf 'for the backup\n' >pass
chmod 600 pass
box 0 key backup log.key --key-passphrase-file pass
box 0 backup saved
run 0 -C saved log -n 1
err_empty
run 0 -C restored restore saved --log-key log.key --key-passphrase-file pass
run 0 -C restored log -n 1 --json
err_empty
restored=$(date +%s)
until (($(date +%s) > restored)); do sleep 0.05; done # a restored log has the second in its name
run 0 -C unknown restore saved --log-key log.key --key-passphrase-file pass --no-trust
run 0 -C unknown log -n 1 --json
err_empty
cp -a "$BOX" copy
run 0 -C copy log -n 1
err_empty

# and an older one is not reported as rolled back
note later
box 0 verify
run 0 -C saved log -n 1
err_has "this is an older backup, or the database was set back"
run 0 -C copy log -n 1
err_has "this is an older copy, or the database was set back"

finish
