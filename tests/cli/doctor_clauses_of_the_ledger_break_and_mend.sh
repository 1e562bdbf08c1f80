#!/usr/bin/env bash
# Key files, the trust file, a disk and an import are broken in earnest; the verdict says so, since when and by which event, the command that is
# printed is run as printed, and the clause passes. Each of these moments is judged the same again later, also from states that
# were built anew.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
"$LEDGER" -C "$BOX" doctor --all >"$T/.out" || true # however well this machine is
: >moments # SEQ CLAUSE STATE

# now CLAUSE: looks, and reads the clause into clause.json; its moment is kept.
now() {
    local got=0
    setsid -w "${as[@]}" "$LEDGER" -C "$BOX" doctor --only "$1" --json >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    jq '.clauses[0]' "$T/.out" >clause.json
    state=$(jq -r .state clause.json)
    case $state in
    pass | warn) same "$got" 0 ;;
    *) same "$got" 1 ;;
    esac
    echo "$(($(jq .size "$T/.out") - 1)) $1 $state" >>moments
}

# broken CLAUSE STATE WORDS: since the newest event about it, which it cites, of a measured check, with a remedy.
broken() {
    now "$1"
    same "$1: $state" "$1: $2"
    [[ $(jq -r .reason clause.json) == *"$3"* ]] || fail "$1: $(jq -r .reason clause.json)"
    seq=$(jq .since_seq clause.json)
    check jq -e ".evidence | index($seq) != null" clause.json >/dev/null
    box 0 show "$seq" --json
    json .kind doctor.observed
    json .grade measured
    same "$(jq -r .since clause.json)" "$(jq -r .time "$T/.out")"
    COLUMNS=1000 "${as[@]}" "$LEDGER" -C "$BOX" doctor --no-probe --only "$1" >page || true
    check grep -Eq "^$2 +$1: .*" page
    check grep -q "by event $seq" page
    check grep -q '^  remedy' page
    check jq -e '.remedy != null' clause.json >/dev/null
}

# mended CLAUSE: by the remedy as it is printed.
mended() {
    local printed
    printed=$(sed -n 's/^  remedy *//p' page | head -n 1)
    [[ $printed == 'ledger '* ]] || fail "'$printed' is no command of this program"
    (
        # shellcheck disable=SC2317 # what is printed calls it
        ledger() { "${as[@]}" "$LEDGER" "$@"; }
        eval "$printed"
    ) >"$T/.out" 2>"$T/.err" || (($? == 1)) || fail "'$printed' fails"
    now "$1"
    same "$1: $state" "$1: pass"
    same "$(jq -r .remedy clause.json)" null
}
as=()

# Key files.
chmod 644 "$BOX/keys/log.key"
broken keys fail 'log.key is open to others'
mended keys
same "$(stat -c %a "$BOX/keys/log.key")" 600
box 0 key rotate
now keys
same "$state" pass
box 0 state checks --json
json '[.states[] | select(.check == "ledger-keys" and .target == "epoch-0.key") | .status] | join(" ")' not_applicable

# The trust file.
mv "$TRUST" trust.kept
broken trust warn 'does not know'
mv trust.kept "$TRUST"
mended trust

# A disk: a small one in memory, where temporary files go.
mkdir small
# shellcheck disable=SC2016 # the inner shell expands them
as=(unshare -rm bash -c 'mount -t tmpfs -o size=1m none "$0" && head -c "$(cat "$0.fill")" /dev/zero >"$0/file" && TMPDIR=$0 exec "$@"' "$T/small")
echo 0 >small.fill
if "${as[@]}" true 2>/dev/null; then
    now disk
    same "$state" pass
    echo 990000 >small.fill
    broken disk warn 'temporary'
    echo 1040000 >small.fill
    now disk
    check test "$state" != pass
    echo 0 >small.fill
    mended disk
fi
as=()

# What an import refused.
echo '{"kind":"x.test.note","subject":"s/1","actor":"service:t","key":"k1","open":["t"],"body":{"t":"x"}}' >good.jsonl
{
    cat good.jsonl
    echo 'no json'
} >bad.jsonl
box 0 doctor --only imports
run 3 -C "$BOX" ingest jsonl bad.jsonl
now imports
same "$state" warn
same "$(jq -r .remedy clause.json)" 'ledger ingest jsonl FILE'
echo '{"kind":"x.test.note","subject":"s/1","actor":"service:t","key":"k2","open":["t"],"body":{"t":"x"}}' >>good.jsonl
box 0 ingest jsonl good.jsonl
now imports
same "$state" pass

# Each moment again: as it was, and from states that are built anew.
box 0 rebuild
for _ in 1 2; do
    while read -r at clause was; do
        "$LEDGER" -C "$BOX" doctor --at "$at" --only "$clause" --json >"$T/.out" 2>"$T/.err" || true
        same "$at $clause $(jq -r '.clauses[0].state' "$T/.out")" "$at $clause $was"
    done <moments
    rm -rf "$BOX/derived"
done
box 0 verify
# A restored ledger has another origin: what was seen of the old one is put aside, and does not hide what is seen now.
box 0 backup kept
cp "$BOX/keys/log.key" log.key
run 0 -C restored restore kept --log-key log.key
for look in first second; do
    "$LEDGER" -C restored doctor --only chain --only trust --json >"$look" || true
    same "$(jq -c '[.clauses[] | [.clause, .state]] | sort' "$look")" '[["chain","pass"],["trust","pass"]]'
done
finish
