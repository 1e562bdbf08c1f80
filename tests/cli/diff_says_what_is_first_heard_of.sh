#!/usr/bin/env bash
# diff: something that an event mentions for the first time without saying when it began is marked as first heard of, with
# its previous value; something that an event creates is marked as new. On a narrow terminal the change continues on further
# lines, and omitted columns are named.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

line() { grep -qE "$1" "$T/.out" || fail "no line like '$1'"; }
change() { json ".changes[] | select(.name == \"$1\" and .change != \"changed\") | .change" "$2"; }

new_box
box 0 append install.installed -s package/pip/click manager=pip package=click version=1.0
box 0 append install.upgraded -s package/pip/torch manager=pip package=torch version=1.1 version_before=1.0
box 0 append install.upgraded -s package/pip/torch manager=pip package=torch version=1.2 version_before=1.1
box 0 append install.removed -s package/pip/numpy manager=pip package=numpy version_before=1.0
box 0 append install.observed -s package/pip/flask manager=pip package=flask version=1.0
box 0 append model.alias_set -s alias/new alias=new runtime=ollama digest="sha256:$(printf '%064d' 1)"
box 0 append model.alias_set -s alias/old alias=old runtime=ollama digest="sha256:$(printf '%064d' 1)" \
    digest_before="sha256:$(printf '%064d' 2)"
box 0 append model.pulled -s model/pulled runtime=ollama digest="sha256:$(printf '%064d' 3)"
box 0 append model.observed -s model/seen runtime=ollama digest="sha256:$(printf '%064d' 4)"
box 0 append pack.upgraded -s pack/pdf version=2.0 version_before=1.0
box 0 append permission.granted -s pack/pdf group=gpu tier=T0
box 0 append permission.revoked -s pack/pdf group=exec tier=T3
box 0 append route.fell_back -s route/fast

box 0 diff 0
line '^\+ +pip/click +1 .*install.installed +installed, version 1.0$'
line '^\* +pip/torch +2 .*install.upgraded +first heard of: installed$'
line '^~ +pip/torch +3 .*install.upgraded +version 1.1 -> 1.2$'
line '^\* +pip/numpy +4 .*first heard of: removed$'
line '^\* +pip/flask +5 .*first heard of: observed, version 1.0$'
box 0 diff 0 2
line '^\* +pip/torch +2 .*first heard of: installed, version 1.0 -> 1.1$'
box 0 diff 0 --json
change package/pip/click appeared
change package/pip/torch first_heard
change package/pip/numpy first_heard
change package/pip/flask first_heard
change model-name/ollama/new appeared
change model-name/ollama/old first_heard
change model-name/ollama/pulled appeared
change model-name/ollama/seen first_heard
change pack/pdf first_heard
change permission/pack/pdf/gpu appeared
change permission/pack/pdf/exec first_heard
change route/fast first_heard
change verdict/pdf appeared # a judgement is new when it is made
json '[.changes[] | select(.change == "first_heard") | .before] | unique | tojson' '[null]'

# A reason that equals the state is not repeated; the verdict over the box has a name.
box 0 append pack.removed -s pack/gone
box 0 diff 13
line '^\* +gone +14 .*first heard of: removed$'
box 0 diff 2020-01-01 0
line '^\+ +\(the box\) +0 '
err_has "after the first moment ('2020-01-01'): nothing is known of before"

# The state in which it appeared is shown, even if it has changed since; without a state only the reason.
box 0 append route.decided -s route/used model=m
used=$(jq .seq "$T/.out")
box 0 append route.decided -s route/used model=m2 decision=fallback
box 0 append pack.configured -s pack/never digest="sha256:$(printf '%064d' 5)"
box 0 diff "$((used - 1))"
line "^\\* +used +$used .*first heard of: undeclared\$"
line "^~ +used +$((used + 1)) .*undeclared -> degraded"
line "^\\* +never +.*first heard of: it was never installed\$"
same "$(grep -cE 'first heard of[^:]' <<<"$out")" 0

# Known things are changed, and removed ones are new again only if an event says so.
box 0 diff 2 3
line '^~ +pip/torch +3 .* version 1.1 -> 1.2$'

command -v script >/dev/null || finish
export NO_COLOR=1 LC_ALL=C.UTF-8
COLUMNS=80 PAGER=cat TERM=xterm script -qec "'$LEDGER' -C '$BOX' diff 0" tty.log </dev/null >/dev/null 2>&1 || true
sed -e '/^Script /d' -e 's/\r$//' tty.log >"$T/.out"
out=$(cat "$T/.out")
check test "$(wc -L <"$T/.out")" -le 80
line '^\* +fast +13 +2.*first heard of: degraded: its fallback$'
line '^ +declared$'
same "$(grep -c 'first heard of: .*…' "$T/.out")" 0
same "$(tail -n 1 <<<"$out")" '(no room at 80 columns: KIND)'
finish
