#!/usr/bin/env bash
# timeline: a run as a tree by cause, calls, spans and runs; its marks, its formats, its exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
event() { # KIND RUN BODY [MORE]
    jq -cn --arg k "$1" --arg r "$2" --argjson b "$3" --argjson m "${4-"{}"}" \
        '{kind: $k, subject: ("run/" + $r), run: $r, actor: "agent:a", key: ($k + $r + ($b | tostring)), body: $b} + $m'
}
{
    event run.started r1 '{"pack":"pdf-ops","agent":"claude","span":"s0"}'
    event run.step r1 '{"step":"plan","span":"s1","parent":"s0","status":"ok","duration_ms":120.5}'
    event run.model_called r1 '{"model":"llama3.2:3b","call":"c1","parent":"s1","tokens_in":12}'
    event run.model_returned r1 '{"model":"llama3.2:3b","call":"c1","ok":true,"outcome":"ok","latency_ms":2300}'
    echo '{"kind":"ledger.gap","subject":"gap/otlp","actor":"service:otlp","key":"g1","body":{"what":"dropped","missing":3}}'
    event run.tool_called r1 '{"tool":"bash","call":"c2"}' '{"cause":3}'
    event run.tool_returned r1 '{"tool":"bash","call":"c2","ok":false,"outcome":"error","error":"exit","exit_code":2,"duration_ms":75000}'
    event run.started r2 '{"parent":"r1","task":"sub"}'
    event run.finished r2 '{"outcome":"ok","duration_ms":3}'
    event run.finished r1 '{"outcome":"error","ok":false,"error":"tool","duration_ms":80000}'
    event run.finished r9 '{"outcome":"ok"}'
    echo '{"kind":"ledger.gap","subject":"gap/otlp","actor":"service:otlp","key":"g2","body":{"what":"rotated"}}'
} >run.jsonl
box 0 ingest jsonl run.jsonl

