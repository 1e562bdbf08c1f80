#!/usr/bin/env bash
# query: conditions, limits, counts, formats, SQL, and what it refuses.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
models=(llama3.2:3b qwen2.5:7b phi4)
for i in $(seq 0 59); do
    run=r$((i / 6))
    outcome=ok
    ok=true
    ((i % 5)) || { outcome=error ok=false; }
    echo "{\"kind\":\"run.model_returned\",\"subject\":\"run/$run\",\"run\":\"$run\",\"actor\":\"agent:a$((i % 2))\",\"key\":\"k$i\"," \
        "\"body\":{\"model\":\"${models[i % 3]}\",\"outcome\":\"$outcome\",\"ok\":$ok,\"latency_ms\":$((i * 100)),\"output\":\"secret $i\"}}"
done >runs.jsonl
box 0 ingest jsonl runs.jsonl
box 0 append x.test.note -s thing/1 --open text,n,'list' text=one n:=7 list:='[1,2]' --cause 3 --key note-1
box 0 append x.test.note -s thing/2 --open text text=two
seqs() { same "$(jq -sr 'map(.seq) | join(",")' <"$T/.out")" "$1"; }
rows() { same "$(wc -l <"$T/.out")" "$1"; }

# Conditions: each one, several, several values of one.
lines=(--format jsonl)
box 0 query --run r3 "${lines[@]}"
seqs 19,20,21,22,23,24
box 0 query --run r3 --run r4 --outcome error "${lines[@]}"
seqs 21,26
box 0 query --run 'r*' --model 'llama*' --outcome error "${lines[@]}"
seqs 1,16,31,46
box 0 query --run 'r1*' --run r2 --actor agent:a1 --count
same "$out" 6
box 0 query --subject run/r9 --model phi4 --model qwen2.5:7b "${lines[@]}"
seqs 56,57,59,60
box 0 query --kind 'x.*' "${lines[@]}"
seqs 62,63
box 0 query --kind 'x.*' --kind ledger.created "${lines[@]}"
seqs 0,62,63
box 0 query --kind 'run.*' --kind ledger.created --count
same "$out" 61
box 0 query --kind x.test.note --kind 'run.[m]*' --count
same "$out" 62
box 0 query --key note-1 --source cli --grade reported "${lines[@]}"
seqs 62
box 0 query --since 62 "${lines[@]}"
seqs 62,63
box 0 query --since 5 --until 7 "${lines[@]}"
seqs 5,6,7
box 0 query --since 1h --count
same "$out" 64
box 1 query --until 1h --count
same "$out" 0
box 0 query --since 2020-01-01 --until "$(date -u +%Y)-12-31" --count
same "$out" 64
box 0 query --since yesterday --until today --count
same "$out" 64
box 3 query --since 1795341633
err_has '@1795341633 or 2026-11-22T10:00:33Z'
box 3 query --since noon
err_has "--since: 'noon' is neither an event number nor a time"
TZ=ABC-5 box 0 query --since 2020-01-01T10:00 --count
same "$out" 64
err_has "'2020-01-01T10:00' has no zone and is taken as local time: 2020-01-01 10:00:00+05:00"
box 0 --wait 0.5 query --since 1.5h --count
box 2 --wait half query
err_has "'half' is not a number of seconds"
box 2 query --last 0.5
err_has "'0.5' is not a whole number"
box 1 query --since 2200-01-01
out_empty
err_empty
box 1 query --run nobody
box 1 query --run nobody --format json
json .rows 0
json '.events | length' 0

# Limits and places.
box 0 query --first 2 "${lines[@]}"
seqs 0,1
box 0 query --last 2 --kind 'run.*' "${lines[@]}"
seqs 59,60
box 0 query -n 3 --run 'r1*' --run 'r2*' "${lines[@]}"
seqs 16,17,18
box 0 query --last 1000 "${lines[@]}"
rows 64
box 0 query --around 62 --context 1 "${lines[@]}"
seqs 61,62,63
box 0 query --around 30 --context 2 --outcome error "${lines[@]}"
seqs 21,26,30,31,36
box 0 query --around 30 --context 0 "${lines[@]}"
seqs 30
box 0 query --around 62 --context 1
out_has '>'
box 1 query --around 64
err_has 'the ledger has 64'

