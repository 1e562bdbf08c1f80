#!/usr/bin/env bash
# One event, tool call, row or second is never described in the plural.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

plurals='(^|[^0-9.])1 (events|rows|headers|bodies|fields|artifacts|projections|segments|bundles|days|seconds|records|sources|kinds|tool calls|runs)'
read_well() {
    [[ ! $out$err =~ $plurals ]] || fail "'${BASH_REMATCH[0]}'"
    [[ ! $out$err =~ 1\ [a-z]+\ (have|are|were)\  ]] || fail "'${BASH_REMATCH[0]}'"
}

# A new ledger has one event.
new_box
for words in status stats verify log 'query --count' state 'rebuild' 'rebuild --check' 'verify --derived' 'support -n --days 1' \
    'export -n --whole' 'index --check'; do
    # shellcheck disable=SC2086
    box 0 $words
    read_well
done
box 0 query --explain
read_well
err_has 'index: '
box 0 key export
vkey=$out
box 0 verify --no-trust-file --key "$vkey"
read_well
box 0 checkpoint --save one.checkpoint
box 0 verify --checkpoint one.checkpoint
out_has 'the only event is known from outside'
read_well
box 3 state packs --at 1795341633
err_has 'the ledger has 1 event;'
read_well
box 0 export -o one.tar.zst --whole
run 0 verify one.tar.zst --no-trust-file --key "$vkey"
read_well
run 10 verify one.tar.zst --no-trust-file
read_well

# One call with a tier, and one suite whose results count for a second.
box 0 append run.tool_called -s run/r -r r tool=Bash agent=claude-code group=exec
box 0 query --tier T2
same "$err" 'ledger: query: 0 of 1 tool call has no tier'
box 0 append run.tool_called -s run/r -r r tool=Bash agent=claude-code group=exec
box 0 query --tier T2
same "$err" 'ledger: query: 0 of 2 tool calls have no tier'
box 0 append eval.suite_declared -s suite/s suite=s max_age_s:=1 --body '{"tasks":[{"name":"t","metric":"acc","threshold":0.5,"higher_is_better":true}]}'
for kind in started scored finished; do
    case $kind in
        scored) fields=(task=t metric=acc value:=0.9) ;;
        *) fields=(suite=s model=m digest="sha256:$(printf 'b%.0s' {1..64})" at=2020-01-01T00:00:00Z) ;;
    esac
    box 0 append "eval.$kind" -s eval/e "${fields[@]}"
done
box 0 eval show e
out_has 'it is older than the 1 second for which'
read_well
finish
