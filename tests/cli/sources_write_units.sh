#!/usr/bin/env bash
# sources units: what is written and printed, the events, and that only unchanged files of this ledger are replaced or removed.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
box 0 sources add traces otlp --listen 127.0.0.1:4318
box 0 sources add agent jsonl agent.jsonl --follow
box 0 sources units --print
out_has '# ledger-source-traces.service'
out_has "ExecStart=\"$LEDGER\" -C \"$BOX\" sources run --no-restart traces"
out_has 'ListenStream=127.0.0.1:4318'
units=$XDG_CONFIG_HOME/systemd/user
check test ! -e "$units"

box 0 sources units --json
json '[.units[] | .unit + " " + .outcome] | join(",")' \
    'ledger-source-traces.service written,ledger-source-traces.socket written,ledger-source-agent.service written'
same "$(find "$units" -type f | wc -l)" 3
same "$(stat -c %a "$units/ledger-source-agent.service")" 644
box 0 log --kind setup.applied -n 1 --json
json '.body.what + " " + .subject' 'unit setup/agent'
box 0 show "$(jq .seq <"$T/.out")" --json
json .private.path "$units/ledger-source-agent.service"
same "$(jq -r .body.inserted_digest <"$T/.out")" "sha256:$(sha256sum <"$units/ledger-source-agent.service" | cut -c 1-64)"

size() { "$LEDGER" -C "$BOX" stats --json | jq .events; }
before=$(size)
box 0 sources units # nothing is new
out_has unchanged
same "$(size)" "$before"
sed -i 's/4318/4319/' "$BOX/sources.conf"
box 0 sources units traces --json # a changed source replaces its own units
json '.units[] | select(.unit | endswith("socket")) | .outcome' written
check grep -q '^ListenStream=127.0.0.1:4319' "$units/ledger-source-traces.socket"

# Changed by hand, or somebody else's: kept.
echo 'Nice=0' >>"$units/ledger-source-agent.service"
box 1 sources units agent
err_has "not as 'ledger sources units' wrote it"
box 0 -C "$T/other" init --origin test.example/other
"$LEDGER" -C "$T/other" sources add traces otlp --listen 127.0.0.1:4320 >/dev/null
run 1 -C "$T/other" sources units
err_has 'is for another ledger'
run 0 -C "$T/other" sources units --undo
out_has 'for another ledger, kept'
box 0 sources units --undo
out_has "removed  $units/ledger-source-traces.service"
out_has "changed since, kept  $units/ledger-source-agent.service"
same "$(ls "$units")" ledger-source-agent.service
box 0 log --kind setup.undone -n 0 --json
same "$(jq -r '.body.what + " " + .subject' <"$T/.out" | paste -sd,)" 'unit setup/traces,unit setup/traces'

# Of a source that was removed, by its name; in a directory of one's own; a value that no unit can hold.
box 0 sources units traces --to "$T/units"
box 0 sources remove traces
box 0 sources units traces --undo --to "$T/units"
same "$(ls "$T/units")" ''
box 3 sources units absent
box 2 sources units --undo --print
box 3 sources units --undo ../x
box 0 sources add any otlp --listen 127.0.0.1:0
box 3 sources units any
err_has "'any' listens on any free port"
box 0 verify
finish
