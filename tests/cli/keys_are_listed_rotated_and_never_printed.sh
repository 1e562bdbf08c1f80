#!/usr/bin/env bash
# key list, rotate, export, backup; passphrases; no secret in any output.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
box 0 key list --json
vkey=$(jq -r .vkey <<<"$out")
same "$(jq -r 'keys_unsorted[0]' <<<"$out")" vkey
json '.epochs | length' 1
json '.epochs[0].to_size' null
box 0 key list
out_has "$vkey"
box 0 key export
same "$out" "$vkey"
box 0 key export --json
json .vkey "$vkey"
box 0 key rotate --reason 'a test'
json .seq 2
box 0 key list --json
json '.epochs | length' 2
json '.epochs[1].from_size' 3
json .vkey "$vkey"
box 0 show 2
out_has ledger.key_rotated
note two
box 0 verify
for args in 'key list' 'key export' 'log' 'show 0' 'stats' 'checkpoint'; do
    # shellcheck disable=SC2086
    box 0 $args
    out_lacks 'PRIVATE+KEY'
done

# A backup of the log key is always encrypted under a passphrase.
box 3 key backup log.key
err_has '--key-passphrase-fd'
printf 'for the backup\n' >bpass
chmod 600 bpass
box 0 key backup log.key --key-passphrase-file bpass
same "$(stat -c %a log.key)" 600
check bash -c '! grep -q PRIVATE log.key'
box 3 key backup log.key --key-passphrase-file bpass
err_has log.key
box 2 key backup
box 2 key
box 2 key lst
err_has "did you mean 'list'"
box 2 key rotate extra
run 3 -C nowhere key list
run 3 -C nowhere key rotate
run 3 -C nowhere key export

# Keys under a passphrase.
printf 'open sesame\n' >pass
printf 'wrong\n' >wrong
chmod 600 pass wrong
run 0 -C locked init --origin test.example/locked --passphrase-file pass
check bash -c '! grep -rq PRIVATE locked'
run 3 -C locked append x.test.note -s a
err_has 'passphrase'
err_has '--passphrase-fd'
run 0 -C locked append x.test.note -s a --passphrase-file pass
run 0 -C locked --passphrase-file pass append x.test.note -s b
code=0
"$LEDGER" -C locked append x.test.note -s c --passphrase-fd 7 7<pass >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 0
run 3 -C locked append x.test.note -s a --passphrase-file wrong
err_has 'does not open'
run 3 -C locked append x.test.note -s a --passphrase-file absent
run 3 -C locked append x.test.note -s a --passphrase-fd x
run 3 -C locked append x.test.note -s a --passphrase-fd 99
run 3 -C locked append x.test.note -s a --passphrase-fd 0
err_has empty
run 3 -C locked append x.test.note -s a --passphrase-fd 0 --passphrase-file pass
chmod 644 pass
run 3 -C locked append x.test.note -s a --passphrase-file pass
err_has 0644
chmod 600 pass
run 0 -C locked log
run 0 -C locked verify
run 0 -C locked key rotate --passphrase-file pass
run 0 -C locked verify
run 3 -C asked init --origin test.example/asked --passphrase
err_has 'no terminal'
check test ! -e asked

# The name of an author's key is in the log for ever: text that looks like a secret is refused, and not repeated.
run 3 key new author.key --name "example.org/ghp_0123456789abcdefghijABCDEFGHIJ012345"
err_has 'rule github-pat'
[[ $err != *ghp_0123456789* ]] || fail "the name is repeated"
check test ! -e author.key
run 0 key new author.key --name example.org/token
out_has 'example.org/token+'

# On a terminal the passphrase is asked for, without echo.
if command -v script >/dev/null; then
    : >tty.log
    {
        for said in 'passphrase of' '"seq"'; do
            for ((i = 0; i < 600; i++)); do
                ! grep -q "$said" tty.log || break
                sleep 0.1
            done
            [[ $said != passphrase* ]] || printf 'open sesame\n'
        done
    } | script -qefc "'$LEDGER' -C '$T/locked' append x.test.note -s tty" tty.log >/dev/null 2>&1 || true
    out=$(cat tty.log)
    out_has 'passphrase of'
    out_has '"seq"'
    out_lacks 'sesame'
fi

# A key file that others may read is refused.
key=$BOX/keys/log.key
check test -f "$key"
chmod 644 "$key"
box 3 append x.test.note -s a
err_has log.key
chmod 600 "$key"
note fine

# A verifier key is public: a ledger's name may sound like a secret's, and its keys are in the log unmasked.
for name in token secret api-key; do
    run 0 -C "named-$name" init --origin "example.org/$name" --no-trust
    run 0 -C "named-$name" key rotate
    run 10 -C "named-$name" verify --no-trust-file
    run 0 -C "named-$name" show 0
    out_has "example.org/$name+"
done

finish
