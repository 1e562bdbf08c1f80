#!/usr/bin/env bash
# ingest lm-eval: the events of an evaluation, the same files again, partial and bad ones, options, memory.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
cp -r "$ROOT/tests/ingest/fixtures/lmeval" evals
date=2026-03-01T10-20-30.123456

# What would be written, then what is.
box 0 ingest lm-eval evals/whole --dry-run
same "$(head -n 19 "$T/.out" | jq -r .kind | sort | uniq -c | awk '{print $1 $2}' | paste -sd,)" \
    1eval.imported,5eval.sample_failed,6eval.sampled,5eval.scored,2eval.task_declared
box 0 ingest lm-eval evals/whole --json
json .accepted 19
json .rejected 0
json .receipts 1
box 0 log -n 0 -k eval.scored --json
same "$(jq -r '[.body.task, .body.metric, .body.value, .body.partial] | join(" ")' <"$T/.out" | head -n 2 | paste -sd,)" \
    'tiny_all acc 0.6666666666666666 false,tiny_choice acc 0.6666666666666666 false'
box 0 log -n 1 -k eval.imported --json
json .body.model acme/tiny-1b
json .body.seeds.fewshot 42
subject=$(jq -r .subject <"$T/.out")
box 0 log -n 0 -s "$subject" -k eval.sample_failed
out_lacks 'three and three'

# Again: as a directory, as one file, from elsewhere, compressed.
size=$("$LEDGER" -C "$BOX" stats --json | jq .events)
box 0 ingest lm-eval evals/whole --json
json .duplicate 19
(cd evals/whole/acme__tiny-1b && "$LEDGER" -C "$BOX" ingest lm-eval "samples_tiny_math_$date.jsonl" --json) >"$T/.out"
json .duplicate 19
json .size "$size"
mkdir moved
gzip -c "evals/whole/acme__tiny-1b/results_$date.json" >"moved/results_$date.json.gz"
cp evals/whole/acme__tiny-1b/samples_* moved
box 0 ingest lm-eval moved --json
json .accepted 0
json .size "$size"

# Partial: a limit, missing samples, samples without results.
box 0 ingest lm-eval evals/odd evals/old evals/inner evals/orphans --json
json .accepted 21
json .receipts 4
mkdir part
cp "evals/whole/acme__tiny-1b/results_$date.json" part
box 0 ingest lm-eval part
box 0 log -n 1 -k eval.imported --json
json .body.partial true
json '.body.partial_reasons | join(",")' samples_missing

# Bad input: alone, with its reason.
printf '{"doc_id":0,"acc":1.0}\nnonsense\n{"doc_id":1,"acc":' >samples_t_bad.jsonl
box 3 ingest lm-eval samples_t_bad.jsonl
err_has 'samples_t_bad.jsonl: line 2: not valid JSON'
err_has 'samples_t_bad.jsonl: line 3: the last line is cut off'
out_has '2 accepted, 0 duplicate, 2 rejected'
echo '{"results": [], "versions": {}}' >results_bad.json
box 3 ingest lm-eval results_bad.json
err_has "'results' is not an object; expected: an object with the metrics of each task"
box 3 ingest lm-eval results_bad.json --strict
box 3 ingest lm-eval nowhere
err_has 'nowhere: No such file or directory'
box 3 ingest lm-eval "$HOME"
err_has 'no results_*.json or samples_*.jsonl in this directory or below it'
box 3 ingest lm-eval
box 2 ingest lm-eval --follow evals
box 2 ingest lm-eval --root / evals
box 0 ingest --sources
out_has lm-eval

# 20 MB of samples, and a results file of the maximum size: memory stays bounded. Instrumented builds need more.
python3 - <<'P'
import json
with open("samples_big_2026-01-01T00-00-00.jsonl", "w") as f:
    for i in range(230):
        f.write(json.dumps({"doc_id": i, "doc": {"q": "x" * 90000}, "resps": [["y"]], "acc": 1.0}) + "\n")
with open("results_large.json", "w") as f:
    tasks = {"t%d" % i: {"acc,none": i / 4096} for i in range(4096)}
    json.dump({"results": tasks, "configs": {t: {"k%d" % k: "v" for k in range(20)} for t in tasks},
               "fill": "x" * (5 << 20)}, f)
P
for file in samples_big_2026-01-01T00-00-00.jsonl results_large.json; do
    python3 - "$LEDGER" -C "$BOX" ingest lm-eval "$file" <<'P' >peak || fail "$file was not taken in"
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(done.returncode)
P
    grep -qaE '__(asan|tsan|gcov)_' "$LEDGER" || (($(cat peak) <= 64)) || fail "$file took $(cat peak) MiB of memory"
done
box 0 verify

finish
