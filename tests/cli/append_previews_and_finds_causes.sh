#!/usr/bin/env bash
# append: --dry-run, --time, causes by key, digests of files, runs of subjects, numbers that are too large, keys used twice.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# Without a ledger: the catalog is enough.
box 0 append permission.granted -s pack/p group=exec 'note=why' --dry-run
err_has 'there is no ledger in'
json .body.group exec
json .private.note why
json .duplicate null
box 3 append permission.granted -s pack/p grop=exec --dry-run
err_has "did you mean 'group'?"
[[ $err != *'kept private'* ]] || fail 'what is refused is not kept'
# If nothing can be checked, the answer is not yes, with --dry-run or without.
for gate in 'permission.used -s pack/p group=exec scope=a' 'promotion.promoted -s promotion/p' 'run.started -s run/7 pack=p' \
    'policy.declared -s policy/p'; do
    read -ra words <<<"$gate"
    box 3 append "${words[@]}" --checked
    err_has 'there is no ledger in'
    box 3 append "${words[@]}" --checked --dry-run
    err_has 'there is no ledger in'
    out_empty
done
[[ ! -e $BOX ]] || fail 'a dry run has made a ledger'
echo '{"kind":"run.started","subject":"run/7","cause":5}' >one.jsonl
box 0 ingest jsonl --dry-run one.jsonl
out_has '1 to write'
box 3 ingest jsonl one.jsonl
[[ ! -e $BOX ]] || fail 'a dry run has made a ledger'

new_box
box 0 append permission.granted -s pack/p group=exec --key k1 --dry-run
json .seq 1
json .duplicate false
box 0 append permission.granted -s pack/p group=exec --key k1
json .seq 1
box 0 append permission.granted -s pack/p group=exec --key k1 --dry-run
json .seq 1
json .duplicate true
box 1 append permission.granted -s pack/p group=exec --if-none-after 0 --dry-run
err_has "'pack/p' has event 1 after 0"
box 3 append permission.granted -s pack/p group=exec --cause 9 --dry-run
err_has "'cause' is 9"
box 3 append permission.granted -s pack/p group=exec --cause-key k9 --dry-run
err_has "'cause_key' is 'k9'"
box 1 append promotion.promoted -s promotion/p --checked --dry-run
json .checked.legal false
[[ $(jq -r .checked.reason <<<"$out") != null ]] || fail 'the answer has no reason'
json .seq null
box 0 append permission.granted -s pack/p group=exec wrote=x --force-private --dry-run
err_has "'wrote' is not a field of permission.granted: it is kept private"
box 0 append permission.granted -s pack/p group=exec wrote=x --force-private --key k1 --dry-run
[[ $err != *'kept private'* ]] || fail 'what is there already is not written again'
box 0 append permission.used -s pack/p group=exec --checked --dry-run
json .checked.legal true
box 0 stats --json
json .events 2

# A key with the same content is a duplicate; with other content the difference is reported, whatever is shown.
box 0 append permission.granted -s pack/p group=exec --key k1
err_has 'event 1 already has this source and key: nothing was written'
box 0 append permission.granted -s pack/q group=gpu --key k1 -q
err_has 'event 1 already has this source and key, but differs (subject, body)'
json .duplicate true

# Causes by key: of the same source only.
box 0 append permission.used -s pack/p group=exec --cause-key k1
box 0 show 2 --json
json .cause 1
box 3 append permission.used -s pack/p group=exec --cause-key k9
err_has "'cause_key' is 'k9': no earlier event of the same source has this key"
box 3 append permission.used -s pack/p group=exec --cause-key k1 --source other
box 2 append permission.used -s pack/p group=exec --cause-key k1 --cause 1
cat >causes.jsonl <<'END'
{"kind":"run.step","subject":"run/9","key":"early","cause_key":"late"}
{"kind":"run.started","subject":"run/9","key":"first"}
{"kind":"run.step","subject":"run/9","key":"late","cause_key":"first"}
{"kind":"run.step","subject":"run/9","cause_key":"early"}
{"kind":"run.step","subject":"run/9","cause_key":"k1"}
{"kind":"run.step","subject":"run/9","cause_key":"late","cause":1}
{"kind":"run.finished","subject":"run/9","cause_key":"late"}
END
box 3 ingest jsonl causes.jsonl
out_has '3 accepted, 0 duplicate, 4 rejected'
err_has "line 1: 'cause_key' is 'late'"
err_has "line 4: 'cause_key' is 'early'"
err_has "line 5: 'cause_key' is 'k1'"
err_has "line 6: 'cause' and 'cause_key' are both given"
box 0 query --kind run.finished --format jsonl
same "$(jq -r .cause <<<"$out")" 4
box 3 ingest jsonl causes.jsonl
out_has '2 accepted, 3 duplicate, 2 rejected'
# Thousands of lines without their cause are refused one by one, without affecting others.
for i in $(seq 3000); do echo "{\"kind\":\"run.step\",\"subject\":\"run/8\",\"cause_key\":\"none-$i\"}"; done >lost.jsonl
echo '{"kind":"run.step","subject":"run/8","cause_key":"first"}' >>lost.jsonl
box 3 ingest jsonl lost.jsonl -q
out_has '1 accepted, 0 duplicate, 3000 rejected'

# Times, digests of files, runs, numbers.
box 0 append run.started -s run/77 --time 2026-11-21T08:30:00Z
seq=$(jq -r .seq <<<"$out")
box 0 show "$seq" --json
json .run 77
json .body.at 1795249800000000000
box 3 append run.started -s run/77 --time yesterday
err_has "--time is 'yesterday'; expected:"
box 3 append run.started -s run/77 --time 2026-11-21T08:30:00Z at=5
printf abc >content
box 0 append pack.installed -s pack/p version=1 digest=@content
seq=$(jq -r .seq <<<"$out")
box 0 show "$seq" --json
json .body.digest "sha256:$(sha256sum <content | cut -d ' ' -f 1)"
box 3 append pack.installed -s pack/p version=1 digest=@missing
err_has "'missing' cannot be read"
box 3 append x.test.note -s a n=99999999999999999999
err_has "does not fit into 64 bits; n:='\"99999999999999999999\"' passes it as text"
box 0 append x.test.note -s a --open n,d n=0012345678901234567890 d=2026-11-21

finish
