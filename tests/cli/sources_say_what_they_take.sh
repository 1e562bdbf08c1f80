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
finish
