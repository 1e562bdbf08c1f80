#!/usr/bin/env bash
# Imported results take part in the same gates where they say enough: a whole run of lm-eval, bound to a suite and a route,
# proves the route, and is compared by its samples. Otherwise the refusal names what is missing.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
WEIGHTS=$(printf '0123456789abcdef%.0s' {1..4})
SUITE=sha256:$(printf 'd%.0s' {1..64})
box 0 append eval.suite_declared -s suite/tiny suite=tiny suite_digest="$SUITE" \
    tasks:='[{"name":"tiny_choice","metric":"acc/none","threshold":0.5,"higher_is_better":true}]'
for route in r other; do
    box 0 append route.declared -s "route/$route" route="$route" model=acme/tiny-1b digest="sha256:$WEIGHTS" suite=tiny suite_digest="$SUITE"
done

# results NAME DATE EDIT: a copy of the recorded run of that date, changed by a line of Python; imports it into $id.
results() {
    cp -r "$ROOT/tests/ingest/fixtures/lmeval/whole" "$1"
    python3 - "$1" "$2" "$WEIGHTS" "$3" <<'P'
import glob, json, sys
folder, date, weights, edit = sys.argv[1:]
path, = glob.glob(folder + "/*/results*")
samples = sorted(glob.glob(folder + "/*/samples*"))
d = json.load(open(path))
d["date"] = 1772360430.25 + int(date)
d["config"]["model_sha"] = weights
d["model_sha"] = weights
exec(edit)
json.dump(d, open(path, "w"))
P
    box 0 ingest lm-eval "$1"
    box 0 log -n 1 -k eval.imported --json
    id=$(jq -r '.subject | ltrimstr("eval/")' <"$T/.out")
}
bind() { # ARGS...: what the file cannot know
    box 0 append eval.finished -s "eval/$id" suite=tiny suite_digest="$SUITE" route=r digest="sha256:$WEIGHTS" verdict=pass "$@"
}
refused() { # RULE WORDS
    box 0 eval show "$id" --json
    json '.things[0].fields.counts' false
    json "[.things[0].fields.missing[].rule] | index(\"$1\") != null" true
    out_has "$2"
}
lacks() { # ROUTE RULE WORDS
    box 0 route show "$1" --json
    json "[.things[0].fields.missing[].rule] | index(\"$2\") != null" true
    out_has "$3"
}

# Each of these says something that keeps it from counting.
results alone 0 pass
refused eval.judged 'none of its scores was held against a threshold'
json "[.things[0].fields.missing[] | select(.rule == \"eval.judged\").remedy][0] | endswith(\"box eval judge $id --suite SUITE --threshold 'METRIC at_least VALUE'\")" true
results partial 1 'd["config"]["limit"] = 2'
bind
refused eval.partial 'only a part of its samples was run'
results missing 2 'import os; os.rename(samples[0], "kept")'
bind
refused eval.files 'a file of its samples was not there when it was imported'
json '[.things[0].fields.missing[].rule] | index("eval.partial")' null
json '[.things[0].fields.missing[] | select(.rule == "eval.files").remedy][0] | endswith("box ingest lm-eval DIR")' true
lacks r eval.files 'was not there when it was imported'
json '[.things[0].fields.missing[] | select(.rule == "eval.files").remedy][0] | endswith("box ingest lm-eval DIR")' true
mv kept missing/acme__tiny-1b/samples_tiny_choice_2026-03-01T10-20-30.123456.jsonl
box 0 ingest lm-eval missing
box 0 eval show "$id" --json
json '.things[0].fields.counts' true
box 0 append eval.invalidated -s "eval/$id" reason=withdrawn
results changed 3 'import re; s = re.sub(r"(\"doc_hash\": \")[0-9a-f]{4}", r"\g<1>0000", open(samples[0]).read()); open(samples[0], "w").write(s)'
bind
refused eval.files 'the samples beside its result file are not those that it names'
results cached 4 'd["config"]["use_cache"] = "/tmp/cache"'
bind
refused eval.cached 'its answers came from a cache'
results dirty 5 pass
bind dirty:=true
refused eval.dirty 'its code had changes on top of its commit'
results nameless 6 'd["config"]["model_sha"] = d["model_sha"] = ""'
box 0 append eval.finished -s "eval/$id" suite=tiny suite_digest="$SUITE" route=r verdict=pass
refused eval.weights 'it is for a name, not for weights'
results edited 7 pass
bind
python3 - edited <<'P'
import glob, sys
path, = glob.glob(sys.argv[1] + "/*/results*")
s = open(path).read()
open(path, "w").write(s.replace("0.6666666666666666", "0.9666666666666666"))
P
box 0 ingest lm-eval edited
refused eval.once 'it was scored more than once, with different results'
results taken_back 8 pass
bind
box 0 append eval.invalidated -s "eval/$id" reason=edited
refused eval.invalidated 'it was invalidated'
results mixed 9 'd["config"]["model_sha"] = d["model_sha"] = "ab" * 32'
bind
refused eval.mixed 'it finished on another'

# Of other bytes than the route has now, it counts and does not prove.
results other 10 'd["config"]["model_sha"] = d["model_sha"] = "cd" * 32'
box 0 append eval.finished -s "eval/$id" suite=tiny suite_digest="$SUITE" route=other digest="sha256:$(printf 'cd%.0s' {1..32})" verdict=pass
box 0 eval show "$id" --json
json '.things[0].fields.counts' true
lacks other proof.weights 'proven for'

# One that says enough proves the route.
results good 11 pass
bind
box 0 eval show "$id" --json
json '.things[0].fields.counts' true
box 0 route list --json
json '[.states[] | select(.route == "r")][0].state' ready
good=$id

# The same samples in the same commands.
results worse 12 's = open(samples[1]).read(); open(samples[1], "w").write(s.replace("\"exact_match\": 1.0", "\"exact_match\": 0.0"))'
box 0 eval compare "$good" "$id" --json
json '.passes | [.pairs, .pass_to_fail, .answer] | tojson' '[11,4,"noise"]'
json '[.weak[] | select(startswith("Weak evidence: B does not count: "))] | length' 1
json '.changed[0] | [.task, .case, .filter] | join(" ")' 'tiny_math 0 flexible-extract'
box 0 eval report "$good" --json
json '.tasks | map("\(.task) \(.passed)/\(.samples)") | join(" ")' 'tiny_choice 2/3 tiny_math 4/8'
finish
