#!/usr/bin/env bash
# Text in events that could control a terminal, a spreadsheet or a table is shown without effect.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
put() { # TEXT
    jq -cn --arg t "$1" '{kind: "x.test.note", subject: "thing/1", open: ["text"], body: {text: $t}}' >one.jsonl
    box 0 ingest jsonl one.jsonl
}
override=$'\u202e' isolate=$'\u2066' space=$'\u200b' bom=$'\ufeff' joiner=$'\u200d' csi=$'\u009b'
put $'red \e[31m\e]0;title\a end'
put $'two\nlines\rand a tab\t.'
put "a${override}b${isolate}c${space}d${bom}e${joiner}f${csi}g"
put "=HYPERLINK(\"http://example.org\",\"x\")"
put ' =1' && put $'\u00a0+1' && put "${bom}=1" && put '"=1"' && put $'\n1' && put $'\uff1d1' && put '"quoted" = 1'
put '+1' && put '-2' && put '@cmd' && put $'\tx' && put 'plain, with "quotes"' && put '' && put ' room '
put "wide 漢字漢字 and e$'\u0301' combined"
fields=(--kind x.test.note --fields body.text)

# No control characters except line ends, nothing invisible.
harmless() {
    if LC_ALL=C grep -q $'[\001-\011\013-\037\177]' "$T/.out"; then fail 'a control character came through'; fi
    local c
    for c in "$override" "$isolate" "$space" "$bom" "$joiner" "$csi"; do out_lacks "$c"; done
}
box 0 query "${fields[@]}"
harmless
out_has '\x1b[31m'
out_has 'two\nlines\rand a tab\t.'
out_has '\u{202e}'
same "$(wc -l <"$T/.out")" 20
box 0 query --kind x.test.note
harmless
box 0 query --by body.text --kind x.test.note
harmless
box 0 timeline thing/1
harmless
box 0 why 1
harmless
box 0 query --sql "SELECT body_get(seq, 'text') AS \"a"$'\e'"[31mb\" FROM events"
harmless
box 2 query --kind $'run.\e[31m'
case $err in *$'\e'*) fail 'an escape sequence came back in the message' ;; esac

# In JSON all of it is preserved, with JSON's own escapes.
box 0 query "${fields[@]}" --format jsonl
same "$(jq -r '.["body.text"]' <"$T/.out" | sed -n 1p)" $'red \e[31m\e]0;title\a end'
same "$(jq -r '.["body.text"]' <"$T/.out" | grep -c "a${override}b${isolate}c${space}d${bom}e${joiner}f${csi}g")" 1
out_has '\u202e'
harmless

# CSV: lines end in CR LF, texts that a spreadsheet would take for formulas are prefixed, format characters are escapes.
box 0 query "${fields[@]}" --format csv
python3 - "$T/.out" <<'PY' || fail 'the CSV does not read back'
import csv, sys
rows = [row[0] for row in csv.reader(open(sys.argv[1], newline="", encoding="utf-8"))]
want = ["body.text", "red \x1b[31m\x1b]0;title\a end", "two\nlines\rand a tab\t.", "a\\u{202e}b\\u{2066}c\\u{200b}d\\u{feff}e\\u{200d}f\\u{9b}g", "'=HYPERLINK(\"http://example.org\",\"x\")",
        "' =1", "'\u00a0+1", "\\u{feff}=1", "'\"=1\"", "'\n1", "'\uff1d1", '"quoted" = 1',
        "'+1", "'-2", "'@cmd", "'\tx", 'plain, with "quotes"', "", " room "]
for got, wanted in zip(rows, want):
    if wanted is not None and got != wanted:
        sys.exit("%r is not %r" % (got, wanted))
PY
box 0 query --format csv --sql "SELECT -5 AS n, '-5' AS t"
same "$out" $'n,t\r\n-5,\'-5\r'

# Values of a megabyte: whole in JSON, cut in a line, and tables keep their layout.
head -c 1000000 /dev/zero | tr '\0' x >large.txt
jq -cRn --rawfile t large.txt '{kind: "x.test.note", subject: "thing/2", open: ["text"], body: {text: $t}}' >large.jsonl
for i in 1 2 3; do jq -c ".key = \"large $i\"" large.jsonl; done >larges.jsonl
box 0 ingest jsonl larges.jsonl
box 0 query --subject thing/2 --format jsonl
same "$(jq -s 'map(.body.text | length) | add' <"$T/.out")" 3000000
box 0 query --subject thing/2
[[ $(wc -c <"$T/.out") -lt 20000 ]] || fail 'a line is too long'
out_has '…'
box 0 query --kind x.test.note --fields seq,body.text,subject
[[ $(grep -c . "$T/.out") == 23 ]] || fail 'the table has other lines'
[[ $(wc -c <"$T/.out") -lt 3100000 ]] || fail 'a large cell set the width of its column'
box 0 timeline thing/2
[[ $(wc -c <"$T/.out") -lt 20000 ]] || fail 'a line is too long'
box 0 why 20

