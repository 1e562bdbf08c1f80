# shellcheck shell=bash
# Events that make states of every kind: a pack with two routes, one proven, a model, grants, packages, runs, a promotion
# that skipped a step. Sourced after lib.sh by the scenarios about states.

# shellcheck disable=SC2034,SC2154 # names of the scenarios and of lib.sh
WEIGHTS=sha256:$(printf 'a%.0s' {1..64})
OTHER=sha256:$(printf 'b%.0s' {1..64})
CONFIGURED=sha256:$(printf 'c%.0s' {1..64})
SUITE=sha256:$(printf 'd%.0s' {1..64})

# add WANTED_SEQ KIND ARGS...: the seq is checked, so that the scenarios can name it.
add() {
    local want=$1
    shift
    box 0 append "$@"
    same "$(jq .seq <<<"$out")" "$want"
}

route() { # SEQ NAME
    add "$1" route.declared -s "route/$2" route="$2" pack=pdf-ops pack_version=1.2 config_digest="$CONFIGURED" model=llama3.2:3b \
        digest="$WEIGHTS" suite=smoke suite_digest="$SUITE" required:=true
}

evaluated() { # SEQ KIND EVAL ROUTE ARGS...
    local seq=$1 kind=$2 eval=$3 route=$4
    shift 4
    add "$seq" "$kind" -s "eval/$eval" suite=smoke suite_digest="$SUITE" model=llama3.2:3b digest="$WEIGHTS" pack=pdf-ops \
        pack_version=1.2 route="$route" config_digest="$CONFIGURED" "$@"
}

new_states() {
    new_box
    add 1 pack.installed -s pack/pdf-ops pack=pdf-ops version=1.2 \
        permissions:='[{"group":"filesystem.read","scope":"inbox/**","required":true}]' \
        routes:='[{"name":"summarise","required":true},{"name":"extract","required":true}]' checks:='["ocr"]'
    add 2 eval.sampled -s eval/e1 -g measured suite=smoke task=t
    add 3 permission.granted -s pack/pdf-ops group=filesystem.read 'scope=inbox/**' tier=T0 expires=2040-01-01T00:00:00Z
    add 4 pack.checked -s pack/pdf-ops pack=pdf-ops check=ocr verdict=pass required:=true
    add 5 model.observed -s model/llama3.2:3b model=llama3.2:3b digest="$WEIGHTS" runtime=ollama bytes=2000000000
    route 6 summarise
    route 7 extract
    add 8 eval.scored -s eval/e1 suite=smoke suite_digest="$SUITE" task=t metric=acc value:=0.9 threshold:=0.8 \
        higher_is_better:=true -g measured
    evaluated 9 eval.finished e1 summarise verdict=pass passed=1 failed=0 errors=0 samples=1 -g measured
    add 10 install.installed -s package/dpkg/curl manager=dpkg package=curl version=7.88.1 arch=amd64
    add 11 install.upgraded -s package/dpkg/curl manager=dpkg package=curl version=7.88.2 version_before=7.88.1 arch=amd64
    add 12 run.started -s run/r1 --run r1 pack=pdf-ops route=summarise
    add 13 run.finished -s run/r1 --run r1 outcome=ok
    add 14 run.started -s run/r2 --run r2 pack=other
    add 15 promotion.planned -s promotion/p1
    add 16 promotion.promoted -s promotion/p1
    add 17 permission.decided -s tool/bash tool=bash decision=allow group=exec scope=make lifetime=project
    add 18 model.observed -s model/llama3.2:3b model=llama3.2:3b digest="$OTHER" runtime=ollama bytes=2000000001
}