# The whole tree in a pipe: plain, nothing cut.
box 0 timeline r1
same "$(sed -e 1,2d -e 's/^\( *[0-9]*\)  *[0-9.]* m\{0,1\}s  /\1  /' "$T/.out")" "\
  1  80.0 s  ! run.started pdf-ops -> error: tool  run/r1  agent=claude
  2  120 ms  |- run.step plan -> ok
  3  2.30 s  |  \`- run.model_called llama3.2:3b -> ok  tokens_in=12
  6  75.0 s  |     \`- ! run.tool_called bash -> error: exit  exit_code=2 judged_tier=T2
  5          |- ~ ledger.gap dropped  gap/otlp  missing=3
  8    3 ms  |- run.started sub -> ok  run/r2
  9    3 ms  |  \`- run.finished -> ok
 10  80.0 s  \`- ! run.finished -> error: tool"
check grep -q '^run r1: 10 events, ' "$T/.out"
out_has '1 error, 1 gap'
out_lacks tool_returned
out_lacks rotated
out_lacks $'\e'
case $out in *[$'\x80'-$'\xff']*) fail 'it is not plain in a pipe' ;; esac

# The end of the run is not another error: lists of runs count the same.
box 0 run show r1 --json
json '.things[0].fields.errors' 1

# For programs: the same order, with parents and why.
box 0 timeline r1 --json
json .schema ledger.timeline/1
json .complete true
json '[.errors, .gaps] | join(" ")' '1 1'
json '.events | map(.seq) | join(",")' 1,2,3,6,5,8,9,10
json '.events | map(.depth) | join(",")' 0,1,2,3,1,1,2,1
json '.events | map(.parent) | tojson' '[null,1,2,3,1,1,8,1]'
json '.events | map(.via) | tojson' '[null,"span","span","cause",null,"run","run","run"]'
json '.events[3] | [.name, .outcome, .ok, .duration_ms, .end] | tojson' '["bash","error: exit",false,75000,7]'
json '.events[4].mark' gap

# By subject, by time.
box 0 timeline run/r1
check grep -q '^run/r1: 10 events, ' "$T/.out"
box 0 timeline gap/otlp --json
json '.events | map(.seq) | join(",")' 5,12
box 0 timeline 'run/r*' --json
json '.events | map(select(.depth == 0) | .seq) | join(",")' 1,5,11
box 0 timeline --since 8 --until 11
out_has 'run/r9'
out_lacks llama
box 0 timeline --since 1h --time relative
out_has ' ago'
box 0 timeline r1 --time local

# Reported late and in any order, it is shown in the order in which it happened.
at() { echo "\"at\":\"2026-11-20T08:00:0$1Z\""; }
{
    event run.step late "{\"step\":\"second\",$(at 2),\"span\":\"b\"}"
    event run.step late "{\"step\":\"first\",$(at 1),\"span\":\"a\"}"
    event run.started late "{\"task\":\"t\",$(at 0)}"
    event run.finished late "{\"outcome\":\"ok\",$(at 5)}"
} >late.jsonl
box 0 ingest jsonl late.jsonl
box 0 timeline late
same "$(awk 'NR > 2 { $1 = ""; print }' "$T/.out")" "\
 0 ms 5.00 s run.started t -> ok run/late
 1.00 s |- run.step first
 2.00 s |- run.step second
 5.00 s \`- run.finished -> ok"
out_has '2026-11-20 08:00:00Z, 5.00 s, ok'

# Duration: as given by the run's end, otherwise up to the end of the last step; what happened after its end is separate.
{
    event run.started took "{\"task\":\"t\",$(at 0)}"
    event run.tool_called took "{\"tool\":\"bash\",\"call\":\"k\",\"arguments_bytes\":7,\"agent\":\"claude\",$(at 1)}"
    event run.tool_returned took "{\"tool\":\"bash\",\"call\":\"k\",\"arguments_bytes\":7,\"agent\":\"claude\",\"exit_code\":0,$(at 2)}"
    event run.finished took "{\"outcome\":\"ok\",\"duration_ms\":4500,$(at 4)}"
    event run.logged took '{"event":"late","at":"2026-11-20T12:29:04Z"}'
    event run.started open "{\"task\":\"t\",$(at 0)}"
    event run.step open "{\"step\":\"long\",\"duration_ms\":60000,$(at 3)}"
} >took.jsonl
box 0 ingest jsonl took.jsonl
box 0 timeline took
check grep -q '^run took: 5 events, 2026-11-20 08:00:00Z, 4.50 s, ok, 1 late (up to 4 h 29 min after its end)$' "$T/.out"
same "$(grep -o 'arguments_bytes=7' "$T/.out" | wc -l)" 1
same "$(grep -o 'agent=claude' "$T/.out" | wc -l)" 1
out_has 'exit_code=0'
box 0 timeline took --json
json .late 1
box 0 timeline open
check grep -q '^run open: 2 events, 2026-11-20 08:00:00Z, 63.0 s' "$T/.out"

# The beginning of a run's id is enough if it is unique.
box 0 timeline la
check grep -q '^run late: 4 events, ' "$T/.out"
box 0 timeline 'lat*' --json
json .rows 4
box 0 timeline run/la
check grep -q '^run late: ' "$T/.out"
box 1 timeline r
err_has "3 runs begin with 'r': "
err_has "'r1'"
err_has "'r9'"
out_empty
box 0 timeline r9
check grep -q '^run r9: 1 event, ' "$T/.out"
box 1 timeline 'nob*'
err_has "'nob*'"

# A return's fields are shown with its call, in both formats; less than a millisecond is shown in microseconds.
{
    event run.tool_called short '{"tool":"ls","call":"s1","arguments_bytes":4}'
    event run.tool_returned short '{"tool":"ls","call":"s1","ok":true,"exit_code":0,"duration_ms":0.25}'
} >short.jsonl
box 0 ingest jsonl short.jsonl
box 0 timeline short
out_has '250 us  run.tool_called ls  arguments_bytes=4 exit_code=0'
box 0 timeline short --json
json '.events[0].text' 'arguments_bytes=4 exit_code=0'

# A line that is cut says so.
event run.tool_called wordy "{\"tool\":\"$(printf 's%.0s' {1..300})\",\"server\":\"$(printf 'r%.0s' {1..500})\"}" '{"key":"wordy"}' >wordy.jsonl
box 0 ingest jsonl wordy.jsonl
box 0 timeline wordy
check grep -Eq 'run.tool_called s{200}\.\.\.  server=r+\.\.\.$' "$T/.out"

# If a run's start was corrected, header and tree count from the same event, and the run's end is shown.
{
    event run.started mistaken "{\"task\":\"t\",$(at 0)}"
    event run.step mistaken "{\"step\":\"x\",$(at 3)}"
    event run.finished mistaken "{\"outcome\":\"error\",\"error\":\"boom\",$(at 8)}"
} >mistaken.jsonl
box 0 ingest jsonl mistaken.jsonl
box 0 timeline mistaken --json
started=$(jq '.events[0].seq' "$T/.out")
box 0 correct "$started" --reason m
by=$(jq .seq "$T/.out")
box 0 timeline mistaken
check grep -q "^run mistaken: 3 events, 2026-11-20 08:00:03Z, 5.00 s, error: boom, event $started corrected by event $by\$" "$T/.out"
same "$(awk 'NR > 2 { $1 = ""; print }' "$T/.out")" "\
 -3.00 s run.started t -> corrected by event $by run/mistaken
 0 ms |- run.step x
 5.00 s \`- ! run.finished -> error: boom"
event run.started mistaken "{\"task\":\"u\",$(at 2)}" >again.jsonl
box 0 ingest jsonl again.jsonl
box 0 timeline mistaken
check grep -q '^run mistaken: 4 events, 2026-11-20 08:00:02Z, 6.00 s, error: boom$' "$T/.out"

# What does not exist, and what is invalid.
box 1 timeline nobody
err_has "'nobody'"
out_empty
box 1 timeline nobody --json
box 2 timeline
err_has 'name a run, a subject, or --since'
box 2 timeline r1 r2
box 2 timeline r1 --time soon
box 3 timeline --since soon

# Bodies that lie: cycles of spans and calls, a cause that comes later, a run that starts itself.
{
    event run.step c1 '{"step":"a","span":"s1","parent":"s2"}'
    event run.step c1 '{"step":"b","span":"s2","parent":"s3"}'
    event run.step c1 '{"step":"c","span":"s3","parent":"s1"}'
    event run.step c1 '{"step":"d","span":"s4","parent":"s4"}'
    event run.started c1 '{"parent":"c1"}'
    event run.tool_returned c1 '{"call":"x"}'
    event run.tool_returned c1 '{"call":"x","ok":true}'
    event run.tool_called c1 '{"call":"x"}'
} >circles.jsonl
box 0 ingest jsonl circles.jsonl
box 0 timeline c1 --json
json '.rows' 7
json '.events | map(.seq) | unique | length' 7
# A chain of a thousand causes is a thousand lines, indented no further than the line width.
size=$("$LEDGER" -C "$BOX" query --count)
for i in $(seq 0 999); do
    cause=
    if ((i > 0)); then cause="\"cause\":$((size + i - 1)),"; fi
    echo "{\"kind\":\"run.step\",\"subject\":\"run/deep\",\"run\":\"deep\",\"key\":\"deep$i\",$cause\"body\":{\"step\":\"n$i\"}}"
done >deep.jsonl
box 0 ingest jsonl deep.jsonl
box 0 timeline deep
same "$(grep -c run.step "$T/.out")" 1000
[[ $(awk '{ if (length($0) > n) n = length($0) } END { print n }' "$T/.out") -lt 200 ]] || fail 'a line is too long'
box 0 timeline deep --json
json '.events[999].depth' 999

# On a terminal: lines, marks, colours, and its width.
if command -v script >/dev/null; then
    TERM=xterm PAGER=cat COLUMNS=60 LC_ALL=C.UTF-8 script -qec "'$LEDGER' -C '$BOX' timeline r1" tty.log </dev/null >/dev/null 2>&1
    out=$(cat tty.log)
    out_has '│  └─ run.model_called llama3.2:3b → ok'
    out_has '✗ run.tool_called bash'
    out_has '├─ ◌ ledger.gap'
    out_has $'\e[31m'
    LONG='a task with so long a name that nothing would be left of the line for what came of it'
    event run.started long "{\"task\":\"$LONG\",\"outcome\":\"denied\"}" >long.jsonl
    event run.finished long "{\"outcome\":\"denied\",\"error\":\"$LONG\"}" >>long.jsonl
    box 0 ingest jsonl long.jsonl
    TERM=xterm PAGER=cat COLUMNS=80 LC_ALL=C.UTF-8 script -qec "'$LEDGER' --no-color -C '$BOX' timeline long" tty.log </dev/null >/dev/null 2>&1
    check grep -q 'run.started a task with [^→]*… → denied' tty.log
    widest=$(tr -d '\r' <tty.log | sed '/^Script /d' | python3 -c 'import sys; print(max(len(line.rstrip("\n")) for line in sys.stdin))')
    [[ $widest -le 80 ]] || fail "a line takes $widest columns"
    TERM=xterm PAGER=cat COLUMNS=60 LC_ALL=C script -qec "'$LEDGER' -C '$BOX' timeline r1" tty.log </dev/null >/dev/null 2>&1
    out=$(cat tty.log)
    out_has '`- run.model_called llama3.2:3b -> ok'
