#!/usr/bin/env bash
# A suite is run against a program, confined, and proves the route that it serves until one byte of it changes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_evals.sh
. "$ROOT/tests/cli/lib_evals.sh"

new_box
export TMPDIR=$T/tmp
mkdir tmp data

# script NAME: a program of the standard input's lines.
script() {
    { echo '#!/bin/bash' && cat; } >"$1"
    chmod 755 "$1"
}

# cases FILE CASE...: a suite of these cases, in the short form of YAML.
cases() {
    local file=$1 name one
    name=$(basename "$1" .yaml)
    shift
    {
        printf 'schema: ledger-suite/v0\nname: %s\nthresholds: [{metric: pass_rate_lower, at_least: 0.2}]\ncases:\n' "$name"
        for one in "$@"; do printf '  - {%s}\n' "$one"; done
    } >"$file"
}

# await FILTER: until an event passes it.
await() {
    for ((i = 0; i < 600; i++)); do
        [[ -z $(events "$1") ]] || return 0
        sleep 0.05
    done
    fail "no event passes '$1'"
}

# What a program is given, and what is looked at.
echo 'from the file' >data/in.txt
echo 'of the command' >rules.txt
echo 'of elsewhere' >tmp/far.txt
script echoes <<'P'
read -r line
case $1:$2 in
rules.txt:far) echo "$(<rules.txt)";;
*:seed) echo "$LEDGER_EVAL_SEED";;
*:file) echo "$(<in.txt)";;
*:out) echo made >"$LEDGER_EVAL_OUT/report";;
*:write) echo x >in.txt 2>/dev/null || echo refused;;
*:status) echo 'it cannot be' >&2; exit 3;;
*:net) : 2>/dev/null </dev/tcp/127.0.0.1/80 || echo refused;;
*) echo "$line";;
esac
P
cases given.yaml \
    'id: stdin, text: hello, expect: [{check: equals, text: hello, trim: true}, {check: exit, number: 0}]' \
    'id: command, arguments: [far], expect: [{check: equals, text: of the command, trim: true}]' \
    'id: seed, seed: 5, repeats: 2, arguments: [seed], expect: [{check: regex, text: "^[56]$", trim: true}]' \
    'id: file, files: [{path: data/in.txt}], arguments: [file], expect: [{check: equals, text: from the file, trim: true}]' \
    'id: out, arguments: [out], expect: [{check: equals, output: report, text: made, trim: true}]' \
    'id: write, files: [{path: data/in.txt}], arguments: [write], expect: [{check: equals, text: refused, trim: true}]' \
    'id: status, arguments: [status], expect: [{check: exit, number: 3}]' \
    'id: net, arguments: [net], expect: [{check: equals, text: refused, trim: true}]'
box 0 eval run given.yaml -- ./echoes rules.txt
out_has 'samples  9 of 9: 9 passed'
same "$(events 'select(.kind == "eval.sampled" and .body.sample == "seed") | .body.seed' | sort | xargs)" '5 6'
same "$(events 'select(.kind == "eval.started") | .body.program_digest')" "sha256:$(sha256sum <echoes | cut -d' ' -f1)"
same "$(events 'select(.kind == "eval.started") | .private.command | join(" ")')" './echoes rules.txt'
same "$(events 'select(.kind == "eval.started") | .body.confined')" true

# A file that the command names is part of what the result is bound to.
digest=$(events 'select(.kind == "eval.started") | .body.command_digest' | tail -1)
echo 'of the command' >>rules.txt
box 1 eval run given.yaml --fail-fast -j 1 -- ./echoes rules.txt
check test "$digest" != "$(events 'select(.kind == "eval.started") | .body.command_digest' | tail -1)"
box 1 eval run given.yaml --fail-fast -j 1 -- ./echoes tmp/../rules.txt
same "$(events 'select(.kind == "eval.started") | .private.command | join(" ")' | tail -1)" './echoes tmp/../rules.txt'

# What a program does wrong has a verdict, and what it starts ends with it.
script bad <<'P'
read -r line
case $1 in
killed) kill -SEGV $$;;
endless) while printf '%65536s' yes; do :; done;;
late) while :; do :; done;;
forks) (trap '' TERM HUP; while :; do :; done) & echo forked;;
fills)
    while printf '%1048576s' x; do :; done >/tmp/full 2>/dev/null
    echo full
    ;;
esac
P
for what in killed endless late forks fills; do
    cases "$what.yaml" "id: $what, arguments: [$what], expect: [{check: regex, text: '^(forked|full)\$', trim: true}]"
done
sed -i 's/id: late,/id: late, timeout: 1s,/' late.yaml
box 1 eval run killed.yaml -- ./bad
out_has '1 missed'
out_has 'verdict  fail'
box 1 eval run endless.yaml -- ./bad
out_has '1 over their limit'
out_has 'verdict  fail'
box 1 eval run late.yaml -- ./bad
out_has '1 over their limit'
box 0 eval run forks.yaml -- ./bad
box 0 eval run fills.yaml -- ./bad
same "$(events 'select(.kind == "eval.sample_failed") | .private.detail' | tail -3 | xargs -d '\n' printf '%.23s|')" 'it was ended by signal |it wrote more than its |it took longer than 100|'
box 3 eval run killed.yaml -- ./nosuch
err_has "program '$T/./nosuch'"
box 3 eval run killed.yaml -- ./rules.txt
err_has 'is not a file that can be executed'
box 3 eval run killed.yaml -- nosuch-program
err_has 'is not in /usr/bin, /bin or /usr/local/bin'
box 3 eval run killed.yaml -- ./bad "$BOX/head"
err_has "is in the ledger's directory"
same "$(find tmp -name 'ledger-eval-*')" ''

