#!/usr/bin/env bash
# pack install, upgrade, park, remove: what is asked, what is copied, what is recorded, and what an interruption leaves.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin example.org/box
run 0 pack new p --publisher example.org/alice
count() { "$LEDGER" -C "$BOX" query --kind "$1" --format jsonl | wc -l; }
copies() { find "$BOX/packs" -maxdepth 1 -name 'sha256-*' -type d 2>/dev/null | wc -l; }

# A dry run prints the plan and writes nothing.
box 0 pack install p --dry-run
out_has 'install p 0.1.0 from p'
out_has 'signature    not signed'
out_has "unproven     route 'p-count': new: no evaluation proves it"
out_has "to grant     filesystem.read 'inbox/**' T0: not granted; for: reads the text"
box 0 pack install p --dry-run --json
json .schema ledger.pack_plan/1
json .action install
json '.permissions | length' 2
json '.permissions[0].held' false
json .dry_run true
json .seq null
check test ! -e "$BOX/packs"
box 1 pack show p
box 3 pack install absent --dry-run
mkdir broken
printf 'name: 5 5\n' >broken/pack.yaml
box 3 pack install broken
err_has "pack.yaml:1:7: 'name'"
check test ! -e "$BOX/packs"

# Without a terminal nothing is granted, and what is open is listed with the command that grants it.
box 0 pack install p
out_has 'done         event 2'
same "$(count permission.granted)" 0
same "$(count permission.requested)" 2
grep '^  ledger ' <<<"$out" >commands
same "$(sort commands)" "  ledger -C $BOX permit grant pack/p exec wc --tier T0
  ledger -C $BOX permit grant pack/p filesystem.read 'inbox/**' --tier T0"
ledger() { "$LEDGER" "$@"; }
# shellcheck source=/dev/null
. ./commands >/dev/null
box 0 pack list --json
json '.states[0].state' blocked
box 0 pack install p --dry-run
out_has 'note         it is installed already, by event 2'
out_has "held         exec 'wc' T0: held (event "
box 0 pack install p
out_has 'unchanged    event 2'
same "$(count pack.installed)" 1

# The plan is the cause of the installation; the copy is what was hashed, and read-only.
tree=$("$LEDGER" pack validate p --json | jq -r .tree_digest)
copy=$BOX/packs/${tree/:/-}
check cmp p/pack.yaml "$copy/pack.yaml"
same "$(stat -c %a "$copy/pack.yaml")" 444
box 0 show 2 --json
json .cause 1
json .body.tree_digest "$tree"
json .body.signature absent

# A change of the source changes nothing; a change of the copy blocks, with the event that installed it; installing restores it.
printf '# more\n' >>p/pack.yaml
box 0 pack list
out_lacks 'installed as'
cp "$copy/pack.yaml" good
chmod 644 "$copy/pack.yaml"
printf '# more\n' >>"$copy/pack.yaml"
for what in list 'show p'; do
    # shellcheck disable=SC2086
    box 0 pack $what
    out_has 'blocked'
    out_has "installed as $tree by event 2, now sha256:"
done
box 1 pack install p
out_has 'refused      version 0.1.0 is installed with other content'
cp good p/pack.yaml
box 0 pack install p
out_has 'restore p 0.1.0'
check cmp good "$copy/pack.yaml"
box 0 pack list
out_lacks 'installed as'
rm -r "$copy"
box 0 pack show p
out_has 'by event 2, now missing'
box 0 pack install p
check cmp good "$copy/pack.yaml"

# Bytes that were changed with the status put back deceive no look at one pack.
chmod 644 "$copy/pack.yaml"
touch -r "$copy/pack.yaml" before
sed -i 's/Counts/counts/' "$copy/pack.yaml"
touch -r before "$copy/pack.yaml"
chmod 444 "$copy/pack.yaml"
box 0 pack show p
out_has 'now sha256:'
box 0 pack install p

# Answers given in advance.
as() { sed "s/^name: .*/name: $1/; s/p-count/$1-count/" good; } # as NAME: the manifest, of another pack
mkdir q
as q >q/pack.yaml
printf 'grants:\n  - {group: exec, decision: grant, lifetime: until}\n  - {group: gpus, decision: maybe, x: 1}\n' >bad.yaml
box 3 pack install q --grant-file bad.yaml
err_has "bad.yaml:2:5: 'lifetime: until' and 'until' belong together"
err_has "bad.yaml:3:13: 'group' is 'gpus' (expected filesystem.read|"
err_has "bad.yaml:3:29: 'decision' is 'maybe' (expected grant|deny)"
err_has "bad.yaml:3:36: 'x' is not a key of a grant"
printf 'grants:\n  - {group: exec, tier: T1, decision: grant}\n  - {group: exec, decision: deny}\n' >ok.yaml
box 0 pack install q --dry-run --grant-file ok.yaml
printf 'grants:\n  - {group: exec, decision: deny}\n  - {group: gpu, decision: deny}\n  - {group: exec, scope: wc, decision: grant}\n' >both.yaml
box 3 pack install q --dry-run --grant-file both.yaml
err_has "both.yaml:4:5: 'exec' is granted here, and line 2 denies all of it (expected one of them)"
sed -i 4d both.yaml
box 0 pack install q --dry-run --grant-file both.yaml
err_has "both.yaml:3:5: warning: the pack asks for no 'gpu' that this answers"
printf 'grants:\n  - {group: exec, decision: deny}\n  - {group: filesystem.read, scope: "inbox/**", tier: T1, decision: grant}\n' >grants.yaml
box 0 pack install q --grant-file grants.yaml --json
json '.open | length' 0
same "$(count permission.denied)" 1
box 0 pack install q --grant-file ok.yaml
err_has 'the file of grants changes nothing'
same "$(count permission.denied)" 1
box 0 permit list --pack q --json
out_has '"denied"'

