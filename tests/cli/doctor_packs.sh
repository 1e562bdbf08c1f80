#!/usr/bin/env bash
# What a pack holds is broken: the doctor says so, since which event, by which evidence; the printed remedy is typed, and the
# clause passes.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
run 0 pack new words --publisher example.org/alice
box 0 pack install words
copy=$(echo "$BOX"/packs/sha256-*/)

# clause CLAUSE FIELD [PACK]: of the pack's verdict, or of the box's, as the log gives it.
clause() {
    box 0 state clauses --json
    jq -r --arg c "$1" --arg f "$2" --arg p "${3-words}" \
        '.states[] | select(.clause == $c and .pack == $p) | .[$f] // "" | if type == "array" then join(" ") else tostring end' \
        <"$T/.out"
}
# typed COMMAND: what was printed, as it was printed.
typed() {
    [[ $1 == "ledger -C $BOX "* ]] || fail "the remedy '$1' is not a command"
    ledger() { "$LEDGER" "$@"; }
    eval "$1" >typed 2>&1 || [[ $1 == *" doctor "* && $? -eq 1 ]] || fail "'$1' failed: $(cat typed)"
}
look() { box "$1" doctor --pack words --only files --json; }
last() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | jq -s "[.[] | select(${2:-true})][-1].seq"; }

installed=$(last pack.installed)

# What the pack requires of the machine: unknown until somebody looks at it, and then there or not.
same "$(clause capacity state)" ''
needs='requires:=[{"sort":"memory","name":"%s","bytes":%s}]'
# shellcheck disable=SC2059 # the format is above
box 0 append pack.installed -s pack/large pack=large version=1 "$(printf "$needs" 1MiB 1048576)"
same "$(clause capacity state large)" unknown
typed "$(clause capacity remedy large)"
same "$(clause capacity state large)" pass
# shellcheck disable=SC2059
box 0 append pack.upgraded -s pack/large pack=large version=2 "$(printf "$needs" 1EiB 1152921504606846976)"
same "$(clause capacity state large)" fail
same "$(clause capacity evidence large)" "$(last hardware.profiled)"
same "$(clause capacity since_seq large)" "$(last pack.upgraded)"

# One byte of a file of the copy is changed, and changed back by what the doctor says.
look 0
same "$(clause files state)" pass
chmod -R u+w "$copy"
cp -p "$copy/pack.yaml" kept
known() { "$LEDGER" -C "$BOX" doctor --pack "${1-words}" --no-probe --json | jq -c '[.verdict, (.clauses | map([.clause, .state, .since_seq, .reason]))]'; }
known >recorded || true
sed -i 's/^summary: Counts/summary: Counts:/' "$copy/pack.yaml"
same "$(known || true)" "$(cat recorded)" # nobody has looked yet, so the log does not say it
same "$(known pack/words || true)" "$(cat recorded)"
look 1
seen=$(last doctor.observed '.subject == "check/pack-files"')
same "$(clause files state)" fail
[[ $(clause files reason) == "they are not those that were installed: now sha256:"* ]] || fail "$(clause files reason)"
same "$(clause files evidence)" "$installed $seen"
box 1 doctor --pack words --no-probe --json
json ".clauses[] | select(.clause == \"files\") | .since_seq" "$seen"
same "$(clause files first)" "put back what was installed: ledger pack install DIR"
box 0 pack install words
typed "$(clause files remedy)"
same "$(clause files state)" pass

# The same digest is no news, another one is.
before=$(last doctor.observed '.subject == "check/pack-files"')
look 0
same "$(last doctor.observed '.subject == "check/pack-files"')" "$before"

# All of it is gone.
chmod -R u+w "$copy"
rm -r "$copy"
look 1
same "$(clause files state)" fail
same "$(clause files reason)" "they are missing"
box 0 pack install words
typed "$(clause files remedy)"
same "$(clause files state)" pass

# A permission that the pack requires is revoked.
typed "$(clause permissions remedy)"
typed "$(clause permissions remedy)"
same "$(clause permissions state)" pass
same "$(clause permissions state '')" pass
box 0 permit revoke pack/words exec wc
revoked=$(last permission.revoked)
box 1 doctor --pack words --only permissions --json
same "$(clause permissions state)" fail
[[ " $(clause permissions evidence) " == *" $revoked "* ]] || fail "not cited: event $revoked"
typed "$(clause permissions remedy)"
same "$(clause permissions state)" pass

# More than the pack asks for is taken back; what will end soon is renewed.
box 0 permit grant pack/words exec --tier T3
granted=$(last permission.granted)
box 0 doctor --only permissions
same "$(clause permissions state '')" warn
same "$(clause permissions evidence '')" "$installed $granted"
typed "$(clause permissions remedy '')"
same "$(clause permissions state '')" pass
same "$(clause permissions state)" pass # what it asks for is granted anew
box 0 permit grant pack/words exec wc --tier T0 --until "$(date -u -d '+2 days' +%Y-%m-%dT%H:%M:%SZ)"
same "$(clause permissions state '')" warn
command=$(clause permissions remedy '')
typed "${command//TIME/$(date -u -d '+30 days' +%Y-%m-%dT%H:%M:%SZ)}"
same "$(clause permissions state '')" pass
finish
