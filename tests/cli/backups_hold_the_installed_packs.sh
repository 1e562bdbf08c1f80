#!/usr/bin/env bash
# A backup has the files of the installed packs, and the restored ledger runs them. What is not as it was installed is named.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 pack new first --publisher test.example/alice
box 0 pack new second --publisher test.example/alice
mkdir -p second/bin/deep
printf '#!/bin/sh\n' >second/bin/deep/tool
chmod 755 second/bin/deep/tool
box 0 pack install first
box 0 pack install second
box 0 permit grant pack/first exec wc
box 0 permit grant pack/first filesystem.read 'inbox/**'
mkdir "$BOX/packs/incoming-x" inbox
echo 'one two' >inbox/a.txt
printf 'for the backup\n' >bpass
chmod 600 bpass
box 0 key backup log.key --key-passphrase-file bpass
box 0 backup copy --json
json .packs_installed 2
json .packs_held 2
check test ! -e copy/packs/incoming-x
same "$(find copy/packs -name tool -printf %m)" 555
same "$(cd "$BOX/packs" && find sha256-*/ -type f -printf '%m %P\n' | sort)" "$(cd copy/packs && find sha256-*/ -type f -printf '%m %P\n' | sort)"

err_lacks_installed() { [[ $err != *"were installed as"* ]] || fail "a pack is not as it was installed"; }
restore() { # CODE DIR BACKUP
    run "$1" -C "$2" restore "$3" --log-key log.key --key-passphrase-file bpass --no-trust
}
restore 0 again copy
err_lacks_installed
run 0 -C again pack show second
out_lacks 'installed as'
run 0 -C again pack run first document=inbox/a.txt --demo --out ran
check test -s ran/words

# A backup that was changed, or is from before packs were in it: each pack is named, the ledger is there, and says so too.
cp -R copy changed
chmod -R u+w changed/packs
printf 'x' >>"$(find changed/packs -path '*/bin/deep/tool')"
restore 0 third changed
err_has "pack 'second' were installed as sha256:"
err_has "'ledger pack install' with the same content copies them again"
run 0 -C third pack show second
out_has blocked
out_has 'now sha256:'
rm -r changed/packs
restore 0 fourth changed
err_has "pack 'first' were installed as sha256:"
err_has "pack 'second' were installed as sha256:"
run 0 -C fourth pack show first
out_has 'now missing'
run 0 -C fourth pack install first
run 0 -C fourth pack show first
out_lacks 'now missing'

# The ledger's own store may be damaged: the backup is made, and says so.
chmod -R u+w "$BOX/packs"
rm -r "$BOX"/packs/sha256-*/bin
box 0 backup damaged
err_has 'the backup has no other'
box 0 pack remove second --force
box 0 pack remove first
box 0 backup empty --json
json .packs_installed 0

finish
