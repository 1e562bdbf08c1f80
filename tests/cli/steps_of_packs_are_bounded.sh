#!/usr/bin/env bash
# pack run: what a step cannot do, what it may leave behind, what it reports; a run that is stopped, and one that is killed.
# shellcheck disable=SC2016 # ${NAME} is for the pack
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir inbox shared outbox
chmod 777 outbox
echo secret >outside
echo shared >shared/a
echo given >inbox/given

# worker ARGUMENTS OUTPUTS [MORE]: a pack of one step, installed or upgraded.
version=0
worker() {
    version=$((version + 1))
    make_pack <<EOF
steps:
  - id: step
    route: work
    outputs: [$2]
    arguments: [$1]
    ${3:-}
EOF
    sed -i "s/^version: .*/version: 1.0.$version/" worker/pack.yaml
    if ((version == 1)); then
        install_worker
    else
        box 0 pack upgrade worker
    fi
}
last_run() { run=$("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1); }
step() { events "select(.kind == \"run.step\" and .body.status != \"started\").body | $1"; }

# It reads, connects and executes what it was given, and nothing else.
worker 'read, /etc/passwd, read, /workspace/outside, read, /workspace/shared/a, write, /workspace/shared/a, x,
    write, /workspace/outbox/b, y, write, /pack/bin/c, z, connect, execute, /usr/bin/sleep, execute, /usr/bin/python3, execute,
    /usr/bin/id, write, "${said}", x' said \
    'uses: ["filesystem.read:shared/**", "filesystem.write:outbox/**", "exec:sleep"]'
box 0 pack run worker --demo --out o1
last_run
id=$(events 'select(.kind == "run.artifact" and .body.role == "log").body.digest' | head -1)
check test -n "$id"
box 0 artifact get "artifact:$id"
same "$(sed 's/ Error$//' "$T/.out")" "read /etc/passwd FileNotFoundError
read /workspace/outside FileNotFoundError
read /workspace/shared/a shared
write /workspace/shared/a OSError
write /workspace/outbox/b 1
write /pack/bin/c OSError
connect PermissionError
execute /usr/bin/sleep 0
execute /usr/bin/python3 2
execute /usr/bin/id FileNotFoundError
write /out/said 1"
same "$(cat outbox/b)" y
same "$(step '[.execute, .network] | @csv')" '"landlock","none"'

# What it leaves where an output should be: nothing, a link, a pipe, a directory, too much.
hostile() { # ARGUMENTS WORDS ERROR
    worker "$1" made "${4:-}"
    box 1 pack run worker --demo --out "h$version"
    out_has "$2"
    last_run
    same "$(step .error)" "$3"
    check test ! -e "h$version"
    check test -z "$(ls -A "$BOX/runs")"
}
hostile 'print, "${made}"' "output 'made'" output
hostile 'link, "${made}"' "symbolic link" output
hostile 'pipe, "${made}"' 'is not a regular file' output
hostile 'directory, "${made}"' 'is not a regular file' output
hostile 'hide, print, "${made}"' "output 'made'" output
hostile 'fill, print, "${made}"' 'exit code 1' exit 'limits: {file: 8MiB}'
hostile 'exit, "7", print, "${made}"' 'exit code 7' exit
hostile 'sleep, "60", print, "${made}"' 'it took more than its 1 s' timeout 'limits: {time: 1s}'

# Outputs share one limit, holes included; what is kept of them has the holes that they have.
worker 'sparse, "${made}", 5000000, sparse, "${more}", 5000000' 'made, more' 'limits: {file: 8MiB}'
box 1 pack run worker --demo --out "h$version"
out_has "output 'more': the outputs of a step have at most 8388608 bytes"
last_run
same "$(step .error)" output
worker 'sparse, "${made}", 100000000' made
box 0 pack run worker --demo --out "o$version"
same "$(stat -c %s "o$version/made")" 100000000
check test "$(du -k "o$version/made" | cut -f1)" -lt 1000
last_run
truncate -s 99999999 zeros
printf x >>zeros
same "$(events 'select(.kind == "run.artifact" and .body.role == "output").body.digest' | head -1)" "sha256:$(sha256sum zeros | cut -c1-64)"
rm zeros

# Bytes that are no text are kept, and a terminal gets none of them.
worker 'escape, write, "${made}", x' made
box 0 pack run worker --demo --out "o$version"
last_run
id=$(events 'select(.kind == "run.artifact" and .body.role == "log").body.digest')
box 0 artifact get "artifact:$id" -o escaped
same "$(head -c 11 escaped | od -An -c | tr -d ' \n')" '033[31m377\0red\n'

# What it reports joins its run as reported; what it may not say is counted.
worker 'report, run.logged, "{\"event\": \"mine\"}", run/@, report, x.test.seen, "{}", thing/1,
    report, permission.granted, "{\"group\": \"exec\"}", pack/worker, report, run.finished, "{}", run/@,
    report, run.logged, "{}", run/other, write, "${made}", x' made
box 0 pack run worker --demo --out "o$version"
last_run
same "$(events 'select(.grade == "reported") | .kind + " " + .subject + " " + .source')" "run.logged run/$run step
x.test.seen thing/1 step"
same "$(step '[.reports, .reports_refused] | @csv')" 2,3
same "$("$LEDGER" -C "$BOX" query --kind permission.granted --format jsonl | jq -r .source | sort -u)" cli

# Keys that differ only at their end are two, or refused.
long=$(printf '%0100d' 1)
worker "keyed, '$long', keyed, '${long}1', keyed, '${long}2', write, '\${made}', x" made
box 0 pack run worker --demo --out "o$version"
last_run
same "$(step '[.reports, .reports_refused] | @csv')" 1,2
same "$(events 'select(.private.reports_fault).private.reports_fault')" "'x.test.keyed' has a key of more than 100 bytes"

# It reports as much as it may print, and no more.
fault() { events 'select(.private.reports_fault).private.reports_fault'; }
worker 'flood, "30", "60000", flood, "5", "10", write, "${made}", x' made 'limits: {output: 1MiB}'
box 0 pack run worker --demo --out "o$version"
last_run
same "$(step '[.reports, .reports_refused] | @csv')" 22,13
same "$(fault)" 'it reported more bytes than it may print'
worker 'flood, "10007", "1", write, "${made}", x' made
box 0 pack run worker --demo --out "o$version"
last_run
same "$(step '[.reports, .reports_refused] | @csv')" 10000,7
same "$(fault)" 'it reported more than 10000 events'

# Ctrl-C ends the step and the run.
worker 'sleep, "60", write, "${made}", x' made
setsid "$LEDGER" -C "$BOX" pack run worker --demo --out stopped >o 2>e </dev/null &
pid=$!
until "$LEDGER" -C "$BOX" query --kind run.tool_called --format jsonl | jq -e 'select(.run != "'"$run"'")' | tail -1 | grep -q . &&
    [[ $("$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run | tail -1) != "$run" ]]; do sleep 0.05; done
kill -INT "$pid"
got=0
wait "$pid" || got=$?
same "$got" 1
last_run
same "$(step '[.status, .error] | @csv')" '"error","stopped"'
same "$(events 'select(.kind == "run.finished").body.outcome')" aborted
check test ! -e stopped

# A killed one is found, its files are removed, and its end is recorded by the next run.
setsid "$LEDGER" -C "$BOX" pack run worker --demo --out killed >o 2>e </dev/null &
pid=$!
before=$run
until last_run && [[ $run != "$before" ]] && [[ -n $(events 'select(.kind == "run.tool_called").seq') ]]; do sleep 0.05; done
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
box 0 pack list
err_has "run/$run was killed"
same "$(ls "$BOX/runs")" "$run.lock"
box 0 run show "$run"
out_has running
worker 'write, "${made}", x' made
box 0 pack run worker --demo --out "o$version"
err_has "run/$run was killed"
err_has 'records its end'
same "$(events 'select(.kind == "run.finished").body | [.outcome, .error] | @csv')" '"aborted","killed"'
check test -z "$(ls -A "$BOX/runs")"

# What was not measured is left out.
same "$("$LEDGER" -C "$BOX" query --kind run.step --format jsonl | jq -c 'select(.body.cpu_ms == 0 or .body.processes == 0 or .body.memory_bytes == 0).body')" ''
box 0 verify
finish
