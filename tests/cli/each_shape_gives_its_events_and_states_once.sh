#!/usr/bin/env bash
# Every shape of file that a source reads, one fixture of each: it becomes the events and the states that are listed here, which
# verify; the second time adds nothing; and a source whose file it is not says by which it is read, or nothing, never another.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

F=$ROOT/tests/ingest/fixtures
# SOURCE|yes if names in the file tell the source|FIXTURE|EVENTS|STATES
n=0
while IFS='|' read -r source named file kinds states; do
    n=$((n + 1))
    BOX=$T/box$n
    box 0 init --origin "test.example/box$n"
    if [[ -f $F/$file && $source != jsonl ]]; then
        run 3 -C "$BOX" ingest jsonl "$F/$file"
        known=$(sed -n 's/.*; read it with: ledger ingest \([^/;]*\)[ ;].*/\1/p' <<<"$err")
        [[ $known == "${named:+$source}" ]] || fail "jsonl calls $file one of '$known'"
    fi
    # shellcheck disable=SC2086 # a source, and perhaps an option
    box 0 ingest $source "$F/$file"
    box 0 log -n 0 --format jsonl
    cp "$T/.out" first
    got=$(jq -rs 'map(.kind) | map(select(test("^ledger[.](created|imported)$") | not)) | group_by(.) | map("\(.[0]) \(length)") | join(", ")' first)
    [[ $got == "$kinds" ]] || fail "$file: the events are '$got', wanted '$kinds'"
    COLUMNS=400 box 0 state
    got=$(awk -F '  +' 'NR > 1 && NF > 3 && $1 !~ /^(verdicts|clauses|epochs)$/ { printf "%s%s: %s", n++ ? "; " : "", $1, $3 }' "$T/.out")
    [[ $got == "$states" ]] || fail "$file: the states are '$got', wanted '$states'"
    # shellcheck disable=SC2086
    box 0 ingest $source "$F/$file"
    box 0 log -n 0 --format jsonl
    check cmp first "$T/.out"
    box 0 verify
