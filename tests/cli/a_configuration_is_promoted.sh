#!/usr/bin/env bash
# A route's configuration is evaluated before the route has it, promoted through the gates, and the route follows: what is live by the history is
# what the route is declared with, after a rollback too; a route that was changed behind that shows, with what puts it right.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

eval_server
new_box
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
repeated 8 'say yes=yes'
suite add.yaml 0.3 "${many[@]}"
digest_of() { echo "sha256:$(printf "$1%.0s" {1..64})"; }
one=$(digest_of a) two=$(digest_of b) three=$(digest_of c)
live() { "$LEDGER" -C "$BOX" --json promote history route/r | jq -r '.live[-1].digest'; }
declared() { "$LEDGER" -C "$BOX" --json route show r | jq -r '[.. | .config_digest? // empty][0]'; }
# ledger: what a printed command starts.
ledger() { setsid -w "$LEDGER" "$@" >"$T/.out" 2>"$T/.err" || fail "what is printed does not help: ledger $*"; }

box 0 route declare r --model tiny --runtime "ollama@127.0.0.1:$port" --suite add --config-digest "$one"
box 0 eval run add.yaml --route r
box 2 eval run add.yaml --endpoint "http://127.0.0.1:$port" --model tiny --config-digest "$two"
err_has '--config-digest is for --route alone'
box 2 eval run add.yaml --route r --config-digest abc
err_has "--config-digest 'abc': expected sha256:"

# What it replaces is what the route is declared with; the remedy evaluates the candidate, and the route stays as it is.
box 0 promote plan p route/r --digest "$two"
box 0 log --kind promotion.planned --json
json .body.digest_before "$one"
box 0 promote simulate p --verdict pass
box 1 promote verify p --gates alone.yaml
remedy=$("$LEDGER" -C "$BOX" --json promote show p | jq -r '[.. | .remedy? // empty | select(test("eval run"))][0]')
same "$remedy" "ledger -C $BOX eval run FILE --route r --config-digest $two"
box 0 eval run add.yaml --route r --config-digest "$two"
same "$(declared)" "$one"
box 0 route list --state ready
out_has "ready"
box 0 promote verify p --gates alone.yaml
box 0 promote apply p
err_has "route 'r' is configured with $two now"
same "$(live)" "$two"
same "$(declared)" "$two"
box 0 route list --state ready

# Back: one command, and the route is as before, proven by what proved it then.
box 0 promote rollback p
same "$(live)" "$one"
same "$(declared)" "$one"
box 0 route list --state ready

# Changed behind the promotion: that shows, and is put right.
box 0 route declare r --config-digest "$three"
box 0 promote status
out_has 'rolled back (regression), drift'
box 0 promote list
err_has "'p': drift: route 'r' is declared with ${three:0:19}, and ${one:0:19} is live by the log"
eval "$("$LEDGER" -C "$BOX" --json promote status p | jq -r '.promotions[0].next')"
same "$(declared)" "$one"
box 0 promote status p --json
json '.promotions[0].drift' null
finish
