#!/usr/bin/env bash
# The pages of `ledger serve` in headless Chromium, as a person uses them: the code, every page in light and dark at three widths, keys alone,
# filters, the past, live updates, without script; and what axe-core finds. With a hostile ledger, too. Screenshots are left in
# build/pages. Needs Chromium, node and npm with its registry; skipped with a message otherwise.
set -eu
export npm_home=$HOME
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
# shellcheck source=tests/cli/lib_npm.sh
. "$ROOT/tests/cli/lib_npm.sh"
needs node npm chromium
mkdir driver
cp "$ROOT"/tests/pages/{package.json,package-lock.json,visit.mjs} driver/
from_npm driver 'a driver of Chromium'

new_box
box 0 append run.started -s run/r-1 agent=claude-code pack=pdf-ops
box 0 append run.model_called -s run/r-1 -r r-1 model=qwen2.5:7b call=c1
box 0 append run.tool_called -s run/r-1 -r r-1 tool=bash call=c2
box 0 append run.tool_returned -s run/r-1 -r r-1 tool=bash call=c2 ok=false outcome=error duration_ms=20
box 0 append run.finished -s run/r-1 -r r-1 outcome=error ok=false duration_ms=120
box 0 append run.started -s run/r-2 agent=codex
box 0 permit grant tool/bash exec --tier T1
box 0 append permission.denied -s tool/rm group=exec tier=T3
box 0 append route.declared -s route/extract model=qwen2.5:7b
box 0 append -g measured eval.sampled -s eval/e-1 model=qwen2.5:7b
box 0 append -g measured eval.scored -s eval/e-1 model=qwen2.5:7b task=extract metric=accuracy value=0.5
# What others wrote: markup, bidi, long words.
long=$(printf 'x%.0s' $(seq 400))
box 0 append run.started -s 'run/<script>alert(1)</script>' "agent=<svg onload=alert(1)>" task="$long"
box 0 append run.finished -s 'run/<script>alert(1)</script>' outcome=$'\u202etxt.exe"onmouseover=alert(1)' ok=false

"$LEDGER" -C "$BOX" serve --listen 127.0.0.1:0 2>serve.err &
server=$!
for _ in $(seq 200); do
    address=$(sed -n 's/.*listening on \(http.*\)$/\1/p' serve.err)
    [[ -z $address ]] || break
    sleep 0.05
done
shots=$ROOT/build/pages
mkdir -p "$shots"
export RECORD="'$LEDGER' -C '$BOX' append x.seen.live -s thing/1 a=1"
(cd driver && timeout 400 node visit.mjs "$address" "$T/serve.err" "$shots" r-1) >"$T/.out" 2>"$T/.err" || fail 'the browser did not go through'
cp "$T/.out" seen
kill -INT "$server"
wait "$server" || fail 'the server did not end well'

# seen COUNT CONDITION: so many lines.
seen() {
    local got
    got=$(jq -c "select($2)" seen | wc -l)
    [[ $got -eq $1 ]] || fail "$got lines, wanted $1: $2"
}
seen 1 '.what == "login" and .at == "/login"'
seen 1 '.what == "entered" and .at == "/"'
pages=$(jq -c 'select(.what == "page")' seen | wc -l)
((pages >= 56)) || fail "$pages pages"
seen "$pages" '.what == "page" and .status == 200 and .h1 == 1 and .failed == [] and .bytes < 100000'
seen "$pages" '.what == "page" and (.wide | not)'
seen 28 '.what == "axe" and .found == []'
seen 0 '.what == "axe" and .found != []'
seen 1 '.what == "skip" and .text == "To the content"'
seen 1 '.what == "keys" and .at == .first'
seen 1 '.what == "filter" and .kinds == ["run"]'
seen 1 '.what == "past" and .query == "?at=1" and .links and (.says | test("This is the past"))'
seen 1 '.what == "live" and .live'
seen 1 '.what == "noscript" and .rows >= 3'
seen 1 '.what == "all" and .outside == [] and .complaints == []'
check test "$(find "$shots" -name '*.png' | wc -l)" -ge 84
box 0 query --kind access.read --format jsonl
json '.body.name' page
finish
