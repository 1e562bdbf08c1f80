#!/usr/bin/env bash
# eval compare and eval report: samples are paired by case, what flipped is named, noise is called noise, and hostile names reach
# neither a terminal nor a reader of JUnit raw.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
line() { grep -qE -- "$1" "$T/.out" || fail "no line like '$1'"; }

# samples FILE EVAL PATTERN ARGS...: a case for each letter: p(ass), f(ail), l(imit), e(rror).
samples() {
    python3 - "$@" <<'P'
import json, sys
path, name, pattern = sys.argv[1:4]
more = dict(a.split("=") for a in sys.argv[4:])
with open(path, "w") as f:
    for i, letter in enumerate(pattern):
        body = {"task": "t", "sample": f"c{i:02}", "latency_ms": float(more.get("latency", 100)) + i,
                "doc_digest": "sha256:" + (more.get("digest", "a") if i < int(more.get("changed", 99)) else "b") * 64}
        if letter != "p":
            body["failure"] = {"f": "assertion", "l": "limit", "e": "error"}[letter]
            body["unmet"] = [f"1 equals"]
            body["output"] = f"secretive answer {i}"
        f.write(json.dumps({"kind": "eval.sampled" if letter == "p" else "eval.sample_failed", "subject": "eval/" + name, "body": body}) + "\n")
P
}
evaluation() { # NAME PATTERN ARGS...
    box 0 append --source jsonl eval.started -s "eval/$1" suite=smoke suite_digest="sha256:$(printf '%.0sa' {1..64})"
    samples "$1.jsonl" "$@"
    box 0 ingest jsonl "$1.jsonl"
}
evaluation_of_tags() { # NAME PATTERN: even cases are tagged even, those below 8 low
    box 0 append --source jsonl eval.started -s "eval/$1" suite=tagged suite_digest="sha256:$(printf '%.0sa' {1..64})"
    samples "$1.jsonl" "$@"
    jq -c '(.body.sample | ltrimstr("c") | tonumber) as $n
        | .body.tags = ([if $n % 2 == 0 then "even" else empty end, if $n < 8 then "low" else empty end])
        | if .body.tags == [] then del(.body.tags) else . end' "$1.jsonl" >"$1.tags"
    box 0 ingest jsonl "$1.tags"
}
evaluation a pppppppppppppppppppp
evaluation b ppppppppppppffffffff latency=300
evaluation same pppppppppppppppppfff
evaluation mute ppppppppppppppeeeeee

# Eight of twenty flipped: worse beyond noise. p is 2 / 2^8.
box 1 eval compare a b
out_has 'Passes: B is worse beyond noise at 95 %: 8 of 20 samples flipped to fail and 0 to pass (McNemar exact, p = 0.0078)'
out_has 'B is worse than A.'
out_has '1000 resamples, seed 1'
line '^pass rate +100.00 % +60.00 % +-40.00 %'
line '^pass -> fail +t +c12 '
out_has 'Weak evidence: A does not count: it has not finished'
box 1 eval compare eval/a b --json
json .schema ledger.eval_comparison/1
json '[.answer, .passes.pass_to_fail, .passes.fail_to_pass, .passes.both_pass, .passes.p] | tojson' '["worse",8,0,12,0.0078125]'
json '.changed | map(.case) | join(",")' c12,c13,c14,c15,c16,c17,c18,c19
json '.latency_ms | [.pairs, .answer, .difference] | tojson' '[20,"worse",200]'
json '.weak | length' 2
json '[.resamples, .seed] | tojson' '[1000,1]'
cp "$T/.out" first
box 1 eval compare a b --json
same "$(jq 'del(.now)' first | sha256sum)" "$(jq 'del(.now)' "$T/.out" | sha256sum)"
box 0 eval compare b a # the other way round it is better
out_has 'B is better than A.'
box 0 eval compare a b --confidence 0.999 # chance makes one of 128 such
out_has 'Passes: the difference may be noise at 99.9 %'
box 1 eval compare a b --confidence 0.999 --latency
out_has 'Latency: B is slower beyond noise'

