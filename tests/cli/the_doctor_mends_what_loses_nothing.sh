#!/usr/bin/env bash
# doctor --fix: exposed keys, stale states, a missing index and dead readers are ill before, mended, recorded, and well
# after; a second time there is nothing to do; --dry-run changes no byte; and what is not ours to mend stays as it is.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# state CLAUSE WANTED: of the last answer.
state() { json ".clauses[] | select(.clause == \"$1\") | .state" "$2"; }
# doctor ARGS...: whatever its verdict, since the box itself decides that too.
doctor() {
    local got=0
    setsid -w "$LEDGER" -C "$BOX" doctor "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    { out=$(<"$T/.out"); } 2>/dev/null
    { err=$(<"$T/.err"); } 2>/dev/null
    ((got < 2)) || fail "exit code $got: ledger doctor $*"
}
repairs() { json '[.repairs[] | "\(.clause) \(.target // "-") \(.outcome)"] | join(", ")' "$1"; }
remedied() { box "$(($1 == 0))" log --kind doctor.remedied --json; same "$(wc -l <"$T/.out")" "$1"; }
# LMDB notes in the lock files who reads.
bytes() { (cd "$BOX" && find . -type f ! -name lock.mdb -exec sha256sum {} + -exec stat -c '%n %a %Y' {} + | sort); }

new_box
box 0 append run.started -s run/a --run a agent=x
box 0 rebuild
doctor --json
state states pass
doctor --fix
out_has 'nothing to mend'
remedied 0

