#!/usr/bin/env bash
# key new, append --sign-as, verify --authors.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
run 0 key new alice.key --name test.example/alice
vkey=$out
same "$(stat -c %a alice.key)" 600
check grep -q '^test.example/alice+' <<<"$vkey"
run 3 key new alice.key --name test.example/alice
err_has alice.key
run 2 key new bob.key
err_has '--name'
run 3 key new bob.key --name 'no good'
run 2 key new --name a
run 0 key new bob.key --name test.example/bob --json
json .file bob.key

box 0 append x.test.note -s thing/1 --open text --sign-as alice.key text=signed
box 0 show 1
out_has test.example/alice
out_has "signed   kind, schema, subject, actor, run, key, body and private; grade, source, cause and time are the ledger's word"
box 0 show 0
out_lacks 'signed '
box 0 show 1 --json
json .author test.example/alice
echo "$vkey" >authors
box 0 verify --authors authors
out_has "grade, source, cause and time are the ledger's word"
box 0 export -o b.tar --whole --plain
check bash -c 'tar -xOf b.tar VERIFY.md | tr -s "\n " " " | grep -q "does not cover grade, source, cause and time"'
box 0 verify b.tar --authors authors --print
out_has "author test.example/alice (grade, source, cause and time are the ledger's word)"
out_has "1 event signed by authors you named; grade, source, cause and time are the ledger's word"
echo rubbish >bad
box 3 verify --authors bad

# With a passphrase.
printf 'open sesame\n' >pass
chmod 600 pass
run 0 key new carol.key --name test.example/carol --key-passphrase-file pass
check bash -c '! grep -q PRIVATE carol.key'
box 3 append x.test.note -s thing/1 --sign-as carol.key
err_has '--key-passphrase-fd'
box 0 append x.test.note -s thing/1 --sign-as carol.key --key-passphrase-file pass
printf 'wrong\n' >wrong
chmod 600 wrong
box 3 append x.test.note -s thing/1 --sign-as carol.key --key-passphrase-file wrong
err_has passphrase
chmod 644 alice.key
box 3 append x.test.note -s thing/1 --sign-as alice.key
err_has alice.key
box 0 verify

finish