# Three may be noise; how many more would tell is said.
box 0 eval compare a same
out_has 'Passes: the difference may be noise at 95 %: 3 of 20'
line '^About [0-9]+ more cases would tell'
out_has 'B is not shown to be better or worse than A.'
box 0 eval compare a a
out_has 'no sample flipped in 20 pairs'

# Errors are counted apart, and who does not answer does not win.
box 1 eval compare a mute --json
json '[.errors.errors.b, .errors.answer, .passes.answer, .passes.pairs] | tojson' '[6,"worse","noise",14]'

# Versions of a suite: only equal cases are paired; the rest is named.
box 0 append --source jsonl eval.started -s eval/newer suite=smoke suite_digest="sha256:$(printf '%.0sb' {1..64})"
samples newer.jsonl newer pppppppppppppppppppppp changed=17
box 0 ingest jsonl newer.jsonl
box 0 eval compare a newer
err_has 'only cases with the same digest are compared'
out_has 'Not compared: 3 samples of cases that differ between the versions of the suite (c17, c18, c19)'
out_has 'Not compared: 2 samples only in B (c20, c21)'
box 0 eval compare a newer --json
json '.not_compared | [.only_a, .only_b, .other_case] | tojson' '[0,2,3]'

# Bad input.
box 0 append --source jsonl eval.started -s eval/other suite=another
box 3 eval compare a other
err_has "they are of different suites, 'smoke' and 'another'"
box 3 eval compare a nowhere
err_has "there is no eval 'nowhere'"
box 0 append --source jsonl eval.started -s eval/empty suite=smoke
box 3 eval compare a empty
err_has "'empty' has no samples on record"
box 0 append --source jsonl eval.started -s eval/apart suite=smoke
samples apart.jsonl apart pppp digest=c
box 0 ingest jsonl apart.jsonl
box 3 eval compare a apart
err_has 'no case in common'
box 2 eval compare a
for bad in 'confidence 1' 'confidence 0.5' 'confidence nan' 'confidence 0x1' 'resamples 99' 'resamples 1000001' 'seed -1' 'format xml'; do
    # shellcheck disable=SC2086
    box 2 eval compare a b --$bad
done
err_has "unknown format 'xml'"

# Hostile names: control characters, markup, 4 kB.
python3 - <<'P'
import json
ids = ["\x1b[31mred\x1b[0m\r\n\x07", "<script>&\"']]>", "x" * 4000, "\u202eright\u0000to\uffffleft\u0085", "=cmd|' /C calc'!A1"]
for name, kind in ("h1", "eval.sampled"), ("h2", "eval.sample_failed"):
    with open(name + ".jsonl", "w") as f:
        for i in ids:
            body = {"task": "<t>\x1b]0;x\x07", "sample": i}
            if name == "h2":
                body |= {"failure": "assertion", "unmet": ["1 <equals>\x1b[2J"]}
            f.write(json.dumps({"kind": kind, "subject": "eval/" + name, "body": body}) + "\n")
P
for name in h1 h2; do
    box 0 append --source jsonl eval.started -s "eval/$name" suite=hostile
    box 0 ingest jsonl "$name.jsonl"
