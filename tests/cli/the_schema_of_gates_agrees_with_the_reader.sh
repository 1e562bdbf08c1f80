#!/usr/bin/env bash
# Whatever the reader of a file of gates accepts, the JSON Schema accepts; whatever the schema refuses, the reader refuses, as an error
# with its place. A file with every gate and key is changed in each of its places in turn.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 promote plan p model/m --digest "sha256:$(printf 'a%.0s' {1..64})"
cat >agree.py <<'PYTHON'
import copy, json, re, subprocess, sys
import jsonschema

ledger, box, schema_file = sys.argv[1:]
schema = json.load(open(schema_file))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
good = {
    "schema": "ledger-gates/v0", "name": "n",
    "gates": {
        "evaluation": {}, "debate": {"voters": 2}, "diff": {}, "pass_rate": {"margin": 0.05, "confidence": 0.95},
        "latency": {}, "violations": {}, "probes": {"at_least": 3},
        "policy": {"name": "guards", "digest": "sha256:" + 64 * "0"}, "disk": {"free_bytes": 1}, "health": {"seconds": 60},
        "snapshot": {"from_tier": "T2"}, "tripcode": {"from_tier": "T3"}}}


def reader(gates):
    json.dump(gates, open("gates.json", "w"))
    done = subprocess.run([ledger, "-C", box, "promote", "verify", "p", "--gates", "gates.json", "--replay"],
                          capture_output=True, text=True)
    assert done.returncode in (1, 3), done
    faults = re.findall(r"^ledger: promote verify: gates.json:[0-9]+:[0-9]+: .*", done.stderr, re.M)
    assert (done.returncode == 3) == bool(faults), done
    return done.returncode == 1, faults


def places(value, path=()):
    if path:
        yield path
    for key, child in value.items() if isinstance(value, dict) else ():
        yield from places(child, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


failures = count = 0


def compare(gates, what):
    global failures, count
    count += 1
    takes, why = reader(gates)
    if takes != validator.is_valid(gates):
        failures += 1
        print("%s: the reader says %s, the schema %s" % (what, why or "yes", not takes))
    return takes


if not compare(good, "the whole"):
    failures += 1
known = set(schema["properties"]["gates"]["properties"])
if known != set(good["gates"]):
    failures += 1
    print("the schema has other gates: %s" % sorted(known ^ set(good["gates"])))
WRONG = ({"x": []}, None, [], "", "x", "T1", "T4", 128 * "x", -1, 0, 1, 0.5, 1.5, 17, True)
for path in list(places(good)):
    name = "/".join(path)
    for wrong in WRONG:
        changed = copy.deepcopy(good)
        at(changed, path[:-1])[path[-1]] = wrong
        compare(changed, "%s = %r" % (name, wrong))
    changed = copy.deepcopy(good)
    del at(changed, path[:-1])[path[-1]]
    compare(changed, "without %s" % name)
    if isinstance(at(good, path), dict):
        changed = copy.deepcopy(good)
        at(changed, path)["unknown"] = 1
        assert not compare(changed, "unknown key in %s" % name)
print("%d files" % count)
sys.exit(failures > 0)
PYTHON
python3 -B agree.py "$LEDGER" "$BOX" "$ROOT/share/schemas/ledger-gates-v0.json" >said 2>&1 || fail "they do not agree: $(cat said)"
check grep -Eq '^[0-9]{3,} files$' said
finish
