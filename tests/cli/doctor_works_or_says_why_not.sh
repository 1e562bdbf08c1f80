#!/usr/bin/env bash
# What stands in the doctor's way: no trust file, no home, a key under a passphrase, a ledger that cannot be written to, a full
# quota, derived data that cannot be built, another user, an interrupt, a kill, and another doctor.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
ill=(append doctor.observed -s check/ill check=ill status=missing) # so that the exit code says that the doctor could work
box 0 "${ill[@]}"
box 1 doctor

# Where there is no ledger it is as with any other command.
mkdir empty
for how in doctor 'doctor --no-probe' 'doctor --list' 'doctor --watch' 'doctor diff 1' 'doctor why disk' log; do
    # shellcheck disable=SC2086
    run 3 -C empty $how
    err_has "there is no ledger in 'empty'"
    # shellcheck disable=SC2086
    LEDGER_DIR=$T/nowhere run 3 $how
    err_has "there is no ledger in '$T/nowhere'"
done
LEDGER_DIR=$BOX run 1 doctor

# Without a trust file nothing anchors the ledger; a verification then adds nothing to it. Without a home there is none.
mv "$TRUST" trust.kept
box 1 doctor --json
json '[.probes[] | select(.end != "ok")] | length' 0
box 0 log --kind doctor.observed --json
check grep -q '"check":"ledger-trust".*"status":"not_anchored"' .out
[[ ! -e $TRUST ]] || fail 'it made a trust file'
code=0
env -u HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME "$LEDGER" -C "$BOX" doctor --json >.out 2>.err || code=$?
same "$code" 1
json '.probes | length > 4' true
mv trust.kept "$TRUST"
box 1 doctor
box 0 log --kind doctor.observed --json
check jq -es 'map(select(.body.check == "ledger-trust")) | last | .body.status == "ok"' .out >/dev/null

# A key under a passphrase: asked for once, and not at all where nothing is written.
printf 'open sesame\n' >pass
chmod 600 pass
run 0 -C locked init --origin test.example/locked --passphrase-file pass
run 0 -C locked "${ill[@]}" --passphrase-file pass
for how in doctor 'doctor --only disk' 'doctor --watch' 'doctor --json'; do
    # shellcheck disable=SC2086
    run 3 -C locked $how
    err_has 'passphrase'
done
run 1 -C locked doctor --no-probe
run 1 -C locked doctor --passphrase-file pass --json
json '[.probes[] | select(.end != "ok")] | length' 0
json '.recorded > 5' true

# A ledger that cannot be written to: the answer that writes nothing is named, and is there.
cp -r "$BOX" sealed
try() { # CODE ARGS...
    local want=$1 got=0
    shift
    "${as[@]}" "$LEDGER" -C "$T/sealed" "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    out=$(cat "$T/.out")
    err=$(cat "$T/.err")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: $*"
}
# shellcheck disable=SC2016 # the inner shell expands them
as=(unshare -rm sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$T/sealed")
if "${as[@]}" true 2>/dev/null; then
    try 4 doctor
    err_has "'ledger doctor --no-probe' writes nothing: it judges what is known"
    out_empty
    try 4 doctor --json
    check jq -e '.error.exit == 4' .err >/dev/null
    try 4 doctor --watch
    try 1 doctor --no-probe
    out_has 'this box: '
    try 1 doctor --no-probe --format prometheus
    try 0 doctor why disk
    try 0 doctor diff 1
    try 0 doctor --list
fi
if [[ $(id -u) == 0 ]]; then
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    chmod a+rx "$T"
    chmod -R a+rX sealed/evidence
    chmod a+rx sealed
    if "${as[@]}" test -x "$LEDGER" 2>/dev/null && "${as[@]}" test -r "$T/sealed/evidence"; then
        try 4 doctor
        err_has 'ermission denied'
        err_has "'ledger doctor --no-probe' writes nothing"
    fi
fi

# A full quota.
run 0 -C full init --origin test.example/full
run 0 -C full "${ill[@]}"
run 1 -C full doctor
echo 'map_bytes = 1048576' >full/config
noise=$(head -c 30000 /dev/urandom | base64 -w0)
warned=
while "$LEDGER" -C full append x.test.note -s a --open text "text=$noise" >/dev/null 2>&1; do
    "$LEDGER" -C full doctor --only quota >.out 2>.err || true
    ! grep -q '^warn ' .out || warned=yes
done
same "$warned" yes # it is said before appends are refused
for size in 40000 9000 3000 1000 300; do
    while "$LEDGER" -C full append x.test.note -s a --open text "text=${noise:0:size}" >/dev/null 2>&1; do :; done
done
run 4 -C full doctor --all
err_has 'the database has reached its quota of 1048576 bytes'
err_has "'ledger doctor --no-probe' writes nothing"
run 1 -C full doctor --no-probe
out_has 'this box: '
chmod 644 full/keys/log.key # what is mended and cannot be recorded is said
for how in '' --json; do
    run 4 -C full doctor --fix $how
    err_has "carried out, and not recorded: mode-0600 of 'log.key'; "
    err_has 'the database has reached its quota'
    same "$(stat -c %a full/keys/log.key)" 600
    chmod 644 full/keys/log.key
done
chmod 600 full/keys/log.key

# Derived data that cannot be built: states are computed in memory.
jq -r .clauses[].clause <<<"$("$LEDGER" -C "$BOX" doctor --no-probe --json)" >clauses
rm -rf "$BOX/derived"
touch "$BOX/derived"
for how in doctor 'doctor --no-probe'; do
    # shellcheck disable=SC2086
    box 1 $how --json
    same "$(jq -r .clauses[].clause .out)" "$(cat clauses)"
done
rm "$BOX/derived"

# Several at once: each answers, and nothing is recorded twice.
run 0 -C shared init --origin test.example/shared
for i in 1 2 3 4; do
    "$LEDGER" -C shared doctor --json >"shared.$i" 2>&1 &
done
wait
for i in 1 2 3 4; do
    same "$(jq '.clauses | length' "shared.$i")" "$(wc -l <clauses)"
done
run 0 -C shared verify
run 0 -C shared log --kind doctor.judged --json -n 0
cp .out judged
same "$(jq -r .body.verdict judged | uniq -d)" ''

# Interrupted or killed at some moment: nothing is half recorded, and no process is left. The mark is in the environment of each.
left() {
    grep -lsz "^DOCTOR_MARK=$T\$" /proc/[0-9]*/environ 2>/dev/null | wc -l
}
none_left() {
    for _ in $(seq 500); do
        [[ $(left) != 0 ]] || return 0
        sleep 0.01
    done
    fail "$(left) processes are left"
}
for signal in INT TERM KILL; do
    for after in 0.005 0.01 0.02 0.03 0.04; do
        code=0
        { DOCTOR_MARK=$T setsid -w timeout -s "$signal" "$after" "$LEDGER" -C "$BOX" doctor --all >.out 2>.err || code=$?; } 2>/dev/null
        case $code in
        1 | 124 | 137) ;;
        *) fail "SIG$signal after $after s gives $code" ;;
        esac
        none_left
    done
done
box 0 verify
box 1 doctor
finish
