#!/usr/bin/env bash
# ingest ollama: a server that is up, down and broken; a store; saved answers; the exit codes of each.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
F=$ROOT/tests/ingest/fixtures/ollama
mkdir server
echo '{"version":"0.5.1"}' >server/version.json
cp "$F/tags.json" "$F/ps.json" server/
sed 's/fresh:1b/other:8b/' "$F/show.json" >server/show-other_8b.json

# The server lives as long as this scenario: it reads the pipe that descriptor 9 holds open.
mkfifo pipe
server() { # PORT: starts it, and waits until it says where it listens
    python3 "$ROOT/tests/ingest/ollama_server.py" server "$1" <pipe >listening &
    exec 9>pipe
    for _ in $(seq 600); do
        [[ -s listening ]] && break
        sleep 0.1
    done
    read -r port <listening
}
server 0
url=http://127.0.0.1:$port

# What exists.
box 0 ingest ollama "$url" --dry-run
same "$(jq -rs '[.[].kind] | sort | join(" ")' <"$T/.out" 2>/dev/null || head -n 5 "$T/.out" | jq -rs '[.[].kind] | sort | join(" ")')" \
    'model.identified model.loaded model.observed model.observed runtime.observed'
box 0 ingest ollama "$url" --json
json .accepted 5
json .receipts 1
box 0 ingest ollama "$url" --json
json .accepted 0
json .receipts 0

# What changes.
cp "$F/tags-later.json" server/tags.json
echo '{"models":[]}' >server/ps.json
box 0 ingest ollama "$url" --json
box 0 log --json --kind model.removed
same "$(jq -r .subject "$T/.out")" model/other:8b
box 0 log --json --kind model.pulled
same "$(jq -r '.subject + " " + .grade' "$T/.out")" 'model/fresh:1b inferred'
box 0 log --json --kind model.alias_set
same "$(jq -r .subject "$T/.out")" alias/tiny:latest
box 0 log --json --kind model.unloaded
same "$(jq -r .subject "$T/.out")" model/tiny:latest

# A server that violates its protocol, and one that is down: exit code 4, reported once.
printf 'HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{"models":[]}\n{"error":"it broke"}\n' >server/tags.raw
box 4 ingest ollama "$url"
err_has 'it broke'
box 4 ingest ollama "$url"
rm server/tags.raw
box 0 ingest ollama "$url"
exec 9>&-
wait
box 4 ingest ollama "$url"
err_has refused
box 4 ingest ollama "$url"
box 0 log --json --kind runtime.unreachable
same "$(jq -rs '[.[].body.error] | join(" ")' "$T/.out")" 'answer refused'

# Repeatedly, across the outage, until it is stopped.
rm listening
"$LEDGER" -C "$BOX" ingest ollama "$url" --every 1s --json >"$T/.out" 2>"$T/.err" &
poll=$!
server "$port"
for _ in $(seq 600); do
    [[ $("$LEDGER" -C "$BOX" log --json --kind runtime.observed | wc -l) == 3 ]] && break
    sleep 0.1
done
kill -TERM "$poll"
code=0
wait "$poll" || code=$?
same "$code" 0
json .stopped true
json .accepted 1

# A store.
mkdir -p store/blobs store/manifests/registry.ollama.ai/library/tiny
put() { # FILE: as a blob; prints its digest
    local digest
    digest=$(sha256sum "$1" | cut -d' ' -f1)
    cp "$1" "store/blobs/sha256-$digest"
    echo "$digest"
}
echo weights >weights
echo '{"model_format":"gguf","model_family":"llama","file_type":"Q4_K_M"}' >conf
weights=$(put weights)
config=$(put conf)
printf '{"schemaVersion":2,"config":{"digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:%s","size":8}]}' \
    "$config" "$(stat -c %s conf)" "$weights" >store/manifests/registry.ollama.ai/library/tiny/latest
box 0 ingest ollama --models store --json
json .accepted 2
box 0 ingest ollama --models store --verify --json
json .accepted 1
box 0 log --json --kind model.identified --subject "model/sha256:$weights"
same "$(jq -rs '[.[].grade] | join(" ")' "$T/.out")" 'declared measured'
echo WEIGHTS >"store/blobs/sha256-$weights"
box 3 ingest ollama --models store --verify
err_has 'the content does not match the name'
box 0 log --json --kind doctor.observed
same "$(jq -r .body.status "$T/.out")" mismatch
box 3 ingest ollama --models "$HOME"
err_has 'is not a store of ollama'

# Saved answers.
box 0 ingest ollama --from "$F/generate.ndjson" --from "$F/pull.ndjson" --json
json .accepted 2
box 0 ingest ollama --from "$F/generate.ndjson" --from "$F/pull.ndjson" --json
json .accepted 0
box 3 ingest ollama --from "$F/bad.ndjson"
err_has 'bad.ndjson: line 2'
box 3 ingest ollama --from absent.json

box 2 ingest ollama "$url" more
box 2 ingest ollama --root /
box 2 ingest ollama --follow
box 3 ingest ollama --verify
box 3 ingest ollama "http://user:word@127.0.0.1:1"
err_has 'user part'
box 0 verify

exec 9>&-
wait
finish
