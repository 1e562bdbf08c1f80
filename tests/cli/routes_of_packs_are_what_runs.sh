#!/usr/bin/env bash
# A pack's route is changed by its pack alone, and a run looks at its program as it is now.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

box 0 init --origin example.org/box
mkdir -p pack/bin
echo '{}' >pack/suite.json
sed -n '/^schema/,/^EOF/p' "$ROOT/tests/cli/a_pack_s_thresholds_judge_its_proofs.sh" | sed '/^EOF/d' >pack/pack.yaml
box 0 pack install pack
installed=$("$LEDGER" -C "$BOX" query --kind pack.installed --format jsonl | jq .seq)

for words in "declare count --program /usr/bin/sha256sum" "declare count --suite other" "remove count"; do
    # shellcheck disable=SC2086
    box 1 route $words
    err_has "route 'count' belongs to pack 'p', installed by event $installed"
done
box 0 route park count
box 0 route unpark count
box 2 route declare foo --model m --program /usr/bin/wc
box 2 route declare foo --suite s
box 0 route declare foo --program /usr/bin/wc
box 0 route declare foo --suite s

# What was only asked for was not used.
box 1 route decide nosuch
box 0 route show nosuch
out_has 'it was asked for, but never declared'

# A decision that found another program holds until the program is what was proven again.
box 0 permit grant pack/p exec wc --tier T0
config=$("$LEDGER" -C "$BOX" state routes count --json | jq -r '.things[0].fields.config_digest')
measured eval.scored -s eval/e task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
measured eval.scored -s eval/e task=t metric=errors value:=0 threshold:=1 higher_is_better:=false
measured eval.finished -s eval/e route=count suite=suite.json "suite_digest=sha256:$(sha256sum <pack/suite.json | cut -c1-64)" \
    config_digest="$config" program_digest=@/usr/bin/wc pack=p pack_version=1.0.0 verdict=pass \
    pack_digest="$("$LEDGER" -C "$BOX" state packs p --json | jq -r '.things[0].fields.tree_digest')"
box 0 append route.decided -s route/count decision=refused reason=proof "program_digest=sha256:$(printf '%064d' 1)"
box 0 pack show p --json
json '.things[0].state' demo-only
box 0 pack run p text=hello --out out
box 0 pack show p --json
json '.things[0].state' ready

# A changed byte of an installed file: the route is not ready from then on, nothing is given to it, not even as a demonstration,
# and what is printed heals it.
copy=$(find "$BOX/packs" -maxdepth 1 -type d -name 'sha256-*')
box 0 route list --json
json '.things[] | select(.fields.route == "count").state' ready
chmod -R u+w "$copy"
printf '#' >>"$copy/pack.yaml"
box 0 route list --json
json '.things[] | select(.fields.route == "count").state' declared-not-proven
box 0 why route/count
out_has "pack 'p': installed as sha256:"
out_has "by event $installed, now sha256:"
out_has 'ledger pack install DIR'
for how in "" --demo --dry-run; do
    # shellcheck disable=SC2086
    box 1 route decide count $how --json
    json '.choice.candidates[0].bar' pack
    json '.choice.reason' pack
    check jq -e ".choice.evidence | index($installed) != null" "$T/out"
done
for what in 'run p text=hello' 'check p'; do
    # shellcheck disable=SC2086
    box 1 pack $what
    err_has "'ledger pack install DIR' with the files that were installed puts them back"
done
box 0 pack install pack
box 0 route list --json
json '.things[] | select(.fields.route == "count").state' ready
box 0 route decide count --json
json .choice.chosen count

# A declaration by other means does not make the record false: it names what runs.
box 0 append route.declared -s route/count program=/usr/bin/sha256sum
box 0 pack run p text=hello --demo --out out2
same "$("$LEDGER" -C "$BOX" query --kind route.decided --format jsonl | jq -rs 'last.body.program')" /usr/bin/wc

# Which runtimes may serve a model is the policy's to say, whether or not the route names one.
digest=sha256:$(printf '%064d' 8)
box 0 append hardware.profiled -s host/box memory_bytes:=8589934592
box 0 append policy.declared -s policy/site policy=site version=1 'capability_tiers:=[{"tier":"a","runtimes":["llama.cpp"]}]'
box 0 append model.observed -s model/m model=m runtime=ollama digest="$digest" bytes:=1000
box 0 route declare ask --model m --suite s
box 1 route decide ask --demo --json
json '.choice.candidates[0].bar' policy