done
raw() { ! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$T/.out" || fail "control characters reached the output"; }
for format in csv junit jsonl table; do
    box 0 eval report h2 --format "$format"
    out_lacks $'\u202e'
done
for command in 'compare h1 h2' 'report h2'; do
    for format in table json jsonl junit; do
        # shellcheck disable=SC2086
        got=0 && "$LEDGER" -C "$BOX" eval $command --format $format >"$T/.out" 2>"$T/.err" || got=$?
        [[ $got == 0 || $got == 1 ]] || fail "exit code $got: $command $format"
        raw
    done
done
out=$(cat "$T/.out")
out_lacks '<script>'

# JUnit is XML, and its counts are those of its elements.
counts() {
    python3 - "$T/.out" <<'P'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
for suite in root.iter("testsuite"):
    cases = suite.findall("testcase")
    of = lambda name: len(suite.findall("testcase/" + name))
    for attribute, n in ("tests", len(cases)), ("failures", of("failure")), ("errors", of("error")), ("skipped", of("skipped")):
        assert suite.get(attribute) == root.get(attribute) == str(n), (attribute, n)
    print(len(cases), of("failure"), of("error"), of("skipped"))
P
}
box 0 eval compare h1 h2 --format junit # five may be noise: one of 16
same "$(counts)" '5 5 0 0'
box 0 eval compare a newer --format junit
same "$(counts)" '22 0 0 5'
box 1 eval compare a b --format junit
same "$(counts)" '20 8 0 0'
box 1 eval compare a mute --format junit
same "$(counts)" '20 0 6 0'
box 0 eval report b --format junit
same "$(counts)" '20 8 0 0'
box 0 eval report mute --format junit
same "$(counts)" '20 0 6 0'

# Rows: one for each pair, one for each sample.
box 1 eval compare a b --format jsonl
same "$(jq -r .change <"$T/.out" | sort | uniq -c | awk '{print $1 $2 $3 $4}' | paste -sd,)" '8pass->fail,12passes'
box 1 eval compare a b --format csv
same "$(head -n 1 "$T/.out" | tr -d '\r')" change,task,case,filter,repeat,a,b,latency_ms_a,latency_ms_b,score_a,score_b,seq_a,seq_b
same "$(wc -l <"$T/.out")" 21

# The report: rates with their intervals, what failed, latencies. What was answered is private.
box 0 append eval.scored -s eval/b task=t metric=acc value:=0.6 threshold:=0.9 higher_is_better:=true
box 0 eval report b
line '^t +acc +0.6 .*0.9 +misses +fail'
line '^t +20 +12 +8 +0 +0 +60.00 % +38.66 % to 78.12 %'
line '^fail +t +c12 .*1 equals'
out_has 'Latency of 20 samples: p50 309 ms'
line '#+$'
line 'over the run +[_.~=+*#-]+$'
out_lacks 'secretive'
box 0 eval report b --private
out_has 'output: secretive answer 12'
box 0 eval report b --json
json .schema ledger.eval_report/1
json '.all | [.samples, .passed, .failed, .errors, .pass_rate] | tojson' '[20,12,8,0,0.6]'
json '.failed[0] | [.case, .outcome, .why] | tojson' '["c12","fail","1 equals"]'
json '.scores[0] | [.metric, .threshold, .side, .verdict] | tojson' '["acc",0.9,"misses","fail"]'
box 0 eval report b --format csv
same "$(wc -l <"$T/.out")" 21
out_lacks 'secretive'
# By tag: a sample counts in each of its tags; the answer stays that of all. As of a moment only what was recorded then.
evaluation_of_tags t1 pppppppppppppppp
before=$(jq -r .size <<<"$("$LEDGER" -C "$BOX" status --json)")
evaluation_of_tags t2 fpfpfpfppppppppp
box 0 eval report t2 --by tag
line '^\(none\) +4 +4 +0 '
line '^even +8 +4 +4 '
line '^low +8 +4 +4 '
line '^\(all\) +16 +12 +4 '
box 0 eval report t2 --by tag --json
json '.tags | map([.tag, .samples, .passed]) | tojson' '[[null,4,4],["even",8,4],["low",8,4]]'
json '.all.samples' 16
box 0 eval compare t1 t2 --by tag
line '^even +8 +100.00 % +50.00 % +-50.00 % .* 4 +0 +0.125 +noise'
line '^\(none\) +4 +100.00 % +100.00 % '
out_has '3 tags are 3 tests'
box 0 eval compare t1 t2 --by tag --json
json '.tags | map([.tag, .pairs, .pass_to_fail, .answer]) | tojson' '[[null,4,0,"noise"],["even",8,4,"noise"],["low",8,4,"noise"]]'
box 0 eval compare t1 t2 --json
json .tags null
box 2 eval report t2 --by case
err_has "--by 'case': expected task or tag"
box 2 eval compare t1 t2 --by tag --format csv
err_has '--by tag is for tables and --format json'
box 1 eval report t2 --at "$((before - 1))"
box 0 eval report t1 --at "$((before - 3))" --json
json '.all.samples' 15
box 0 eval compare t1 t1 --at "$((before - 3))" --json
json '.passes.pairs' 15

box 0 eval report empty
out_has 'no samples on record'
box 1 eval report nowhere
finish
