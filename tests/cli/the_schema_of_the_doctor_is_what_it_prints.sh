#!/usr/bin/env bash
# Each answer of the doctor is as its JSON Schema says: of a box and a pack, well and ill, now and of the past, with what was mended; and
# what is not so is refused by the schema.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_states.sh
. "$ROOT/tests/cli/lib_states.sh"

cat >validate.py <<'END'
import copy, json, sys
import jsonschema

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
answer = json.load(open(sys.argv[2]))
failures = ["%s: %s" % ("/".join(map(str, e.path)), e.message) for e in validator.iter_errors(answer)]


def places(value, path=()):
    if path:
        yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*path, key))


def changed(path, new):
    answer_ = copy.deepcopy(answer)
    inner = answer_
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return answer_


# Another type at any place is refused, but for what the tables of states say; at places alike, of lists and earlier answers, once.
seen = set(open("seen").read().splitlines())
for path in places(answer):
    inner = answer
    for p in path:
        inner = inner[p]
    alike = "/".join("*" if isinstance(p, int) else p for p in path) + " " + type(inner).__name__
    if alike in seen:
        continue
    seen.add(alike)
    free = any(p in ("args", "after") for p in path) or ("before" in path and path[-1] != "before")
    if not free and not failures and validator.is_valid(changed(path, 1.5)):
        failures.append("%s may be 1.5" % (path,))
for path in [("other",), ("clauses", 0, "other"), ("counts", "other")]:
    if not failures and validator.is_valid(changed(path, 1)):
        failures.append("%s may be there" % (path,))
open("seen", "w").write("\n".join(seen))
print("\n".join(failures))
sys.exit(len(failures) > 0)
END
# answers ARGS...: a verdict, whatever it is, that is as the schema says.
answers() {
    local got=0
    setsid -w "$LEDGER" -C "$BOX" doctor --json "$@" >"$T/.out" 2>"$T/.err" </dev/null || got=$?
    ((got < 2)) || fail "exit code $got: ledger doctor $*"
    python3 -B validate.py "$ROOT/share/schemas/ledger-doctor-1.json" "$T/.out" >said 2>&1 || fail "doctor $*: $(cat said)"
}

: >seen
new_states
answers --no-probe
answers
answers --only states
answers --at 5
answers --pack pdf-ops
answers --pack pdf-ops --no-probe
box 0 append doctor.observed -s check/disk-space check=disk-space target=/srv status=full
answers
chmod 644 "$BOX/keys/log.key"
box 0 rebuild
python3 -B "$ROOT/tests/cli/make_stale.py" "$BOX" runs
answers --no-probe
json '.incomplete[0].condition' stale
answers --fix
json '.repairs | length' 2
(($(wc -l <seen) > 40)) || fail "few places were tried: $(<seen)"
finish
