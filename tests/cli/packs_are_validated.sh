#!/usr/bin/env bash
# pack new, validate, sign and schema: what a pack is by digest, and every fault in one.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# A new pack has no fault, with and without --json; it needs no ledger.
run 0 pack new my-pack --publisher example.org/alice
same "$out" my-pack/pack.yaml
run 0 pack validate my-pack
out_has 'publisher    example.org/alice'
out_has 'signature    absent'
run 0 pack validate my-pack --json
json .valid true
json .pack my-pack
json '.findings | length' 0
json .digest "sha256:$(sha256sum <my-pack/pack.yaml | cut -c1-64)"
run 3 pack new my-pack
err_has "'my-pack' exists already"
run 3 pack new 'My Pack'
err_has "the name: 'My Pack' has a character other than"
check test ! -e 'My Pack'
run 3 pack new x --publisher 'a b'
run 0 pack new y --dir elsewhere --json
json .dir elsewhere

# The tree digest is what docs/packs.md computes with a shell.
mkdir -p my-pack/bin my-pack/bin-a
printf 'run\n' >my-pack/bin/run
chmod 755 my-pack/bin/run
printf 'x' >'my-pack/bin-a/a file'
sed -n '/^cd my-pack/,/^done/p' "$ROOT/docs/packs.md" >digest.sh
check grep -q sha256sum digest.sh
run 0 pack validate my-pack --json
json .tree_digest "sha256:$(bash digest.sh | cut -c1-64)"
json .files 3
before=$(jq -r .tree_digest <<<"$out")
chmod 644 my-pack/bin/run
run 0 pack validate my-pack --json
[[ $(jq -r .tree_digest <<<"$out") != "$before" ]] || fail 'the mode does not count'

# Hidden files are part of the pack, with a warning.
mkdir my-pack/.git
printf 'x' >my-pack/.git/a
printf 'x' >my-pack/.git/b
run 0 pack validate my-pack
same "$(grep -c '^\.git: warning: hidden, and part of the pack$' "$T/.out")" 1
out_has 'warnings     1'
rm -r my-pack/.git

# Signing, and checking by named keys.
run 0 key new alice.key --name example.org/alice
printf '# publishers\n\n%s\n' "$out" >publishers
run 0 key new mallory.key --name example.org/mallory
printf '%s\n' "$out" >others
run 3 pack validate my-pack --publishers publishers
out_has 'pack.sig: missing, although publishers were named'
run 2 pack sign my-pack
run 3 pack sign my-pack --sign-as mallory.key
err_has "the key 'example.org/mallory' is not of the pack's publisher 'example.org/alice'"
check test ! -e my-pack/pack.sig
run 0 pack sign my-pack --sign-as alice.key --json
json .key example.org/alice
run 0 pack validate my-pack --publishers publishers
out_has 'signature    good, by example.org/alice'
run 0 pack validate my-pack --publishers publishers --json
json .signature good
json .tree_digest "sha256:$(bash digest.sh | cut -c1-64)"
run 0 pack validate my-pack
out_has 'unknown key (--publishers FILE names keys)'
run 3 pack validate my-pack --publishers others
out_has "pack.sig: no named key of the publisher 'example.org/alice' signed it"
printf 'y' >'my-pack/bin-a/a file'
run 3 pack validate my-pack
out_has 'pack.sig: signs another pack, version or content'
printf 'nonsense\n' >my-pack/pack.sig
run 3 pack validate my-pack
out_has 'pack.sig: is not a signed note'
rm my-pack/pack.sig
printf 'nonsense\n' >publishers
run 3 pack validate my-pack --publishers publishers
err_has 'publishers: line 1: '
run 3 pack validate my-pack --publishers absent

# All errors are reported, with file, line and column, and as data.
mkdir broken
cat >broken/pack.yaml <<'YAML'
schema: foundry-pack/v0
name: broken
version: 1.0.0
summary: s
publisher: me
permissions:
  - {group: exec, scope: ../wc, tierr: T0, reason: r}
