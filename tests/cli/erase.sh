#!/usr/bin/env bash
# erase: bodies, private fields, artifacts; what is refused; what remains verifies, and no file holds what was erased.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
mark=zebra-7341-quagga
box 0 append x.test.note --subject note/1 text="$mark" --json
seq=$(jq -r .seq <"$T/.out")
box 0 append run.step --subject run/1 step="one" --json
other=$(jq -r .seq <"$T/.out")
printf '%s' "$mark-small" >small
{ for _ in $(seq 5000); do printf '%s-large ' "$mark"; done; } >large
box 0 artifact put small
small=$out
box 0 artifact put large
large=$out
rm small large
check grep -rqaF "$mark" "$BOX"

# What is refused, and with which exit code.
box 2 erase
err_has '--body'
box 2 erase "$seq" --reason request
err_has 'one of --body'
box 2 erase "$seq" --body
err_has '--reason is needed'
box 2 erase "$seq" --body --all-private --reason request
box 2 erase nonsense --body --reason request
box 2 erase "$seq" --artifact "$small" --reason request
err_has 'takes no events'
box 2 erase --body --reason request
box 2 erase "$seq" --finish
box 2 erase "$seq" --body --reason request --wait 1000000
box 2 erase "$seq" --private text,text --reason request
err_has twice
for names in ',' 'text,' ',text' 'a,,b'; do
    box 2 erase "$seq" --private "$names" --reason request
    err_has 'an empty name'
done
box 3 erase "$seq" --body --reason 'Two Words'
box 3 erase 0 --body --reason request
err_has 'ledger.created'
box 1 erase 1000 --body --reason request
err_has 'event 1000 is not in this log'
box 1 erase "$seq" --private nothing --reason request
err_has 'without a private field of that name'
err_has 'nothing to erase'
[[ $err != *'any more'* ]] || fail 'what never was is said to be gone'
box 1 erase --artifact "artifact:sha256:$(printf '0%.0s' $(seq 64))" --reason request
check test -d "$BOX/evidence"

# Private fields.
box 0 erase "$seq" --private text --reason request --note "asked for by $mark" --json
json .finished true
json .held_by null
erasing=$(jq -r .seq <"$T/.out")
box 0 show "$erasing" --json
json .body.what private
json .body.reason request
json '.body.fields[0]' text
json .subject "event/$seq"
box 3 erase "$erasing" --all-private --reason request
err_has 'ledger.erased'
box 0 show "$seq"
out_has 'private fields: erased'
out_has "text: erased by event $erasing"
box 0 show "$seq" --json
json '.erased_by[0].event' "$erasing"
json '.erased_by[0].fields[0]' text
box 1 erase "$seq" --all-private --reason request
err_has 'erased before'

# A body.
box 0 erase "$other" --body --reason mistake
out_has 'erased the body of 1 event; event'
box 0 log -n 1 -k ledger.erased --json
erasing=$(jq -r .seq <"$T/.out")
box 0 show "$other"
out_has "body: erased by event $erasing, its commitment remains"
box 0 show "$other" --json
json .body null
box 0 query --kind run.step
out_has '(erased)'
box 0 log
out_has '(erased)'
box 1 erase "$other" --body --reason mistake
err_has 'erased before'

# Artifacts, by each of their names.
box 0 erase --artifact "$small" --reason retention
box 1 artifact get "$small"
err_has erased
box 0 erase --artifact "${large#artifact:}" --reason retention
box 1 artifact get "$large"
printf '%s' "$mark-small" >small
box 1 artifact put small
err_has 'cannot be stored again'
rm small

# Only the private note of the erasure still contains the word.
check test "$(grep -rlaF "$mark-" "$BOX" | wc -l)" = 0
check test ! -e "$BOX/evidence"
check test -d "$BOX/evidence.4"
box 0 erase --finish
out_empty
check test -d "$BOX/evidence.4"
box 0 verify
out_has 'private fields of 1 event'
out_has 'the body of 1 event'
out_has '2 artifacts'

# Appending, backups and restoring continue to work.
box 0 append run.step --subject run/1 step="two"
run 0 -C "$BOX" backup "$T/copy"
run 0 -C "$T/copy" verify
check test -d "$T/copy/evidence"

# A database that was rolled back does not know all files: nothing is removed because of it.
run 0 -C set init --no-trust --origin example.org/set
cp -r set/evidence older
head -c 100000 /dev/urandom >large
run 0 -C set artifact put large
id=$out
run 0 -C set append run.artifact -s run/r "digest=${id#artifact:}" bytes:=100000
cp set/evidence/data.mdb newer.mdb
cp older/data.mdb set/evidence/data.mdb
run 20 -C set erase --finish
err_has 'set back'
cp newer.mdb set/evidence/data.mdb
run 0 -C set artifact get "$id" -o back
check cmp large back
run 0 -C set erase --finish --json
json .finished true

finish
