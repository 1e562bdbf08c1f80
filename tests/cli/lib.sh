# shellcheck shell=bash
# What the scenarios share. Each is run from the repository root as `LEDGER=path/to/ledger bash tests/cli/x.sh`, works in a
# fresh directory with its own HOME, prints its failures and exits 1 if there were any. Needs bash, coreutils and jq.

# shellcheck disable=SC2034 # for the scenarios
ROOT=$PWD
LEDGER=$(realpath "${LEDGER:?set LEDGER to the program}")
command -v jq >/dev/null || {
    echo "jq is needed" >&2
    exit 1
}
T=$(mktemp -d)
trap 'chmod -R u+rwX "$T"; rm -rf "$T"' EXIT
export HOME=$T/home XDG_CONFIG_HOME=$T/config XDG_STATE_HOME=$T/state
unset LEDGER_DIR NO_COLOR COLUMNS
mkdir -p "$HOME"
cd "$T" || exit 1
BOX=$T/box
# shellcheck disable=SC2034
TRUST=$XDG_CONFIG_HOME/ledger/trust
failures=0
out=''
err=''

fail() {
    failures=$((failures + 1))
    echo "${0##*/}: line ${BASH_LINENO[1]}: $*" >&2
    sed 's/^/    out: /' "$T/.out" >&2 || true
    sed 's/^/    err: /' "$T/.err" >&2 || true
}

# measured KIND -s SUBJECT ARGS...: an event of a program that evaluates; each score rests on a sample.
measured() {
    [[ $1 != eval.scored ]] || box 0 append -g measured eval.sampled -s "$3"
    box 0 append -g measured "$@"
}

# run CODE ARGS...: the program without a controlling terminal; its output in $out and $err, its exit code checked.
run() {
    local want=$1 got=0
    shift
    setsid -w "$LEDGER" "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    { out=$(<"$T/.out"); } 2>/dev/null # without its zero bytes
    { err=$(<"$T/.err"); } 2>/dev/null
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: ledger $*"
}

# box CODE ARGS...: the same for the scenario's ledger.
box() {
    local want=$1 got=0
    shift
    setsid -w "$LEDGER" -C "$BOX" "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    { out=$(<"$T/.out"); } 2>/dev/null # without its zero bytes
    { err=$(<"$T/.err"); } 2>/dev/null
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: ledger $*"
}

out_has() { [[ $out == *"$1"* ]] || fail "standard output lacks '$1'"; }
out_lacks() { [[ $out != *"$1"* ]] || fail "standard output has '$1'"; }
out_empty() { [[ -z $out ]] || fail "standard output is not empty"; }
err_has() { [[ $err == *"$1"* ]] || fail "standard error lacks '$1'"; }
err_empty() { [[ -z $err ]] || fail "standard error is not empty"; }

# json FILTER WANTED: of the standard output of the last run.
json() {
    local got
    got=$(jq -r "$1" <"$T/.out" 2>&1) || true
    [[ $got == "$2" ]] || fail "$1 is '$got', wanted '$2'"
}

same() { [[ $1 == "$2" ]] || fail "'$1' is not '$2'"; }
check() { "$@" || fail "failed: $*"; }

# listens FILE: waits until a program that was started with --json says in FILE where it listens; the place in $address.
listens() {
    for _ in $(seq 3000); do
        address=$(sed -n 's/^{"listening":"\(.*\)"}$/\1/p' "$1" 2>/dev/null) || true # it may not be there yet
        [[ -z $address ]] || return 0
        sleep 0.02
    done
    fail "nothing listens: $(<"$1")"
}
new_box() { box 0 init --origin test.example/box; }

# note TEXT [ARGS...]: an event with an open text.
note() {
    local text=$1
    shift
    box 0 append x.test.note --subject thing/1 --open text "$@" "text=$text"
}

finish() {
    if ((failures > 0)); then
        echo "${0##*/}: $failures failed" >&2
        exit 1
    fi
}
