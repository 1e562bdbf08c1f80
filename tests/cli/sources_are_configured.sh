#!/usr/bin/env bash
# sources add, remove, check and the table: what is written, what is refused, which events each change leaves.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 3 sources
err_has 'there is no ledger'
box 3 sources add traces otlp --listen 127.0.0.1:4318
check test ! -e "$BOX"
new_box
box 0 sources
out_has 'no source is configured'
box 1 sources run
err_has 'no source is configured'

box 0 sources add traces otlp --listen 127.0.0.1:4318 --dry-run
out_has '[traces]'
check test ! -e "$BOX/sources.conf"
box 0 sources add traces otlp --listen 127.0.0.1:4318
json .seq 1
same "$(stat -c %a "$BOX/sources.conf")" 600
box 0 sources add models ollama http://127.0.0.1:11434 --every 30s
box 0 sources add agent jsonl agent.jsonl --follow --actor agent:me
same "$(grep -c "^path = $T/agent.jsonl\$" "$BOX/sources.conf")" 1
box 0 show 1 --json
json .kind setup.applied
json .subject setup/traces
json .body.what source
json .private.path "$BOX/sources.conf"
json .private.digest_before null
same "$(jq -r .private.digest_after <"$T/.out")" "sha256:$(head -n 3 "$BOX/sources.conf" | sha256sum | cut -c 1-64)"
cp "$BOX/sources.conf" three

box 1 sources add traces otlp --listen 127.0.0.1:1
err_has "there is a source 'traces' already ($BOX/sources.conf: line 1)"
box 2 sources add ../x otlp --listen 127.0.0.1:1
box 2 sources add x
box 2 sources add x otlp --listen $'127.0.0.1:1\nactor = me'
box 3 sources add x otpl --listen 127.0.0.1:1
err_has "unknown source 'otpl', did you mean 'otlp'?"
box 3 sources add x otlp
err_has "expected 'listen = 127.0.0.1:PORT'"
box 3 sources add x otlp --listen 127.0.0.1:4318
err_has "'traces' and 'x' listen on the same address"
box 3 sources add x otlp --listen localhost:4318
err_has "'traces' and 'x' listen on the same address"
box 3 sources add x otlp --listen 0.0.0.0:1
err_has "'0.0.0.0:1' is not an address to listen on; expected: 127.0.0.1:PORT"
box 3 sources add x kubernetes audit.log --follow
err_has "'tail -n +1 -F FILE | ledger ingest kubernetes --follow -'"
box 3 sources add x jsonl . --follow
err_has 'is a directory; expected a file that grows'
gzip -c <three >three.gz
box 3 sources add x jsonl three.gz --follow
err_has 'is compressed; expected a file that grows line by line'
box 3 sources add x ollama http://me:secret@127.0.0.1:1 --every 1m
err_has 'holds a credential'
check cmp three "$BOX/sources.conf"
box 0 log --kind 'setup.*' -n 0 --json
same "$(wc -l <"$T/.out")" 3

box 0 sources --json
json '[.sources[] | .name + " " + .source + " " + .manner + " " + .state] | join(",")' \
    'traces otlp receiver stopped,models ollama poller stopped,agent jsonl follower stopped'
# Recorded without being configured, and behind by a file that nobody has read.
box 0 ingest hardware
printf '{"kind":"x.a.b","subject":"thing/1"}\n' >agent.jsonl
box 0 sources --json
json '.sources[] | select(.name == "agent") | .behind_bytes' 37
json '.sources[] | select(.state == "not configured") | .name' hardware
same "$(jq '.sources[] | select(.name == "hardware") | .events_last_hour > 0 and .last_seq > 0' <"$T/.out")" true
box 0 sources
out_has 'not configured'

box 0 sources check
out_has '3 sources, no fault'
sed -i 's/^listen/lisen/' "$BOX/sources.conf"
for command in check run '' 'add x dpkg --every 1h' 'units --print'; do
    # shellcheck disable=SC2086 # words
    box 3 sources $command
    err_has "$BOX/sources.conf: line 3: unknown key 'lisen', did you mean 'listen'?"
done
cp three "$BOX/sources.conf"
chmod 644 "$BOX/sources.conf"
box 3 sources check
err_has 'its mode is 0644; expected 0600'
chmod 600 "$BOX/sources.conf"
mv "$BOX/sources.conf" real.conf
ln -s "$PWD/real.conf" "$BOX/sources.conf"
box 3 sources add linked dpkg --every 1m
err_has 'not a regular file'
check test "$(grep -c linked real.conf)" = 0
rm "$BOX/sources.conf"
mv real.conf "$BOX/sources.conf"
if [ "$(id -u)" = 0 ]; then
    chown 1 "$BOX/sources.conf"
    box 3 sources check
    err_has 'it belongs to another user'
    chown 0 "$BOX/sources.conf"
fi

box 0 sources remove models
box 1 sources remove models
box 0 log --kind setup.undone -n 0 --json
json '.body.exact' true
json '.subject' setup/models
box 0 sources remove agent
box 0 sources add models ollama http://127.0.0.1:11434 --every 30s
box 0 sources remove models
same "$(cat "$BOX/sources.conf")" "$(head -n 3 three)"
box 0 verify
finish