# Keys that others can read, and states of other code.
chmod 644 "$BOX"/keys/*.key
python3 -B "$ROOT/tests/cli/make_stale.py" "$BOX" runs
doctor --json
state states warn
state keys fail
json '.clauses[] | select(.clause == "keys") | .remedy' 'ledger doctor --fix'
before=$(bytes)
box 0 doctor --fix --dry-run
out_has "to mend   close the key file 'log.key' to others"
out_has "rebuild the states of 'runs'"
box 0 doctor --fix -n --json
json .schema ledger.doctor-fix/1
repairs 'keys log.key planned, keys epoch-0.key planned, states runs planned'
same "$(bytes)" "$before"
box 0 doctor --fix -n --only states --json
repairs 'states runs planned'
doctor --fix --json
repairs 'keys log.key ok, keys epoch-0.key ok, states runs ok'
state states pass
state keys pass
same "$(stat -c %a "$BOX"/keys/*.key | sort -u)" 600
remedied 3
same "$(jq -r '[.body.check, .body.target, .body.remedy, .body.outcome, .body.exit_code, .body.tier] | join(" ")' "$T/.out" | tail -n 1)" \
    'states runs rebuild ok 0 T1'
doctor --fix --json
repairs ''
remedied 3
doctor --fix
out_has 'nothing to mend'
box 0 verify

# In German.
chmod 640 "$BOX/keys/log.key"
LC_ALL=C.UTF-8 LANGUAGE=de doctor --fix
out_has 'behoben   die Schlüsseldatei'

# A link, and a file with a second name, are not followed and not changed.
chmod 644 "$BOX/keys/log.key"
ln "$BOX/keys/log.key" second
doctor --fix --json
repairs 'keys log.key refused'
same "$(stat -c %a second)" 644
rm second
mv "$BOX/keys/log.key" away
ln -s "$T/away" "$BOX/keys/log.key"
box 0 doctor --fix -n --json
repairs ''
rm "$BOX/keys/log.key"
mv away "$BOX/keys/log.key"
doctor --fix --json
repairs 'keys log.key ok'

# Rows that cannot be read.
box 0 rebuild
python3 - "$BOX/derived/data.mdb" <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.find(b"\xa1x")
n = 0
while at >= 0:
    data[at] = 0xC1  # never used by MessagePack
    n += 1
    at = data.find(b"\xa1x", at + 1)
assert n > 0
open(sys.argv[1], "r+b").write(data)
END
box 0 doctor --fix -n --only states --json
json '[.repairs[].target] | index("runs") != null' true
cp "$BOX/derived/data.mdb" damaged.mdb
for how in --no-probe '--no-probe --json' --list 'why states' 'diff 1' '--only states' ''; do
    cat damaged.mdb >"$BOX/derived/data.mdb"
    # shellcheck disable=SC2086
    doctor $how # from the events alone
    err_empty
done
cat damaged.mdb >"$BOX/derived/data.mdb"
doctor --only states --json
state states fail
json '.clauses[0].remedy' 'ledger doctor --fix'
same "$(jq -r '.clauses[0].messages[].args.projection' .out | grep -cx runs)" 1
cat damaged.mdb >"$BOX/derived/data.mdb"
doctor --json
state states fail
cat damaged.mdb >"$BOX/derived/data.mdb"
doctor --fix --json
json '[.repairs[].outcome] | unique | join(" ")' ok
state states pass
box 0 why run/a
box 0 rebuild --check

# A reader that was killed while another one has the database open; LMDB empties the table only when nobody has.
cat >reader.py <<'END'
import ctypes, sys, time
lmdb = ctypes.CDLL("liblmdb.so.0")
env, txn = ctypes.c_void_p(), ctypes.c_void_p()
assert lmdb.mdb_env_create(ctypes.byref(env)) == 0
assert lmdb.mdb_env_open(env, sys.argv[1].encode(), 0x20000, 0o600) == 0  # MDB_RDONLY
if sys.argv[2] == "reads":
    assert lmdb.mdb_txn_begin(env, None, 0x20000, ctypes.byref(txn)) == 0
print("open", flush=True)
time.sleep(600)
END
coproc KEEPER { exec python3 -B reader.py "$BOX/evidence" keeps; }
read -r _ <&"${KEEPER[0]}"
keeper=$KEEPER_PID
exec 7< <(exec python3 -B reader.py "$BOX/evidence" reads)
killed=$!
read -r _ <&7
kill -9 "$killed"
while kill -0 "$killed" 2>/dev/null; do :; done
box 0 doctor --fix -n --json
repairs 'readers evidence planned'
doctor --json
state readers warn
box 0 log --kind doctor.observed --json
same "$(jq -r 'select(.body.check == "ledger-readers") | .body.status' "$T/.out" | tail -n 1)" dead
exec 7< <(exec python3 -B reader.py "$BOX/evidence" reads)
killed=$!
read -r _ <&7
kill -9 "$killed"
while kill -0 "$killed" 2>/dev/null; do :; done
doctor --fix --json
repairs 'readers evidence ok'
state readers pass
box 0 doctor --fix -n --json
repairs ''
kill "$keeper"

# No index of a log that is long.
python3 - >long.jsonl <<'END'
for i in range(66000):
    print('{"kind":"x.test.note","subject":"thing/1","body":{"n":%d}}' % i)
END
box 0 ingest jsonl long.jsonl
rm -r "$BOX/derived"
box 0 doctor --fix -n
out_has 'index 66'
doctor --fix --json
repairs 'index - ok'
state index pass
state states pass
box 0 index --check --json
json '.covered >= 65536' true
doctor --fix --json
repairs ''

# What does not go together; and a ledger that does not verify is left alone.
box 2 doctor --fix --no-probe
box 2 doctor --fix --watch
box 2 doctor --dry-run
box 2 doctor --fix -n --format junit
BOX=$T/tampered
box 0 init --origin test.example/tampered
note 'needle-in-the-evidence'
chmod 644 "$BOX/keys/log.key"
while read -r at; do
    printf 'N' | dd of="$BOX/evidence/data.mdb" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle-in-the-evidence' "$BOX/evidence/data.mdb" | cut -d: -f1)
before=$(bytes)
box 30 doctor --fix
out_has INVALID
same "$(bytes)" "$before"
finish