routes:
  - {name: text, role: tool, program: bin/tool}
steps:
  - {id: a, route: txet, needs: [b]}
  - {id: b, route: text, needs: [a]}
YAML
run 3 pack validate broken
out_has "pack.yaml:7:5: a permission has no 'tier'"
out_has "pack.yaml:7:26: 'scope': '../wc' has a '..' segment"
out_has "pack.yaml:7:33: 'tierr' is not a key of a permission, did you mean 'tier'?"
out_has "pack.yaml:9:39: the pack has no file 'bin/tool'"
out_has "pack.yaml:11:20: 'route': there is no route 'txet', did you mean 'text'?"
out_has "pack.yaml:11:5: the steps form a cycle: 'a' needs 'b' needs 'a'"
err_empty
run 3 pack validate broken --json
json .valid false
json '[.findings[] | select(.severity == "error")] | length' "$(jq .errors <"$T/.out")"
json '.findings[] | select(.message | startswith("'"'tierr'"'")) | "\(.file):\(.line):\(.column)"' pack.yaml:7:33
run 3 pack sign broken --sign-as alice.key
err_has "'ledger pack validate broken' shows all"
mkdir broken/bin
printf '#!/bin/sh\n' >broken/bin/tool
run 3 pack validate broken
out_has "the file 'bin/tool' is not executable (chmod +x)"

# Hostile directories and manifests are refused by name, quickly, and nothing is written.
mkdir farm
for i in 1 2 3 4 5; do ln -s /etc farm/link$i; done
ln -s ../my-pack/pack.yaml farm/pack.yaml
run 3 pack validate farm
same "$(grep -c 'is a symbolic link' "$T/.out")" 6
printf 'name: 5 5\n' >broken/pack.yaml
ln -s bin broken/link
run 3 pack validate broken
out_has 'link: is a symbolic link'
out_has "pack.yaml:1:7: 'name': '5 5' has a character other than"
mkdir hostile
printf 'x' >$'hostile/\e[31mred\nname'
run 3 pack validate hostile
out_has 'has a name with control characters'
check test "$(LC_ALL=C grep -c $'\e' "$T/.out")" = 0
mkdir huge none both
truncate -s 100M huge/pack.yaml
run 3 pack validate huge
out_has 'pack.yaml: is larger than 1 MiB'
run 3 pack validate none
out_has 'there is no pack.yaml or pack.json'
cp my-pack/pack.yaml both/
printf '{}' >both/pack.json
run 3 pack validate both
out_has 'there is a pack.json too; a pack has one of them'
{
    printf 'a0: &a0 [x, x]\n'
    for ((i = 1; i < 40; i++)); do printf 'a%d: &a%d [*a%d, *a%d]\n' $i $i $((i - 1)) $((i - 1)); done
} >none/pack.yaml
run 3 pack validate none
out_has "pack.yaml:1:5: the anchor '&a0': anchors and aliases are not accepted"
out_has "pack.yaml:2:10: the alias '*a0'"
run 3 pack validate absent
err_has "the directory 'absent'"
run 3 pack validate my-pack/pack.yaml
err_has "'my-pack/pack.yaml' is not a directory"
run 2 pack validate
check test ! -e "$XDG_STATE_HOME/ledger"

# The manifest as it was understood, with normalised units.
run 0 pack validate my-pack --manifest
json '.manifest.steps[0].limits.time' 10000000000
json '.manifest.inputs[0].size_max' 10485760

# The schema and the tables agree with the program.
run 0 pack schema
check cmp "$ROOT/share/schemas/foundry-pack-v0.json" "$T/.out"
run 0 pack schema --markdown
sed '1,/^Generated from .packs/d' "$ROOT/docs/packs.md" | sed 1d >tables
check cmp tables "$T/.out"

finish
