#!/usr/bin/env bash
# A bundle is verified without its ledger: by key, genesis or checkpoint; truncated, changed and foreign ones are told
# apart.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append run.started -s run/r-1 --run r-1 agent=coder prompt='say hello'
note one
note two
box 0 key rotate
note three
box 0 checkpoint -o early
box 0 key export
vkey=$out
genesis=$("$LEDGER" -C "$BOX" show 0 --json | jq -r .leaf)
box 0 export -o b.tar --whole --plain
box 0 export -o b.tar.zst --whole
box 0 checkpoint -o late
run 0 -C other init --origin test.example/other --no-trust
run 0 -C other key export
other=$out
run 0 -C other checkpoint -o other.checkpoint
mv "$BOX" away

for name in b.tar b.tar.zst; do
    run 0 verify $name
    out_has 'a bundle'
    run 0 verify $name --no-trust-file --key "$vkey"
    out_has 'valid and anchored'
    out_has 'complete within [0, '
    run 0 verify $name --no-trust-file --genesis "$genesis"
    run 10 verify $name --no-trust-file
    out_has 'not anchored'
    run 10 verify $name --no-trust-file --key "$other"
    out_has 'signed by nobody you named'
    run 20 verify $name --no-trust-file --genesis "${genesis//[0-4]/5}"
    out_has CONTRADICTS
done
printf 'log %s\nquorum none\n' "$vkey" >policy
run 0 verify b.tar.zst --no-trust-file --policy policy
run 0 verify b.tar.zst --no-trust-file --checkpoint early
run 0 verify b.tar.zst --no-trust-file --key "$vkey" --json
json .verdict good
json .exit 0
json .format bundle
json .origin test.example/box
json .aspects.completeness.state good
json .findings_total 0
json .counts.headers "$(jq .to <"$T/.out")"
run 20 verify b.tar.zst --no-trust-file --checkpoint other.checkpoint

# Events, once the bundle is found valid.
run 0 verify b.tar.zst --print
out_has 'run.started  run/r-1'
out_lacks 'say hello'
run 10 verify b.tar.zst --print --json --no-trust-file
same "$(head -n 2 "$T/.out" | tail -n 1 | jq -r .body.agent)" coder
same "$(tail -n 1 "$T/.out" | jq -r .verdict)" 'not anchored'

# Truncated, changed, with trailing data.
size=$(stat -c %s b.tar)
for n in 600 2048 $((size / 2)) $((size - 512)) $((size - 1)); do
    head -c "$n" b.tar >cut.tar
    run 30 verify cut.tar --print
    out_has INVALID
    out_lacks 'by user:'
done
head -c 400 b.tar.zst >cut.tar.zst
run 30 verify cut.tar.zst
cat b.tar b.tar >twice.tar
run 30 verify twice.tar
# In every tenth of it a bit is flipped, and detected.
for i in 1 2 3 4 5 6 7 8 9; do
    cp b.tar bad.tar
    at=$((size * i / 10))
    byte=$(od -An -tu1 -j $at -N 1 bad.tar)
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of=bad.tar bs=1 seek=$at conv=notrunc status=none
    run 30 verify bad.tar
    out_has 'first fault'
done
run 30 verify bad.tar --json
json .exit 30
[[ $(jq -r '.findings[0].reason' <"$T/.out") != null ]] || fail 'no finding'

# Through a pipe.
code=0
"$LEDGER" verify - --no-trust-file --key "$vkey" <b.tar >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 0
code=0
"$LEDGER" verify /dev/stdin --no-trust-file --key "$vkey" < <(cat b.tar.zst) >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 0
code=0
"$LEDGER" verify - --print < <(cat b.tar) >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 3
code=0
head -c 3000 b.tar | "$LEDGER" verify - >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 30
"$LEDGER" verify b.tar >/dev/full 2>"$T/.err" || code=$?
same "$code" 4

# Invalid combinations, and files that are not bundles.
run 2 verify b.tar --derived
run 2 verify b.tar --since-verified
run 2 verify b.tar --threads 2
run 2 verify b.tar --leaf early
run 2 verify b.tar b.tar.zst
run 2 -C away verify --print
err_has BUNDLE
run 3 verify absent
run 3 verify absent --print
err_has 'No such file'
run 30 verify early
out_has 'it does not begin as a bundle does'
head -c 100 b.tar >short
run 30 verify short
: >empty
run 30 verify empty --print
out_has INVALID
run 30 verify empty --json
json .verdict invalid
head -c 1024 /dev/zero >zeros
run 30 verify zeros
for bit in 1 2 4 8 16 32 64 128; do
    cp b.tar bad.tar
    byte=$(od -An -tu1 -j 100 -N 1 bad.tar)
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ bit)))" | dd of=bad.tar bs=1 seek=100 conv=notrunc status=none
    run 30 verify bad.tar
done
run 3 verify "$T/other"
err_has '-C'
run 3 verify b.tar --key nonsense
run 3 verify b.tar --checkpoint absent
run 3 verify b.tar --authors absent
head -c 5000 /dev/urandom | zstd -q >noise.zst
run 30 verify noise.zst

# A ledger that was rolled back, or has a second history: both checkpoints are printed, to be shown to others.
cp -r away fork
run 0 -C fork append --moved
run 0 -C fork append x.test.note -s fork/2
mv away "$BOX"
for i in 1 2 3; do note "n$i"; done
box 0 checkpoint --save kept
box 0 checkpoint --save kept --json
json .saved unchanged
run 20 -C fork verify --no-trust-file --checkpoint kept
out_has 'evidence to keep'
same "$(grep -c '^test.example/box$' "$T/.out")" 2
out_has 'cut back'
run 0 -C fork append x.test.note -s fork/3
for i in 1 2 3 4; do run 0 -C fork append x.test.note -s fork/$i; done
run 20 -C fork verify --no-trust-file --checkpoint kept --json
json '.evidence[0].stand' fork
json '.evidence[0].known_note' "$(cat kept)"
json '.evidence[0].consistency | length > 0' true
cp kept before
run 20 -C fork checkpoint --save kept
err_has 'another history'
out_has 'evidence to keep'
check cmp kept before
note newer
box 0 checkpoint --save kept
check bash -c '! cmp -s kept before'
run 20 -C fork verify --no-trust-file --checkpoint kept
cp kept before
run 3 -C other checkpoint --save kept
err_has 'has not signed'
check cmp kept before
echo 'my notes' >notes
box 3 checkpoint --save notes
err_has 'is not a checkpoint'
same "$(cat notes)" 'my notes'
box 3 checkpoint --save "$T"
box 4 checkpoint --save nowhere/kept
box 2 checkpoint --save kept -o kept
if command -v prlimit >/dev/null; then
    note newest
    code=0
    (set -o pipefail && prlimit --core=0 --fsize=100 "$LEDGER" -C "$BOX" checkpoint --save kept 2>&1 | cat >"$T/.err") || code=$?
    same "$code" 4
    check cmp kept before
fi

# Several at once: the newest is kept.
for i in 1 2 3 4 5 6; do
    note "m$i"
    "$LEDGER" -C "$BOX" checkpoint --save kept >/dev/null 2>&1 &
done
wait
box 0 checkpoint --save kept
box 0 checkpoint
same "$out" "$(cat kept)"

finish
