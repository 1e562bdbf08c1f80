#!/usr/bin/env bash
# A policy's file is YAML or JSON, read by one door: both give the same event, and what is wrong has its line and column.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
cat >mine.yaml <<'E2'
# Limits of this site.
policy: mine
version: 1.10          # text, as it is written
capability_tiers:
  - tier: gpu-24g
    gpu_bytes: 24000000000
    runtimes: [ollama*, "llama.cpp"]
  - tier: "any"
tool_rules:
  - {agent: claude-code, tool: Bash, tier: T2}
snapshot_max_age_ms: 900000
E2
cat >mine.json <<'E2'
{"policy": "mine", "version": "1.10", "snapshot_max_age_ms": 900000,
 "capability_tiers": [{"tier": "gpu-24g", "gpu_bytes": 24000000000, "runtimes": ["ollama*", "llama.cpp"]}, {"tier": "any"}],
 "tool_rules": [{"agent": "claude-code", "tool": "Bash", "tier": "T2"}]}
E2
for file in mine.yaml mine.json; do
    box 0 policy check "$file" --json
    json .version 1.10
    json .tiers 2
    json .digest "sha256:$(sha256sum "$file" | cut -d' ' -f1)"
    box 0 policy declare "$file"
    box 0 show "$(jq -r .seq <<<"$out")" --json
    jq -S '.body | del(.digest)' <<<"$out" >"$file.body"
done
same "$(cat mine.yaml.body)" "$(cat mine.json.body)"
json .body.capability_tiers[0].gpu_bytes 24000000000
box 0 policy shipped --json
printf '%s\n' "$out" >shipped.json
box 0 policy check shipped.json

refused() { # PLACE WORDS TEXT
    printf '%b' "$3" >bad.yaml
    box 3 policy check bad.yaml
    err_has "bad.yaml:$1: $2"
    box 3 policy declare bad.yaml
    err_has "bad.yaml:$1: $2"
}
refused 1:1 "field 'policy' is missing" 'version: 1\n'
refused 1:1 'a policy is a map, and this is a list' '- policy\n'
refused 1:1 'is empty' ''
refused 2:1 "'polcy' is not a field of 'policy.declared', did you mean 'policy'?" 'policy: x\npolcy: y\n'
refused 2:1 "field 'controllers' is text; expected: an array of text" 'policy: x\ncontrollers: alice\n'
refused 2:1 "field 'snapshot_max_age_ms' is text" 'policy: x\nsnapshot_max_age_ms: .inf\n'
refused 2:3 "duplicate key 'policy'" '{"policy": "x",\n  "policy": "y"}\n'
refused 2:7 'the anchor' 'policy: x\nnote: &a b\n'
refused 5:5 "field 'capability_tiers', item 1: unknown member 'gpu_byte' (did you mean 'gpu_bytes'?)" \
    'policy: x\nversion: 1\ncapability_tiers: [{tier: a,\n    gpu_bytes: 1}, {tier: b,\n    gpu_byte: 1}]\n'
refused 5:5 "field 'capability_tiers', item 0: member 'parallel' is a negative integer" \
    'policy: x\nversion: 1\ncapability_tiers:\n  - tier: a\n    parallel: -1\n'
refused 3:5 "field 'tool_rules', item 0: field 'tier' is 'T9'" 'policy: x\ntool_rules:\n  - tier: T9\n    agent: a\n    tool: b\n'
refused 4:5 "field 'capability_tiers', item 0 is text" 'policy: x\nversion: 1\ncapability_tiers:\n  - a\n'

finish
