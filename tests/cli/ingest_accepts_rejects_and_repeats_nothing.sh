#!/usr/bin/env bash
# ingest: what is accepted, what is rejected and why, the same input again, dry runs, options.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
cat >in.jsonl <<'J'
{"kind":"x.test.note","subject":"thing/1","actor":"service:t","key":"a1","open":["text"],"body":{"text":"one"}}
{"kind":"x.test.note","subject":"thing/2","actor":"service:t","key":"a2","open":["text"],"body":{"text":"two"}}
J
box 0 ingest jsonl in.jsonl --dry-run
same "$(head -n 2 "$T/.out" | jq -r .subject | paste -sd,)" thing/1,thing/2
box 0 stats --json
json .events 1
box 0 ingest jsonl in.jsonl --json
json .accepted 2
json .rejected 0
json .receipts 1
box 0 log --json --kind ledger.imported
same "$(wc -l <"$T/.out")" 1
size=$("$LEDGER" -C "$BOX" stats --json | jq .events)
box 0 ingest jsonl in.jsonl --json
json .accepted 0
json .duplicate 2
json .size "$size"

{
    cat in.jsonl
    echo 'not json'
    echo '{"kind":"no.such.kind","subject":"a","actor":"service:t"}'
} >bad.jsonl
box 3 ingest jsonl bad.jsonl
err_has 'bad.jsonl: line 3'
err_has 'bad.jsonl: line 4'
out_has '2 rejected'
box 3 ingest jsonl bad.jsonl --strict
err_has 'line 3'
box 3 ingest jsonl absent.jsonl
err_has absent.jsonl

# Standard input.
code=0
echo '{"kind":"x.test.note","subject":"thing/9","actor":"service:t","key":"a9"}' |
    "$LEDGER" -C "$BOX" ingest jsonl - --json >"$T/.out" 2>"$T/.err" || code=$?
same "$code" 0
json .accepted 1

# A holder of a bundle cannot test guesses of a line, or of a small input, that was not disclosed.
guess='{"kind":"x.acme.test","subject":"patient/7","open":[],"body":{"result":"positive"}}'
box 0 init --origin test.example/guess -C "$T/guess"
printf '%s\n' "$guess" >guess.jsonl
run 0 -C "$T/guess" ingest jsonl guess.jsonl
run 0 -C "$T/guess" export -o guess.tar --whole --bodies all --plain
tar -xOf guess.tar entries/0 >shown
tar -xOf guess.tar payloads/0.jsonl | jq -r '.. | strings' | while read -r text; do
    base64 -d <<<"$text" >>shown 2>/dev/null || true
done
check grep -aq 'import/jsonl' shown
check grep -aq '"\?accepted' shown
run 0 -C "$T/guess" log --json
for digest in "$(printf %s "$guess" | sha256sum | cut -c1-32)" "$(sha256sum <guess.jsonl | cut -c1-32)"; do
    out_lacks "$digest"
    check test "$(grep -ac "$digest" shown)" = 0
done

# Following stops at a signal and omits nothing.
: >grow.jsonl
"$LEDGER" -C "$BOX" ingest jsonl --follow grow.jsonl --json >"$T/.out" 2>"$T/.err" &
pid=$!
echo '{"kind":"x.test.note","subject":"follow/1","actor":"service:t","key":"f1"}' >>grow.jsonl
for _ in $(seq 600); do
    "$LEDGER" -C "$BOX" log --subject follow/1 >/dev/null 2>&1 && break
    sleep 0.1
done
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
same "$code" 0
json .accepted 1
json .stopped true

# Other sources.
mkdir -p root/var/log root/etc root/proc
cat >root/var/log/dpkg.log <<'J'
2026-11-20 08:00:00 startup archives unpack
2026-11-20 08:00:01 install libfoo:amd64 <none> 1.0-1
2026-11-20 08:00:02 status installed libfoo:amd64 1.0-1
J
box 0 ingest dpkg --root root --json
[[ $(jq .accepted <<<"$out") -ge 1 ]] || fail "dpkg: nothing accepted"
box 0 ingest hardware --json
box 0 ingest hardware --dry-run

box 0 ingest --sources
out_has jsonl
out_has dpkg
out_has hardware
box 2 ingest
box 2 ingest nosuch
err_has nosuch
box 2 ingest hardware file
box 2 ingest hardware --follow
box 2 ingest jsonl --root /
box 2 ingest jsonl --follow --dry-run in.jsonl
box 2 ingest jsonl --follow in.jsonl bad.jsonl
box 2 ingest jsonl --strickt
err_has "did you mean '--strict'"
run 3 -C nowhere ingest jsonl in.jsonl
box 0 verify

finish
