#!/usr/bin/env bash
# Derived data may be thrown away at any time. Where it cannot be opened or read, the index is damaged and nothing else; --fix makes
# it anew and records that, --dry-run says so and changes no byte, and what does not need it is mended without it.
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
bytes() { (cd "$BOX" && find . -type f ! -name lock.mdb -exec sha256sum {} + -exec stat -c '%n %a %Y' {} + | sort); }

# again: a box without any damage.
n=0
again() {
    n=$((n + 1))
    BOX=$T/box$n
    data=$BOX/derived/data.mdb
    box 0 init --origin "test.example/box-$n"
    box 0 append run.started -s run/a --run a agent=x
    doctor
    box 0 rebuild -q
}
garbage() { head -c 30000 /dev/urandom >"$data"; }
holes() { dd if=/dev/zero of="$data" bs=4096 seek=2 count=30 conv=notrunc status=none; }
short() { truncate -s 5000 "$data"; }
half() { truncate -s 20000 "$data"; }

for harm in garbage holes short half; do
    again
    $harm
    chmod 644 "$BOX/keys/log.key"
    before=$(bytes)
    box 0 doctor --fix --dry-run
    out_has 'to mend   index '
    same "$(bytes)" "$before"
    box 0 doctor --fix --dry-run --only keys --json
    repairs 'keys log.key planned'
    doctor --fix --only keys --json
    repairs 'keys log.key ok'
    state keys pass
    again
    $harm
    doctor --no-probe --json
    doctor --json
    state index fail
    json '.clauses[] | select(.clause == "index") | .remedy' 'ledger doctor --fix'
    for clause in keys quota readers probes; do
        state "$clause" pass
    done
    $harm # in case what was recorded made it anew
    doctor --fix --json
    repairs 'index - ok'
    state index pass
    box 0 log --kind doctor.remedied --json
    same "$(jq -r '.body.check + " " + .body.outcome' .out | sort -u)" 'ledger-index ok'
    box 0 doctor --fix --dry-run
    out_has 'nothing to mend'
    box 0 rebuild --check
    box 0 index --check
done

# One that was never finished is no damage, and a dry run does not finish it.
again
: >"$data"
before=$(bytes)
box 0 doctor --fix --dry-run
out_has 'nothing to mend'
same "$(bytes)" "$before"
finish