# On a terminal: cut to its width, wide characters counted as two, and JSON is harmless too.
command -v script >/dev/null || {
    finish
    exit 0
}
on_tty() { # COLUMNS ARGS...
    local columns=$1
    shift
    TERM=xterm PAGER=cat COLUMNS=$columns LC_ALL=C.UTF-8 script -qec "'$LEDGER' --no-color -C '$BOX' $*" tty.log </dev/null >/dev/null 2>&1 || true
    sed -e '/^Script /d' -e 's/\r$//' tty.log >"$T/.out"
    out=$(tr -d '\0' <"$T/.out")
    : >"$T/.err"
}
on_tty 60 query --kind x.test.note
harmless
wide=$(python3 - "$T/.out" <<'PY'
import sys, unicodedata
width = lambda s: sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
print(max(width(line.rstrip("\n")) for line in open(sys.argv[1], encoding="utf-8")))
PY
)
[[ $wide -le 60 ]] || fail "a line takes $wide columns"
on_tty 100 query --kind x.test.note --format jsonl --first 3
harmless
out_has '\u202e'
on_tty 100 query --kind x.test.note --format csv --fields body.text --first 3
harmless

# The pager gets the answer, and may leave early.
cat >page <<'PY'
#!/bin/sh
head -n 2 >paged
PY
chmod +x page
TERM=xterm PAGER=./page script -qec "'$LEDGER' -C '$BOX' query --kind x.test.note; echo code \$?" tty.log </dev/null >/dev/null 2>&1
same "$(wc -l <paged)" 2
check grep -q 'code 0' tty.log
rm paged
for command in log 'show 1' kinds help 'query --help'; do
    TERM=xterm PAGER=./page script -qec "'$LEDGER' -C '$BOX' $command" tty.log </dev/null >/dev/null 2>&1
    [[ -s paged ]] || fail "$command has no pager"
    rm -f paged
done
TERM=xterm PAGER=./page script -qec "'$LEDGER' -C '$BOX' query --no-pager --first 1" tty.log </dev/null >/dev/null 2>&1
[[ ! -e paged ]] || fail 'the pager was used all the same'
box 0 query --first 1
[[ ! -e paged ]] || fail 'the pager was used in a pipe'

# On a terminal times and kinds stay whole as long as other columns can shrink, bars take a quarter of the line, and the
# mark of a cut text is ASCII if the locale is.
on_tty 90 query --subject thing/2 --first 1
check grep -Eq '^SEQ  HAPPENED {14}KIND {9}SUBJECT  BODY' "$T/.out"
check grep -Eq '^ [0-9]+  [-0-9]{10} [0-9:]{8}Z  x.test.note  thing/2  text=x+…$' "$T/.out"
on_tty 60 query --subject thing/2 --first 1
check grep -Eq ' [0-9]{2}:[0-9]{2}:[0-9]{2}Z  x.test.note ' "$T/.out"
on_tty 40 query --by kind --first 1
check grep -Eq '^x.test.note +[0-9]+  █{10}$' "$T/.out"
TERM=xterm PAGER=cat COLUMNS=60 LC_ALL=C script -qec "'$LEDGER' --no-color -C '$BOX' query --subject thing/2 --first 1" tty.log </dev/null >/dev/null 2>&1
check grep -q '>' tty.log
if grep -q '…' tty.log; then fail 'a mark that the locale does not have'; fi
on_tty 80 query --kind x.test.nothing
same "$(tr -d '\r' <<<"$out")" 'ledger: query: nothing matched'
on_tty 200 query --run abc
out_has "ends in '*'"
on_tty 200 query --kind x.test.note --format msgpack
out_has 'not to a terminal'
harmless

# Through a pager the answer has the terminal's width, and messages on standard error are printed after the pager has ended.
cat >page <<'PY'
#!/bin/sh
cat >paged
echo the pager ends
PY
TERM=xterm PAGER=./page LC_ALL=C.UTF-8 script -qec \
    "stty cols 110; '$LEDGER' --no-color -C '$BOX' query --kind x.test.note --explain" tty.log </dev/null >/dev/null 2>&1
wide=$(python3 -c 'import sys; print(max(len(line.rstrip("\n")) for line in open(sys.argv[1], encoding="utf-8")))' paged)
[[ $wide -gt 80 && $wide -le 110 ]] || fail "the widest line through a pager has $wide columns"
check grep -q '^plan: ' tty.log
same "$(grep -n -e 'the pager ends' -e '^plan: ' tty.log | cut -d: -f2 | tr -d '\r' | paste -sd,)" 'the pager ends,plan'
if grep -q plan: paged; then fail 'standard error went through the pager'; fi

# An empty answer needs no pager, and neither does a refusal.
rm paged
TERM=xterm PAGER=./page script -qec "'$LEDGER' -C '$BOX' query --sql 'SELECT modle FROM events'; echo code \$?" tty.log </dev/null >/dev/null 2>&1
check grep -q "did you mean 'model'" tty.log
check grep -q 'code 3' tty.log
TERM=xterm PAGER=./page script -qec "'$LEDGER' -C '$BOX' query --kind x.test.nothing; true" tty.log </dev/null >/dev/null 2>&1
[[ ! -e paged ]] || fail 'a pager was shown nothing'

# Ctrl-C while the output waits for its reader is reported as an interruption.
mkfifo slow
"$LEDGER" -C "$BOX" query --sql \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n" --format jsonl >slow 2>int.err &
blocked=$!
exec 9<slow
read -r _ <&9
sleep 0.5
kill -INT "$blocked"
code=0
wait "$blocked" || code=$?
exec 9<&-
same "$code $(cat int.err)" '4 ledger: query: interrupted'

# A reader that goes away causes no error message.
"$LEDGER" -C "$BOX" query --format jsonl 2>pipe.err | head -n 1 >/dev/null || true
same "$(cat pipe.err)" ''

finish
