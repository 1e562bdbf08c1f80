#!/usr/bin/env bash
# ingest promptfoo: a real results file becomes an evaluation for each prompt, once; what it does not say is named by the refusal,
# edited counts are found out, and a result that somebody binds to weights and a route proves it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
FILE=$ROOT/tests/ingest/fixtures/promptfoo/echo.json
box 0 ingest promptfoo "$FILE"
out_has '12 accepted, 0 duplicate, 0 rejected'
box 0 ingest promptfoo "$FILE"
out_has '0 accepted, 12 duplicate, 0 rejected'
gzip -c "$FILE" >copy.json.gz
box 0 ingest promptfoo copy.json.gz
out_has '0 accepted, 12 duplicate, 0 rejected'
box 0 log --format jsonl
out_lacks 'INV-2026'
out_lacks 'extract smoke'
box 0 log --kind eval.sample_failed --format jsonl
same "$(jq -rs 'map([.body.task, .body.sample, .body.failure, .body.metric] | join(" ")) | join("; ")' <<<"$out")" \
    'promptfoo 1 assertion pass_rate; promptfoo 1 assertion pass_rate'
box 0 log -n 1 -k eval.imported --json
id=$(jq -r '.subject | ltrimstr("eval/")' <<<"$out")
box 0 eval show "$id" --json
json .things[0].fields.counts false
json .things[0].fields.scores_checked 2
json '[.things[0].fields.missing[].rule] | join(" ")' 'eval.judged eval.whole eval.weights'

# edited NAME EDIT: a copy under an id of its own, changed by a line of Python; imports it into $id (its first prompt).
edited() {
    python3 - "$FILE" "$1.json" "$2" <<'P'
import json, sys
source, target, edit = sys.argv[1:]
d = json.load(open(source))
d["evalId"] = "eval-" + target
rows, prompts = d["results"]["results"], d["results"]["prompts"]
exec(edit)
json.dump(d, open(target, "w"))
P
    box 0 ingest promptfoo "$1.json"
    box 0 log -k eval.imported --format jsonl
    id=$(tail -n 2 <<<"$out" | head -n 1 | jq -r '.subject | ltrimstr("eval/")')
}
refused() { # RULE WORDS
    box 0 eval show "$id" --json
    json "[.things[0].fields.missing[].rule] | index(\"$1\") != null" true
    out_has "$2"
}
edited counts 'prompts[0]["metrics"].update(testPassCount=3, testFailCount=0)'
refused eval.edited "'promptfoo pass_rate' is 1, its samples make 0.666667"
edited success 'rows[2]["success"] = True'
refused eval.errors '1 of its samples ended in an error, or nobody says how they failed'
edited cached 'rows[0]["response"]["cached"] = True'
refused eval.cached 'its answers came from a cache'
edited fewer 'del rows[4]'
refused eval.files 'its files have fewer samples than it counts'
edited failed 'rows[2].update(failureReason=2, error="429 too many requests")'
refused eval.errors '1 of its samples ended in an error'

# A person says what the file cannot: which weights, and that all tests were run.
WEIGHTS=sha256:$(printf 'ab%.0s' {1..32})
box 0 append eval.suite_declared -s suite/pf suite=pf tasks:='[{"name":"promptfoo","metric":"pass_rate","threshold":0.6}]'
box 0 append route.declared -s route/r route=r model=echo digest="$WEIGHTS" suite=pf
edited good pass
box 0 append eval.finished -s "eval/$id" suite=pf route=r digest="$WEIGHTS" verdict=pass
refused eval.whole 'nothing says that all of its samples were run'
box 0 append eval.finished -s "eval/$id" suite=pf route=r digest="$WEIGHTS" verdict=pass partial:=false
box 0 route list --json
json '.states[0].state' ready

# Foreign and damaged files.
box 3 ingest promptfoo "$ROOT"/tests/ingest/fixtures/lmeval/whole/*/results*
err_has "this looks like results of the lm-evaluation-harness"
head -c 5000 "$FILE" >cut.json
box 3 ingest promptfoo cut.json
err_has 'cut.json'
echo '{"results": {"version": 4}}' >new.json
box 3 ingest promptfoo new.json
err_has "'results.version' is 4; expected: 2 or 3"

# Version 2 has a table: two prompts of two tests, one answered from a cache, one ended in an error.
box 0 ingest promptfoo "$ROOT/tests/ingest/fixtures/promptfoo/table.json"
out_has '10 accepted, 0 duplicate, 0 rejected'
box 0 ingest promptfoo "$ROOT/tests/ingest/fixtures/promptfoo/table.json"
out_has '0 accepted, 10 duplicate, 0 rejected'
box 0 log -k eval.imported --format jsonl
id=$(tail -n 2 <<<"$out" | head -n 1 | jq -r '.subject | ltrimstr("eval/")')
refused eval.cached 'its answers came from a cache'
box 3 ingest promptfoo none.json
finish
