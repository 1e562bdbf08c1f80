#!/usr/bin/env bash
# The bash completion, driven as bash drives it; the others are at least parsed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# shellcheck source=share/completions/ledger.bash
. "$ROOT/share/completions/ledger.bash"
compopt() { :; }
complete_words() { # WORDS...: the last one is at the cursor
    COMP_WORDS=("$LEDGER" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _ledger
}
offers() {
    local reply
    for reply in "${COMPREPLY[@]}"; do [[ $reply == "$1" ]] && return; done
    fail "not offered: $1"
}
: >"$T/.out"
: >"$T/.err"
complete_words ve
offers verify
offers version
complete_words verify --no
offers --no-trust-file
complete_words -C "$T" key ''
offers rotate
offers export
complete_words key new --na
offers --name
kind=$("$LEDGER" kinds --names | head -n 1)
complete_words append "${kind:0:3}"
offers "$kind"
complete_words log --kind "${kind:0:3}"
offers "$kind"
complete_words query --kind "${kind:0:3}"
offers "$kind"
complete_words query --format ms
offers msgpack
complete_words query --time re
offers relative
complete_words ingest js
offers jsonl
complete_words append x --grade mea
offers measured
touch some-file
complete_words verify --policy some
offers some-file
complete_words help ver
offers verify
complete_words pack li
offers list
complete_words pack list --st
offers --state
complete_words state rou
offers routes
complete_words rebuild per
offers permissions
complete_words diff 2h --table inst
offers installs
if command -v zsh >/dev/null; then check zsh -n "$ROOT/share/completions/_ledger"; fi
if command -v fish >/dev/null; then check fish -n "$ROOT/share/completions/ledger.fish"; fi

finish