done <<'T'
bom|yes|bom/models.spdx.json|model.declared 1, model.provenance_declared 1|models: 2 declared; model_names: 1 declared
bom|yes|bom/small.cdx.json|model.declared 1|models: 1 declared; model_names: 1 declared
hook|yes|hook/acp_session.ndjson|permission.decided 3, permission.requested 2, run.tool_called 1, run.tool_returned 1|permissions: 1 expired, 1 denied; runs: 1 observed
hook|yes|hook/claude_answers.ndjson|permission.decided 5, run.tool_called 1|permissions: 1 expired, 1 denied; runs: 1 observed
hook|yes|hook/claude_batch.json|run.tool_returned 2|runs: 1 observed
hook|yes|hook/claude_session.ndjson|permission.decided 1, permission.requested 1, run.finished 1, run.started 1, run.step 2, run.tool_called 2, run.tool_returned 2|permissions: 1 requested, 1 denied; runs: 1 finished
hook|yes|hook/codex_app_server.ndjson|permission.decided 3, permission.requested 2|permissions: 1 requested, 1 granted, 1 expired; runs: 1 observed
hook|yes|hook/codex_hooks.ndjson|permission.requested 1, run.tool_called 1, run.tool_returned 1|permissions: 1 requested; runs: 1 observed
hook|yes|hook/codex_rollout.jsonl|permission.decided 3, permission.requested 3, run.asked 1, run.tool_called 1, run.tool_returned 1|permissions: 3 requested, 1 denied; runs: 1 observed
hook|yes|hook/gemini_session.ndjson|run.finished 1, run.started 1, run.tool_called 2, run.tool_returned 2|runs: 1 finished
hook|yes|hook/goose_tool_permissions.json|permission.decided 3|permissions: 1 granted
hook|yes|hook/opencode_events.json|permission.decided 4, permission.requested 3|permissions: 2 denied, 1 expired; runs: 3 observed
hook|yes|hook/opencode_versions.ndjson|permission.decided 2, permission.requested 2, run.tool_called 2, run.tool_returned 2|permissions: 2 expired; runs: 2 observed
inspect|yes|inspect/whole.json|eval.imported 1, eval.sample_failed 1, eval.sampled 3, eval.scored 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 2 -; eval_results: 2 scored
inspect|yes|inspect/part.json|eval.imported 1, eval.invalidated 1, eval.sample_failed 2, eval.scored 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 invalidated; eval_scores: 2 -
inspect|yes|inspect/old.json|eval.imported 1, eval.sampled 1, eval.scored 1, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 1 -
inspect|yes|inspect/small.json|eval.imported 1, eval.scored 1, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 1 -
inspect|yes|inspect/compact.json|eval.imported 1, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished
inspect|yes|inspect/cancelled.json|eval.imported 1, eval.sampled 1, eval.scored 1, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 1 -
inspect|yes|inspect/edited.json|eval.imported 1, eval.invalidated 2, eval.sampled 4, eval.scored 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 invalidated; eval_scores: 2 -; eval_results: 2 invalidated
inspect|yes|inspect/tampered.json|eval.imported 1, eval.sample_failed 1, eval.sampled 3, eval.scored 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 2 -; eval_results: 2 scored
inspect||inspect/deflate.eval|eval.imported 1, eval.sample_failed 1, eval.sampled 3, eval.scored 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 2 -; eval_results: 2 scored
inspect||inspect/zstd.eval|eval.imported 1, eval.sample_failed 1, eval.sampled 3, eval.scored 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 2 -; eval_results: 2 scored
inspect||inspect/crashed.eval|eval.sampled 2, eval.started 1, eval.task_declared 1|models: 1 unregistered; evals: 1 started
journal|yes|journal/box.export|hardware.faulted 3, service.failed 2, service.started 2, service.stopped 1|
kubernetes|yes|kubernetes/audit.log|peer.acted 4|
kubernetes|yes|kubernetes/list.json|peer.acted 2|
llama-bench|yes|llamabench/cuda.json|eval.benchmarked 2|models: 1 unregistered
llama-bench|yes|llamabench/cuda.jsonl|eval.benchmarked 2|models: 1 unregistered
llama-bench|yes|llamabench/old.jsonl|eval.benchmarked 2|models: 1 unregistered
lm-eval||lmeval/whole|eval.imported 1, eval.sample_failed 5, eval.sampled 6, eval.scored 5, eval.task_declared 2|models: 1 unregistered; evals: 1 finished; eval_scores: 5 -; eval_results: 5 scored
lm-eval||lmeval/old/results.json|eval.imported 1, eval.scored 3|models: 1 unregistered; evals: 1 finished; eval_scores: 3 -; eval_results: 3 scored
lm-eval||lmeval/odd|eval.imported 1, eval.scored 6, eval.task_declared 1|models: 1 unregistered; evals: 1 finished; eval_scores: 6 -
lm-eval||lmeval/inner|eval.imported 1, eval.sample_failed 1, eval.sampled 2, eval.scored 1|models: 1 unregistered; evals: 1 finished; eval_scores: 1 -; eval_results: 1 scored
lm-eval||lmeval/orphans|eval.imported 1, eval.sample_failed 2, eval.sampled 1|evals: 1 finished
ollama --from||ollama/version.json|runtime.observed 1|runtimes: 1 up
ollama --from|yes|ollama/tags.json|model.observed 2|models: 2 present; model_names: 2 present
ollama --from|yes|ollama/ps.json|model.loaded 1|models: 1 loaded; model_names: 1 present
ollama --from|yes|ollama/show.json|model.identified 1|models: 1 present; model_names: 1 present
ollama --from|yes|ollama/generate.ndjson|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from|yes|ollama/generate-error.ndjson|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from|yes|ollama/generate-cut.ndjson|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from|yes|ollama/chat-tools.ndjson|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from|yes|ollama/chat-cloud.json|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from||ollama/embed.json|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from|yes|ollama/load.json|model.loaded 2, model.unloaded 1|models: 1 loaded, 1 present; model_names: 2 present
ollama --from|yes|ollama/unload.json|model.unloaded 1|models: 1 present; model_names: 1 present
ollama --from|yes|ollama/generate-cached.json|run.model_called 1|models: 1 unregistered; runs: 1 observed
ollama --from|yes|ollama/pull.ndjson|model.pulled 1|models: 1 present
ollama --from|yes|ollama/pull-failed.ndjson|model.pulled 1|
ollama --from|yes|ollama/push.ndjson|model.pushed 1|
openai --from|yes|openai/completion.json|run.model_called 1|models: 1 unregistered; runs: 1 observed
openai --from||openai/llamacpp-error.json|runtime.observed 1|runtimes: 1 up
openai --from|yes|openai/lmstudio-v1.json|model.loaded 1, model.observed 1|models: 1 loaded; model_names: 1 present
openai --from|yes|openai/lmstudio.json|model.observed 1|models: 1 present; model_names: 1 present
openai --from|yes|openai/openai-models.json|model.observed 1|models: 1 present; model_names: 1 present
openai --from|yes|openai/llamacpp-models.json|model.loaded 1, model.observed 1|models: 1 loaded; model_names: 1 present
openai --from|yes|openai/llamacpp-metrics.txt|runtime.observed 1|runtimes: 1 up
openai --from|yes|openai/llamacpp-usage.json|run.model_called 1|models: 1 unregistered; runs: 1 observed
openai --from|yes|openai/props.json|runtime.observed 1|runtimes: 1 up
openai --from|yes|openai/slots.json|runtime.observed 1|runtimes: 1 up
openai --from|yes|openai/vllm-metrics.txt|runtime.observed 1|runtimes: 1 up
otlp|yes|otlp/traces.json|eval.scored 1, run.finished 1, run.model_called 2, run.reporter_observed 1, run.started 1, run.step 1, run.tool_called 1, run.tool_returned 1|models: 1 unregistered; evals: 1 scored; eval_scores: 1 -; eval_results: 1 scored; runs: 1 finished, 1 observed
otlp|yes|otlp/traces_pretty.json|eval.scored 1, run.finished 1, run.model_called 2, run.reporter_observed 1, run.started 1, run.step 1, run.tool_called 1, run.tool_returned 1|models: 1 unregistered; evals: 1 scored; eval_scores: 1 -; eval_results: 1 scored; runs: 1 finished, 1 observed
otlp|yes|otlp/logs.json|ledger.gap 1, permission.decided 2, run.logged 1, run.model_called 1, run.reporter_observed 1, run.tool_returned 1|permissions: 1 granted, 1 denied; models: 1 unregistered; runs: 2 observed
otlp|yes|otlp/service.json|run.logged 1, run.reporter_observed 1|
otlp|yes|otlp/collector.jsonl|eval.scored 1, run.finished 1, run.model_called 2, run.reporter_observed 1, run.started 1, run.step 1, run.tool_called 1, run.tool_returned 1|models: 1 unregistered; evals: 1 scored; eval_scores: 1 -; eval_results: 1 scored; runs: 1 finished, 1 observed
promptfoo|yes|promptfoo/echo.json|eval.imported 2, eval.sample_failed 2, eval.sampled 4, eval.scored 4|models: 1 unregistered; evals: 2 finished; eval_scores: 4 -; eval_results: 2 scored
promptfoo|yes|promptfoo/table.json|eval.imported 2, eval.sample_failed 2, eval.sampled 2, eval.scored 4|models: 2 unregistered; evals: 2 finished; eval_scores: 4 -; eval_results: 4 scored
tailscale --from|yes|tailscale/status.json|peer.observed 3|
tailscale --from|yes|tailscale/login.json|peer.observed 1|
weights|yes|weights/tiny.gguf|model.observed 1|models: 1 present; model_names: 1 present
weights|yes|weights/tiny.safetensors|model.observed 1|models: 1 present; model_names: 1 present
weights|yes|weights/nameless.safetensors|model.observed 1|models: 1 present; model_names: 1 present
dpkg|yes|dpkg/dpkg.log|install.failed 1, install.removed 3|installs: 2 removed, 1 unfinished
jsonl||jsonl/sample.jsonl|run.started 1, x.acme.heartbeat 2, x.acme.note 1|runs: 1 running
T
((n > 70)) || fail "only $n shapes were read"
finish