# On a terminal there is one question for each group.
if command -v script >/dev/null; then
    mkdir t
    as t | sed '/^permissions:/a\  - {group: filesystem.read, scope: "other/**", tier: T1, reason: it reads more}' >t/pack.yaml
    printf 'perhaps\nY\nn\n' | script -qec "'$LEDGER' -C '$BOX' pack install t" /dev/null >tty.log
    same "$(grep -c 'Grant it?' tty.log)" 3
    check grep -q 'That is none of these' tty.log
    tr -d '\r\n' <tty.log >joined
    check grep -q "filesystem.read: 'other/\*\*' T1" joined
    check grep -q 'up to tier T1' joined
    box 0 permit list --pack t --json
    json '[.states[] | select(.group == "filesystem.read" and .state == "granted")] | length' 2
    json '[.states[] | select(.group == "exec") | .state] | join(" ")' denied
fi

# Only what is newer upgrades, unless --downgrade; what is wider is named.
sed 's/^version: .*/version: 0.2.0/; s/tier: T0/tier: T1/' good >p/pack.yaml
printf 'more\n' >p/more.txt
box 1 pack install p
out_has "refused      version 0.1.0 is installed (event 2): 'ledger pack upgrade' changes it to 0.2.0"
box 0 pack upgrade p --dry-run
out_has 'changed      version 0.1.0 to 0.2.0'
out_has "changed      permission exec on 'wc' of tier T1: a higher tier than before"
out_has "changed      file 'more.txt': new"
out_has ', wider than before'
before=$(copies)
box 0 pack upgrade p
same "$(copies)" "$before"
same "$(count pack.upgraded)" 1
box 0 pack list --pack p --json
json '.states[0].version' 0.2.0
json '.states[0].version_before' 0.1.0
cp good p/pack.yaml
rm p/more.txt
box 1 pack upgrade p
out_has '0.1.0 is older: --downgrade accepts that'
box 0 pack upgrade p --downgrade
mkdir nobody
sed 's/^name: .*/name: nobody/' good >nobody/pack.yaml
box 1 pack upgrade nobody
out_has "refused      pack 'nobody' is not installed"
box 1 pack install nobody
declared=$("$LEDGER" -C "$BOX" query --kind route.declared --subject route/p-count --format jsonl | tail -n 1 | jq .seq)
out_has "refused      route 'p-count' belongs to pack 'p' (event $declared), and a box has one route of a name: call it \
'nobody-p-count' in the manifest, or remove pack 'p' first"
as nobody >nobody/pack.yaml
box 0 pack install nobody --dry-run

# Publishers: a good signature is recorded, a wrong one is refused, and an unknown one is said.
mkdir s
as s >s/pack.yaml
run 0 key new alice.key --name example.org/alice
printf '%s\n' "$out" >publishers
box 1 pack install s --publishers publishers
out_has "refused      no named key of the publisher 'example.org/alice' signed it"
run 0 pack sign s --sign-as alice.key
box 0 pack install s --dry-run
out_has "signature    unknown key: example.org/alice+$(cut -d+ -f2 publishers)"
printf 'x\n' >s/x
box 1 pack install s
out_has 'refused      the signature is wrong: other content'
rm s/x
cp publishers "$BOX/publishers"
box 0 pack install s
key=$(cut -d+ -f2 publishers)
out_has "signature    good, by example.org/alice, key $key"
box 0 pack list --pack s --json
json '.states[0].signature' good
json '.states[0].signer' example.org/alice
json '.states[0].signer_key' "$key"
json '.states[0].signature_digest' "sha256:$(sha256sum <s/pack.sig | cut -c1-64)"

