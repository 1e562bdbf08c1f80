#!/usr/bin/env bash
# export writes a bundle of exactly what was requested, says what is disclosed, records it, and leaves nothing behind when
# it fails.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 append run.started -s run/r-1 --run r-1 agent=coder prompt='say hello' cwd="$HOME/x"
box 0 append run.started -s run/r-2 --run r-2 agent=coder prompt='say goodbye'
note one
box 0 append run.finished -s run/r-1 --run r-1 status=ok
names() { zstd -dc "$1" | tar t | tr '\n' ' '; }
size() { "$LEDGER" -C "$BOX" stats --json | jq .events; }

# What is disclosed is listed first; nothing is written or recorded.
box 0 export --dry-run --run r-1
out_has 'run.started  run/r-1'
out_lacks run/r-2
out_has 'all 4 headers of events 1 to 4 leave in full'
out_has '2 with their bodies, 0 withheld, 2 of events that do not match;'
box 0 export --dry-run --run r-1 --private prompt --json
json .matching 2
json .private_fields 1
json .secrets 0
same "$(size)" 5

box 0 export -o run.tar.zst --run r-1 --recipient 'Ada' --note 'as asked'
out_has 'all 4 headers of events 1 to 4'
out_has 'recorded as event 5'
same "$(names run.tar.zst)" 'manifest.dsse.json checkpoint keys range.proof entries/0 payloads/0.jsonl VERIFY.md SHA256SUMS '
same "$(stat -c %a run.tar.zst)" 600
box 0 show 5 --json
json .kind ledger.exported
json .body.format bundle
json .body.query 'run = r-1'
json .body.digest "sha256:$(sha256sum run.tar.zst | cut -d' ' -f1)"
json .body.bytes "$(stat -c %s run.tar.zst)"
json .private.recipient Ada
json .private.note 'as asked'
json .private.path run.tar.zst
# Private fields are disclosed only by name, in matching bodies.
box 0 export -o private.tar.zst --run r-1 --private prompt
zstd -dc private.tar.zst | tar xO payloads/0.jsonl | jq -r '.private[]?.field // empty' | base64 -d >fields
check grep -q 'say hello' fields
check bash -c '! grep -q x fields'
box 0 show 6 --json
json .body.disclosure 'matching bodies, private: prompt'

box 0 export -o all.tar --whole --bodies all --plain --json
json .path all.tar
json .headers 7
json .recorded 7
check tar tf all.tar >names
box 0 export -o sparse.tar.zst --sparse 1,3,3
out_has '2 headers of events 1 to 3 leave in full'
same "$(names sparse.tar.zst)" 'manifest.dsse.json checkpoint keys sparse/0.jsonl VERIFY.md SHA256SUMS '
box 0 export -o sql.tar.zst --sql "SELECT seq FROM events WHERE kind = 'x.test.note'" --json
json .headers 1
box 0 export -o states.tar.zst --whole --states runs,packs --artifacts
check test "$(zstd -dc states.tar.zst | tar t | grep -c '^states/')" = 2
for name in *.tar.zst all.tar; do run 0 verify "$name"; done

# To standard output: the same bundle as in a file, for the same head.
cp -r "$BOX" twin
run 0 -C twin append --moved
box 0 export -o - --whole
setsid -w "$LEDGER" -C twin export -o - --whole >a.tar.zst </dev/null
run 0 verify a.tar.zst
code=0
"$LEDGER" -C "$BOX" export -o - --whole >/dev/full 2>"$T/.err" </dev/null || code=$?
same "$code" 4

# What was disclosed is recorded, even if the reader hung up; and a kill leaves nothing or a complete bundle.
head -c 100000 /dev/urandom | base64 -w 0 >noise
for i in 1 2 3; do box 0 append x.test.noise -s noise/1 --body "{\"n\":$i,\"noise\":\"$(cut -c "$i-60000" noise)\"}"; done
before=$(size)
"$LEDGER" -C "$BOX" export -o - --whole --plain 2>"$T/.err" </dev/null | head -c 20000 >part || true
same "$(size)" "$((before + 1))"
mkdir kills
for i in 1 2 3 4 5 6 7 8; do
    "$LEDGER" -C "$BOX" export -o "kills/$i.zst" --whole >"$T/.out" 2>&1 </dev/null &
    sleep "0.00$i"
    kill -9 $! 2>/dev/null || true
    wait $! 2>/dev/null || true
done
for name in kills/* kills/.[!.]*; do
    [[ ! -e $name ]] || run 0 verify "$name"
done

# Exit codes.
before=$(size)
box 2 export
err_has '-o FILE'
box 2 export -o x.zst extra
box 2 export -o x.zst --kind no.such
box 2 export -o x.zst --kind run.startd
err_has "unknown kind 'run.startd', did you mean 'run.started'?"
box 1 export -o x.zst --kind x.no.such
box 1 export -o x.zst --sparse 99
box 3 export -o x.zst --kind 'run.*ed'
err_has "only a '*' at the end"
box 3 export -o x.zst --bodies some
box 3 export -o x.zst --states nosuch
box 3 export -o x.zst --private a,a
box 3 export -o x.zst --sparse 1 --kind run.started
box 3 export -o x.zst --since 3 --until 2
box 0 export --dry-run --since 3 --until 3 --json
json '"\(.from) \(.to) \(.headers)"' '3 4 1'
box 3 export -o run.tar.zst --run r-1
err_has 'exists already'
run 0 verify run.tar.zst
ln -s nowhere dangling
box 3 export -o dangling --whole
box 4 export -o nowhere/x.zst --whole
if command -v prlimit >/dev/null; then
    code=0
    (set -o pipefail && prlimit --core=0 --fsize=700 "$LEDGER" -C "$BOX" export -o x.zst --whole --plain 2>&1 | cat >"$T/.err") || code=$?
    same "$code" 4
fi
run 3 -C nowhere export -o x.zst --whole
check test ! -e x.zst
same "$(find . -name '.ledger-tmp-*')" ''
same "$(size)" "$before"

finish
