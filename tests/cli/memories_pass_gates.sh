#!/usr/bin/env bash
# memory: what is found in a text is masked and quarantines it, the original is stored nowhere, admission needs every step, and a
# revocation says whom a memory reached.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
printf 'the reports of the plant are in German\n' >"$T/clean.txt"
printf 'ask ann@example.org or +1 415 555 0132, card 4111 1111 1111 1111, DE89370400440532013000\n' >"$T/personal.txt"
printf 'the key is ghp_%s\n' "16C7e42F292c6912E7710c838347Ae178B4a" >"$T/secret.txt"

# Clean text is validated, with where it came from.
box 0 memory propose "$T/clean.txt" --id good --scope project --model qwen --tools ocr --tools summarise --data "$T/secret.txt"
json .state validated
json '.findings | length' 0
digest=$(jq -r .digest <<<"$out")
same "$digest" "sha256:$(sha256sum <"$T/clean.txt" | cut -d' ' -f1)"
box 0 memory show good --json
out_has '"tools"'
out_has 'summarise'
box 1 memory propose "$T/clean.txt" --id good
err_has 'the first proposal counts'
box 0 memory list --state validated
out_has 'good'
box 2 memory admit good --expires 2020-01-01T00:00:00Z
err_has "--expires is '2020-01-01T00:00:00Z', which is over; expected a time to come"
box 1 memory admit good --supersedes nobody
err_has "--supersedes is 'nobody', and there is no such memory"
box 2 memory admit good --supersedes memory/good
err_has "--supersedes names 'good' itself"
box 0 memory admit good
json .memory good
box 1 memory admit good
err_has 'it is admitted, and may not be admitted again: nothing is left to do'
box 1 memory reject good
err_has 'it is admitted, and may not be rejected: revoke it instead: ledger memory revoke good'

# What is found is named by kind, masked, and kept out.
box 1 memory propose "$T/personal.txt" --id pii
json .state quarantined
same "$(jq -cS .findings <<<"$out")" '{"card":1,"email":1,"iban":1,"phone":1}'
box 1 memory admit pii
err_has 'it is quarantined, and may not be admitted: it is proposed anew, without what was found'
err_has 'events '
box 1 memory propose "$T/secret.txt" --id key
json .state quarantined
box 0 query --sql "select body from events where kind = 'memory.quarantined'" --format json
for secret in ann@example.org 4155550132 '415 555 0132' '4111 1111' DE8937 ghp_16C7; do
    box 0 log --json
    out_lacks "$secret"
    box 0 show 5 --json
    out_lacks "$secret"
    box 0 show 6 --json
    out_lacks "$secret"
    if grep -rqa -- "$secret" "$BOX"; then fail "'$secret' is stored"; fi
done
box 0 memory reject pii --reason private
box 1 memory admit pii
err_has 'it is rejected, and may not be admitted: it is proposed anew, with an id of its own'

# Other spellings are found too, and what is stored openly says nothing of a person.
printf 'de89-3704-0044-0532-0130-00, 4111.1111.1111.1111, "bob smith"@example.org, ann\357\274\240example.org\n' >"$T/other.txt"
box 1 memory propose "$T/other.txt" --id other
same "$(jq -cS .findings <<<"$out")" '{"card":1,"email":2,"iban":1}'
for option in id scope agent model tools policy run actor; do
    box 3 memory propose "$T/clean.txt" "--$option" 'ann@example.org'
    err_has "--$option is stored openly, and what was given is private (email)"
    [[ $err != *ann@* ]] || fail "the error repeats it"
done
box 3 memory propose "$T/clean.txt" --tools ocr --tools "4242 4242 4242 4242"
err_has '--tools is stored openly'
box 3 memory propose "$T/clean.txt" --agent "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
err_has '--agent is stored openly'
[[ $err != *16C7e42F* ]] || fail "the error repeats it"

# Steps that are missing, and a debate that was asked for.
box 0 append memory.proposed -s memory/raw digest="$digest"
box 1 memory admit raw
err_has 'it is a candidate, and may not be admitted: it has to be sanitised and validated first'

