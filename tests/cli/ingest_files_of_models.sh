#!/usr/bin/env bash
# ingest inspect, llama-bench, weights, huggingface, bom: files of other programs become states, once, whatever they are piped
# through; what cannot be read is exit 3, and what is not said of a result keeps it from counting.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
F=$ROOT/tests/ingest/fixtures

# Logs of Inspect: a directory, then the same evaluation as JSON.
mkdir logs
cp "$F/inspect/zstd.eval" logs/
box 0 ingest inspect logs
out_has '9 accepted, 0 duplicate, 0 rejected'
box 0 ingest inspect "$F/inspect/whole.json"
out_has '0 accepted, 9 duplicate, 0 rejected'
box 0 log -n 1 -k eval.imported --json
id=$(jq -r '.subject | ltrimstr("eval/")' <<<"$out")
box 0 eval show "$id" --json
json .things[0].state finished
json .things[0].fields.scores_checked 1
json '[.things[0].fields.missing[].rule] | join(" ")' 'eval.judged eval.weights'
box 0 log --format jsonl
out_lacks 'plus one'
out_lacks '/home/me'
for file in edited tampered; do
    box 0 ingest inspect "$F/inspect/$file.json"
    box 0 log -n 1 -k eval.imported --json
    id=$(jq -r '.subject | ltrimstr("eval/")' <<<"$out")
    box 0 eval show "$id" --json
    [[ $file == edited ]] && out_has 'it was invalidated: edited'
    [[ $file == tampered ]] && out_has "'sums accuracy/match' is 0.9, its samples make 0.625"
done
box 0 ingest inspect "$F/inspect/crashed.eval"
box 3 ingest inspect "$F/inspect/bad-bomb.eval"
err_has 'samples/bomb_epoch_1.json: the member has more than 33554432 bytes of content'
# What is passed over in an archive without a directory has to be decompressed, and is bounded by the archive's own size.
python3 - <<'PY'
import zipfile

with zipfile.ZipFile("junk.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for i in range(20):
        z.writestr("junk/%d" % i, bytes(16 << 20))
whole = open("junk.zip", "rb").read()
with open("cut.eval", "wb") as cut:
    cut.write(whole[:whole.index(b"PK\1\2")])
PY
box 3 ingest inspect cut.eval
err_has 'bytes of content, itself'
box 3 ingest inspect "$F/bom/small.cdx.json"
err_has 'this looks like a CycloneDX bill of materials; read it with: ledger ingest bom'
box 3 ingest inspect "$T/none"
box 3 ingest inspect

# Speeds, through a pipe.
"$LEDGER" -C "$BOX" ingest llama-bench <"$F/llamabench/cuda.jsonl" >"$T/.out"
box 0 ingest llama-bench "$F/llamabench/cuda.json"
out_has '0 accepted, 2 duplicate, 0 rejected'
box 0 state model_speeds --json
json '[.. | .tokens_per_second? // empty] | sort | map(floor) | join(" ")' '118 7100'

# Weights: what they claim, and which bytes they are.
box 0 ingest weights --verify "$F/weights/tiny.gguf"
out_has '2 accepted'
box 0 model show "sha256:$(sha256sum "$F/weights/tiny.gguf" | cut -d' ' -f1)" --json
json .things[0].state present
json .things[0].fields.name 'Tiny Fixture 1B'
json .things[0].fields.license apache-2.0
head -c 100 "$F/weights/tiny.gguf" >cut.gguf
box 3 ingest weights cut.gguf
err_has 'the header breaks off at byte'

# The hub's cache, by its own variables.
commit=$(printf '%040d' 7)
weights=$(printf weights | sha256sum | cut -d' ' -f1)
for hub in "$HOME/.cache/huggingface/hub" "$T/hf/hub" "$T/cache"; do
    repo=$hub/models--acme--tiny
    mkdir -p "$repo/blobs" "$repo/refs" "$repo/snapshots/$commit"
    printf weights >"$repo/blobs/$weights"
    printf '%s' "$commit" >"$repo/refs/main"
    ln -s "../../blobs/$weights" "$repo/snapshots/$commit/model.safetensors"
done
box 0 ingest huggingface
out_has '2 accepted'
HF_HOME=$T/hf box 0 ingest huggingface
out_has '1 accepted, 1 duplicate'
HF_HUB_CACHE=$T/cache HF_HOME=$T/nowhere box 0 ingest huggingface --verify
out_has '2 accepted'
rm "$T/cache/models--acme--tiny/snapshots/$commit/model.safetensors"
box 0 ingest huggingface "$T/cache"
box 0 log -k model.removed --format jsonl
out_has 'model/acme/tiny'
box 3 ingest huggingface "$T/nowhere"

# Where models come from.
box 3 ingest bom "$F/bom/models.cdx.json"
out_has '2 accepted, 0 duplicate, 1 rejected'
box 0 ingest bom "$F/bom/models.spdx.json"
out_has '2 accepted, 0 duplicate, 0 rejected'
box 0 model show "sha256:$(printf 'ab%.0s' {1..32})" --json
json .things[0].fields.publisher 'Acme Research'
box 0 verify
finish
