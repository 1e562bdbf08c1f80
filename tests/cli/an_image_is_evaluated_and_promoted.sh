#!/usr/bin/env bash
# An image is a file or a directory: it is evaluated by a command that is handed it, its digest binds the result, and with that it
# passes the gates of a promotion by the commands that the program itself names.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

new_box
mkdir -p web/v1 web/v2
echo '<h1>one</h1>' >web/v1/index.html
echo '<h1>two</h1>' >web/v2/index.html
ln -s v1 web/live
{
    echo 'schema: ledger-suite/v0'
    echo 'name: pages'
    echo 'thresholds: [{metric: pass_rate_lower, at_least: 0.4}]'
    echo 'cases:'
    for i in {1..4}; do
        echo "  - {id: c$i, arguments: [\"$i\"], expect: [{check: contains, text: '<h1>'}]}"
    done
} >pages.yaml
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
cat >look <<'P'
#!/bin/sh
exec cat "$LEDGER_EVAL_CANDIDATE/index.html"
P
chmod +x look

# What cannot be evaluated.
box 3 eval run pages.yaml --candidate web/v9 -- ./look
err_has "--candidate: 'web/v9' does not exist"
box 2 eval run pages.yaml --candidate web/v2 --endpoint http://127.0.0.1:1 --model m
err_has '--candidate is for a command'

# Planned, it lacks an evaluation, and the command that helps is named.
box 0 promote plan w image/web --target web --from web/v2 --tier T1
v2=$(events 'select(.kind == "promotion.planned").body.digest')
box 0 promote simulate w --verdict pass
box 1 promote verify w --gates alone.yaml
out_has 'nothing was evaluated'
box 0 promote status w
out_has 'eval run FILE --candidate PATH -- COMMAND'

# The digest of the directory binds the result.
box 0 eval run pages.yaml --candidate web/v2 --exec /usr/bin/cat --json -- ./look
json '[.verdict, .counts] | @csv' '"pass",true'
same "$(events 'select(.kind == "eval.started").body.digest')" "$v2"
box 0 promote verify w --gates alone.yaml
box 0 promote apply w
same "$(readlink web/live)" v2

# Another version is another candidate, and one that was changed since is not applied.
echo '<h1>three</h1>' >web/v1/index.html
box 0 promote plan back image/web --target web --from web/v1 --tier T1
box 0 promote simulate back --verdict pass
box 1 promote verify back --gates alone.yaml
box 0 eval run pages.yaml --candidate web/v1 --exec /usr/bin/cat -- ./look
box 0 promote verify back --gates alone.yaml
echo '<h1>four</h1>' >web/v1/index.html
box 1 promote apply back
err_has 'it was changed'
finish
