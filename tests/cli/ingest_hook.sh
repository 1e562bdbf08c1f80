#!/usr/bin/env bash
# ingest hook: silent recording, exit codes that stop no agent's work, 2 only if --strict asks for it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# hook CODE INPUT ARGS...: as an agent calls it.
hook() {
    local want=$1 got=0
    printf '%s\n' "$2" >"$T/.in"
    shift 2
    "$LEDGER" -C "$BOX" ingest hook "$@" <"$T/.in" >"$T/.out" 2>"$T/.err" || got=$?
    out=$(cat "$T/.out")
    err=$(cat "$T/.err")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: ledger ingest hook $*"
}
one_line() { same "$(wc -l <"$T/.err")" 1; }
size() { "$LEDGER" -C "$BOX" stats --json | jq .events; }
pre() {
    printf '{"session_id":"s1","transcript_path":"/home/m/.claude/t.jsonl","cwd":"/srv","permission_mode":"default",'
    printf '"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls %s"},"tool_use_id":"toolu_%s"}' "$1" "$1"
}

new_box

# Success is silent, and written once.
hook 0 "$(pre a)"
out_empty
err_empty
same "$(size)" 2
hook 0 "$(pre a)"
out_empty
err_empty
same "$(size)" 2
box 0 show 1 --json
json .kind run.tool_called
json .actor agent:claude-code
json .source hook
json .run s1
json .body.arguments null
json .private.arguments.command 'ls a'
json .body.arguments_bytes "$(printf '{"command":"ls a"}' | wc -c)"
json .body.arguments_digest "sha256:$(printf '{"command":"ls a"}' | sha256sum | cut -d' ' -f1)"

# A failure is one line and not exit code 2, which would block the call.
for bad in 'nonsense' '{"hook_event_name":"PreToolUse"}' '{"a":1}' '' "$(pre x | head -c 90)"; do
    hook 3 "$bad"
    out_empty
    one_line
done
hook 3 "$(pre b)" --no-such-option
out_empty
one_line
hook 3 "$(pre b)" --models DIR
one_line
hook 3 "$(pre b)" absent.json
one_line
for form in 'ingest hook --no-such' 'ingest --no-such hook' '--no-such ingest hook'; do
    # shellcheck disable=SC2086 # words
    box 3 $form
    one_line
done
run 3 -C nowhere ingest hook
one_line
err_has 'there is no ledger'
same "$(size)" 2

# What is not recorded is reported and counted, and stops no agent either.
mcp='{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","arguments":{"path":"/srv/a"}}}'
hook 0 "$mcp"
out_empty
one_line
err_has "1 record was passed over, the first in line 1 ('tools/call')"
hook 0 "$mcp" --strict
one_line
hook 0 "$mcp" -q
err_empty
printf '%s\n' "$mcp" '{"jsonrpc":"2.0","id":7,"result":{"content":[]}}' >mcp.ndjson
box 0 ingest hook mcp.ndjson --json
json .passed 2
json .accepted 0
json .rejected 0
box 0 ingest hook mcp.ndjson
err_has '2 records were passed over'
same "$(size)" 2

# With --strict nothing continues unrecorded: each failure exits with 2 and its reason.
hook 2 'nonsense' --strict
out_empty
one_line
err_has 'not valid JSON'
hook 2 "$(pre b)" --strict --no-such-option
hook 2 "$(pre b)" --strict absent.json
run 2 -C nowhere ingest hook --strict
one_line
hook 0 "$(pre b)" --strict
same "$(size)" 3
box 2 ingest jsonl --no-such hook
box 3 ingest jsonl --strict hook

# System errors exit with 4, and with 2 under --strict.
pre c >"$T/.in"
for form in '4 ' '2 --strict'; do
    code=0
    (
        ulimit -f 0
        # shellcheck disable=SC2086 # no word or one
        exec "$LEDGER" -C "$BOX" ingest hook ${form#* } <"$T/.in" 2>/dev/null >/dev/null
    ) || code=$?
    same "$code" "${form%% *}"
done

# It never asks for a passphrase, on a terminal or not.
printf 'open sesame\n' >pass
chmod 600 pass
run 0 -C locked init --origin test.example/locked --passphrase --passphrase-file pass
pre d >"$T/.in"
code=0
timeout 60 script -qec "'$LEDGER' -C locked ingest hook <'$T/.in' >'$T/.out' 2>'$T/.err'; echo \$? >code" /dev/null >/dev/null </dev/null ||
    code=$?
same "$code" 0
[[ $(cat code) != 0 && $(cat code) != 2 ]] || fail "a ledger under a passphrase ended in $(cat code)"
same "$(wc -l <"$T/.err")" 1
"$LEDGER" -C locked --passphrase-file pass ingest hook <"$T/.in" >"$T/.out" 2>"$T/.err" || fail "with its passphrase"
check test ! -s "$T/.out"

# Several records, a pretty one, an array; files; what is asked for on standard output.
printf '%s\n' "$(pre e)" '[' "$(pre f)," "$(pre g)" ']' >many.ndjson
pre h | jq . >>many.ndjson
box 0 ingest hook many.ndjson --json
json .accepted 4
json .rejected 0
json .receipts 1
box 0 ingest hook many.ndjson --json
json .duplicate 4
json .receipts 0
hook 0 "$(pre i)" --dry-run
out_has '"kind":"run.tool_called"'
hook 0 "$(pre i)" --json
json .accepted 1

# An agent that leaves its end of the pipe open does not block it.
mkfifo open
"$LEDGER" -C "$BOX" ingest hook <open >"$T/.out" 2>"$T/.err" &
pid=$!
exec 8>open
pre j >&8
code=0
wait "$pid" || code=$?
exec 8>&-
same "$code" 0
box 0 ingest hook --json many.ndjson
box 0 log --json --kind run.tool_called -n 1
json .body.call toolu_j

# With --follow it continues, and commits whenever the pipe is quiet.
mkfifo pipe
"$LEDGER" -C "$BOX" ingest hook --follow <pipe >"$T/.out" 2>"$T/.err" &
pid=$!
exec 8>pipe
for call in k l; do
    pre "$call" >&8
    printf '\n' >&8
    for _ in $(seq 200); do
        "$LEDGER" -C "$BOX" log --json -n 1 --kind run.tool_called | grep -q "toolu_$call" && break
        sleep 0.1
    done
    "$LEDGER" -C "$BOX" log --json -n 1 --kind run.tool_called | grep -q "toolu_$call" || fail "followed call $call"
done
exec 8>&-
code=0
wait "$pid" || code=$?
same "$code" 0

# Agents run concurrently.
before=$(size)
pids=()
for n in 1 2 3 4 5 6 7 8; do
    pre "p$n" >"in.$n"
    "$LEDGER" -C "$BOX" ingest hook <"in.$n" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || fail "one of eight failed"
done
same "$(size)" "$((before + 8))"

# The actor of the command line applies to all.
hook 0 "$(pre q)" --actor user:mira
box 0 log --json --kind run.tool_called -n 1
json .actor user:mira

box 0 verify

# A truncated database kills its reader, with exit code 2 under --strict.
truncate -s 8192 "$BOX/evidence/data.mdb"
code=0
"$LEDGER" -C "$BOX" ingest hook <"$T/.in" >"$T/.out" 2>"$T/.err" || code=$?
[[ $code != 0 && $code != 2 ]] || fail "a cut database ended in $code"
one_line
hook 2 "$(pre r)" --strict
one_line
finish
