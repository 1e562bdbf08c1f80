#!/usr/bin/env bash
# The Python package does what its documentation says: the unit tests of tests/python, and the program that docs/python.md
# begins with.
set -eu
build=$(realpath "$(dirname "${LEDGER:?}")")
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
if [[ ! -e $build/libledger.so ]] || nm "$build/libledger.so" | grep -qE '__(a|t|ub)san|__gcov'; then
    echo "ok: an instrumented library is not for other programs # skipped"
    exit 0
fi
export LEDGER_LIBRARY=$build/libledger.so PYTHONPATH=$ROOT/python PYTHONDONTWRITEBYTECODE=1
python3 "$ROOT/tests/python/test_binding.py" >unit.log 2>&1 || fail "$(<unit.log)"
(($(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' unit.log) > 25)) || fail "few tests ran: $(<unit.log)"

# shellcheck disable=SC2016 # a fence of Markdown
sed -n '/^```python$/,/^```$/p' "$ROOT/docs/python.md" | sed '1d;/^```$/,$d' >first.py
new_box
LEDGER_DIR=$BOX python3 first.py || fail 'the first program of docs/python.md failed'
run 0 -C "$BOX" query --kind run.tool_returned --json
out_has '"outcome":"ok"'
run 0 -C "$BOX" verify
finish