# Counts.
box 0 query --by outcome --kind 'run.*'
out_has OUTCOME
out_has '################################'
check grep -Eq '^ok +48  #+$' "$T/.out"
if grep -q ' $' "$T/.out"; then fail 'a line ends in a blank'; fi
check grep -Eq '^error +12  #+$' "$T/.out"
box 0 query --by model,outcome --kind 'run.*' --format json
json .schema ledger.counts/1
json .total 60
json '.groups[0] | [.model, .outcome, .events] | join(" ")' 'llama3.2:3b ok 16'
box 0 query --by model --first 1 --kind 'run.*' --format csv
same "$out" $'model,events\r\nllama3.2:3b,20\r'
box 0 query --by model --where 'latency_ms >= 5000' --format csv
same "$(sort <<<"$out" | tr -d '\r' | paste -sd' ')" 'llama3.2:3b,3 model,events phi4,4 qwen2.5:7b,3'
box 0 query --by body.n --format jsonl --kind x.test.note
same "$(jq -sc . <"$T/.out")" '[{"body.n":null,"events":1},{"body.n":7,"events":1}]'
box 0 query --by day --count --format json
json '.groups | length' 1
box 0 query --count --format json --explain
json '.groups[0].events' 64
json .cost.events 64
for by in kind kind,outcome model; do # the same with and without the index, and row by row
    box 0 query --by "$by" --format csv
    cp "$T/.out" index.csv
    box 0 query --by "$by" --format csv --no-index
    check cmp "$T/.out" index.csv
    box 0 query --by "$by" --format csv --where 1
    check cmp "$T/.out" index.csv
done

# Formats.
box 0 query --run r0
out_has 'SEQ  HAPPENED'
out_has 'model=llama3.2:3b'
out_lacks 'secret'
rows 7
box 0 query --run r0 --format json
json .schema ledger.query/1
json .size 64
json .rows 6
json .complete true
json '.events[1].body.model' qwen2.5:7b
json '.events[1].leaf | length' 64
box 0 query --run r0 --json --fields seq,time,latency_ms,ok,cause,body.model
json '.events[1] | keys_unsorted | join(",")' seq,time,latency_ms,ok,cause,body.model
json '.events[1].latency_ms' 100
json '.events[0].ok' false
json '.events[0].time | type' string
box 0 query --since 62 --until 62 --fields seq,key,body,private,leaf,author,at,day --json
json '.events[0].body.list | length' 2
json '.events[0].private' null
json '.events[0].at[0:10] == .events[0].day' true
box 0 query --run r0 --first 1 --fields private --json
json '.events[0].private.output' 'secret 0'
box 0 query --run r0 --first 1 --format csv --fields seq,model,ok,latency_ms,cause
same "$out" $'seq,model,ok,latency_ms,cause\r\n1,llama3.2:3b,false,0,\r'
if python3 -c 'import msgpack' 2>/dev/null; then
    box 0 query --run r0 --format msgpack --fields seq,model
    same "$(python3 -c 'import msgpack,sys; print([m["seq"] for m in msgpack.Unpacker(open(sys.argv[1],"rb"))])' "$T/.out")" \
        '[1, 2, 3, 4, 5, 6]'
fi
box 0 query --run r0 --first 1 --format msgpack --fields seq,cause
same "$(od -An -tx1 <"$T/.out" | tr -d ' \n')" 82a373657101a56361757365c0
box 0 query --since 62 --time relative
out_has ' ago'
TZ=Asia/Kolkata box 0 query --since 62 --time local
out_has '+05:30'

# What it took.
box 0 query --run r0 --explain
err_has 'plan: run'
err_has ' read, '
box 0 query --run r0 --explain --no-index
err_has 'event'

