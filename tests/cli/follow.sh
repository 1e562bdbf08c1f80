#!/usr/bin/env bash
# follow writes lines that verify, continues where its cursor says, and ends normally when it is told to.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one
box 0 append run.started -s run/r-1 --run r-1 agent=coder prompt='say hello'
size() { "$LEDGER" -C "$BOX" stats --json | jq .events; }

# The export is recorded once, before the first byte, and is a line itself.
box 0 follow --once --to out.jsonl --recipient Ada
out_empty
same "$(size)" 4
box 0 show 3 --json
json .kind ledger.exported
json .body.format jsonl
json .body.query everything
json .private.recipient Ada
json .private.path out.jsonl
same "$(stat -c %a out.jsonl)" 600
run 0 verify --stream out.jsonl
out_has 'events 0 to 3, each in its place: 4 disclosed'
run 10 verify --stream out.jsonl --no-trust-file
"$LEDGER" verify --stream - --json <out.jsonl >"$T/.out"
json .verdict good
json .stream.sealed 4
check bash -c "! grep -q 'say hello' out.jsonl"

# The cursor continues; a file of several runs verifies as one, and compressed.
note two
box 0 follow --once --to out.jsonl
run 0 verify --stream out.jsonl
out_has '2 sections'
out_has 'events 0 to 5'
zstd -q out.jsonl
run 0 verify --stream out.jsonl.zst
out_has compressed

# A cursor that lags repeats lines; one of another ledger, or ahead, is refused.
sed '3s/.*/1/' out.jsonl.cursor >lag && "$LEDGER" -C "$BOX" show 0 --json >first
sed -i "4s/.*/$(jq -r .leaf first)/" lag
box 0 follow --once --to out.jsonl --cursor ./lag
run 0 verify --stream out.jsonl --json
json .stream.sections 3
json .stream.repeated 5
sed '3s/.*/999/' out.jsonl.cursor >ahead
box 3 follow --once --to out.jsonl --cursor ./ahead
err_has 'it continues at event 999, and the ledger has'
sed '2s/^./x/' out.jsonl.cursor >bad
box 3 follow --once --cursor ./bad
err_has 'is not a cursor'
run 0 -C other init --origin test.example/other
run 3 -C other follow --once --cursor ./out.jsonl.cursor
err_has 'it is the cursor of another ledger'
box 0 follow --once --cursor siem
check test -s "$BOX/follow/siem"

# What was changed is named by line and event.
sed '3s/"seq":1/"seq":2/' out.jsonl >changed
run 30 verify --stream changed
out_has 'line 3, seq 1'
sed '4d' out.jsonl >missing
run 30 verify --stream missing
out_has 'line 4, seq 2'
head -c -10 out.jsonl >short
run 30 verify --stream short
out_has 'the file ends within this line'

# A line that a crash has cut is removed, and the file verifies again.
cp short crashed.jsonl
cp out.jsonl.cursor crashed.jsonl.cursor
box 0 follow --once --to crashed.jsonl
err_has 'of a line that was cut off'
run 0 verify --stream crashed.jsonl
# Another file is not appended to.
echo hello >hello
box 3 follow --once --to hello
err_has 'is not a stream of this program'
same "$(cat hello)" hello

# A filter leaves leaves; private fields need their names.
box 0 follow --once --kind 'run.*' --private prompt
cp "$T/.out" runs
run 0 verify --stream runs
out_has 'not chosen'
out_has '1 private field'
box 2 follow --once --kind 'run*x*'
err_has "run*x*"
box 3 follow --once --format xml
err_has 'expected jsonl, otlp or syslog'
box 3 follow --once --to http://127.0.0.1:1/
err_has 'a URL is for --format otlp'
run 2 verify --stream out.jsonl other.jsonl
run 3 verify --stream nothing-here

# --from names something that has been.
box 2 follow --once --from 2261-01-01
err_has "--from: '2261-01-01' is in the future; expected: a time that has passed, or 'last'"
box 2 follow --once --from 999999
box 2 follow --once --from nonsense

# What looks like a secret is withheld, and said; the rest continues.
box 0 append x.test.note -s thing/9 --open text text='still fine'
box 0 follow --once --from 0 --format syslog
out_has '<110>1 '
out_has ' test.example/box ledger - x.test.note [ledger@32473 seq="1" leaf="'

# It follows while others write, until SIGTERM, and then nothing is missing.
"$LEDGER" -C "$BOX" follow --to live.jsonl &
follower=$!
for i in $(seq 1 20); do "$LEDGER" -C "$BOX" append x.test.note -s "live/$i" --open text text="n $i" >/dev/null; done
until grep -q '"checkpoint"' live.jsonl 2>/dev/null && [[ $(sed -n 3p live.jsonl.cursor 2>/dev/null) == "$(size)" ]]; do sleep 0.05; done
# A file that was renamed is begun anew, and each part verifies alone.
mv live.jsonl live.1.jsonl
until [[ -s live.jsonl ]]; do sleep 0.05; done
note after
until [[ $(sed -n 3p live.jsonl.cursor) == "$(size)" ]]; do sleep 0.05; done
# Two writers would mix their lines.
box 4 follow --once --to live.jsonl --cursor ./second
err_has 'is being written to by another process'
kill "$follower"
wait "$follower" || fail "it ended with $?"
run 0 verify --stream live.1.jsonl --json
json '.stream.sealed == .stream.to' true
run 0 verify --stream live.jsonl
cat live.1.jsonl live.jsonl >joined
run 0 verify --stream joined --json
json .stream.sealed "$(size)"

# A file that was cut in place is begun anew; one without output yet is left alone, and nothing more is recorded.
"$LEDGER" -C "$BOX" follow --to cut.jsonl &
follower=$!
until [[ -s cut.jsonl.cursor ]]; do sleep 0.05; done
: >cut.jsonl
until grep -q '"checkpoint":"' cut.jsonl; do sleep 0.05; done
kill "$follower"
wait "$follower" || fail "it ended with $?"
run 0 verify --stream cut.jsonl
before=$(size)
"$LEDGER" -C "$BOX" follow --format syslog --subject none --to quiet.log &
follower=$!
until [[ -s quiet.log.cursor ]]; do sleep 0.05; done
sleep 1.5
kill "$follower"
wait "$follower" || fail "it ended with $?"
same "$(size)" $((before + 1))

# A directory that is replaced ends it.
cp -r "$BOX" "$BOX.copy"
"$LEDGER" -C "$BOX" follow --to moved.jsonl 2>moved.err &
follower=$!
until [[ -s moved.jsonl.cursor ]]; do sleep 0.05; done
mv "$BOX" "$BOX.old" && mv "$BOX.copy" "$BOX"
got=0
wait "$follower" || got=$?
same "$got" 4
check grep -q 'was moved or replaced' moved.err
rm -rf "$BOX" && mv "$BOX.old" "$BOX"

# A reader that goes away ends it, and the cursor is right.
got=0
{ "$LEDGER" -C "$BOX" follow --cursor ./gone 2>"$T/.err" || got=$?; echo "$got" >code; } | head -n 2 >/dev/null
check grep -Eq '^(0|4)$' code
finish
