#!/usr/bin/env bash
# backup, key backup, restore: as the same log and as its successor.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
note two
printf 'for the backup\n' >bpass
chmod 600 bpass
box 0 key backup log.key --key-passphrase-file bpass
box 0 backup copy
check bash -c '! find copy -name "*.key" | grep -q .'
box 3 backup copy
err_has copy
run 20 -C copy append x.acme.note -s host/a
err_has "this directory is a backup and takes no events: 'ledger restore' makes a ledger of it, under a new origin"
box 2 backup
box 3 backup log.key/copy
run 3 -C nowhere backup copy2

# Not known to be the newest: it continues as a successor.
run 0 -C after restore copy --log-key log.key --key-passphrase-file bpass --reason 'disk failed' --json
check grep -Eq '^test.example/box/r[0-9]+$' <<<"$(jq -r .origin <<<"$out")"
run 0 -C after log --json --kind ledger.restored
same "$(jq -s length <"$T/.out")" 1
run 0 -C after append x.test.note -s thing/1 --open text text=three
run 0 -C after verify
run 0 -C after show 1 --json
json .body.text one

# An older backup, where the trust file knows more of the old origin and nothing of the new one.
note three
box 0 verify
check grep -q '^head test.example/box 4 ' "$TRUST"
run 0 -C older restore copy --log-key log.key --key-passphrase-file bpass --no-trust
err_has "'ledger trust add' accepts this ledger's new origin"
origin=$(sed -n 's/^origin *//p' <<<"$out")
check test "$origin" != test.example/box
check bash -c "! grep -q '^head $origin ' '$TRUST'"
run 0 -C older trust add
for line in "head $origin 4 " "genesis $origin " 'head test.example/box 4 '; do
    check grep -q "^$line" "$TRUST"
done
run 0 -C older verify
run 0 -C older append x.test.note -s thing/1
run 0 -C older verify
check grep -q "^head $origin 5 " "$TRUST"
box 0 verify

# The newest: the same log continues.
mv "$BOX" lost
cp "$TRUST" known
run 20 -C same restore copy --log-key log.key --key-passphrase-file bpass --newest
err_has 'restored, but not added to the trust file'
rm -r same "$TRUST"
run 0 -C same restore copy --log-key log.key --key-passphrase-file bpass --newest
out_has 'test.example/box'
run 0 -C same append x.test.note -s thing/1
run 0 -C same verify

printf 'wrong\n' >wrong
chmod 600 wrong
run 3 -C third restore copy --log-key log.key --key-passphrase-file wrong
err_has passphrase
check test ! -e third
run 3 -C third restore copy --log-key log.key
err_has '--key-passphrase-fd'
run 3 -C third restore copy --log-key absent --key-passphrase-file bpass
run 2 -C third restore copy
err_has '--log-key'
run 2 -C third restore
run 3 -C third restore absent --log-key log.key --key-passphrase-file bpass
run 3 -C same restore copy --log-key log.key --key-passphrase-file bpass
run 0 key new other.key --name test.example/box
run 3 -C third restore copy --log-key other.key
check test ! -e third

finish