fi

# Unreadable events have a line; those before them are shown.
data=$BOX/evidence/data.mdb
box 0 append run.started -s run/bad --run bad task=t at=2019-01-01T00:00:00Z
box 0 append run.step -s run/bad --run bad step=later at=2021-01-01T00:00:00Z
box 0 append run.step -s run/bad --run bad step=before at=2020-01-01T00:00:00Z
for i in $(seq 300); do
    echo "{\"kind\":\"x.test.fill\",\"subject\":\"fill/$i\",\"key\":\"f$i\",\"body\":{}}"
done >fill.jsonl
box 0 ingest jsonl fill.jsonl
box 0 append run.step -s run/bad --run bad step=needle-in-the-evidence
while read -r at; do
    printf 'N' | dd of="$data" bs=1 seek="$at" conv=notrunc status=none
done < <(grep -obaF 'needle-in-the-evidence' "$data" | cut -d: -f1)
box 30 timeline bad
out_has 'run.step before'
out_has '? events'
same "$(grep -o -e 'step before' -e '? events' -e 'step later' "$T/.out" | paste -sd,)" 'step before,? events,step later'
err_has 'is not what was written'
same "$(grep -c 'is not what was written' <<<"$err")" 1
box 30 timeline bad --json
json .complete false
json '.events | map(select(.mark == "unreadable")) | length' 1

finish
