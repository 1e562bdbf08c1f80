#!/usr/bin/env bash
# support writes a report that contains no name of a person, place or run, and says what was left out.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin acme-labs.example/nightbox
box 0 append run.started -s run/moonshot --run moonshot --actor user:alice agent=coder prompt='private words' cwd=/home/alice/src
box 0 append run.finished -s run/moonshot --run moonshot --actor user:alice status=ok
box 0 append runtime.observed -s runtime/ollama runtime=ollama endpoint=http://10.1.2.3:11434 version=0.5.1 status=ok
box 0 append model.observed -s model/alice-tuned model=alice-tuned
box 0 append x.vendor.note -s thing/alices-car --open text,n,flag,digest --actor user:alice text='hello' n:=5 flag:=true \
    digest="sha256:$(printf x | sha256sum | cut -d' ' -f1)"
box 0 append doctor.observed -s check/disk check=disk target=/dev/alice status=ok value:=5
size() { "$LEDGER" -C "$BOX" stats --json | jq .events; }

box 0 support --dry-run
out_has 'was left out'
out_has 'every private field'
same "$(size)" 7
box 0 support -o s.tar.zst --recipient helper
out_has 'recorded as event 7'
mkdir report
zstd -dc s.tar.zst | tar x -C report
same "$(cd report && echo *)" 'DOCTOR.md LEFT_OUT.md events.jsonl report.json'
same "$(zstd -dc s.tar.zst | tar t | head -n 1)" DOCTOR.md
for word in alice acme nightbox moonshot 10.1.2.3 'private words' hello coder thing/a "$(hostname)" "$(id -un)"; do
    ((${#word} >= 3)) || continue
    if grep -rniwF -- "$word" report >found; then
        cp found "$T/.out"
        fail "the report has '$word'"
    fi
done
same "$(wc -l <report/events.jsonl)" 7
line() { sed -n "$1p" report/events.jsonl; }
run_name=$(line 2 | jq -r .run)
same "${run_name%%-*}" run:r
same "$(line 2 | jq -r .subject)" "run/${run_name#run:}"
same "$(line 3 | jq -r .run)" "$run_name"
same "$(jq -r '.states.runs.rows[0].run' report/report.json)" "$run_name"
same "$(line 2 | jq -r '.actor | .[0:7]')" user:u-
same "$(line 2 | jq -r .actor)" "$(line 6 | jq -r .actor)"
same "$(line 4 | jq -r '.body.endpoint | .[0:10]')" address:a-
same "$(line 4 | jq -r '.body.version, .body.runtime' | tr '\n' ' ')" '0.5.1 ollama '
same "$(line 6 | jq -c '.body | keys')" '["digest","flag","n"]'
same "$(jq -r .format report/report.json)" ledger-support/1
same "$(jq -r '.ledger.events' report/report.json)" 7
same "$(jq -r '[.counters[].kinds[]] | add' report/report.json)" 7
same "$(jq -r '.states.verdicts.rows[0].clauses | length > 5' report/report.json)" true
same "$(jq -r '.projections | length > 5' report/report.json)" true
box 0 show 7 --json
json .body.format support
json .body.digest "sha256:$(sha256sum s.tar.zst | cut -d' ' -f1)"
json .private.recipient helper

# Its first page is what the doctor says, with what is recorded of it; what it names is replaced as everywhere.
page=$(<report/DOCTOR.md)
[[ $page == '# What the doctor says of this box'* ]] || fail "it begins otherwise: $page"
grep -q '^## unknown: ' report/DOCTOR.md || fail 'no clause is unknown'
grep -Eq '^- since: .*, by event [0-9]+$' report/DOCTOR.md || fail 'it does not say since when'
same "$(grep -c '^## ' report/DOCTOR.md)" "$(($(grep -cE '^## (fail|warn|unknown): ' report/DOCTOR.md) + $(grep -cE '^## (pass|does not apply)$' report/DOCTOR.md)))"

# Another report has other names.
box 0 support -o t.tar --plain --json --days 1
json .recorded 8
json .secrets 0
tar xOf t.tar events.jsonl >t.jsonl
[[ $(sed -n 2p t.jsonl | jq -r .run) != "$run_name" ]] || fail 'two reports share a pseudonym'
run 30 verify s.tar.zst
out_has 'this is a support report, which proves nothing'

box 2 support
err_has '-o FILE'
box 2 support -o x.zst --days 0
box 2 support -o x.zst --days x
box 2 support -o x.zst --days 99999
box 2 support -o x.zst extra
box 3 support -o t.tar
err_has 'exists already'
box 4 support -o nowhere/x.zst
code=0
"$LEDGER" -C "$BOX" support -o - >/dev/full 2>"$T/.err" </dev/null || code=$?
same "$code" 4
if command -v prlimit >/dev/null; then
    code=0
    (set -o pipefail && prlimit --core=0 --fsize=700 "$LEDGER" -C "$BOX" support -o x.zst --plain 2>&1 | cat >"$T/.err") || code=$?
    same "$code" 4
fi
run 3 -C nowhere support -o x.zst
check test ! -e x.zst
same "$(find . -name '.ledger-tmp-*')" ''

# What is wrong names a path, a host, an address, a user, a run and the origin: none of them is on the page.
BOX=$T/ill
box 0 init --origin moon.acme.example/rabbit
box 0 append run.started -s run/tortoise --run tortoise --actor user:beatrix agent=coder
box 0 append doctor.observed -s check/disk-space check=disk-space target=/srv/burrow/beatrix status=full
box 0 append doctor.observed -s check/hutch check=hutch target=hare.acme.example status=error
box 0 append doctor.observed -s check/origin check=origin target=moon.acme.example/rabbit status=error
box 0 append doctor.observed -s check/run check=run target=tortoise status=error
box 0 append runtime.unreachable -s runtime/ollama runtime=ollama endpoint=http://10.9.8.7:11434 error='beatrix said no'
box 0 append pack.installed -s pack/digger pack=digger version=1 \
    'permissions:=[{"group":"filesystem.read","scope":"clients/peter-hare/**","tier":"T0","required":true}]'
box 0 append permission.granted -s pack/digger group=filesystem.read scope='**' tier=T0 # more than it asks for
box 0 support -o ill.tar --plain
tar xOf ill.tar DOCTOR.md >ill.md
grep -q '^## fail: disk$' ill.md || fail "no disk fails: $(cat ill.md)"
grep -q '^## fail: runtimes$' ill.md || fail "no runtime is ill: $(cat ill.md)"
grep -q '^- remedy: ' ill.md || fail "no remedy: $(cat ill.md)"
grep -q '^## warn: permissions$' ill.md || fail "no grant is too wide: $(cat ill.md)"
for word in burrow beatrix peter hare rabbit moon acme tortoise clients 10.9.8.7 11434 /srv "$(hostname)"; do
    ((${#word} >= 3)) || continue
    grep -iF -- "$word" ill.md >"$T/.out" && fail "the page has '$word'"
    tar xOf ill.tar report.json | grep -iF -- "$word" >"$T/.out" && fail "report.json has '$word'"
done

finish
