#!/usr/bin/env bash
# erase selects events as query does, shows before doing anything what would be erased and what stays, and says who has a
# copy.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

step() { # RUN ACTOR [FIELD=VALUE...]
    local run=$1 actor=$2
    shift 2
    box 0 append run.step -s "run/$run" --run "$run" -a "$actor" step=one "$@" --json
    jq -r .seq <"$T/.out"
}

new_box
a=$(step r-1 user:ada prompt=secret-a output=out-a)
b=$(step r-1 user:bob prompt=secret-b)
c=$(step r-1 user:ada)
d=$(step r-2 user:ada prompt=secret-d)
box 0 export -o one.tar.zst --run r-1 --private prompt --recipient 'Ada, auditor'
left=$(jq -r .recorded <<<"$(box 0 export -o other.tar.zst --run r-2 --private output --json && cat "$T/.out")")
box 0 export -o chosen.tar.zst --sparse "$a,$b,$d" --private prompt

exported=$(box 0 query --kind ledger.exported --fields seq --format csv && sed -n 2p "$T/.out" | tr -d '\r')

# --dry-run changes nothing, and needs no reason.
before=$(box 0 stats --json && jq -r .size <"$T/.out")
box 0 erase --run r-1 --private prompt,output --dry-run
out_has 'would erase prompt, output of 2 events, 3 fields in all'
out_has "$a  run.step  run/r-1  prompt, output"
out_has "$b  run.step  run/r-1  prompt"
out_has "left alone: 1 event without private fields (seq $c)"
out_has "of 2 events it left the box in export $exported, for 'Ada, auditor'"
out_has 'of 1 event it left the box in export'
out_has 'of 1 more it may have'
out_lacks "export $left"
box 0 erase --run r-1 --private prompt,output --dry-run --json
json .events 2
json .fields 3
json '.seqs | join(",")' "$a,$b"
json .left_alone.no_private 1
json '.exports[0].recipient' 'Ada, auditor'
json '.exports[0].events' 2
json '.exports[1].maybe' 1
same "$(box 0 stats --json && jq -r .size <"$T/.out")" "$before"
box 0 show "$a"
out_has secret-a

# Invalid combinations, and conditions that match nothing.
box 2 erase "$a" --run r-1 --private prompt --reason request
err_has 'not by both'
box 2 erase --run r-1 --finish
box 2 erase --private prompt --reason request
err_has 'which events'
box 1 erase --run nowhere --private prompt --reason request
err_has 'no event matches'
box 1 erase --run r-1 --private absent --reason request
err_has 'nothing to erase'
box 3 erase --kind run.stpe --private prompt --reason request
err_has 'did you mean'
box 3 erase --run r-1 --where 'nonsense >' --private prompt --reason request

# An expression stays within the other conditions: --kind install.installed matches nothing, whatever --where says.
for where in '0) OR (1' '1) OR 1 --' '1; DELETE FROM events' "0 AND ')' = ')') OR (1" "\$a(') ) OR (1 --')" '?1' '1 /* '; do
    box 3 erase --kind install.installed --where "$where" --body --reason mistake -y
    err_has '--where: at byte'
    box 3 query --kind install.installed --where "$where"
    err_has '--where: at byte'
done
box 1 erase --kind install.installed --where '(0) OR (1)' --body --reason mistake -y
err_has 'no event matches'
box 0 show "$a"
out_has secret-a

# One event without the field does not block others; an event for each set of fields.
box 0 erase --run r-1 --private prompt,output --reason request
out_has 'erased prompt, output of 1 event; event'
out_has 'erased prompt of 1 event; event'
out_has "left alone: 1 event without private fields (seq $c)"
out_has "left the box in export $exported, for 'Ada, auditor'"
for seq in "$a" "$b"; do
    box 0 show "$seq"
    out_lacks secret
done
box 0 show "$d"
out_has secret-d
box 0 verify
out_has 'private fields of 2 events'
check test "$(grep -rlaF secret-a "$BOX" | wc -l)" = 0

# Events given by number: one without the field is skipped, one that may not be erased refuses all.
e=$(step r-3 user:eve prompt=secret-e)
box 3 erase 0 "$e" --all-private --reason request
err_has 'nothing was erased: event 0'
box 1 erase "$e" 1000 --private prompt --reason request
err_has 'nothing was erased: event 1000'
box 0 show "$e"
out_has secret-e
box 0 erase "$c" "$e" "$a" --private prompt --reason request --json
json .events 1
json .left_alone.no_private 1
json .left_alone.erased_before 1
json '.erased[0].what' 'prompt of 1 event'

# By actor, by private fields, and bodies.
box 0 erase --actor user:ada --where "private LIKE '%secret-d%'" --all-private --reason request --by user:officer
out_has 'erased all private fields of 1 event'
box 0 log -n 1 --json
json .actor user:officer
box 0 erase --actor 'user:*' --until "$c" --body --reason request
box 0 show "$c"
out_has 'body: erased'
box 0 verify

# By a text, which may be in a private field, and in an event that a wrong clock dated far into the future.
echo '{"kind":"run.step","subject":"run/r-5","run":"r-5","time":"2150-01-01T00:00:00Z","body":{"step":"x","prompt":"for ZEBRA Inc"}}' >late
box 0 ingest jsonl late
rm late
box 2 erase --grep zebra --where 1 --all-private --reason request
box 0 erase --grep zebra --since 1h --all-private --reason request
out_has 'erased all private fields of 1 event'
check test "$(grep -rlaF ZEBRA "$BOX" | wc -l)" = 0

# On a terminal it asks; with --yes, or in a script, it does not.
f=$(step r-4 user:eve prompt=secret-f)
ask() { # ANSWER ARGS...
    python3 - "$LEDGER" "$BOX" "$@" <<'PY'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "-C", sys.argv[2], *sys.argv[4:]])
out, answered = b"", False
while True:
    try:
        piece = os.read(fd, 4096)
    except OSError:
        break
    if not piece:
        break
    out += piece
    if not answered and b"Type yes" in out:
        os.write(fd, sys.argv[3].encode() + b"\n")
        answered = True
sys.stdout.write(out.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}
code=0
out=$(ask no erase "$f" --private prompt --reason request) || code=$?
same "$code" 1
out_has 'to be erased: prompt of 1 event, 1 field in all'
out_has 'nothing was erased'
box 0 show "$f"
out_has secret-f
out=$(ask yes erase "$f" --private prompt --reason request) || fail 'yes is not yes'
out_has 'erased prompt of 1 event'
f=$(step r-4 user:eve prompt=secret-g)
out=$(ask no erase "$f" --private prompt --reason request --yes) || fail '--yes asks'
out_lacks 'Type yes'

finish
