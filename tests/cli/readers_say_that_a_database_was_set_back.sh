#!/usr/bin/env bash
# A reader of a database that was rolled back or replaced is told so, once, whatever the command; a reader of a good one is
# not.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

readers=(
    'log' 'log -n 1' 'show 1' 'query' 'query --kind x.test.note --count' 'query --sql VALUES(1)' 'why 1' 'timeline thing/1'
    'diff 0 1' 'stats' 'state' 'state states' 'checkpoint' 'index --check' 'rebuild --check' 'key list' 'key export'
    'model list' 'route list' 'permit list' 'pack list' 'eval list' 'promote list' 'run list'
)

# all_say TEXT / none_says: each reader's standard error.
all_say() {
    local reader
    for reader in "${readers[@]}"; do
        told "$reader"
        same "$reader: $(grep -c 'warning: ' <<<"$err")" "$reader: 1"
        err_has "$1"
    done
}
none_says() {
    local reader
    for reader in "${readers[@]}"; do
        told "$reader"
        [[ $err != *warning* ]] || fail "'$reader' warns"
    done
}
told() {
    # shellcheck disable=SC2086 # words
    setsid -w "$LEDGER" -C "$BOX" $1 >"$T/.out" 2>"$T/.err" </dev/null || true
    out=$(tr -d '\0' <"$T/.out")
    err=$(tr -d '\0' <"$T/.err")
}

# The kept copy is written over the database: the file is the same, as when a volume is rolled back.
set_back() {
    local file
    for file in "$BOX"/evidence*/data.mdb; do
        cat "kept/${file#"$BOX/"}" >"$file"
    done
}

box 0 init --origin test.example/box --no-trust
note one
box 0 index
cp -r "$BOX" kept
note two
none_says

# the database alone, and only the copy of the head knows
set_back
all_say "the copy of the head beside the database knows 3 events of 'test.example/box', but there are only 2 here: the database was set back or cut"
box 0 log -q
err_has 'warning: '
out_has x.test.note
box 0 show 1 --json
json .body.text one
same "$(jq -r '.warning.code, .warning.command' <<<"$err" | paste -sd' ')" 'ERR_ROLLBACK show'
same "$(jq -r .warning.exit <<<"$err")" null
box 1 log --kind x.test.none

# what cannot be read has no effect
printf 'ledger-head/v1\n' >"$BOX/head"
none_says
rm "$BOX/head"
mkfifo "$BOX/head"
none_says
rm "$BOX/head"
none_says

# all of the directory, and only the trust file knows
note two
box 0 trust add
none_says
rm -r "$BOX"
cp -r kept "$BOX"
all_say "the trust file knows 3 events of 'test.example/box', but there are only 2 here: this is an older copy, or the database was set back"
box 0 log --json
same "$(jq -r .warning.code <<<"$err")" ERR_ROLLBACK
same "$(jq -s length <"$T/.out")" 2
chmod 666 "$TRUST" # others could have written it
none_says
chmod 600 "$TRUST"
mv "$TRUST" trust
none_says
mkdir "$TRUST"
none_says
rmdir "$TRUST"
printf 'head test.example/box 3 nonsense\nhead other.example 9 nonsense\n' >"$TRUST"
none_says
mv trust "$TRUST"

# as many events, of another history
XDG_CONFIG_HOME=$T/other box 0 append --moved
all_say 'the 3 events of '"'test.example/box'"' are not those that the trust file knows: another history'

# another ledger of the same name, larger than the known one
rm -r "$BOX"
mv "$TRUST" trust
box 0 init --origin test.example/box --no-trust
note x
note y
note z
mv trust "$TRUST"
all_say "the first event of 'test.example/box' is not the one that the trust file knows: another ledger"
rm "$TRUST"
none_says

# another ledger's copy of the head
run 0 -C other init --origin test.example/other --no-trust
cp other/head "$BOX/head"
all_say "the copy of the head beside the database is of 'test.example/other', the database of 'test.example/box'"

finish