# SQL.
box 0 query --where "latency_ms > 5800 AND kind = 'run.model_returned'" "${lines[@]}"
seqs 60
box 0 query --where "body_get(seq, 'text') = 'two' -- so it is" "${lines[@]}"
seqs 63
box 0 query --where 'ok = 0' --last 2 --run 'r*' "${lines[@]}"
seqs 51,56
box 0 query --where "model = 'phi4'" --count
same "$out" 20
box 1 query --where '1 = 2'
box 0 query --sql 'SELECT model, count(*) AS n, max(latency_ms) FROM events WHERE model IS NOT NULL GROUP BY model ORDER BY n, model' --format csv
same "$out" $'model,n,max(latency_ms)\r\nllama3.2:3b,20,5700\r\nphi4,20,5900\r\nqwen2.5:7b,20,5800\r'
box 0 query --sql 'SELECT 1, 1, NULL AS x, 2.5 AS r' --json
json .schema ledger.sql/1
json '.records[0] | tojson' '{"1":1,"1:2":1,"x":null,"r":2.5}'
box 3 query --sql 'SELECT modle FROM events'
err_has 'at byte 7'
err_has "'model'"
box 3 query --where 'modle = 1'
err_has 'at byte 0'
err_has "'model'"
box 3 query --where '1) OR (1'
err_has "at byte 1: ')'"
box 3 query --where "model = 'x"
err_has 'at byte 8'
box 3 query --where '(1'
err_has "')' is missing"
for statement in 'DELETE FROM events' "ATTACH 'x' AS y" 'PRAGMA user_version' "SELECT load_extension('x')" \
    'SELECT 1; SELECT 2' 'CREATE TABLE t(x)'; do
    box 3 query --sql "$statement"
    out_empty
done
box 3 query --time-limit 1s --sql 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
err_has 'its limit of 1 s; --time-limit sets it'
# Temporary data that SQLite would spill to disk fits in memory, or the statement fails.
aside="SELECT count(DISTINCT x || hex(zeroblob(3000))) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 5000) SELECT x FROM c)"
box 3 query --memory-limit 8 --sql "$aside"
err_has 'the statement needs more than its limit of 8 MiB of memory; --memory-limit sets it'
box 0 query --time-limit none --sql "$aside" --format csv
same "$(tail -n 1 <<<"$out" | tr -d '\r')" 5000
box 2 query --memory-limit 1 --sql 'SELECT 1'
box 2 query --time-limit 0s --sql 'SELECT 1'

box 0 query --sql "SELECT name FROM pragma_table_xinfo('events') WHERE name = 'latency_ms'" --format csv
same "$out" $'name\r\nlatency_ms\r'
box 0 query --sql 'SELECT 0.1 + 0.2 AS x' # for people it is 0.3, for programs the exact value
same "$(tail -n 1 <<<"$out")" 0.3
box 0 query --sql 'SELECT 0.1 + 0.2 AS x' --format jsonl
same "$out" '{"x":0.30000000000000004}'
box 3 query --sql 'SELECT seq FROM evnts'
err_has 'at byte 16'

# Explanations of an answer go to standard error, once, and are not a failure.
box 1 query --sql "SELECT seq FROM events WHERE kind = 'run.finshed'"
same "$err" "ledger: query: the catalog has no kind 'run.finshed'; did you mean 'run.finished'?"
box 1 query --where "kind = 'run.finshed'" --count
err_has "'run.finished'"
box 1 -q query --where "kind = 'run.finshed'"
err_empty
box 1 query --where "kind GLOB 'run.finish*'" --first 1 --fields seq
err_empty
box 1 query --where "time > '2026-01-01'"
err_has "ts('...')"

