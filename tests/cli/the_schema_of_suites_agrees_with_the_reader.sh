#!/usr/bin/env bash
# Whatever the reader accepts, the JSON Schema accepts; whatever the schema refuses, the reader refuses. A suite with
# every key is changed in each of its places in turn.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

mkdir data
printf 'content\n' >data/f.txt
cat >agree.py <<'PYTHON'
import copy, json, subprocess, sys
import jsonschema

ledger, schema_file = sys.argv[1:]
schema = json.load(open(schema_file))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
good = {
    "schema": "ledger-suite/v0", "name": "n", "version": "1.2", "description": "two\nlines",
    "settings": {"temperature": 0.5, "stop": ["a"]}, "max_tokens": 100,
    "prices": {"prompt": 0.5, "completion": 1}, "fresh_for": "30d",
    "judge": {"protocol": "ollama", "url": "http://localhost:11434", "model": "m:3b", "key_file": "k"},
    "defaults": {"tags": ["t"], "weight": 2, "repeats": 40, "timeout": "30s", "seed": 7, "system": "s"},
    "thresholds": [
        {"metric": "pass_rate_lower", "at_least": 0.25, "confidence": 0.9}, {"metric": "latency_p95_ms", "at_most": 500},
        {"metric": "cost", "at_most": 1.5}, {"metric": "regression_lower", "at_least": -0.8, "baseline": "b"},
        {"metric": "probes_changed", "at_most": 0, "baseline": "b"}],
    "cases": [
        {"id": "a", "tags": ["x"], "weight": 0.5, "repeats": 3, "timeout": "1.5s", "seed": -1, "probe": True, "text": "q",
         "system": "s", "files": [{"path": "data/f.txt", "name": "f"}], "arguments": ["a=b", ""],
         "expect": [
             {"check": "equals", "text": "x", "not": True, "trim": True, "ignore_case": True, "output": "o"},
             {"check": "json", "pointer": "/a", "value": {"a": None}}, {"check": "schema", "value": {"type": "object"}},
             {"check": "number", "number": 1.5, "tolerance": 1, "relative": 0.1},
             {"check": "edit_distance", "text": "x", "at_most": 0.5}, {"check": "exit", "number": 0},
             {"check": "judge", "text": "r", "scale": {"lowest": 1, "highest": 5}, "at_least": 4}]},
        {"id": "b", "messages": [{"role": "user", "text": "q"}], "expect": [{"check": "regex", "text": "^x"}]}],
}
FREE = ("settings", "value")  # any value, as far as the schema knows


def reader(suite):
    json.dump(suite, open("suite.json", "w"))
    done = subprocess.run([ledger, "eval", "validate", "suite.json", "--json"], capture_output=True, text=True)
    assert done.returncode in (0, 3), done
    return done.returncode == 0, [f["message"] for f in json.loads(done.stdout)["suites"][0]["faults"]]


def places(value, path=()):
    if path:
        yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


failures = count = 0


def compare(suite, what, both):
    """`both`: the change is one of form, which the schema must refuse too when the reader does."""
    global failures, count
    count += 1
    takes, why = reader(suite)
    accepts = validator.is_valid(suite)
    if (takes and not accepts) or (both and accepts and not takes):
        failures += 1
        print("%s: the reader says %s, the schema %s" % (what, why or "yes", "yes" if accepts else "no"))
    return takes


if not compare(good, "the whole", True):
    failures += 1
    print("the whole is refused: %s" % reader(good)[1])
for path in list(places(good)):
    name = "/".join(map(str, path))
    for wrong in ({"x": []}, None, "\x01", 1.5, "x y"):
        changed = copy.deepcopy(good)
        at(changed, path[:-1])[path[-1]] = wrong
        compare(changed, "%s = %r" % (name, wrong), wrong in ({"x": []}, None) and not any(k in FREE for k in path))
    changed = copy.deepcopy(good)
    del at(changed, path[:-1])[path[-1]]
    compare(changed, "without %s" % name, False)
    if isinstance(at(good, path), dict):
        changed = copy.deepcopy(good)
        at(changed, path)["unknown"] = 1
        free = any(k in FREE for k in path)
        assert not compare(changed, "unknown key in %s" % name, not free) or free
print("%d suites" % count)
sys.exit(failures > 0)
PYTHON
python3 -B agree.py "$LEDGER" "$ROOT/share/schemas/ledger-suite-v0.json" >said 2>&1 || fail "they do not agree: $(cat said)"
check grep -Eq '^[0-9]{3,} suites$' said

finish
