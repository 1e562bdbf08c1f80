#!/usr/bin/env bash
# pack check: endpoints and programs, what is expected of each, how long it may take, what it may not ask; and where the answer is
# seen afterwards: in the event, in the pack's state, and in what it is shown with.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
model_server 127.0.0.1
mkdir -p worker
# pack VERSION CHECKS: installed or upgraded.
pack() {
    cat >worker/pack.yaml <<EOF2
schema: foundry-pack/v0
name: worker
version: $1
summary: Checks
publisher: test.example/packs
permissions:
  - {group: exec, scope: python3, tier: T0, required: true, reason: runs a check}
  - {group: exec, scope: "true", tier: T0, required: true, reason: does nothing}
  - {group: network.egress, scope: "192.0.2.1:9", tier: T0, reason: asks elsewhere}
  - {group: network.egress, scope: "127.0.0.1:$port", tier: T0, reason: asks a server}
  - {group: network.egress, scope: "127.0.0.1:1", tier: T0, reason: asks nobody}
  - {group: exec, scope: env, tier: T3, reason: destroys}
routes: [{name: work, role: tool, program: "true"}]
steps: [{id: one, route: work}]
checks:
$2
EOF2
    if [[ $1 == 1.0.0 ]]; then box 0 pack install worker; else box 0 pack upgrade worker; fi
}
url=http://127.0.0.1:$port
pack 1.0.0 "  - {name: up, url: $url/health, expect: {status: 200, output: '*\"ok\"*'}, required: true}
  - {name: down, url: $url/down, expect: {status: 503}, required: true}
  - {name: listed, url: '$url/health?token=abc'}
  - {name: wrong-status, url: $url/down}
  - {name: wrong-body, url: $url/health, expect: {output: '*\"ill\"*'}}
  - {name: moved, url: $url/redirect}
  - {name: slow, url: $url/silent, timeout: 1s}
  - {name: gone, url: 'http://127.0.0.1:1/'}
  - {name: away, url: 'http://192.0.2.1:9/'}
  - {name: says, program: python3, arguments: [-c, 'print(\"7 things\")'], expect: {output: '[0-9] things'}, timeout: 20s, required: true}
  - {name: exits, program: python3, arguments: [-c, 'exit(3)'], expect: {exit_code: 3}, timeout: 20s}
  - {name: wrong-code, program: python3, arguments: [-c, 'print(\"why\"); exit(2)'], timeout: 20s}
  - {name: wrong-output, program: python3, arguments: [-c, 'print(\"nothing\")'], expect: {output: 7*}, timeout: 20s}
  - {name: hangs, program: python3, arguments: [-c, 'import time; time.sleep(60)'], timeout: 1s}
  - {name: destroys, program: env}"

# What is not permitted is not run or asked, on this machine neither, and that is known.
box 1 pack check worker --json
json '[.checks[] | select(.verdict == "unknown").check] | join(" ")' \
    'up down listed wrong-status wrong-body moved slow gone away says exits wrong-code wrong-output hangs destroys'
check test ! -s requests
json '.checks[] | select(.check == "says").why' "not run: pack/worker may not exec 'python3': requested, not granted (event 4)"
box 0 append permission.granted -s pack/worker group=exec scope=python3 tier=T0
box 0 append permission.granted -s pack/worker group=exec scope=true tier=T0
box 0 append permission.granted -s pack/worker group=exec scope=env tier=T3
box 0 append permission.granted -s pack/worker group=network.egress 'scope=127.0.0.1:*' tier=T0

box 0 pack check worker --json
cp "$T/.out" checks
verdict() { # CHECK VERDICT [WORDS]: as printed, and as recorded by the event that it names.
    local one
    one=$(jq -c ".checks[] | select(.check == \"$1\")" checks)
    same "$(jq -r .verdict <<<"$one")" "$2"
    [[ $(jq -r .why <<<"$one") == *"${3:-}"* ]] || fail "the check '$1' lacks '$3': $one"
    "$LEDGER" -C "$BOX" show "$(jq .event <<<"$one")" --json >"$T/event"
    same "$(jq -r '[.kind, .subject, .body.check, .body.verdict] | join(" ")' "$T/event")" "pack.checked pack/worker $1 $2"
    same "$(jq -r '.body.duration_ms >= 0' "$T/event")" true
}
verdict up pass
verdict down pass
verdict listed pass
verdict says pass
verdict exits pass
verdict wrong-status fail 'status 503; expected: 200'
verdict wrong-body fail "does not match '*\"ill\"*'"
verdict moved fail 'status 302'
verdict slow fail "$url/silent: "
verdict gone fail 'http://127.0.0.1:1/: '
verdict destroys unknown "not run: the pack asks for exec 'env' at T3, and a check goes no further than T1"
verdict away unknown "may not network.egress '192.0.2.1:9': requested, not granted"
verdict wrong-code fail 'its exit code is 2, expected 0'
same "$(jq -r '.body.exit_code, .private.output' "$T/event")" "2
its exit code is 2, expected 0
why"
verdict wrong-output fail "does not match '7*'"
verdict hangs fail
same "$("$LEDGER" -C "$BOX" query --kind pack.checked --format jsonl --private | grep -c 'token=abc' || true)" 0
same "$(jq -r .target requests | grep -c '^/health?token=abc$')" 1
same "$("$LEDGER" -C "$BOX" query --kind permission.used --format jsonl | jq -r .body.scope | sort -u | tr '\n' ' ')" \
    "127.0.0.1:1 127.0.0.1:$port python3 "
box 0 pack show worker --json
json '.things[0].state' ready

# One that is required and fails blocks the pack until it passes. The state, the refusal and the page of the pack name its event.
pack 1.0.1 "  - {name: up, url: $url/down, required: true}
  - {name: down, url: $url/down, expect: {status: 503}, required: true}
  - {name: says, program: python3, arguments: [-V], timeout: 20s, required: true}"
box 1 pack check worker
out_has 'status 503; expected: 200'
seq=$("$LEDGER" -C "$BOX" query --kind pack.checked --format jsonl | jq 'select(.body.check == "up").seq' | tail -1)
box 0 pack show worker --json
json '.things[0].state' blocked
json '.things[0].reason' "check 'up' failed"
json ".things[0].fields.evidence | index($seq) != null" true
box 0 pack show worker
out_has "check 'up' failed"
out_has "$seq"
box 1 pack run worker
err_has "check 'up' failed"
err_has "$seq"
pack 1.0.2 "  - {name: up, url: $url/health, required: true}
  - {name: down, url: $url/down, expect: {status: 503}, required: true}
  - {name: says, program: python3, arguments: [-V], timeout: 20s, required: true}"
box 0 pack check worker
box 0 pack show worker --json
json '.things[0].state' ready

# A check that a version has no more, it does not need.
pack 1.0.3 "  - {name: up, url: $url/health, required: true}"
box 0 pack check worker
box 0 pack show worker --json
json '.things[0].state' ready

# LOCKDOWN: nothing is run, and nobody is asked.
asked=$(wc -l <requests)
box 0 append recovery.tripcode_issued -s tripcode/00000000000000000000000000000001 code=LOCKDOWN
box 1 pack check worker --json
json '[.checks[].verdict] | unique | join(" ")' unknown
same "$(wc -l <requests)" "$asked"
box 0 verify
finish