# Steps that nobody took: what was written down of a check is not a check.
box 1 append memory.sanitised --checked -s memory/raw digest="$digest" masked:=0
err_has 'it is a candidate, and may not be sanitised: nobody measured it: a text is searched by ledger memory propose FILE'
box 0 append memory.sanitised -s memory/raw digest="$digest" masked:=0
box 0 append memory.validated -s memory/raw digest="$digest" decided_by=user
box 1 append memory.admitted --checked -s memory/raw digest="$digest"
err_has 'it is a candidate, and may not be admitted'
box 0 memory list --state candidate
out_has raw
box 1 memory admit nothing
err_has "there is no memory 'nothing'"
printf 'other\n' | setsid -w "$LEDGER" -C "$BOX" memory propose - --id talk --needs-debate >"$T/.out"
talk=$(jq -r .digest "$T/.out")
box 1 memory admit talk
err_has 'it needs a debate that accepts it'
run 0 key new "$T/ann.key" --name example.org/ann
vkey=$(grep -o 'example.org/ann+[^"]*' <<<"$out" | head -1)
box 0 append debate.opened -s debate/d target=memory/talk digest="$talk" 'voters:=[{"name":"ann","vkey":"'"$vkey"'"}]'
box 0 append debate.concluded -s debate/d outcome=accepted # which its votes do not say
box 1 memory admit talk
box 0 append debate.voted -s debate/d --sign-as "$T/ann.key" participant=ann round:=1 digest="$talk" \
    'scores:={"policy":1,"simplicity":1,"predicted_pass":1}'
box 0 append debate.concluded -s debate/d outcome=accepted
box 0 memory admit talk

# Bad input.
: >"$T/empty.txt"
box 3 memory propose "$T/empty.txt"
err_has 'is empty'
printf 'a\377b' >"$T/bytes.txt"
box 3 memory propose "$T/bytes.txt"
err_has 'byte 1: not UTF-8'
box 3 memory propose "$T/missing.txt"
box 3 memory propose "$T/clean.txt" --policy none
err_has "'none', which nobody declared"

# Who was given it.
box 0 append memory.recalled -s memory/good --run r1 digest="$digest" agent=helper
box 0 append memory.recalled -s memory/good --run r1 digest="$digest" agent=helper
box 0 append memory.recalled -s memory/good digest="$digest" agent=other
box 1 memory revoke nothing
box 1 memory revoke abc
err_has 'the beginning of a digest needs at least 4 hex digits'
box 1 memory revoke "${digest:0:12}"
err_has 'fits 2 memories: --all revokes all of them'
box 0 memory revoke good --reason asked
json '.revoked[0].recalls' 3
same "$(jq -c '[.revoked[0].reached[] | [.who, .recalls]]' <<<"$out")" '[["agent/other",1],["run/r1",2]]'
box 1 memory revoke good
err_has 'it is revoked, and may not be revoked again: nothing is left to do'
box 0 memory revoke "${digest^^}"
json '.revoked[0].memory' raw
box 2 memory revoke

# What was revoked does not come back under another id, or with an older proposal, unless that is said, with a reason.
printf 'the plant has two reactors\n' >"$T/plant.txt"
box 1 memory propose "$T/plant.txt" --id p0 --again 'to be sure'
err_has 'no memory with this content was revoked'
box 0 memory propose "$T/plant.txt" --id p1
box 0 memory propose "$T/plant.txt" --id p2
plant=$(jq -r .digest <<<"$out")
box 0 memory admit p1
box 0 memory revoke p1 --reason stale
box 1 memory admit p2
err_has "its content was revoked by event"
err_has "(memory 'p1', stale)"
box 1 memory propose "$T/plant.txt" --id p3
err_has "(memory 'p1', stale)"
err_has 'ledger memory propose --again REASON'
box 1 memory show p3
box 0 append memory.proposed -s memory/p3 digest="$plant"
box 1 append memory.admitted --checked -s memory/p3 digest="$plant"
box 0 memory propose "$T/plant.txt" --id p4 --again 'it is true again since the rebuild'
json .state validated
box 0 memory admit p4
box 0 log --json
out_lacks 'since the rebuild'
box 0 memory revoke p4
box 1 memory propose "$T/plant.txt" --id p5
err_has "(memory 'p4', wrong)"

# Another memory with the same content stays in use, and is named.
printf 'two say the same\n' >"$T/same.txt"
for id in s1 s2; do
    box 0 memory propose "$T/same.txt" --id $id
    box 0 memory admit $id
done
box 0 memory revoke s1
json '.same_content_in_use[0].memory' s2
command=$(jq -r '.same_content_in_use[0].command' <<<"$out")
[[ $command == *'memory revoke s2' ]] || fail "the command is '$command'"
box 0 memory revoke s2
out_lacks same_content_in_use
finish
