#!/usr/bin/env bash
# On a terminal of 80 columns: states, remedies and the ends of names are shown, reasons continue on the next line, less
# important columns are left out; a body begins with what went wrong; bad states are coloured.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
command -v script >/dev/null || exit 0

on_tty() { # COLUMNS WORDS...
    local columns=$1
    shift
    COLUMNS=$columns LC_ALL=C.UTF-8 TERM=xterm PAGER=cat script -qec "'$LEDGER' -C '$BOX' $*" tty.log </dev/null >/dev/null 2>&1 || true
    sed -e '/^Script /d' -e 's/\r$//' tty.log >"$T/.out"
    : >"$T/.err"
    out=$(cat "$T/.out")
}
plain() { # the same without colours
    export NO_COLOR=1
    on_tty "$@"
    unset NO_COLOR
}
fits() { check test "$(wc -L <"$T/.out")" -le "$1"; }

new_box
box 0 append permission.granted -s pack/pdf-ops-pack group=filesystem.read scope='inbox/**' tier=T0 expires=2040-01-01T00:00:00Z
box 0 append permission.requested -s pack/pdf-ops-pack group=network.egress scope=api.example.org tier=T2
box 0 append permission.denied -s pack/pdf-ops-pack group=exec scope='bin/of/the/tools/pdftotext' tier=T3
box 0 append runtime.unreachable -s runtime/ollama runtime=ollama endpoint=http://127.0.0.1:11434 \
    error='connection refused by the machine that was asked for its models'
box 0 append run.started -s run/r1 --run r1 pack=pdf-ops-pack agent=claude task=monthly
box 0 append run.finished -s run/r1 --run r1 outcome=error error='tool denied' duration_ms=45000 ok:=false

# Lists: names keep their ends, states are whole, times are dropped first.
plain 80 permit list
fits 80
out_has 'ops-pack'
out_has ' denied'
out_has ' granted'
out_has 'pdftotext'
same "$(tail -n 1 <<<"$out")" '(no room at 80 columns: OVERRIDDEN_BY, TIER, JUDGED_TIER, EXPIRES, SINCE)'
same "$(grep -c SINCE <<<"$out")" 1
plain 200 permit list
out_has 'SINCE'
out_lacks 'no room'
plain 80 permit list --fields who,group,scope,state,since
out_has 'SINCE' # it was asked for
out_lacks 'no room'
box 0 permit list
out_lacks 'no room'
on_tty 80 permit list
out_has $'\e[31mdenied\e[0m'
on_tty 80 permit list --no-color
out_lacks $'\e['
on_tty 80 run list
out_has $'\e[31mfailed\e[0m'

on_tty 80 show 6 --no-pager
out_has $'\e[31m  "error": "tool denied"'

# Remedies are whole, on lines of their own; reasons wrap.
plain 80 why verdict
check test "$(grep -vc '^    ' "$T/.out")" -gt 10
grep '^    ' "$T/.out" >remedies
check grep -qxE "    ledger (-C [^ ]+ )?doctor" remedies
check grep -qE 'ledger (-C [^ ]+ )?ingest ollama http://127.0.0.1:11434$' remedies
grep -v '^    [a-z]' "$T/.out" | grep -v '^verdict' >rest
check test "$(wc -L <rest)" -le 80
out_has 'connection refused by'
out_lacks 'asked for its mod…'
on_tty 80 why verdict
out_has $'\e[31mfail\e[0m'
plain 900 why verdict
out_has 'REMEDY'

# What a bundle discloses is described in whole words, within the line.
plain 80 export -n -k 'run.*' --whole
fits 80
out_has 'of events that do not match'

# Log and query: time and kind are whole, a body begins with what went wrong.
for list in log query; do
    plain 80 $list
    fits 80
    out_has 'runtime.unreachable'
    check grep -Eq '[0-9]{2}:[0-9]{2}:[0-9]{2}.* run\.finished  +run/r1  +error=tool' "$T/.out"
