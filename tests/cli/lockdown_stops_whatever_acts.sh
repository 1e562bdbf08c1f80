#!/usr/bin/env bash
# While LOCKDOWN is on, a command that acts, permits or takes evidence away is refused and writes nothing; one that stops,
# observes, reads, verifies or records goes on. One table: what happens, then the command.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
run 0 key new alice.key --name test.example/alice
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$out\"]"
digest=sha256:$(printf '1%.0s' {1..64})
for pack in held parked spare; do
    box 0 pack new "$pack" --publisher test.example/alice
done
box 0 pack install held
box 0 pack install parked
box 0 pack park parked
cp -R held newer
sed -i 's/^version: .*/version: 0.2.0/' newer/pack.yaml
box 0 permit grant pack/held exec wc
box 0 permit grant pack/held filesystem.read 'inbox/**'
box 0 route declare up --program /usr/bin/wc
box 0 route declare down --program /usr/bin/wc
box 0 route park down
box 0 append model.observed -s model/small model=small runtime=ollama digest="$digest" bytes:=10
mkdir inbox data
echo a | tee inbox/a >data/x
printf 'policy: mine\nversion: 1\n' >mine.yaml
printf 'grants:\n  - {group: exec, decision: grant}\n' >grants.yaml
run 0 eval new sums.yaml
note secret
noted=$("$LEDGER" -C "$BOX" log --format jsonl | tail -n 1 | jq -r .seq)
box 0 backup copy
box 0 tripcode issue LOCKDOWN --sign-as alice.key
lock=$(jq -r .tripcode <<<"$out")

size() { "$LEDGER" -C "$BOX" checkpoint | sed -n 2p; }

# refused: exit code 1, the reason, and not one event. allowed: exit code 0.
table() {
    while read -r what command; do
        [[ -n $what ]] || continue
        local before
        local -a words
        before=$(size)
        eval "words=($command)"
        if [[ $what == refused ]]; then
            box 1 "${words[@]}"
            err_has "LOCKDOWN is on since event"
            same "$(size) events after $command" "$before events after $command"
        else
            box 0 "${words[@]}"
        fi
    done
}
# A check does not run its program, and what is recorded says why.
box 1 pack check held
out_has "not run: LOCKDOWN is on since event"
box 1 permit resolve pack/held

table <<EOF
refused pack install spare
refused pack install spare --grant-file grants.yaml
refused pack upgrade newer
refused pack run held document=inbox/a --demo
refused pack unpark parked
allowed pack install spare --dry-run
allowed pack validate spare
allowed pack list
allowed pack show held
allowed pack park held
refused pack unpark held
refused permit grant pack/held gpu
refused permit grant pack/held gpu --sign-as alice.key
allowed permit request pack/held gpu
allowed permit deny pack/held gpu
allowed permit revoke pack/held exec wc
allowed permit list
refused route declare new --program /usr/bin/wc
refused route decide up --demo
refused route unpark down
allowed route decide up --demo --dry-run
allowed route park up
allowed route list
refused policy declare mine.yaml
refused policy declare mine.yaml --sign-as alice.key
allowed policy check mine.yaml
refused model role small worker
refused capacity
refused eval run sums.yaml --endpoint http://127.0.0.1:1 --model m
refused promote plan p model/m --digest $digest
allowed capacity --dry-run
refused tripcode issue STEP --digest $digest --for run/1 --sign-as alice.key
allowed tripcode issue DIAGNOSTIC --sign-as alice.key
allowed tripcode issue REVERT_SNAPSHOT --sign-as alice.key
allowed tripcode issue LOCKDOWN --sign-as alice.key
allowed tripcode list
allowed recovery snapshot data --into snaps
allowed recovery verify
refused append run.started -s run/1 --checked
refused append run.step -s run/1 --checked step=a tier=T0 status=started
allowed append run.step -s run/1 --checked step=a status=ok
allowed append run.finished -s run/1 --checked status=ok
refused append promotion.planned -s promotion/p --checked
refused append route.parked -s route/down --checked parked:=false
allowed append x.test.note -s thing/1
refused erase $noted --body --reason request --yes
refused correct $noted --reason mistake
allowed erase $noted --body --reason request --dry-run
allowed correct $noted --reason mistake --dry-run
allowed backup later
allowed export -o all.tar.zst
allowed support -o report.tar.zst
allowed ingest hardware
allowed artifact put inbox/a
allowed rebuild
allowed attest
allowed log
allowed verify
allowed pack remove parked
allowed route remove down
EOF

# Only a controller's signature ends it; then what was refused is judged as ever.
run 0 key new mallory.key --name test.example/alice
box 2 tripcode end "$lock"
box 1 tripcode end "$lock" --sign-as mallory.key
box 0 tripcode end "$lock" --sign-as alice.key
table <<EOF
allowed permit grant pack/held gpu
allowed route declare new --program /usr/bin/wc
allowed route unpark up
allowed route decide up --demo
allowed policy declare mine.yaml
allowed model role small worker
allowed tripcode issue STEP --digest $digest --for run/1 --sign-as alice.key
allowed pack unpark held
allowed pack upgrade newer
allowed correct $noted --reason mistake
allowed erase $noted --body --reason request --yes
EOF

finish
