#!/usr/bin/env bash
# A likely mistake in an event is refused before it is written, by append and by ingest jsonl, naming what is accepted.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
size() { # of the ledger
    box 0 stats --json
    jq -r .events <<<"$out"
}
before=$(size)
box 3 append pack.installed -s route/zzz version=1
err_has "expected: pack/<name>"
box 3 append pack.installed -s pdf-ops-pack version=1
err_has "did you mean 'pack/pdf-ops-pack'?"
box 3 append permission.granted -s pack/p group=exec teir=T0
err_has "did you mean 'tier'?"
box 3 append pack.installed -s pack/p version=1 permissions:='[{"grp":"exec"}]'
err_has "field 'permissions', item 0: unknown member 'grp'; expected: group (required), scope"
box 3 append pack.installed -s pack/p version=1 models:='["llama3.2:3b"]'
err_has "field 'models', item 0 is text"
same "$(size)" "$before"

# Intended names pass, and names that are near no known one pass with a note.
box 0 append permission.granted -s pack/p group=exec teir=T0 --force-private
err_has "'teir' is not a field of permission.granted: it is kept private"
box 0 append permission.revoked -s tool/Bash group=exec ticket=8
err_has "'ticket' is not a field of permission.revoked: it is kept private"

cat >lines.jsonl <<'END'
{"kind":"permission.granted","subject":"pack/p","body":{"group":"exec","teir":"T0"}}
{"kind":"permission.granted","subject":"pack/p","force_private":true,"body":{"group":"exec","teir":"T0"}}
{"kind":"run.started","subject":"host/x"}
{"kind":"run.started","subject":"run/x"}
{"kind":"run.started","subject":"run/x","force_private":"yes"}
END
box 3 ingest jsonl lines.jsonl
out_has '2 accepted, 0 duplicate, 3 rejected'
err_has "line 1: 'teir' is not a field of 'permission.granted', did you mean 'tier'?"
err_has "line 3: subject 'host/x' does not suit 'run.started'; expected: run/<id>"
err_has "line 5: 'force_private' is text; expected: true or false"
BOX=$T/ranges
box 0 init --origin test.example/ranges
box 0 append permission.granted -s pack/p group=exec tier=T1
# A range that ends before it begins is an error, not an answer.
for range in '2 1' '2026-11-22 2026-11-21' '1h 2h'; do
    for command in query log timeline; do
        # shellcheck disable=SC2086 # two words
        box 2 $command --since ${range% *} --until ${range#* }
        err_has "is after --until '${range#* }'"
        out_empty
    done
done
box 0 query --since 0 --until 0

# Contradictory, negative or nearly known names and values are not sealed either.
box 3 append run.finished -s run/1 -r 2 outcome=ok
err_has "the subject is 'run/1' and the run is '2'; expected: the same run in both, or no run"
box 3 append hardware.profiled -s host/h 'gpus:=[{"name":"rtx","memory":25769803776}]'
err_has "field 'gpus', item 0: unknown member 'memory' (did you mean 'memory_bytes'?)"
box 3 append hardware.profiled -s host/h memory_bytes:=-5
err_has "field 'memory_bytes' is a negative integer; expected: an integer, not negative"
box 3 append eval.scored -s eval/e task=t metric=x value:=-1 samples:=-1
err_has "field 'samples' is a negative integer"
box 3 append eval.scored -s eval/e task=t metric=x value:=1 higher=true
err_has "'higher' is not a field of 'eval.scored', did you mean 'higher_is_better'?"
box 3 append hardware.profiled -s host/h memory:=5
err_has "did you mean 'memory_bytes'?"
box 3 append model.loaded -s model/m model_name=m
err_has "did you mean 'model'?"
box 0 append eval.scored -s eval/e task=t metric=x value:=-1 higher=true --force-private

# Every command accepts the common options.
for command in 'show 0' 'log' 'query' 'state' 'kinds' 'permit list' 'stats' 'index'; do
    # shellcheck disable=SC2086 # words
    box 0 $command --no-pager
    # shellcheck disable=SC2086 # words
    box 0 --no-pager $command
done

finish
