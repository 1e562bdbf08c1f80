#!/usr/bin/env bash
# The loadable extension in Debian's sqlite3 shell: a ledger is opened by the environment or by name, its events are a
# table, and unreadable events are an error, never left out.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

EXTENSION=$(dirname "$LEDGER")/ledger-sqlite
[[ -e $EXTENSION.so ]] || {
    echo "there is no $EXTENSION.so: make builds it" >&2
    exit 1
}
command -v sqlite3 >/dev/null || {
    echo "sqlite3 is needed" >&2
    exit 1
}
# Instrumented code needs its runtime loaded first.
runtime=
for name in asan tsan; do
    if nm -D "$EXTENSION.so" | grep -q "__${name}_init"; then
        runtime=$(gcc -print-file-name="lib$name.so")
    fi
done

# sql CODE STATEMENT...: in the shell, with the extension loaded.
sql() {
    local want=$1 got=0
    shift
    LD_PRELOAD=$runtime ASAN_OPTIONS=detect_leaks=0 sqlite3 -batch -init /dev/null -cmd ".load $EXTENSION" :memory: "$@" \
        >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    out=$(<"$T/.out")
    err=$(<"$T/.err")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: $*"
}

# Without a ledger: the message says so, and how to open one.
sql 1 'SELECT count(*) FROM events'
err_has "SELECT ledger_open('DIR') opens one"
sql 1 "SELECT ledger_open('$T/nowhere')"
err_has 'nowhere'

new_box
for i in $(seq 1 600); do
    echo "{\"kind\": \"x.test.note\", \"subject\": \"thing/$((i % 7))\", \"open\": [\"text\", \"n\"], \"body\": {\"text\": \"it's $i\", \"n\": $i}}"
done >notes.jsonl
box 0 ingest jsonl notes.jsonl
box 0 append run.finished --subject run/r1 --run r1 --cause 5 outcome=ok duration_ms=1500

# By name, and by the environment.
sql 0 "SELECT ledger_open('$BOX')" 'SELECT count(*) FROM events'
out_has $'test.example/box\n603'
export LEDGER_DIR=$BOX
sql 0 'SELECT count(*) FROM events'
same "$out" 603

# An event appended between two statements is seen by the second, even without a table.
sql 0 "SELECT body_get(1, 'n'), body_get(603, 'text')" ".shell '$LEDGER' append x.test.note --subject thing/9 --open text text=late >/dev/null" \
    "SELECT body_get(603, 'text')" 'SELECT count(*) FROM events'
same "$out" $'1|\nlate\n604'

# What it contains.
sql 0 "SELECT seq, kind, body_get(seq, 'text'), body FROM events WHERE seq = 3"
same "$out" "3|x.test.note|it's 3|{\"n\":3,\"text\":\"it's 3\"}"
sql 0 "SELECT e.seq, e.outcome, e.duration_ms, c.seq, c.subject FROM events e JOIN events c ON c.seq = e.cause"
same "$out" '602|ok|1500|5|thing/5'
sql 0 "SELECT count(*), sum(json_extract(body, '\$.n')), median(body_get(seq, 'n')) FROM events WHERE subject = 'thing/3'"
same "$out" '86|25843|300.5'
sql 0 "SELECT seq FROM events ORDER BY seq DESC LIMIT 2 OFFSET 1"
same "$out" $'602\n601'
sql 0 "SELECT min(at = iso(time)), min(time > ago('1h')), max(time <= ts('now')) FROM events"
same "$out" '1|1|1'
sql 0 "CREATE TEMP TABLE mine AS SELECT seq, subject FROM events WHERE kind = 'x.test.note'" \
    "SELECT count(*) FROM mine JOIN events USING (seq)"
same "$out" 601
sql 0 "SELECT count(*) FROM pragma_table_xinfo('events') WHERE name IN ('seq', 'model', 'private', 'body')"
same "$out" 4

# It cannot write to the log.
sql 1 "DELETE FROM events"
err_has 'may not be modified'

# Loading it twice, even from a running statement, changes nothing.
sql 0 ".load $EXTENSION" "SELECT count(*) FROM events"
same "$out" 604
sql 0 "SELECT load_extension('$EXTENSION'), ts('now') > 0" "SELECT body_get(1, 'n'), count(*) FROM events"
same "$out" $'|1\n1|604'

# Two connections of one process read the same ledger, each with its own statement.
if [[ -z $runtime ]] && python3 -c 'import sqlite3; sqlite3.connect(":memory:").enable_load_extension(True)' 2>/dev/null; then
    got=$(
        python3 - "$EXTENSION" <<'EOF'
import sqlite3, sys

def connect():
    db = sqlite3.connect(":memory:")
    db.enable_load_extension(True)
    db.load_extension(sys.argv[1])
    return db

one, two = connect(), connect()
rows = one.execute("SELECT seq FROM events")
next(rows)
print(two.execute("SELECT count(*) FROM events").fetchone()[0], 1 + len(rows.fetchall()))
one.close()
print(two.execute("SELECT max(seq) FROM events WHERE kind = ?", ["x.test.note"]).fetchone()[0])
EOF
    )
    same "$got" $'604 604\n603'
fi

# A statement that needs an unreadable event ends with an error; others do not.
python3 - <<'EOF'
import os, re
f = open(os.environ["LEDGER_DIR"] + "/evidence/data.mdb", "r+b")
data = bytearray(f.read())
for m in re.finditer(rb"duration_ms\xcd\x05\xdc", data):  # also in pages that are no longer used
    data[m.end() - 1] ^= 1
f.seek(0)
f.write(data)
EOF
sql 1 'SELECT count(*) FROM events'
err_has 'event 602 is not what was written'
err_has 'could not be read'
sql 1 'SELECT seq FROM events WHERE body IS NOT NULL ORDER BY seq DESC LIMIT 100' # even if the scan need not reach the end
err_has 'event 602 is not what was written'
sql 1 "SELECT seq, body_get(seq, 'n') FROM events WHERE seq > 601 ORDER BY seq LIMIT 1"
err_has 'event 602 is not what was written'
sql 0 'SELECT count(*) FROM events WHERE seq < 500'
same "$out" 500

# The program does not include SQLite, and the extension exports only its entry point.
check bash -c "! ldd '$LEDGER' | grep -q sqlite"
same "$(nm -D --defined-only "$EXTENSION.so" | grep -c ' T ' || true)" 1

finish
