#!/usr/bin/env bash
# Help, unknown commands and options, for each command in the table.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

run 0 --help
out_has 'usage: ledger'
run 0 help
out_has 'Exit codes'
run 0
out_has 'There is no ledger yet'
run 2 foo
same "$(head -n 1 <<<"$err")" "ledger: unknown command 'foo'"
run 2 verfy
err_has "did you mean 'verify'"
run 2 --jsn log
err_has "did you mean '--json'"
run 2 help nosuch
run 2 -x
run 2 --json=1 log
err_has 'takes no value'
run 2 log --no-such-option --json
same "$(jq -r .error.code <<<"$err")" ERR_USAGE
run 0 version
check grep -Eq '^ledger [0-9]+\.[0-9]+' <<<"$out"
run 0 --version
run 0 version --json
json .format 1
run 2 version extra

# Rows of a help text keep their columns, and the text after them begins a new line.
run 0 ingest --help
check grep -qx '            over HTTP' "$T/.out"
check grep -q '^Reading the same input' "$T/.out"
run 0 key backup --help
check grep -Eqx ' {28}the same from a file' "$T/.out"

commands=$("$LEDGER" help --words | cut -f1 | grep -v '^-')
[[ $(wc -w <<<"$commands") -ge 17 ]] || fail "the list of commands is short"
for command in $commands; do
    run 0 "$command" --help
    out_has "usage: ledger $command"
    out_has 'Options of every command'
    long=$(sed '/^Examples:/,$d' "$T/.out" | awk 'length > 80')
    [[ -z $long ]] || fail "help has lines of more than 80 columns: $long"
    run 0 help "$command"
    run 2 "$command" --definitely-not-an-option
    err_has 'definitely-not-an-option'
    if ! grep -q "^\.Ss $command" "$ROOT/man/ledger.1"; then fail "the man page has no section '$command'"; fi
    for sub in $("$LEDGER" help --words "$command" | cut -f1 | grep -v '^-' || true); do
        run 0 "$command" "$sub" --help
        out_has "usage: ledger $command $sub"
        run 2 "$command" "$sub" --definitely-not-an-option
        if ! grep -q "^\.Ss $command $sub" "$ROOT/man/ledger.1"; then fail "the man page has no section '$command $sub'"; fi
        for option in $("$LEDGER" help --words "$command" "$sub" | cut -f1 | grep '^--'); do
            grep -qe "Fl $option" -e "Fl -${option#--}" "$ROOT/man/ledger.1" || fail "the man page has no '$option'"
        done
    done
    for option in $("$LEDGER" help --words "$command" | cut -f1 | grep '^--'); do
        grep -qe "Fl -${option#--}" "$ROOT/man/ledger.1" || fail "the man page has no '$option' of '$command'"
    done
done
if command -v mandoc >/dev/null; then
    check mandoc -Tlint -Wwarning "$ROOT/man/ledger.1"
fi

finish
