#!/usr/bin/env bash
# What contradicts the trust file within one origin is not trusted without confirmation, and what cannot be checked is
# reported.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# refused TEXT: for the ledger in $BOX, and the trust file is unchanged.
refused() {
    cp "$TRUST" before
    box 20 trust add
    err_has "$1"
    err_has "'ledger trust add --replace' trusts the new one in its place"
    check cmp -s before "$TRUST"
}
trusted() { sed -n "s|^head $1 \([0-9]*\) .*|\1|p" "$TRUST"; }

new_box
note one
cp -r "$BOX" earlier
note two
box 0 trust add
box 0 checkpoint -o true3
box 0 verify
cp "$TRUST" known

# a fork beyond what is trusted, of the same size, and a ledger that was rolled back
mv "$BOX" true
cp -r earlier "$BOX"
refused "the trust file knows a head of 'test.example/box' of size 3, this ledger has only 2"
box 20 append --moved
err_has "the trust file knows 3 events of 'test.example/box', but there are only 2 here"
XDG_CONFIG_HOME=$T/eve box 0 append --moved # which does not know of the third
box 0 checkpoint -o fork3
refused "the first 3 events of this ledger are not those that the trust file knows of 'test.example/box': another history"
err_has 'trust add: '
XDG_CONFIG_HOME=$T/eve note three
box 0 checkpoint -o fork4
refused "the first 3 events of this ledger are not those that the trust file knows of 'test.example/box': another history"
box 20 trust add --json
same "$(jq -s '.[-1].error.exit' <<<"$err")" 20
box 20 verify --no-trust-file --checkpoint true3

# the same log continues
mv "$BOX" fork
mv true "$BOX"
note three
box 0 trust add
same "$(trusted test.example/box)" 4
box 0 checkpoint -o true4
box 0 trust add
box 0 trust add --replace
[[ $err != *'was replaced'* ]] || fail 'what matches was replaced'
same "$(trusted test.example/box)" 4

# an origin made by a restore is another one, and neither contradicts the other
printf 'for the backup\n' >pass
chmod 600 pass
box 0 key backup log.key --key-passphrase-file pass
box 0 backup saved
note four
box 0 verify
run 0 -C restored restore saved --log-key log.key --key-passphrase-file pass --no-trust
origin=$(sed -n 's/^origin *//p' <<<"$out")
run 20 -C restored verify
run 0 -C restored trust add
same "$(trusted "$origin") $(trusted test.example/box)" '5 5'
run 0 -C restored verify
box 0 verify

# one checkpoint: another root for the same size is refused; if a proof is missing, the message says for what
cp known "$TRUST"
cp "$TRUST" before
run 20 trust add --checkpoint fork3
err_has "another root is known for 'test.example/box' at size 3"
err_has "'ledger trust add --replace'"
check cmp -s before "$TRUST"
run 0 trust add --checkpoint true3
err_empty
run 0 trust add --checkpoint true4
err_has "whether this checkpoint of size 4 continues the head of 'test.example/box' of size 3, which was trusted, was not checked"
same "$(trusted test.example/box)" 4
run 0 trust add --checkpoint fork3
err_has "the head of 'test.example/box' of size 4 stays; whether it continues this checkpoint of size 3 was not checked"
same "$(trusted test.example/box)" 4
run 20 trust add --checkpoint fork4
run 0 trust add --checkpoint fork3 --replace
err_has "the head of 'test.example/box' of size 4 was replaced"
same "$(trusted test.example/box)" 3

# a leaf
leaf=$(printf '0%.0s' {1..64})
cp "$TRUST" before
run 20 trust add --genesis "$leaf" --origin test.example/box
err_has "'ledger trust add --replace'"
check cmp -s before "$TRUST"
run 0 trust add --genesis "$leaf" --origin test.example/box --replace
same "$(grep '^genesis ' "$TRUST")" "genesis test.example/box $leaf"
refused "the trust file knows another ledger of origin 'test.example/box': its genesis leaf differs"
box 0 trust add --replace
err_has "what was trusted of 'test.example/box' was replaced: the first event, the head of size 3"
box 0 verify

# another key of that name, and nothing else is known
run 0 -C other init --origin test.example/box --no-trust
run 0 -C other key export
vkey=$out
printf 'log %s\n' "$vkey" >"$TRUST"
refused "another log key is trusted under the name 'test.example/box'"
box 0 trust add --replace
err_has 'was replaced: the log key'
check bash -c "! grep -qF '$vkey' '$TRUST'"
box 0 verify
run 20 -C other verify
run 20 -C other trust add
run 0 -C other trust add --replace
err_has 'was replaced: the log key, the first event, the head of size '
run 0 -C other verify
box 20 verify
run 0 trust check

finish
