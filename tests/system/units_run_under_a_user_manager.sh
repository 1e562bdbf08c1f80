#!/usr/bin/env bash
# A user's service manager, in namespaces of its own: the units start, are ready, are started again after a kill, are started by
# their socket, and stay failed where trying again helps nothing.
#
#   (as root) a control group --> inside: namespaces, an empty /run --> user: an unprivileged user, the manager, the test
set -eu
# shellcheck source=tests/system/lib.sh
. tests/system/lib.sh
manager=/lib/systemd/systemd
user=61234
groups=(/sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup)

# The manager ends whatever is in the control groups that it takes for its own, so it gets one with nothing but this test.
enter_group() {
    local at
    for at in "${groups[@]}"; do
        if [[ -w $at/cgroup.procs ]] && mkdir "$at/$1" 2>/dev/null && echo $$ >"$at/$1/cgroup.procs"; then
            chown -R "$user" "$at/$1"
        fi
    done
}
leave_group() {
    local at
    for at in "${groups[@]}"; do
        for _ in $(seq 50); do
            [[ -d $at/$1 ]] || break
            find "$at/$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
            sleep 0.1
        done
    done
}

case ${1-} in
'')
    [[ -x $manager ]] || skip "$manager is not installed"
    needs systemctl unshare setpriv python3
    [[ $(id -u) == 0 ]] || skip 'it needs root for namespaces of its own'
    unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip 'no namespaces can be made here'
    cd "$ROOT"
    setpriv --reuid $user --regid $user --clear-groups test -r tests/cli/lib.sh || skip 'other users cannot read this directory'
    code=0
    setsid -w bash "$0" group "ledger-test-$$" || code=$?
    leave_group "ledger-test-$$"
    exit "$code"
    ;;
group)
    cd "$ROOT"
    enter_group "$2"
    grep -q "/$2\$" /proc/self/cgroup || skip 'no control group can be made here'
    exec unshare --mount --pid --fork --mount-proc --kill-child bash "$0" inside
    ;;
inside)
    cd "$ROOT"
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/systemd/unit-root /run/systemd/system /run/user/$user
    chown $user /run/user/$user
    chmod 700 /run/user/$user
    cp "$LEDGER" /run/ledger
    export LEDGER=/run/ledger XDG_RUNTIME_DIR=/run/user/$user TMPDIR=/run/user/$user
    exec setpriv --reuid $user --regid $user --clear-groups bash "$0" user
    ;;
esac

mkdir -p "$XDG_CONFIG_HOME"
unset DBUS_SESSION_BUS_ADDRESS NOTIFY_SOCKET
"$manager" --user --log-target=console >"$T/manager.log" 2>&1 &
for _ in $(seq 300); do
    ready=$(systemctl --user is-system-running 2>/dev/null || true)
    [[ $ready == running || $ready == degraded ]] && break
    sleep 0.1
done
[[ $ready == running || $ready == degraded ]] || skip "the manager does not start: $(tail -n 3 "$T/manager.log" | paste -sd' ')"

show() { systemctl --user show -P "$2" "ledger-source-$1"; }
until_is() { # UNIT PROPERTY WANTED
    for _ in $(seq 300); do
        [[ $(show "$1" "$2") == "$3" ]] && return
        sleep 0.1
    done
    systemctl --user status --no-pager -l "ledger-source-$1" >"$T/.err" 2>&1 || true
    tail -n 20 "$T/manager.log" >"$T/.out"
    fail "$1 $2 is '$(show "$1" "$2")', wanted '$3'"
}
state() { "$LEDGER" -C "$BOX" sources --json | jq -r ".sources[] | select(.name == \"$1\") | .$2"; }

new_box
port=$(free_port)
fixture=$ROOT/tests/ingest/fixtures/otlp/traces.json
echo '{"kind":"x.a.b","subject":"thing/1"}' >agent.jsonl
box 0 sources add traces otlp --listen "127.0.0.1:$port"
box 0 sources add agent jsonl agent.jsonl --follow
box 0 sources units
systemctl --user daemon-reload
# Type=notify: this returns when they are ready.
systemctl --user enable --now ledger-source-traces.service ledger-source-agent.service >"$T/.out" 2>&1 || {
    cat "$T/manager.log" >"$T/.err"
    fail 'enable --now'
}
until_is traces.service ActiveState active
until_is agent.service ActiveState active
same "$(show traces.service StatusText)" recording
same "$(post "127.0.0.1:$port" "$fixture")" '200 {}'
for _ in $(seq 100); do [[ $(state agent events) == 1 ]] && break; sleep 0.1; done
same "$(state agent unit)" ledger-source-agent.service
same "$(state agent pid)" "$(show agent.service MainPID)"
same "$(state traces state)" running

# Killed: started again by the manager, and nothing is lost or repeated.
kill -KILL "$(show agent.service MainPID)"
echo '{"kind":"x.a.b","subject":"thing/2"}' >>agent.jsonl
until_is agent.service NRestarts 1
until_is agent.service ActiveState active
for _ in $(seq 100); do [[ $(state agent events) == 2 ]] && break; sleep 0.1; done
same "$("$LEDGER" -C "$BOX" log -n 0 --json --kind x.a.b | wc -l)" 2

# Stopped, within seconds and as a normal end; the next request starts it.
systemctl --user stop ledger-source-traces.service 2>/dev/null
same "$(show traces.service Result)" success
same "$(show traces.socket ActiveState)" active
same "$(post "127.0.0.1:$port" "$fixture")" '200 {}'
until_is traces.service ActiveState active
same "$(state traces unit)" ledger-source-traces.service

# A configuration that is wrong does not become right by trying again.
systemctl --user stop ledger-source-agent.service
chmod 644 "$BOX/sources.conf"
systemctl --user start ledger-source-agent.service 2>/dev/null && fail 'it started'
until_is agent.service ActiveState failed
same "$(show agent.service ExecMainStatus)" 3
chmod 600 "$BOX/sources.conf"
systemctl --user reset-failed

systemctl --user disable --now ledger-source-traces.service ledger-source-traces.socket ledger-source-agent.service >/dev/null 2>&1
box 0 sources units --undo
same "$(find "$XDG_CONFIG_HOME/systemd/user" -type f | wc -l)" 0
box 0 verify
finish
