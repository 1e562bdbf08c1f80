#!/usr/bin/env bash
# model: a model reported by a runtime is listed before its weights are known, found by its name, and shows where a name
# moved.
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

# Only names and manifests are reported, as by a server whose store is not read.
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

# The tag moves: from where, to where, by which event; for the name and for what it leads to.
seen tiny:latest 33
box 0 why model-name/ollama/tiny:latest
line "^it moved 1 time, last by event 3: $(digest 11) -> manifest $(digest 33)$"
box 0 why model/tiny:latest
line "^model-name/ollama/tiny:latest moved 1 time, last by event 3: $(digest 11) -> manifest $(digest 33)$"
box 0 diff 2 --table model_names
line "^~ +ollama/tiny:latest +3 .* manifest_digest $(digest 11) -> $(digest 33)"

# The weights become known: the manifest is no longer a model of its own.
add model.identified "model/$(digest 77)" model=tiny:latest manifest_digest="$(digest 33)" digest="$(digest 77)"
box 0 model list
line "^$(digest 77) +present +weights +tiny:latest"
! grep -q "^$(digest 33)" "$T/.out" || fail "the manifest is listed beside its weights"
box 0 why model/tiny:latest
line "^model/$(digest 77): present$"
seen tiny:latest 44
box 0 why model-name/ollama/tiny:latest
line "^it moved 2 times, last by event 5: $(digest 77) -> manifest $(digest 44)$"

# Models named only by runs and evaluations are listed as unregistered, by their name or by the digest given.
box 0 append run.model_called -s run/r -r r model=gpt-4o
box 0 append run.model_called -s run/r -r r model=tiny # the model that tiny:latest leads to represents it
box 0 append eval.started -s eval/e model=org/base-8b
box 0 append eval.finished -s eval/e2 model=tuned digest="$(digest 88)" verdict=pass
box 0 model list
line "^- +unregistered +name +gpt-4o +run "
line "^- +unregistered +name +org/base-8b +eval "
line "^$(digest 88) +unregistered +weights +tuned +eval "
! grep -qE ' name +tiny ' "$T/.out" || fail "a name is listed beside its weights"
box 0 model show gpt-4o
line "^digest +- "
line "^name +gpt-4o "
box 0 diff 5 --table models
line "^\\* +gpt-4o +6 .* first heard of: unregistered" # it existed before it was called
box 0 why model/gpt-4o
line '^model/gpt-4o: unregistered$'
box 0 why model/org/base-8b
line '^model/org/base-8b: unregistered$'
box 0 model show org --json
json '.things[0].name' model/org/base-8b
box 1 model show gpt-5
box 0 model list --state unregistered --json
json '.rows' 3

# A listed model is found by the name under which it is listed.
box 0 model list --json
jq -r '.states[].name' <<<"$out" >names
while read -r name; do
    box 0 model show "$name"
    box 0 why "model/$name"
done <names

# A name given only by runs and evaluations is found by it, by its beginning, and leads to all digests given with it.
box 0 why model/tuned
line "^model/$(digest 88): unregistered$"
box 0 why tune
line "^model/$(digest 88): unregistered$"
box 0 append run.model_called -s run/r -r r model=tuned digest="$(digest 89)"
box 0 model show tuned --json
json '[.things[].name] | sort | join(" ")' "model/$(digest 88) model/$(digest 89)"
box 0 append route.declared -s route/a suite=s model=tuned
box 0 append route.declared -s route/b suite=s model=org/base-8b
box 0 append route.declared -s route/c suite=s model=org/base-8b runtime=vllm
box 0 append route.configured -s route/c config_digest="$(digest 1)" runtime=vllm
box 0 append route.declared -s route/d suite=s model=nobody:1b
box 0 route list
line "no runtime has listed model 'tuned': only eval events name it, since event 9"
line "no runtime has listed model 'org/base-8b': only eval events name it, since event 8"
line "vllm has not listed model 'org/base-8b': only eval events"
line "no runtime has listed model 'nobody:1b'; no eval"
seen org/base-8b 99
box 0 model list --state unregistered --json
json '.rows' 3
box 0 why model/org/base-8b
line "^model/$(digest 99): present$"

finish
