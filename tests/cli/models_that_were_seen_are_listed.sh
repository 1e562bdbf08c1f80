#!/usr/bin/env bash
# model: what a runtime told of is listed before anybody knows its weights, found by its name, and says where a name moved.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
digest() { printf "sha256:%064d" "$1"; }
add() { # KIND SUBJECT FIELD...
    box 0 append "$1" -s "$2" runtime=ollama "${@:3}"
}
seen() { add model.observed "model/$1" model="$1" manifest_digest="$(digest "$2")"; }
line() { grep -qE "$1" "$T/.out" || fail "no line like '$1'"; }

# Only names and manifests are told, as a server does whose store nobody reads.
seen tiny:latest 11
seen big:70b 22
box 0 model list
line "^$(digest 11) +present +manifest +tiny:latest"
line "^$(digest 22) +present +manifest +big:70b"
box 0 model list --json
json '[.states[] | [.digest_of, .state, .names]] | tojson' '[["manifest","present",["ollama tiny:latest"]],["manifest","present",["ollama big:70b"]]]'
box 0 why model/tiny:latest
line "^model/$(digest 11): present$"
box 0 model show big:70b
line "^model/$(digest 22): present$"

# The tag moves: from where, to where, by which event; of the name and of what it leads to.
seen tiny:latest 33
box 0 why model-name/ollama/tiny:latest
line "^it moved 1 time, last by event 3: $(digest 11) -> manifest $(digest 33)$"
box 0 why model/tiny:latest
line "^model-name/ollama/tiny:latest moved 1 time, last by event 3: $(digest 11) -> manifest $(digest 33)$"
box 0 diff 2 --table model_names
line "^~ +ollama/tiny:latest +3 .* manifest_digest $(digest 11) -> $(digest 33)"

# The weights become known: the manifest is no model of its own any more.
add model.identified "model/$(digest 77)" model=tiny:latest manifest_digest="$(digest 33)" digest="$(digest 77)"
box 0 model list
line "^$(digest 77) +present +weights +tiny:latest"
! grep -q "^$(digest 33)" "$T/.out" || fail "the manifest is listed beside its weights"
box 0 why model/tiny:latest
line "^model/$(digest 77): present$"
seen tiny:latest 44
box 0 why model-name/ollama/tiny:latest
line "^it moved 2 times, last by event 5: $(digest 77) -> manifest $(digest 44)$"

# What only runs and evaluations name is listed as not registered, by its name or by the digest that they tell.
box 0 append run.model_called -s run/r -r r model=gpt-4o
box 0 append run.model_called -s run/r -r r model=tiny # what tiny:latest leads to stands for it
box 0 append eval.started -s eval/e model=org/base-8b
box 0 append eval.finished -s eval/e2 model=tuned digest="$(digest 88)" verdict=pass
box 0 model list
line "^gpt-4o +unregistered +name +gpt-4o +run "
line "^org/base-8b +unregistered +name +org/base-8b +eval "
line "^$(digest 88) +unregistered +weights +tuned +eval "
! grep -qE '^tiny ' "$T/.out" || fail "a name is listed beside its weights"
box 0 diff 5 --table models
line "^\\* +gpt-4o +6 .* first heard of: unregistered" # it was there before it was called
box 0 why model/gpt-4o
line '^model/gpt-4o: unregistered$'
box 0 why model/org/base-8b
line '^model/org/base-8b: unregistered$'
box 0 model show org --json
json '.things[0].name' model/org/base-8b
box 1 model show gpt-5
box 0 model list --state unregistered --json
json '.rows' 3
seen org/base-8b 99
box 0 model list --state unregistered --json
json '.rows' 2
box 0 why model/org/base-8b
line "^model/$(digest 99): present$"

finish
