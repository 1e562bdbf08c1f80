#!/usr/bin/env bash
# Queries go by the source's clock, states by the ledger's; when the two differ, the output says so.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mkdir -p root/var/log
{
    for day in 01 01 01 07 07 20; do
        n=$((${n:-0} + 1))
        echo "2026-09-$day 10:00:0$n install pkg$n:amd64 <none> 1.$n"
        echo "2026-09-$day 10:00:0$n status installed pkg$n:amd64 1.$n"
    done
} >root/var/log/dpkg.log
TZ=UTC box 0 ingest dpkg --root root
note today
today=$(date -u +%F)

# Days, times and conditions are those of occurrence.
box 0 query --kind 'install.*' --by day --format csv
same "$(tr -d '\r' <"$T/.out" | tail -n +2 | sort | tr '\n' ' ')" '2026-09-01,3 2026-09-07,2 2026-09-20,1 '
box 0 query --kind 'install.*' --by day
err_has "times are those when events happened; '--clock ledger'"
box 0 query --kind 'install.*' --by day --clock ledger --format csv
same "$(tr -d '\r' <"$T/.out" | tail -n 1)" "$today,6"
box 0 query --kind 'install.*' --since 2026-09-02 --until 2026-09-30 --count
same "$out" 3
box 0 log --kind 'install.*' --since 2026-09-02 --until 2026-09-10
same "$(wc -l <"$T/.out")" 3
out_has '2026-09-07'
out_lacks "$today"
err_has "these are the events that happened in that time; 2 of them were recorded at another"
box 1 query --kind 'install.*' --since 2026-09-02 --until 2026-09-30 --clock ledger
box 0 query --since 1h --count
same "$err" "ledger: query: these are the events that happened in that time; 6 more events were recorded in it and happened at another: '--clock ledger' shows them"
box 0 query --since 1h --kind x.test.note
err_empty
box 0 query --since 1h --clock ledger --kind 'install.*'
err_has "these are the events that were recorded in that time; 6 of them happened at another: '--clock source' goes by that"
box 0 query --since 1h --clock ledger --kind 'install.*' --json
json .clock ledger
json '.events | length' 6
err_empty
box 0 query --since 2026-09-07 --until 2026-09-07 --json
json .clock source
json '[.events[].body.version] | sort | join(",")' 1.4,1.5
box 0 query --where "kind LIKE 'install.%'" --since 2026-09-07 --until 2026-09-20 --fields seq,day --format csv
same "$(tr -d '\r' <"$T/.out" | cut -d, -f2 | tail -n +2 | sort -u | tr '\n' ' ')" '2026-09-07 2026-09-20 '
box 0 query --sql "SELECT substr(happened_at, 1, 10) AS day, count(*) AS n, min(at) > '2026-10' AS later FROM events
    WHERE kind = 'install.installed' AND happened >= ts('2026-09-05') GROUP BY day ORDER BY day" --format csv
same "$(tr -d '\r' <"$T/.out" | tail -n +2 | tr '\n' ' ')" '2026-09-07,2,1 2026-09-20,1,1 '
box 0 timeline --since 2026-09-07 --until 2026-09-07 --json
json '.events | length' 2
json .clock source
box 0 timeline --since 2026-09-07 --until 2026-09-07
err_has "2 events were recorded at another time than the source gives; '--clock ledger'"
box 0 timeline --since 1h --clock ledger --json
json .clock ledger
json '[.events[] | select(.kind | startswith("install."))] | length' 6
box 2 query --clock wall --since 1h
err_has "unknown clock 'wall'; known clocks: source, ledger"

# States and bundles go by the ledger's clock, and name events about a time before it.
first=$("$LEDGER" -C "$BOX" query -k 'install.*' --first 1 --fields seq --format jsonl | jq .seq)
last=$("$LEDGER" -C "$BOX" query -k 'install.*' --last 1 --fields seq --format jsonl | jq .seq)
box 1 diff 2026-09-01 2026-10-01
err_has 'the log began on '
err_has "6 events, recorded later, tell of that time (events $first to $last); 'ledger -C $BOX query --since 2026-09-01 --until 2026-10-01' shows them"
[[ $err != *'nothing changed'* ]] || fail 'nothing changed'
box 0 query --since 2026-09-01 --until 2026-10-01 --count
same "$out" 6
box 1 diff 2026-08-01 2026-08-02
err_has 'the log began on '
err_has ': there are no states of that time to compare'
box 0 diff 2026-08-01
err_has "the log began on $(date -u +%Y-%m-%d), after the first moment ('2026-08-01'): nothing is known of before"
box 1 diff 2026-09-01 2026-10-01 --json
json '"\(.told.events) \(.told.first) \(.told.last)"' "6 $first $last"
box 0 diff 2h
out_has '2026-09-20'
err_has "('2h'): nothing is known of before"
box 0 diff 0
[[ $err != *'the log began'* ]] || fail 'the log had begun then'
box 0 diff 2h
err_has '6 of these changes were recorded in that time and happened before it, from 2026-09-01 to 2026-09-20'
box 0 diff 2h --json
json .happened_before 6
json '[.changes[] | select(.table == "installs") | .happened != .time] | all' true
box 0 diff 2h --clock ledger
out_has 'TIME'
out_lacks '2026-09-20'
box 1 state installs --at 2026-09-10
err_has "there are no states of that time: the log began on "
err_has "5 events, recorded later, tell of that time (events $first to $((last - 1))); 'ledger -C $BOX query --until 2026-09-10' shows them"
box 1 state installs --at 2026-09-10 --json
json '"\(.told.events) \(.told.first)"' "5 $first"
box 1 export -o x.zst --since 2026-09-01 --until 2026-09-30
err_has "'--since $first --until $last' is the one that has them"
box 0 export --dry-run --since "$first" --until "$last" --kind 'install.*' --json
json .matching 6
box 1 export -o x.zst --until 2026-08-30
err_has 'the log began on '
[[ ! -e x.zst ]] || fail 'x.zst'

# A clock that was wrong once does not make everything match for ever.
box 0 append x.test.note -s thing/2 at=2099-01-01T00:00:00Z --open text text=far
box 1 query --since 1h --subject thing/2
box 0 query --since 2098-01-01 --subject thing/2 --count
same "$out" 1
if command -v faketime >/dev/null && ! grep -qaE '__(asan|tsan)_' "$LEDGER"; then # a sanitizer has to be loaded first
    faketime '2099-06-01 00:00:00' "$LEDGER" -C "$BOX" append x.test.note -s thing/3 --open text text=wrong >/dev/null
    note after
    box 0 append x.test.note -s thing/4 "at=$(date -u +%FT%TZ)" --open text text=dated
    box 0 query --since 1h --kind x.test.note --fields subject --format csv
    same "$(tr -d '\r' <"$T/.out" | tail -n +2 | tr '\n' ' ')" 'thing/1 thing/4 '
    err_has 'ahead of the clock since event'
    err_has "'--since "
fi
finish
