#!/usr/bin/env bash
# Whatever the reader accepts, the JSON Schema accepts; whatever the schema refuses, the reader refuses. A manifest with
# every key is changed in each of its places in turn.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

mkdir pack pack/suites
printf 'cases: []\n' >pack/suites/a.yaml
printf 'Sum up.\n' >pack/prompt.txt
cat >agree.py <<'PYTHON'
import copy, json, subprocess, sys
import jsonschema

ledger, schema_file = sys.argv[1:]
schema = json.load(open(schema_file))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
need = [{"name": "q", "version": ">=1.2 <2", "reason": "r"}]
needs = {"packs": need, "programs": need, "runtimes": need, "packages": need}
good = {
    "schema": "foundry-pack/v0", "name": "p", "version": "1.2.3-rc.1+b", "summary": "s", "publisher": "example.org/p",
    "license": "MIT",
    "permissions": [
        {"group": "exec", "scope": "w*", "tier": "T0", "required": True, "reason": "r"},
        {"group": "model.invoke", "tier": "T0", "reason": "r"},
        {"group": "network.egress", "scope": "localhost:11434", "tier": "T0", "reason": "r"},
        {"group": "filesystem.read", "scope": "inbox/**", "tier": "T0", "reason": "r"}],
    "routes": [
        {"name": "count", "role": "tool", "program": "wc", "arguments": ["-w", "${doc}", ""], "required": True},
        {"name": "sum", "role": "model", "model": "m:3b", "digest": "sha256:" + "0" * 64, "family": "llama",
         "context_min": 8192, "task": "chat", "fallback": "short"},
        {"name": "short", "role": "tool", "program": "wc"}],
    "checks": [
        {"name": "a", "program": "wc", "arguments": ["--version"], "expect": {"exit_code": 0, "output": "*"},
         "timeout": "5s", "required": True},
        {"name": "b", "url": "http://localhost:11434/api/version", "expect": {"status": 200}}],
    "evals": [{"route": "sum", "suite": "suites/a.yaml", "thresholds": [{"metric": "f1", "min": 0.5, "max": 1}],
               "fresh_for": "30d"}],
    "requires": needs,
    "conflicts": {"packs": [{"name": "z"}]},
    "hardware": {"tier": "large", "memory": "16GiB", "vram": 1000},
    "provides": ["text"],
    "inputs": [{"name": "doc", "type": "file", "media_type": "application/pdf", "size_max": "10MiB", "required": True,
                "help": "h"}],
    "steps": [
        {"id": "a", "route": "count", "inputs": ["doc"], "outputs": ["text"], "stdin": "doc", "stdout": "text",
         "arguments": ["-c"], "uses": ["exec:w*"],
         "limits": {"time": "10s", "cpu_time": "5s", "memory": "64MiB", "processes": 4, "output": "1MiB", "file": 4096}},
        {"id": "b", "route": "sum", "inputs": ["text"], "outputs": ["short"], "stdout": "short", "prompt": "prompt.txt",
         "needs": ["a"], "when": "step a succeeded"}],
    "artifacts": [{"name": "short", "media_type": "text/plain", "required": True}],
}


def reader(manifest):
    json.dump(manifest, open("pack/pack.json", "w"))
    done = subprocess.run([ledger, "pack", "validate", "pack", "--json"], capture_output=True, text=True)
    assert done.returncode in (0, 3), done
    return done.returncode == 0, [f["message"] for f in json.loads(done.stdout)["findings"] if f["severity"] == "error"]


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


def compare(manifest, what, both):
    """`both`: the change is one of form, which the schema must refuse too when the reader does."""
    global failures, count
    count += 1
    takes, why = reader(manifest)
    accepts = validator.is_valid(manifest)
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
        compare(changed, "%s = %r" % (name, wrong), wrong in ({"x": []}, None))
    changed = copy.deepcopy(good)
    del at(changed, path[:-1])[path[-1]]
    compare(changed, "without %s" % name, False)
    if isinstance(at(good, path), dict):
        changed = copy.deepcopy(good)
        at(changed, path)["unknown"] = 1
        assert not compare(changed, "unknown key in %s" % name, True)
print("%d manifests" % count)
sys.exit(failures > 0)
PYTHON
python3 -B agree.py "$LEDGER" "$ROOT/share/schemas/foundry-pack-v0.json" >said 2>&1 || fail "they do not agree: $(cat said)"
check grep -Eq '^[0-9]{3,} manifests$' said

finish
