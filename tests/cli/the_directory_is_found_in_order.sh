#!/usr/bin/env bash
# -C, then LEDGER_DIR, then XDG_STATE_HOME, then the home directory.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

run 0 init --origin test.example/state --json
json .dir "$XDG_STATE_HOME/ledger"
unset XDG_STATE_HOME
run 0 init --origin test.example/home --json
json .dir "$HOME/.local/state/ledger"
export LEDGER_DIR=$T/env
run 0 init --origin test.example/env --json
json .dir "$T/env"
run 0 -C opt init --origin test.example/opt --json
json .dir opt
run 0 stats --json
json .origin test.example/env
run 0 stats --json -C opt
json .origin test.example/opt
run 0 stats --dir=opt --json
json .origin test.example/opt
unset LEDGER_DIR
export XDG_STATE_HOME=relative
run 0 stats --json
json .origin test.example/home
unset XDG_CONFIG_HOME
run 0 trust list --json
json .file "$HOME/.config/ledger/trust"
run 3 -C '' stats
run 0 -C opt stats
out_has events
run 2 stats extra

finish