done
box 0 log -n 1
out_has 'error=tool denied ok=false outcome=error duration_ms=45000'
plain 80 export -o out.tar.zst -k 'run.*' --whole
fits 80
out_has 'recorded as'

# Explanatory columns wrap: nothing is cut, all words are there.
words() { tr -s ' \n' '  ' <"$T/.out"; }
has_words() { [[ "$(words)" == *"$1"* ]] || fail "the words lack '$1'"; }
box 0 append policy.declared -s policy/mine --body '{"policy":"mine","version":"1","tool_rules":[
    {"tool":"mcp__ci__*","tier":"T3","name":"deploys","denied":["target=production"],"cooldown_ms":60000},
    {"tool":"Bash","tier":"T3","arguments":["command=rm *"]},{"tool":"Last","tier":"T1"}]}'
plain 80 policy show mine --no-pager
fits 80
same "$(tr -d ' \n' <"$T/.out" | grep -o '"tool":"Last"')" '"tool":"Last"'
grep '^tool_rules' -A 12 "$T/.out" >rules
check bash -c '! grep -q … rules'
weights="sha256:$(printf 'b%.0s' {1..64})"
box 0 append model.observed -s model/m model=m runtime=ollama digest="$weights"
box 0 append eval.suite_declared -s suite/s --body '{"suite":"s","tasks":[{"name":"t1","metric":"acc","threshold":0.8,"higher_is_better":true},{"name":"t2","metric":"acc","threshold":0.5,"higher_is_better":true}]}'
for e in 1:0.4 2:0.6; do
    measured eval.started -s "eval/e${e%:*}" suite=s model=m route=sum digest="$weights"
    measured eval.scored -s "eval/e${e%:*}" task=t1 metric=acc value:=0.9
    measured eval.scored -s "eval/e${e%:*}" task=t2 metric=acc value:="${e#*:}"
    measured eval.finished -s "eval/e${e%:*}" suite=s model=m route=sum digest="$weights" verdict=pass
done
plain 80 eval list --no-pager
fits 80
check bash -c "! sed 1d '$T/.out' | grep -q '…'"
box 0 eval list --json
reason=$(jq -r '.states[] | select(.eval == "e1") | .reason' <<<"$out")
plain 80 eval list --with eval=e1 --fields reason --no-pager
has_words "$reason"
plain 80 eval diff e1 e2 --no-pager
fits 80
has_words 'misses -> fail -> reaches pass'

# The first screen too, on lines that nothing else needs.
box 0 append pack.installed -s pack/other version=1 --body '{"permissions":[{"group":"exec","scope":"/usr/bin/tools/of/it","tier":"T2","required":true}]}'
plain 80 status
check test "$(grep -v 'ledger -C' "$T/.out" | wc -L)" -le 80 # commands are whole
box 0 status --json
reason=$(jq -r '.not_ready[] | select(.name == "pack/other") | .reason' <<<"$out")
check test "${#reason}" -gt 60
plain 80 status
has_words "$reason"

# Messages are broken between words, and never inside quotes.
plain 60 show 999 # both streams are that terminal
fits 60
has_words "there is no event 999: the ledger has"
plain 60 eval show "'no such evaluation in here'"
check grep -q "'no such evaluation in here'" "$T/.out"
run 2 status extra
check test "$(wc -l <"$T/.err")" = 2
# All that keeps an evaluation from counting is told, below its row.
box 0 append eval.imported -s eval/e3 harness=lm_eval model=some/model partial:=true cached:=true dirty:=true
plain 80 eval list
fits 80
words=$(tr -s ' \n' '  ' <<<"$out")
[[ $words == *'no score of it'* || $words == *'nothing was scored'* ]] || fail 'the first finding is missing'
[[ $words == *'its answers came from a cache; its code had changes on top of its commit; it is for a name, not for weights: it names no digest'* ]] ||
    fail 'the last findings are cut'
finish