# The signature, which no digest of files covers, is noticed when it is exchanged, removed or added.
tree=$("$LEDGER" pack validate s --json | jq -r .tree_digest)
copy=$BOX/packs/${tree/:/-}
chmod 755 "$copy"
cp s/pack.sig alice.sig
changed() { # changed HOW: both looks at the pack say so, and the same files restore it
    box 0 pack list --pack s
    out_has 'blocked'
    out_has "now $1 pack.sig"
    box 0 pack show s
    out_has "installed as $tree by event "
    out_has "now $1 pack.sig"
    box 1 pack run s --demo
    err_has "now $1 pack.sig"
    box 0 pack install s
    out_has 'restore s 0.1.0'
    check cmp alice.sig "$copy/pack.sig"
    box 0 pack list --pack s
    out_lacks 'pack.sig'
    chmod 755 "$copy"
}
rm -f "$copy/pack.sig"
changed 'without its'
run 0 key new forger.key --name example.org/alice
mkdir forged
cp s/pack.yaml forged
run 0 pack sign forged --sign-as forger.key
rm -f "$copy/pack.sig"
cp forged/pack.sig "$copy/pack.sig"
changed 'with another'
rm -f "$copy/pack.sig"
box 1 pack install forged
out_has 'refused      installed as '
out_has 'this directory has another pack.sig than was installed'
box 0 pack install s
unsigned=$BOX/packs/$("$LEDGER" pack validate p --json | jq -r .tree_digest | tr : -)
chmod 755 "$unsigned"
cp alice.sig "$unsigned/pack.sig"
box 0 pack list --pack p
out_has 'now with a pack.sig'
box 0 pack install p
box 0 pack list --pack p
out_lacks 'pack.sig'

# What was granted to a pack's name is not handed to another publisher, nor to what nobody known signed.
sed -i 's/^version: .*/version: 0.2.0/' s/pack.yaml
rm s/pack.sig
box 1 pack upgrade s
out_has 'changed      signature good to absent'
out_has "refused      the installed version is signed by 'example.org/alice', and this one's signature is absent"
sed -i 's|^publisher: .*|publisher: example.org/mallory|' s/pack.yaml
box 1 pack upgrade s
out_has "changed      publisher 'example.org/alice' to 'example.org/mallory'"
out_has "refused      another publisher, 'example.org/mallory', would get what was granted to the pack"
run 0 key new mallory.key --name example.org/mallory
printf '%s\n' "$out" >others
run 0 pack sign s --sign-as mallory.key
box 1 pack upgrade s
box 0 pack upgrade s --dry-run --publishers others
out_has "changed      publisher 'example.org/alice' to 'example.org/mallory'"
sed -i 's|^publisher: .*|publisher: example.org/alice|' s/pack.yaml
run 0 pack sign s --sign-as alice.key
box 0 pack upgrade s --dry-run

# What another pack requires is not removed, and what conflicts is not installed.
mkdir d
{
    as d
    printf 'requires:\n  packs:\n    - {name: s, version: ">=0.1.0", reason: it builds on it}\n  programs:\n    - {name: no-such-program, reason: r}\n'
} >d/pack.yaml
box 0 pack install d
out_has "missing      d 0.1.0 requires the program 'no-such-program'"
out_has 's 0.1.0'
box 1 pack remove s
err_has 'others depend on it: '
err_has "requires the pack 's'"
box 0 pack show s
mkdir c
{
    as c
    printf 'conflicts:\n  packs:\n    - {name: s}\n'
} >c/pack.yaml
box 1 pack install c
out_has "refused      "
out_has "conflicts with the pack 's'"

# Parking, taking up again, removing.
box 0 pack park d --reason maintenance
box 0 pack list --state parked
out_has 'set aside: maintenance'
box 1 pack park d
err_has 'parked twice'
box 0 pack show d --json
remedy=$(jq -r '[.. | .remedy? // empty][0]' <<<"$out")
same "$remedy" "ledger -C $BOX pack unpark d"
eval "$remedy" >/dev/null
box 1 pack unpark d
box 1 pack park nobody
err_has "pack 'nobody' is not installed"
box 0 pack remove s --force --json
json .kind pack.removed
before=$(copies)
box 0 pack remove d --reason 'not needed'
same "$(copies)" $((before - 1))
box 0 route show d-count
out_has removed
box 1 pack remove d
box 0 pack list --state removed
out_has 'removed: not needed'

# An interrupted installation is incomplete: installing resumes it, removing undoes it, and leftovers are named.
tree=$("$LEDGER" pack validate d --json | jq -r .tree_digest)
box 0 append pack.planned -s pack/d pack=d version=0.1.0 tree_digest="$tree"
mkdir "$BOX/packs/incoming-abc123" "$BOX/packs/sha256-$(printf '0%.0s' {1..64})"
box 0 pack list --state incomplete
out_has 'planned by event'
box 0 pack install q
err_has 'removed what an interruption left: packs/incoming-abc123'
err_has 'removed what nothing names any more: packs/sha256-000'
sed -i '/^requires:/,$d' d/pack.yaml
box 0 pack install d --dry-run
out_has 'it is given up'
box 0 append pack.planned -s pack/d pack=d version=0.1.0 tree_digest="$("$LEDGER" pack validate d --json | jq -r .tree_digest)"
before=$(count pack.planned)
box 0 pack install d
out_has 'it is resumed'
same "$(count pack.planned)" "$before"
box 0 append pack.planned -s pack/d pack=d version=0.2.0
box 0 pack list --pack d
out_has 'the upgrade to 0.2.0'
box 0 pack remove d --unfinished --json
json .kind pack.aborted
box 1 pack remove d --unfinished
box 0 append pack.planned -s pack/e pack=e version=1.0.0
box 0 pack remove e --json
json .kind pack.aborted
box 0 verify --json

finish
