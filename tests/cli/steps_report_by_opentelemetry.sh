#!/usr/bin/env bash
# A step reports OpenTelemetry's JSON by HTTP through the socket that it has, and as lines: its spans join the run as reported.
# Nothing else that a document says is believed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir -p inbox
span() { # TRACE SPAN NAME [ATTRIBUTES]
    jq -cn --arg t "$1" --arg s "$2" --arg n "$3" --argjson a "${4-[]}" '{resourceSpans: [{resource: {attributes: [{key: "service.name", value: {stringValue: "agent"}}]},
        scopeSpans: [{scope: {name: "test"}, spans: [{traceId: $t, spanId: $s, parentSpanId: "%", name: $n, kind: 1,
        startTimeUnixNano: "1763632800000000000", endTimeUnixNano: "1763632801500000000", attributes: $a}]}]}]}'
}
tool='[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"grep"}}]'
agent='[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}}]'
jq -cn --arg one "$(span @ 00000000000000a1 look "$tool" | jq .)" --arg line "$(span @ 00000000000000a2 think)" \
    --arg other "$(span 0123456789abcdef0123456789abcdef 00000000000000a3 think)" --arg agent "$(span @ 00000000000000a4 run "$agent")" \
    '{steps: [{id: "first", route: "work", arguments: ["post", "/v1/traces", $one, "post", "/v1/logs", $line, "post", "/v1/traces", $other,
        "post", "/v1/traces", $agent, "post", "/v1/traces", "{", "post", "/v1/metrics", "{}"]}]}' >steps.json
make_pack <steps.json
python3 - <<'EOF'
import json
head = open("worker/pack.yaml").read().split('{"steps"')[0]
steps = json.load(open("steps.json"))["steps"]
with open("worker/pack.yaml", "w") as f:
    f.write(head + "artifacts:\n  - name: said\nsteps:\n  - id: first\n    route: work\n    outputs: [said]\n    stdout: said\n    arguments:\n")
    for a in steps[0]["arguments"]:
        f.write("      - " + json.dumps(a).replace("${", "$${") + "\n")
EOF
box 0 pack install worker
grant exec python3
box 0 pack run worker --demo --out out
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run)

# What is a request is answered, whatever is believed of its content; another path is refused.
same "$(cat out/said)" "post /v1/traces 200
post /v1/logs 200
post /v1/traces 200
post /v1/traces 200
post /v1/traces 200
post /v1/metrics 404"

# Tools and steps of this trace, below the call of the step's program; no other trace, and no beginning of a run.
same "$(events 'select(.grade == "reported") | [.kind, .source, .actor, .subject] | join(" ")' | sort -u)" \
    "run.step step pack:worker run/$run
run.tool_called step pack:worker run/$run
run.tool_returned step pack:worker run/$run"
call=$(events 'select(.kind == "run.tool_called" and .grade == "measured").seq')
same "$(events 'select(.grade == "reported").cause' | sort -u)" "$call"
same "$(events 'select(.kind == "run.tool_called" and .grade == "reported").body.tool')" grep
same "$(events 'select(.kind == "run.started" or .kind == "run.finished").grade' | sort -u)" measured
same "$(events 'select(.kind == "run.step" and .body.status == "ok" and .grade == "measured").body | [.reports, .reports_refused] | @csv')" 3,5
box 0 timeline "$run"
out_has 'run.tool_called grep'
box 0 verify
finish
