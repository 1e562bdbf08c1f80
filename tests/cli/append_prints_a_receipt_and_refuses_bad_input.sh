#!/usr/bin/env bash
# append: the receipt, how fields are read, duplicates, conditions, secrets, and every wrong option.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
note hello
json .seq 1
json .size 2
json .duplicate false
json .masked 0
same "$(jq -r '.leaf | length' <<<"$out")" 64
same "$(jq -r '.root | length' <<<"$out")" 64

# How arguments become fields.
box 0 append x.test.note -s thing/1 --open n,f,t,z,s,j,neg n=12 f=1.5 t=true z=null 's=12 apples' 'j:={"a":[1,2]}' neg=-3
box 0 show 2 --json
json .body.n 12
json .body.f 1.5
json .body.t true
json '.body.z | type' null
json .body.s '12 apples'
json '.body.j | tojson' '{"a":[1,2]}'
json .body.neg -3
box 0 append x.test.note -s thing/1 --open a --body '{"a":"from json"}'
box 0 show 3 --json
json .body.a 'from json'
echo '{"a":"from a file"}' >body.json
box 0 append x.test.note -s thing/1 --open a,b --body-file body.json b=2
box 0 show 4 --json
json .body.a 'from a file'
json .body.b 2

# Header fields.
box 0 append x.test.note --subject=run/7 --run run-7 --actor service:test --source test --grade measured --cause 1 --key k1
seq=$(jq -r .seq <<<"$out")
box 0 show "$seq" --json
json .subject run/7
json .run run-7
json .actor service:test
json .source test
json .grade measured
json .cause 1
json .key k1
box 0 append x.test.note --subject=run/7 --source test --key k1 a=other
json .seq "$seq"
json .duplicate true

# A condition.
box 1 append x.test.note -s run/7 --if-none-after 3
err_has run/7
box 0 append x.test.note -s run/7 --if-none-after "$seq"
box 0 append x.test.note -s never/seen --if-none-after 0

# Private fields and secrets.
box 0 append x.test.note -s thing/2 --private '{"prompt":"what is it"}' --open answer answer=42
seq=$(jq -r .seq <<<"$out")
box 0 show "$seq"
out_has 'private fields'
out_has 'what is it'
box 0 show "$seq" --json
json .body.answer 42
json '.body.prompt // "absent"' absent
box 0 log --json --subject thing/2
out_lacks 'what is it'
token=ghp_$(printf seed | sha256sum | base64 -w 0 | tr -dc 'A-Za-z0-9' | head -c 36)
box 0 append x.test.note -s thing/3 --open text "text=use $token now"
[[ $(jq -r .masked <<<"$out") -ge 1 ]] || fail "the secret was not masked"
err_has 'masked'
seq=$(jq -r .seq <<<"$out")
box 0 show "$seq"
out_lacks "$token"
check bash -c "! grep -qaF '$token' '$BOX/evidence/data.mdb'"

# A text field of a known kind stays text even if it looks like a number.
box 0 append install.installed --subject package/pip/torch package=torch version=2.40 requested=true
box 0 show "$(jq -r .seq <<<"$out")" --json
json .body.version 2.40
json .body.requested true
box 3 append install.installed --subject package/pip/torch version=1
err_has package
box 3 append install.installed --subject package/pip/torch package=torch requested=perhaps
err_has requested

# Bad input, each with its exit code and the name of the fault.
box 2 append
box 2 append x.test.note
err_has '--subject'
box 2 append x.test.note -s a --cause x
err_has '--cause'
box 2 append x.test.note -s a --if-none-after -1
err_has '--if-none-after'
box 2 append x.test.note -s a --body '{}' --body-file body.json
box 2 append x.test.note -s a --private '{}' --private-file body.json
box 2 append x.test.note -s a --subjet b
err_has "did you mean '--subject'"
box 2 append x.test.note -s
err_has 'needs a value'
box 3 append no.such.kind -s a
err_has no.such.kind
box 3 append x.test.note -s ''
err_has subject
box 3 append x.test.note -s $'a\tb'
err_has subject
box 3 append x.test.note -s a --grade great
err_has grade
box 3 append x.test.note -s a --actor ''
box 3 append x.test.note -s a --cause 99999
box 3 append x.test.note -s a --body '{'
err_has '--body'
box 3 append x.test.note -s a --body '[1]'
box 3 append x.test.note -s a --body-file absent.json
err_has absent.json
box 3 append x.test.note -s a --private '{"a":}'
err_has '--private'
box 3 append x.test.note -s a --private-file absent.json
box 3 append x.test.note -s a word
err_has NAME=VALUE
box 3 append x.test.note -s a =value
box 3 append x.test.note -s a 'n:=nonsense'
err_has "'n'"
box 3 append x.test.note -s a --open n n=1 n=2
err_has twice
box 3 append x.test.note -s a --open n,,m n=1
err_has '--open'
box 3 append x.test.note -s a --sign-as absent.key
err_has absent.key
box 3 append x.test.note -s "$(head -c 600 /dev/zero | tr '\0' a)"
err_has subject
box 3 append x.test.note -s a --json --body '{'
same "$(jq -r .error.code <<<"$err")" ERR_INVALID
same "$(jq -r .error.command <<<"$err")" append
same "$(jq -r .error.exit <<<"$err")" 3
out_empty
run 3 -C nowhere append x.test.note -s a
err_has nowhere

# A file of 2 MiB exceeds the limit of a body.
head -c 2000000 /dev/zero | tr '\0' a | sed 's/^/{"a":"/; s/$/"}/' >large.json
box 3 append x.test.note -s a --open a --body-file large.json
box 0 verify

finish
