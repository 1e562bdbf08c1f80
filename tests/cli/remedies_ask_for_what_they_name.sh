#!/usr/bin/env bash
# Capital letters in a remedy have to be replaced: typed as printed, it is refused before it is sealed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest=sha256:$(printf 'a%.0s' {1..64})
refused() { # WORDS ARGS...
    local words=$1
    shift
    box 3 append "$@"
    err_has "$words"
}
refused 'STATUS stands for a value: ok, missing' doctor.observed -s check/x check=x status=STATUS
refused 'TIER stands for a value: T0, T1, T2, T3' permission.granted -s pack/p group=exec tier=TIER
refused 'DIGEST stands for a value: digest' model.loaded -s model/m digest=DIGEST
refused 'SUITE stands for a value' eval.finished -s eval/e suite=SUITE
refused 'VERDICT stands for a value' pack.checked -s pack/p check=c verdict=VERDICT
refused 'REMEDY stands for a value' doctor.remedied -s check/x check=x remedy=REMEDY outcome=ok
refused "subject 'eval/EVAL': EVAL stands for a name" eval.scored -s eval/EVAL task=t metric=m
refused 'STATUS stands for a value' doctor.observed -s check/x check=x status=STATUS --dry-run
box 0 query --format json
json '.rows | length' 1

# Nothing else is taken for a placeholder: another case, a custom kind, and JSON, which is taken literally.
box 0 append doctor.observed -s check/x check=x status=Status
box 0 append x.acme.thing -s thing/THING status=STATUS
box 0 append doctor.observed -s check/x check=x 'status:="STATUS"'
box 0 append model.loaded -s model/m "digest=$digest"
finish
