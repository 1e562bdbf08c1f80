#!/usr/bin/env bash
# What a pack requires is judged when it is installed and ever after: of an installation only what it breaks itself counts.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin example.org/box
new_pack() { # new_pack NAME [YAML]: a pack that may run as soon as it is installed
    run 0 pack new "$1" --publisher example.org/alice
    sed -i 's/required: true/required: false/' "$1/pack.yaml"
    printf '%b' "${2-}" >>"$1/pack.yaml"
}
new_pack rc
new_pack re 'requires:\n  packs: [{name: rc}]\n'
new_pack rf
new_pack rg 'requires:\n  packs: [{name: re}, {name: rc}]\n'
box 0 pack install rc
box 0 pack install re
box 1 pack remove rc
err_has "re 0.1.0 requires the pack 'rc'"
box 0 pack remove rc --force

# A pack that lacks another keeps nobody from installing, upgrading or removing what has no part in it.
box 0 pack install rf
sed -i 's/^version: .*/version: 0.2.0/' rf/pack.yaml
box 0 pack upgrade rf
box 0 pack remove rf
box 1 pack install rg --dry-run
out_has "rg 0.1.0 requires the pack 'rc': there is none"
out_lacks "re 0.1.0 requires"

# What requires it is blocked, by the event of the removal, until it is there again.
state() { # state PACK STATE [WORDS [EVENT]]: its state, and what the reason and the evidence have
    box 0 pack show "$1" --json
    json .state "$2"
    [[ -z ${3-} ]] || out_has "$3"
    [[ -z ${4-} ]] || json ".evidence | any(. == $4)" true
}
removed=$("$LEDGER" -C "$BOX" query --kind pack.removed --format jsonl | jq -s '[.[] | select(.subject == "pack/rc")][-1].seq')
state re blocked "it requires the pack 'rc': it was removed" "$removed"
box 1 pack run re
err_has "it requires the pack 'rc': it was removed"
box 0 pack install rc
state re ready

# What only the log knows of the machine: unknown is not absent.
new_pack rm 'requires:\n  runtimes: [{name: ollama, version: ">=2"}]\n  packages: [{name: tools, version: ">=3"}]\nhardware: {memory: 64GiB, vram: 8GiB, tier: gpu-24g}\n'
box 0 pack install rm
state rm ready
box 0 append hardware.profiled -s host/box memory_bytes:=137438953472 'gpus:=[{"name":"g","memory_bytes":25769803776}]'
box 0 append install.installed -s package/dpkg/tools manager=dpkg package=tools version=3.1
box 0 append runtime.started -s runtime/ollama runtime=ollama version=2.0 endpoint=http://127.0.0.1:1
state rm ready
box 0 append install.removed -s package/dpkg/tools manager=dpkg package=tools
removed=$("$LEDGER" -C "$BOX" query --kind install.removed --format jsonl | jq -s '.[-1].seq')
state rm blocked "it requires the package 'tools' >=3: it was removed" "$removed"
box 1 pack run rm
box 0 append install.installed -s package/dpkg/tools manager=dpkg package=tools version=2.0
state rm blocked "it requires the package 'tools' >=3: it is version 2.0"
box 0 append install.upgraded -s package/dpkg/tools manager=dpkg package=tools version=3.2 version_before=2.0
state rm ready
box 0 append hardware.profiled -s host/box memory_bytes:=17179869184 'gpus:=[{"name":"g","memory_bytes":4294967296}]'
state rm blocked 'it requires 68719476736 bytes of memory: the machine has 17179869184'
out_has 'it requires 8589934592 bytes of graphics memory: the machine has 4294967296'
out_has "it requires the capability tier 'gpu-24g': the machine's is"

# Which programs there are only the machine knows: a run is refused as the plan has it, and nothing is written.
new_pack rp 'requires:\n  programs: [{name: no-such-program}, {name: sh}]\n'
box 0 pack install rp
out_has "rp 0.1.0 requires the program 'no-such-program': it is not there"
before=$("$LEDGER" -C "$BOX" query --format jsonl | wc -l)
echo text >file
box 1 pack run rp text=file
err_has "pack rp 0.1.0 requires the program 'no-such-program': it is not there"
same "$("$LEDGER" -C "$BOX" query --format jsonl | wc -l)" "$before"
