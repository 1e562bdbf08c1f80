#!/usr/bin/env bash
# log: order, number, filters, since; show: every field; their exit codes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note one --run r1
note two --run r2
box 0 append x.other.thing -s thing/2 --run r1 --open a a=1
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    echo "{\"kind\":\"x.test.note\",\"subject\":\"many/$i\",\"actor\":\"service:t\",\"key\":\"m$i\",\"open\":[\"i\"],\"body\":{\"i\":$i}}"
done >many.jsonl
box 0 ingest jsonl many.jsonl

box 0 log
same "$(wc -l <"$T/.out")" 21
out_has SEQ
out_has SUBJECT
out_has ledger.imported
box 0 log -n 3 --json
same "$(jq -s length <"$T/.out")" 3
same "$(jq -s 'map(.seq) == (map(.seq) | sort)' <"$T/.out")" true
box 0 log -n 0 --json
same "$(jq -s length <"$T/.out")" 25
box 0 log -n 2 --kind 'x.test.*' --json
same "$(jq -sr 'map(.subject) | join(",")' <"$T/.out")" many/19,many/20
box 0 log --kind 'x.other.*'
out_has a=1
out_lacks x.test.note
box 0 log --run r1 --json
same "$(jq -sr 'map(.seq) | join(",")' <"$T/.out")" 1,3
box 0 log --subject thing/1 --json
same "$(jq -s length <"$T/.out")" 2
box 0 log --subject 'thing/*' --json
same "$(jq -s length <"$T/.out")" 3
box 0 log --since 20 --json
same "$(jq -sr '.[0].seq' <"$T/.out")" 20
box 0 log --since 1h --json
same "$(jq -s length <"$T/.out")" 25
box 0 log --since 2020-01-01 --json
same "$(jq -s length <"$T/.out")" 25
box 1 log --since 2200-01-01T00:00:00Z
box 1 log --subject nobody
out_lacks thing/1
box 0 log --since yesterday --json
same "$(jq -s length <"$T/.out")" 25
box 3 log --since noon
err_has noon
box 0 log -n 0 --actor service:t --until 10 --json
same "$(jq -sr 'map(.seq) | "\(min) \(max)"' <"$T/.out")" '4 10'
box 0 log --until 10 --json
same "$(jq -s length <"$T/.out")" 11
box 2 log --kind run.startd
err_has 'run.started'
box 2 log -n many
box 2 log --last=-1
box 2 log extra
run 3 -C nowhere log
run 3 -C nowhere show 1

# Text in an event cannot control the terminal.
box 0 append x.test.note -s thing/7 --open text $'text=a\e[31mb'
box 0 log -n 1
out_lacks $'\e'
box 0 show 25
out_lacks $'\e'
box 0 append x.test.note -s thing/8 --open text $'text=a\u202eb'
box 0 show 26 # what is not printed literally is escaped as in JSON
same "$(sed -n '/^body:/,/^}/p' "$T/.out" | tail -n +2 | jq -r .text)" $'a\u202eb'
out_has '\u202e'

box 0 show 3
for word in seq time kind subject actor source grade run cause key author leaf body private prev; do out_has "$word"; done
out_has 'x.other.thing'
out_has '"a": 1'
box 0 show 3 --json
json .seq 3
json .kind x.other.thing
box 1 show 9999
err_has 9999
box 1 show 9999 --json
same "$(jq -r .error.code <<<"$err")" ERR_NOTFOUND
box 2 show three
box 2 show -1
box 2 show
box 2 show 1 2

finish
