#!/usr/bin/env bash
# doctor and models: a changed byte of a registered file, a file that is gone, a store that is damaged, a name that leads elsewhere
# since it was evaluated, a model that is too large for the machine, and one that is elsewhere though a policy forbids it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
export OLLAMA_HOST=127.0.0.1:1
look() { box "$1" doctor --only models --json; }
clause() { # STATE REASON
    json '.clauses[0].state' "$1"
    json '.clauses[0].reason' "$2"
}
newest() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | jq -s "last.$2"; }
# The printed remedy, as it is printed; capital letters are for a person to supply.
mend() { # CODE
    local words
    read -ra words <<<"$(jq -r '.clauses[0].remedy' "$T/.out" | sed 's/REMEDY/looked/')"
    same "${words[0]}" ledger
    box "$1" "${words[@]:1}"
}
flip() { python3 -c 'import sys; f = open(sys.argv[1], "r+b"); b = f.read(1)[0]; f.seek(0); f.write(bytes([b ^ 1]))' "$1"; }

box 0 doctor --only models
box 0 doctor --list
out_has 'no model is known here'

# A file that somebody registered.
head -c 100000 /dev/zero >tiny.gguf
digest=sha256:$(sha256sum <tiny.gguf | cut -c1-64)
box 0 append model.observed -s model/tiny model=tiny "digest=$digest" runtime=llama.cpp bytes:=100000 "path=$T/tiny.gguf"
look 0
clause pass '1 is there; loaded: 0'
box 0 query --kind doctor.observed --format jsonl
same "$(jq -rs 'map(select(.body.check | startswith("model-"))) | map(.body | [.check, .status] | join(" ")) | join(", ")' <"$T/.out")" \
    'model-file ok, model-digest ok'

# One byte is another: a glance sees that it was written to, a whole look what that did.
flip tiny.gguf
"$LEDGER" -C "$BOX" doctor --json >"$T/.out" || true # other clauses may be unknown here
same "$(jq -r '.clauses[] | select(.clause == "models") | [.state, .reason] | join(": ")' "$T/.out")" \
    'warn: the file of tiny was written to after it was hashed'
look 1
clause fail 'the file of tiny is another one than was registered'
seq=$("$LEDGER" -C "$BOX" query --kind doctor.observed --format jsonl | jq -s 'map(select(.body.status == "mismatch")) | last.seq')
json ".clauses[0].evidence | index($seq) != null" true
json ".clauses[0].since_seq" "$seq"
json '.clauses[0].first' 'fetch it again, or put the file back'
flip tiny.gguf
mend 0
box 0 doctor --only models --no-probe

# It is gone, and comes back.
mv tiny.gguf away
look 1
clause fail 'the file of tiny is not there'
mv away tiny.gguf
mend 0

# A store of Ollama: the same, by what its manifests say.
export OLLAMA_MODELS=$T/store
mkdir -p store/blobs store/manifests/registry.ollama.ai/library/small
echo weights >weights
weights=$(sha256sum <weights | cut -c1-64)
cp weights "store/blobs/sha256-$weights"
echo '{"model_format":"gguf"}' >conf
config=$(sha256sum <conf | cut -c1-64)
cp conf "store/blobs/sha256-$config"
printf '{"schemaVersion":2,"config":{"digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:%s","size":8}]}' \
    "$config" "$(stat -c %s conf)" "$weights" >store/manifests/registry.ollama.ai/library/small/latest
look 0
clause pass '2 are there; loaded: 0'
flip "store/blobs/sha256-$weights"
look 1
clause fail 'the file of small:latest is another one than was registered'
cp weights "store/blobs/sha256-$weights"
mend 0

# A glance sees that a file of the store was written to, and a whole look reads just what that was; also of the same bytes.
glance() {
    "$LEDGER" -C "$BOX" doctor --json >"$T/.out" || true # other clauses may be unknown here
    same "$(jq -r '.clauses[] | select(.clause == "models") | [.state, .reason] | join(": ")' "$T/.out")" "$1"
}
glance 'pass: 2 are there; loaded: 0'
flip "store/blobs/sha256-$weights"
glance 'warn: the file of small:latest was written to after it was hashed'
look 1
clause fail 'the file of small:latest is another one than was registered'
flip "store/blobs/sha256-$weights"
mend 0
glance 'pass: 2 are there; loaded: 0'
flip "store/blobs/sha256-$weights"
flip "store/blobs/sha256-$weights"
glance 'warn: the file of small:latest was written to after it was hashed'
look 0
glance 'pass: 2 are there; loaded: 0'
# What only looks when it is asked to says when it last did.
box 0 doctor --list --json
same "$(jq -r '.probes[] | select(.probe == "weights") | [.end, .due, (.looked_at != null)] | map(tostring) | join(" ")' "$T/.out")" \
    'ok false true'

rm "store/blobs/sha256-$weights"
look 1
clause fail 'the file of small:latest is not there'
cp weights "store/blobs/sha256-$weights"
mend 0

# A name leads elsewhere since it was evaluated.
old=sha256:$(printf '%064d' 1)
new=sha256:$(printf '%064d' 2)
box 0 append model.observed -s model/m model=m "digest=$old" runtime=vllm
measured eval.started -s eval/e model=m "digest=$old" suite=s
measured eval.scored -s eval/e task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.finished -s eval/e verdict=pass model=m "digest=$old"
look 0
box 0 append model.observed -s model/m model=m "digest=$new" runtime=vllm
moved=$(newest model.observed seq)
look 0
clause warn 'm leads to other weights than those that were evaluated'
json ".clauses[0].evidence | index($moved) != null" true
mend 0
look 0
clause pass '3 are there; loaded: 0'

# Too large for the machine.
box 0 append hardware.profiled -s host/h host=h memory_bytes:=17179869184
box 0 append model.observed -s model/giant model=giant "digest=sha256:$(printf '%064d' 3)" runtime=vllm bytes:=60000000000
look 0
json '.clauses[0].state' warn
json '.clauses[0].messages[0].id' model.large
mend 0
look 0
json '.clauses[0].state' pass

# A name for a remote service is a fault where a policy closes the way out.
box 0 append model.observed -s model/far:cloud runtime=ollama remote:=true
look 0
json '.clauses[0].state' pass
echo '{"policy":"closed","version":"1","tool_rules":[{"group":"network.egress","tier":"T3"}]}' >closed.json
box 0 policy declare closed.json
policy=$(newest policy.declared seq)
look 1
clause fail 'far:cloud stands for a remote service, and a policy forbids that'
json ".clauses[0].evidence | index($policy) != null" true
remedy=$(jq -r '.clauses[0].remedy' "$T/.out")
same "$remedy" 'ledger doctor --only models'
box 0 append model.removed -s model/far:cloud runtime=ollama
read -ra words <<<"$remedy"
box 0 "${words[@]:1}"
finish