# It may start what is named, and nothing else.
script starts <<'P'
/usr/bin/sort 2>/dev/null || echo refused
P
cases starts.yaml 'id: a, text: "b\na\n", expect: [{check: equals, text: "a\nb\n"}]'
box 1 eval run starts.yaml -- ./starts
box 0 eval run starts.yaml --exec sort -- ./starts

# What a case has no use for, and calls that say two things.
cases chat.yaml 'id: a, messages: [{role: user, text: x}], expect: [{check: contains, text: a}]'
box 3 eval run chat.yaml -- ./bad
err_has "case 'a': a program is given a text, files and arguments"
cases names.yaml 'id: a, files: [{path: data/in.txt, name: ../x}], expect: [{check: contains, text: a}]'
box 3 eval run names.yaml -- ./bad
err_has "no program can be given a file of the name '../x'"
box 2 eval run given.yaml
err_has "or a command after '--'"
box 2 eval run given.yaml --model m -- ./bad
box 2 eval run given.yaml --pack p -- ./bad
box 2 eval run given.yaml --route r -- ./bad
err_has 'a route says itself which program serves it'
box 2 eval run given.yaml --route r --exec sort

# A program proves the route that it serves, with nothing written by hand.
script upper <<'P'
read -r line
echo "${line^^}" # a
P
cases upper.yaml 'id: a, text: one, expect: [{check: equals, text: ONE, trim: true}]' \
    'id: b, text: two, tags: [smoke], expect: [{check: equals, text: TWO, trim: true}]'
box 0 route declare upper --program "$T/upper" --suite upper
box 0 state routes upper --json
json '.things[0].state' declared-not-proven
box 0 eval run upper.yaml --route upper
out_has 'verdict  pass'
err_empty
box 0 state routes upper --json
json '.things[0].state' ready

# One other byte, which changes nothing that it does: the proof is void as soon as the program is looked at, until all of the
# suite passes again.
sed -i 's/# a/# b/' upper
box 1 eval run upper.yaml --route upper --only smoke
box 0 state routes upper --json
json '.things[0].state' declared-not-proven
json '.things[0].fields.used_program_digest' "sha256:$(sha256sum <upper | cut -d' ' -f1)"
box 0 eval run upper.yaml --route upper
box 0 state routes upper --json
json '.things[0].state' ready

# The same bytes again are what was proven at first.
sed -i 's/# b/# a/' upper
box 1 eval run upper.yaml --route upper --only smoke
box 0 state routes upper --json
json '.things[0].state' ready

# Whoever decides on the route sees another byte, too; a declaration without a digest is completed by the evaluation.
sed -i 's/# a/# c/' upper
"$LEDGER" -C "$BOX" route decide upper >/dev/null 2>&1 || :
box 0 state routes upper --json
json '.things[0].state' declared-not-proven
box 0 append route.declared -s route/plain role=tool "program=$T/upper" suite=upper
box 0 state routes plain --json
out_has "route declare plain --program $T/upper"
box 0 eval run upper.yaml --route plain
box 0 state routes plain --json
json '.things[0].state' ready

# Routes whose program is not said, or belongs to a pack; and another suite than the route's.
box 0 append route.declared -s route/mute role=tool suite=upper
box 3 eval run upper.yaml --route mute
err_has "route 'mute' names no program"
box 0 append route.declared -s route/packed role=tool program=/usr/bin/sort pack=p suite=upper
box 1 eval run upper.yaml --route packed
err_has 'give --pack p --route packed'
box 2 eval run upper.yaml --route upper --model m
box 1 eval run given.yaml --route upper
err_has "is proven by suite 'upper'"

# An evaluation that was interrupted is continued with the same program, and with no other.
script slow <<'P'
read -r line
[[ $line == quick ]] || while :; do :; done
echo "$line"
P
cases slow.yaml 'id: a, text: quick, expect: [{check: equals, text: quick, trim: true}]' \
    'id: b, text: never, timeout: 1h, expect: [{check: equals, text: never, trim: true}]'
"$LEDGER" -C "$BOX" eval run slow.yaml -j 1 -- ./slow >/dev/null 2>&1 &
evaluation=$!
await 'select(.kind == "eval.sampled" and .body.suite == "slow") | .seq'
kill -KILL "$evaluation"
wait "$evaluation" 2>/dev/null || :
check test -n "$(find tmp -maxdepth 1 -name 'ledger-eval-*')"
sed -i 's/^echo/echo /' slow
box 1 eval run slow.yaml -j 1 --resume last -- ./slow
err_has 'its digest of the program was sha256:'
sed -i 's/^echo  /echo /' slow
"$LEDGER" -C "$BOX" eval run slow.yaml -j 1 --resume last -- ./slow >.out 2>.err &
evaluation=$!
await 'select(.kind == "eval.resumed") | .seq'
kill -TERM "$evaluation"
wait "$evaluation" || :
check grep -q 'interrupted; what is on record stays' .err
same "$(find tmp -maxdepth 1 -name 'ledger-eval-*')" ''
finish
