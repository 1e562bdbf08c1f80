#!/usr/bin/env bash
# pack run: what is recorded of a run, what stops it before it begins, what a step is given and what it is not, what it leaves.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir inbox shared outbox
echo secret >outside
echo shared >shared/a
echo given >inbox/given
make_pack <<'EOF'
steps:
  - id: first
    route: work
    inputs: [file]
    outputs: [made, said]
    stdout: said
    when: input file given
    arguments: [print, hello, read, "${file}", write, "${made}", text, list, /pack, environment]
  - id: second
    route: work
    inputs: [made, words]
    outputs: [last]
    uses: ["filesystem.read:shared/**"]
    arguments: [read, "${made}", print, "${words} $${made}", write, "${last}", end]
    when: input words given
  - id: never
    route: work
    when: step second failed
    arguments: [exit, "9"]
artifacts:
  - {name: said, required: true}
  - {name: last, media_type: text/plain}
EOF
box 0 pack validate worker
install_worker

# What nobody proved runs only in a demo; a pack that is not there, words that are wrong, a place that is taken.
box 1 pack run worker file=inbox/given
err_has 'refused: pack '
err_has 'nothing that could prove it'
err_has '(events '
same "$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | wc -l)" 0
box 1 pack run absent --demo
err_has "there is no pack 'absent'"
for bad in 'fil=inbox/given:did you mean' 'file=inbox/../outside:without it' 'count=1x:is not a number' \
    'flag=yes:expected true or false' 'word:expected NAME=VALUE' 'file=inbox/missing:No such file' 'file=inbox:not a regular file'; do
    box 3 pack run worker --demo "${bad%%:*}"
    err_has "${bad#*:}"
done
ln -s ../outside inbox/link
box 3 pack run worker --demo file=inbox/link
err_has 'goes through a symbolic link'
mkdir taken
box 3 pack run worker --demo file=inbox/given --out taken
err_has "'taken' exists already"
check test -z "$(ls -A "$BOX/runs")"

# The whole of a run: its artifacts, its chain of events, its confinement.
box 0 pack run worker --demo file=inbox/given words='two words' --out out
out_has 'first          ok'
out_has 'never          skipped'
out_has 'outcome    ok, demo'
same "$(cat out/last)" end
same "$(cat out/said)" "hello
read /in/file given
write /out/made 4
list /pack bin pack.yaml
LANG LEDGER_PACK LEDGER_RUN LEDGER_SOCKET PATH TRACEPARENT"
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
same "$(events 'select(.kind == "run.step") | .body.step + " " + .body.status')" "first started
first ok
second started
second ok
never skipped"
same "$(events 'select(.kind == "permission.used") | .body.group + " " + .body.scope' | sort -u)" "exec python3
filesystem.read inbox/given
filesystem.read shared/**"
box 0 permit unused
out_lacks 'shared/**'
out_has 'outbox/**'
same "$(events 'select(.kind == "run.started").body | [.pack, .demo, .confined, .network, (.permissions | length)] | @csv')" \
    '"worker",true,true,"none",5'
same "$(events 'select(.kind == "run.step" and .body.status == "ok").body | [.end, .execute, .confined, .network] | @csv' | uniq)" \
    '"exit","sealed",true,"none"'
same "$(events 'select(.kind == "run.artifact").body | select(.role == "output").digest' | sed -n 1p)" "sha256:$(printf text | sha256sum | cut -c1-64)"
same "$(events 'select(.kind == "run.artifact" and .body.role != "log") | .body.role + " " + .body.datum' | sort)" "input file
output last
output made
output said"
same "$(events 'select(.kind == "run.artifact") | .body.role + " " + .private.name' | sort)" "input file
log standard output of second
output last
output made
output said"
same "$(events 'select(.kind == "run.tool_called") | .private.arguments[2:] | join(" ")' | tail -1)" \
    "read /in/made print two words \${made} write /out/last end"
same "$(events 'select(.kind == "run.finished").body | [.outcome, .ok, .steps, .tool_calls] | @csv')" '"ok",true,3,2'
installed=$("$LEDGER" -C "$BOX" query --kind pack.installed --format jsonl | jq .seq)
same "$(events 'select(.kind == "run.started").cause')" "$installed"
box 0 run list
out_has finished
box 0 timeline "$run"
out_has 'run.tool_called python3 -> ok'
box 0 verify
check test -z "$(ls -A "$BOX/runs")"

# In an order that follows from the manifest, a step that is not fed is skipped, and the run says what was not made.
box 1 pack run worker --demo words=x
out_has "first          skipped"
out_has "its input 'made' is not there"
out_has "the artifact 'said' was not made"

# A permission that is taken back stops the next run, with the event that says why; a denied one stops a step.
box 0 append permission.revoked -s pack/worker group=filesystem.read scope='inbox/**'
seq=$("$LEDGER" -C "$BOX" query --kind permission.revoked --format jsonl | jq .seq)
box 1 pack run worker file=inbox/given
err_has "$seq"
box 1 pack run worker --demo file=inbox/given
out_has 'first          refused'
out_has "event $seq"
out_has 'outcome    refused, demo'
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
same "$(events 'select(.kind == "run.step" and .body.step == "first").body | [.status, .error, .evidence[0]] | @csv')" \
    "\"refused\",\"permission\",$seq"
same "$(events 'select(.kind == "permission.used" or .kind == "run.tool_called").kind')" ""
grant filesystem.read 'inbox/**'

# One that has ended by the clock no longer holds, although nothing was recorded since.
box 0 permit revoke pack/worker exec sleep
for seconds in 2 4 8 16 32; do # it must not be over while it is granted
    until=$(($(date +%s) + seconds))
    "$LEDGER" -C "$BOX" permit grant pack/worker exec sleep --until "$(date -u -d "@$until" +%Y-%m-%dT%H:%M:%SZ)" && break
done >/dev/null
until (($(date +%s) > until)); do sleep 0.1; done
box 0 pack run worker --demo file=inbox/given
run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1)
same "$(events 'select(.kind == "run.started").body.permissions | map(.scope) | sort | join(" ")')" 'inbox/** outbox/** python3 shared/**'

# So does a file of the pack that is not what was installed.
copy=$(echo "$BOX"/packs/sha256-*/)
chmod u+w "$copy/bin" "$copy/bin/worker.py"
echo '# changed' >>"$copy/bin/worker.py"
box 1 pack run worker --demo file=inbox/given
err_has 'was installed as sha256:'
err_has "by event $installed, now sha256:"
err_has "(event $installed)"
finish
