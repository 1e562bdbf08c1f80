#!/usr/bin/env bash
# What a plan says of the machine: there, missing, or not known; from the states, else from dpkg's own files.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin example.org/box
run 0 pack new p --publisher example.org/alice
needs() { # needs YAML: the pack asks for that
    sed -i '/^requires:/,$d' p/pack.yaml
    printf 'requires:\n%b' "$1" >>p/pack.yaml
    box 0 pack install p --dry-run
}
profile() { # profile MEMORY_GIB GPU_GIB
    box 0 append hardware.profiled -s host/box "memory_bytes:=$(($1 << 30))" "gpus:=[{\"name\":\"g\",\"memory_bytes\":$(($2 << 30))}]"
}
program=$(readlink -f "$(command -v sh)")
mkdir -p dpkg/info
export DPKG_ADMINDIR=$T/dpkg

# Without dpkg and without an import a package is neither missing nor there, and nor is a program's version.
needs "  packages: [{name: poppler-utils, version: '>=0.86'}]\n  programs: [{name: sh, version: '>=0.5'}]\n"
out_has "unknown      p 0.1.0 requires the package 'poppler-utils' >=0.86: whether it is there is not known"
out_has "unknown      p 0.1.0 requires the program 'sh' >=0.5: its version is not known"
out_lacks missing
needs "  programs: [{name: sh}]\n"
out_lacks unknown

# With dpkg the machine itself is asked; nothing is executed for it.
mkdir path
printf '#!/bin/sh\ntouch %q\n' "$T/executed" >path/dpkg-query
cp path/dpkg-query path/dpkg
chmod +x path/*
cat >dpkg/status <<'END'
Package: poppler-utils
Status: install ok installed
Version: 22.12.0-2+deb12u1

Package: shell
Status: install ok installed
Version: 1:0.5.12-2

Package: old-tool
Status: deinstall ok config-files
Version: 3
END
printf '%s\n' "$program" >dpkg/info/shell.list
PATH=$T/path:$PATH
needs "  packages: [{name: poppler-utils, version: '>=0.86'}, {name: old-tool}]\n  programs: [{name: sh, version: '>=0.5.12 <0.6'}]\n"
out_lacks poppler-utils
out_lacks unknown
out_has "missing      p 0.1.0 requires the package 'old-tool': it is not there"
out_lacks "'sh'"
needs "  packages: [{name: poppler-utils, version: '>=23'}]\n  programs: [{name: sh, version: '>=0.6'}, {name: no-such-program}]\n"
out_has "missing      p 0.1.0 requires the package 'poppler-utils' >=23: it is version 22.12.0-2+deb12u1"
out_has "missing      p 0.1.0 requires the program 'sh' >=0.6: it is version 0.5.12"
out_has "missing      p 0.1.0 requires the program 'no-such-program': it is not there"
box 0 pack install p --dry-run --json
json '.missing | length' 3
json '.unknown | length' 0
check test ! -e executed

# What the ledger has imported comes first.
box 0 append install.removed -s package/dpkg/poppler-utils manager=dpkg package=poppler-utils
needs "  packages: [{name: poppler-utils}]\n"
out_has "missing      p 0.1.0 requires the package 'poppler-utils': it is not there"
box 0 append install.installed -s package/dpkg/old-tool manager=dpkg package=old-tool version=4
needs "  packages: [{name: old-tool, version: '>=4'}]\n"
out_lacks old-tool

# Runtimes and hardware that nobody told of are not known.
needs "  runtimes: [{name: ollama}]\nhardware: {memory: 4GiB, vram: 2GiB, tier: cpu-small}\n"
out_has "unknown      p 0.1.0 requires the runtime 'ollama': whether it is there is not known"
out_has "requires 4 GiB of memory: how much the machine has is not known"
out_has "requires 2 GiB of graphics memory: how much the machine has is not known"
out_has "requires the capability tier 'cpu-small': the machine's is not known"
out_lacks missing

# A machine of a higher tier satisfies a lower one, by the order of the policy.
profile 128 24
needs "  programs: [{name: sh}]\nhardware: {memory: 4GiB, vram: 2GiB, tier: cpu-small}\n"
out_lacks unknown
out_lacks missing
needs "  programs: [{name: sh}]\nhardware: {tier: gpu-8g}\n"
out_lacks missing
needs "  programs: [{name: sh}]\nhardware: {tier: gpu-80g}\n"
out_has "missing      p 0.1.0 requires the capability tier 'gpu-80g': the machine's is 'gpu-24g'"
needs "  programs: [{name: sh}]\nhardware: {tier: gpu-9000g}\n"
out_has "requires the capability tier 'gpu-9000g': the policy has no tier of this name (expected cpu-tiny, cpu-small, "
box 0 append policy.declared -s policy/site policy=site version=1 'capability_tiers:=[{"tier":"big","memory_bytes":68719476736},{"tier":"small"}]'
needs "  programs: [{name: sh}]\nhardware: {tier: small}\n"
out_lacks missing
needs "  programs: [{name: sh}]\nhardware: {tier: cpu-small}\n"
out_has "the policy has no tier of this name (expected small or big)"

finish
