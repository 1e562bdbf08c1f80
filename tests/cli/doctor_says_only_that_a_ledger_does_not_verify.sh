#!/usr/bin/env bash
# A ledger that was altered or set back: the doctor says that and nothing else, in every form, and records nothing.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
"$LEDGER" -C "$BOX" doctor >"$T/.out" || true # however well this machine is
note needle-in-the-evidence
box 0 verify
cp -r "$BOX" earlier

# refused CODE ARGS...: that exit code, and no clause anywhere.
refused() {
    box "$@"
    out_lacks 'disk'
    out_lacks 'ledger append'
}

only_that() { # CODE
    for how in '' '--only disk' '--all' '--watch'; do
        # shellcheck disable=SC2086
        refused "$1" doctor $how
        # shellcheck disable=SC2086
        refused "$1" doctor $how --json
        cat "$T/.out" "$T/.err" >answer
        check jq -e ".exit == $1 or .error.exit == $1" answer >/dev/null
    done
    refused "$1" doctor --format json
    cat "$T/.out" "$T/.err" >answer
    check jq -e . answer >/dev/null
    refused "$1" doctor --format junit
    check python3 -c 'import sys, xml.etree.ElementTree as e
cases = e.parse(sys.argv[1]).getroot().findall(".//testcase")
assert [c.get("name") for c in cases] == ["chain"] and cases[0].find("failure") is not None' "$T/.out"
    refused "$1" doctor --format prometheus
    out_has 'ledger_doctor_clause{pack="",clause="chain",state="fail"} 1'
    out_has 'ledger_doctor_good{pack=""} 0'
}

while read -r at; do
    printf N | dd of="$BOX/evidence/data.mdb" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF needle-in-the-evidence "$BOX/evidence/data.mdb" | cut -d: -f1)
cp "$BOX/evidence/data.mdb" before.mdb
cp "$TRUST" trust.before
only_that 30
box 30 doctor
out_has 'INVALID: tampered or corrupt'
check cmp "$BOX/evidence/data.mdb" before.mdb
check cmp "$TRUST" trust.before

# What is known is not judged either when it cannot be read to its end; a moment before the damage can be.
for how in --no-probe '--no-probe --json' '--no-probe --only disk' --list '--list --json' 'diff 3' '--watch --no-probe'; do
    # shellcheck disable=SC2086
    refused 30 doctor $how
done
refused 30 doctor --no-probe --format junit
out_has '<failure '
box 1 doctor --at 3
out_has 'unknown'

# A database that was set back.
cat earlier/evidence/data.mdb >"$BOX/evidence/data.mdb"
note newer
box 0 verify
cat earlier/evidence/data.mdb >"$BOX/evidence/data.mdb"
cp "$BOX/evidence/data.mdb" before.mdb
only_that 20
for how in --no-probe '--no-probe --json' '--no-probe --format prometheus' --list '--fix --dry-run'; do
    # shellcheck disable=SC2086
    refused 20 doctor $how
done
check cmp "$BOX/evidence/data.mdb" before.mdb

# A database that cannot be opened: the document is that of a verification.
truncate -s 20000 "$BOX/evidence/data.mdb"
box 30 verify --json
jq -S . .out >verified
for how in '' '--only disk' --fix; do
    # shellcheck disable=SC2086
    box 30 doctor $how --json
    err_empty
    jq -S . .out >answer
    check cmp answer verified
    # shellcheck disable=SC2086
    box 30 doctor $how
    out_has 'the ledger does not verify'
    err_empty
done
only_that 30
finish
