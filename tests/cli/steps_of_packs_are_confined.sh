#!/usr/bin/env bash
# pack run: a step cannot read outside its scope, open a socket, execute another program, see another process, or outlive its run;
# and one that prints without end, forks without end, sleeps for ever or prints escapes is bounded. By root and by an ordinary user.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

mark=mark-$$-$RANDOM
make_pack <<EOF
steps:
  - id: tries
    route: work
    arguments: [read, /workspace/outside, read, /etc/passwd, read, "$T/secret", list, "$T", list, /pack/.., read, /proc/1/root/etc/passwd,
      connect, execute, /usr/bin/id, execute, /pack/bin/other, processes, daemon, print, $mark]
    limits: {time: 60s, processes: 64}
  - {id: floods, route: work, arguments: [torrent, $mark], limits: {time: 60s, output: 1MiB}}
  - {id: forks, route: work, arguments: [forks, $mark], limits: {time: 60s, processes: 8}}
  - {id: sleeps, route: work, arguments: [daemon, sleep, "600", $mark], limits: {time: 1s}}
  - {id: escapes, route: work, outputs: [raw], stdout: raw, arguments: [escape, print, $mark], limits: {time: 60s}}
EOF
cp /bin/true worker/bin/other

# What both users do, in a directory of their own.
cat >way.sh <<'EOF'
set -eu
ledger() { "$LEDGER" -C box "$@"; }
ledger init --origin test.example/box
printf 'grants:\n  - {group: exec, decision: grant}\n  - {group: filesystem.read, decision: grant}\n' >grants.yaml
ledger pack install pack --grant-file grants.yaml
echo secret >outside
ledger pack run worker --demo --out out >printed || test $? = 1
ledger query --run "$(ledger query --kind run.started --format jsonl | jq -r .run)" --format jsonl --private >events
ledger artifact get "artifact:$(jq -r 'select(.kind == "run.artifact" and .body.role == "log").body.digest' events | head -1)" -o said
test -z "$(ls -A box/runs)"
ledger verify
EOF

way() { # DIR UID COMMAND...
    local dir=$1 uid=$2
    shift 2
    mkdir -p "$dir/home" "$dir/inbox"
    cp -r worker "$dir/pack"
    cp "$LEDGER" "$dir/ledger"
    chown -R "$uid" "$dir"
    (cd "$dir" && HOME=$dir/home XDG_CONFIG_HOME=$dir/home XDG_STATE_HOME=$dir/home LEDGER=$dir/ledger "$@" bash -x "$T/way.sh") >"$dir.log" 2>&1 || {
        fail "$dir"
        tail -20 "$dir.log" >&2
        return 0
    }
    same "$(cat "$dir/said")" "read /workspace/outside FileNotFoundError
read /etc/passwd FileNotFoundError
read $T/secret FileNotFoundError
list $T FileNotFoundError
list /pack/.. bin dev etc lib lib64 out pack proc run sbin tmp usr
read /proc/1/root/etc/passwd PermissionError
connect PermissionError
execute /usr/bin/id PermissionError
execute /pack/bin/other PermissionError
processes 2
$mark"
    same "$(ended "$dir" '[.step, .status, .end, .error] | @csv' | grep -v forks)" '"tries","ok","exit",
"floods","error","output","output"
"sleeps","error","timeout","timeout"
"escapes","ok","exit",'
    # What a fork is refused with differs: the step fails, or is ended.
    same "$(ended "$dir" 'select(.step == "forks") | [.status, .processes < 100] | @csv')" '"error",true'
    same "$(ended "$dir" '[.confined, .network] | @csv' | sort -u)" 'true,"none"'
    same "$(jq 'select(.kind == "run.tool_returned" and .body.result_bytes > 1048576).seq' "$dir/events")" ''
    same "$(head -c 11 "$dir/out/raw" | od -An -c | tr -d ' ')" '033[31m377\0red\n'
    check test -z "$(tr -d '[:print:]\n' <"$dir/printed")"
    check test -z "$(grep -la "mar[k]${mark#mark}" /proc/[0-9]*/cmdline 2>/dev/null)"
}
# ended DIR FILTER: of how each step ended.
ended() { jq -r "select(.kind == \"run.step\" and .body.status != \"started\").body | $2" "$1/events"; }

echo secret >"$T/secret"
chmod 755 "$T" "$T/way.sh"
way "$T/own" "$(id -u)"
if [[ $(id -u) == 0 ]]; then
    way "$T/other" 65534 setpriv --reuid 65534 --regid 65534 --clear-groups
fi
finish
