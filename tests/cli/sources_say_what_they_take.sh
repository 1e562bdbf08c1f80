#!/usr/bin/env bash
# A source that is given unsupported input says what it supports.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
touch saved.json
box 2 ingest ollama saved.json
err_has "'saved.json' is not an address; source 'ollama' takes http://HOST:PORT or https://HOST:PORT, and saved answers as --from FILE"
box 2 ingest hardware saved.json
err_has "source 'hardware' does not take files"
box 2 ingest dpkg --from saved.json
err_has "source 'dpkg' does not take --from"
box 2 ingest jsonl --listen 127.0.0.1:0
err_has "source 'jsonl' does not take --listen"
run 0 help ingest
flat=$(tr -s ' \n' ' ' <<<"$out")
[[ $flat == *'[FILE ... | URL | --from FILE | --listen ADDRESS:PORT]'* ]] || fail 'the usage does not name --from'

# One table says which sources can be followed, and which can be looked at again; the texts of help agree with it.
box 0 ingest --sources --json
of() { jq -r "[.sources[] | select(.$1) | .source] | sort | join(\" \")" <sources.json; }
told() { # COMMAND: the sources in the first parentheses after $option
    run 0 help "$@"
    tr -s ' \n' ' ' <<<"$out" | sed "s/.* --$option [^(]*(\([^)]*\)).*/\1/" | tr -d , | tr ' ' '\n' | sort | paste -sd' '
}
cp "$T/.out" sources.json
option=follow
same "$(told sources add)" "$(of keeps_following)"
same "$(told ingest)" "$(of keeps_following)"
option='every DURATION'
same "$(told sources add)" "$(of looks_again)"
same "$(told ingest)" "$(of looks_again)"
finish