# What --where finds is printed as it is found, without waiting for the rest, which a reader that has left does not want.
for i in $(seq 5000); do echo "{\"kind\":\"x.test.fill\",\"subject\":\"f/1\",\"key\":\"w$i\",\"body\":{}}"; done >more.jsonl
cp -r "$BOX" more
run 0 -C more append --moved
run 0 -C more ingest jsonl more.jsonl
run 0 -C more query --where 'seq >= 65' --format jsonl --fields seq --explain
same "$(jq -s 'map(.seq) == [range(65; 5066)]' <"$T/.out")" true
run 0 -C more query --where 'seq >= 65' --format jsonl --fields seq --first 20
same "$(jq -sc 'map(.seq) == [range(65; 85)]' <"$T/.out")" true
run 0 -C more query --where 'seq >= 65' --format jsonl --fields seq --last 5000
same "$(jq -sc 'map(.seq) == [range(66; 5066)]' <"$T/.out")" true
run 0 -C more query --where 'seq >= 65' --by kind --format csv
same "$(sort <<<"$out" | tr -d '\r' | paste -sd' ')" 'kind,events ledger.imported,1 x.test.fill,5000'
endless='seq < 40 OR (seq = 60 AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n))'
run 3 -C more query --where "$endless" --time-limit 1s --json --fields seq
err_has 'its limit of 1 s'
json '.events[-1].seq' 39
json .complete false

# What it refuses, with what was probably meant.
box 2 query --grade meassured
err_has "'measured'"
box 1 query --grade inferred
box 0 query --grade 're*' --first 1
box 2 query --first 0
err_has '1 or more'
box 2 query --fields seq,kind,seq
err_has "'seq' is named twice"
box 2 query --by kind,kind
box 0 query --fields 'seq, kind' --first 1 --format csv
same "${out%%$'\r'*}" 'seq,kind'
box 3 query --where 'model ='
err_has 'at byte 7: the expression is not complete'
box 3 query --where ''
err_has 'not complete'
box 2 query --kind run.model_return
err_has 'run.model_returned'
box 2 query --kind 'runs.*'
err_has "'run.*'"
box 2 query --fields seq,modle
err_has "'model'"
err_has body.modle
box 2 query --by outcom
err_has "'outcome'"
box 2 query --fields output
err_has private
box 2 query --fields ''
box 2 query --format jason
err_has "'json'"
box 2 query --time locale
err_has "'local'"
box 2 query --outcom ok
err_has "'--outcome'"
box 2 query --last x
box 2 query --first 1 --last 1
box 2 query --sql 'SELECT 1' --run r1
box 2 query --context 3
box 2 query --by kind,model,run,outcome,subject
box 2 query --follow --format json
box 2 query extra
box 3 query --since lately
err_has lately

# Following: existing events, then new ones, until the reader has seen enough.
(
    while [[ $(grep -c . follow.out 2>/dev/null) -lt 1 ]]; do sleep 0.05; done
    "$LEDGER" -C "$BOX" append x.test.note -s thing/3 --open text text=three >/dev/null
) &
"$LEDGER" -C "$BOX" query --follow --kind x.test.note --last 1 --format jsonl --fields seq,body.text >follow.out &
follower=$!
for ((i = 0; i < 600; i++)); do
    grep -q three follow.out 2>/dev/null && break
    sleep 0.05
done
kill -INT "$follower"
wait "$follower" || fail "following did not end well"
same "$(cat follow.out)" $'{"seq":63,"body.text":"two"}\n{"seq":64,"body.text":"three"}'
wait

# An unreadable event makes those stored together with it unreadable, here all from 256 on; the rest is answered, and the
# range is named.
for i in $(seq 300); do
    echo "{\"kind\":\"x.test.fill\",\"subject\":\"fill/$i\",\"key\":\"f$i\",\"body\":{}}"
done >fill.jsonl
box 0 ingest jsonl fill.jsonl
data=$BOX/evidence/data.mdb
note needle-in-the-evidence
while read -r at; do
    printf 'N' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle-in-the-evidence' "$data" | cut -d: -f1)
box 30 query --kind x.test.note "${lines[@]}"
err_has 'events 256..366: event 366 is not what was written'
seqs 62,63,64
box 30 query --kind x.test.note --last 2 "${lines[@]}"
seqs 63,64
box 30 query --kind x.test.note --format json
json .complete false
json '.unreadable | length' 1
json .rows 3
box 30 query --where "body_get(seq, 'text') IS NOT NULL" "${lines[@]}"
err_has 'event 366'
seqs 62,63,64
box 0 query --until 255 --kind x.test.note --count
same "$out" 3
box 30 query --kind x.test.note --count
same "$out" 3
err_has '111 events'
box 30 query --by body.text --kind x.test.note
err_has 'event 366'
out_has three

finish
