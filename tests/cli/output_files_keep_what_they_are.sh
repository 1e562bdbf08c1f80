#!/usr/bin/env bash
# -o, --leaf, --payload: a device or FIFO is written to and stays one, a link stays a link, a file is replaced atomically.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
head -c 300000 /dev/urandom >large
box 0 artifact put large
id=$out

# into NAME ARGS...: the command writes the same into the FIFO as into a file.
into_fifo() {
    local option=$1
    shift
    box 0 "$@" "$option" file
    mkfifo pipe
    timeout 20 cat pipe >got &
    local reader=$!
    box 0 "$@" "$option" pipe
    check test -p pipe
    rm pipe
    wait "$reader" || fail "nothing came through the FIFO: $*"
    check cmp file got
    rm file got
}
into_fifo -o prove 1
into_fifo --leaf prove 1
into_fifo --payload prove 1
into_fifo -o checkpoint
into_fifo -o artifact get "$id"

if [[ $(id -u) == 0 ]] && mknod null c 1 3 2>/dev/null && echo x 2>/dev/null >null; then
    mknod full c 1 7
    for args in 'prove 1' checkpoint "artifact get $id"; do
        # shellcheck disable=SC2086
        box 0 $args -o null
        check test -c null
        # shellcheck disable=SC2086
        box 4 $args -o full
        check test -c full
    done
fi

mkdir real
echo old >real/target
ln -s real/target link
ln -s real/absent dangling
box 0 checkpoint -o real/wanted
for name in link dangling; do
    box 0 checkpoint -o $name
    check test -L $name
    check cmp $name real/wanted
done
box 0 artifact get "$id" -o link
check test -L link
check cmp large real/target
mv "$TRUST" real/trust
ln -s "$T/real/trust" "$TRUST"
box 0 verify
check test -L "$TRUST"
check grep -q '^head test.example/box 3 ' real/trust

# The target of a link in /proc has no name that could be replaced.
ln -s /proc/self/fd/1 standard
"$LEDGER" -C "$BOX" checkpoint -o standard | cat >got
check cmp got real/wanted
check test -L standard
if [[ $(id -u) != 0 ]]; then # root could lose the device
    "$LEDGER" -C "$BOX" checkpoint -o /dev/stdout >>got
    same "$(grep -c '^test.example/box$' got)" 2
fi

box 4 checkpoint -o real
box 4 checkpoint -o nowhere/file
box 4 artifact get "$id" -o nowhere/file

# A terminal opened by name is not treated as one: only standard output is made safe.
printf 'a\033]0;TITLE\007b' >steers
box 0 artifact put steers
on_tty() {
    timeout 60 script -qec "'$LEDGER' -C '$BOX' $1; echo exit \$?" /dev/null >"$T/.out" 2>"$T/.err" </dev/null || fail "script: $1"
    out=$(cat -v "$T/.out")
}
for command in "artifact get $out -o" 'checkpoint -o' 'prove 1 --payload' 'prove 1 -o'; do
    for name in /dev/tty /proc/self/fd/1; do
        on_tty "$command $name"
        out_has "is a terminal"
        out_has 'exit 4'
        out_lacks '^[]0;'
    done
done

# Files with content are readable by their owner only, even if they replace a more open file; public ones follow the umask.
umask 000
touch 1.payload stored && chmod 666 1.payload stored
box 0 append x.test.note --subject thing/2 --private '{"words": "x"}'
seq=$(jq .seq <<<"$out")
box 0 prove 1 -o 1.proof --leaf 1.leaf --payload 1.payload
box 0 checkpoint -o 1.checkpoint
box 0 checkpoint --save 1.saved
box 0 artifact get "$id" -o stored
box 0 export -o whole.tar.zst --whole
box 0 reveal "$seq" --private words -o reveal.tar.zst
box 0 support -o support.tar.zst
box 0 key new author.key --name author.example
for name in 1.payload stored whole.tar.zst reveal.tar.zst support.tar.zst author.key; do same "$name $(stat -c %a $name)" "$name 600"; done
for name in 1.proof 1.leaf 1.checkpoint 1.saved; do same "$name $(stat -c %a $name)" "$name 666"; done
umask 022
box 0 prove 1 -o 1.proof
same "$(stat -c %a 1.proof)" 644
same "$(find . -name '.ledger-tmp-*')" ''

finish
