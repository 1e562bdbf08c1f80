#!/usr/bin/env bash
# append --checked: legal steps are written, others are refused with their reason and evidence, and of two that race one
# wins.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
size() { run 0 -C "$BOX" stats --json && jq -r .events <<<"$out"; }
d1=sha256:$(printf '1%.0s' {1..64})
d2=sha256:$(printf '2%.0s' {1..64})

# Permissions: a use needs a grant in force.
box 1 append permission.used -s pack/p --checked group=exec scope=/srv/a
err_has "nobody granted it"
out_empty
same "$(size)" 1
box 0 append permission.granted -s pack/p --checked group=exec 'scope=/srv/*' lifetime=once
granted=$(jq -r .seq <<<"$out")
box 0 append permission.used -s pack/p --checked group=exec scope=/srv/a
used=$(jq -r .seq <<<"$out")
box 1 append permission.used -s pack/p --checked group=exec scope=/srv/a
err_has "refused: pack/p may not exec '/srv/a': expired (events $granted, $used)"
box 0 append permission.used -s pack/p group=exec scope=/srv/a # unchecked, facts are accepted as they are
box 0 append permission.granted -s pack/p --checked group=gpu expires=2020-01-01T00:00:00Z
err_has 'it has already expired: it permits nothing'
box 0 append permission.granted -s pack/p group=gpu expires=2020-01-01T00:00:00Z
err_has 'it has already expired: it permits nothing'
box 0 append permission.granted -s pack/p --checked --dry-run group=gpu expires=2020-01-01T00:00:00Z
json .checked.note 'it has already expired: it permits nothing'
box 0 append permission.granted -s pack/p --checked --dry-run group=gpu expires=2220-01-01T00:00:00Z
err_empty
for time in expires=2020 expires:=1893456000 'expires:="1893456000000"' at:=5; do
    box 3 append permission.granted -s pack/p group=gpu "$time"
    err_has 'which as nanoseconds is before 1973; expected: nanoseconds since 1970 as a number or decimal text, or RFC 3339'
done
box 3 append permission.granted -s pack/p group=gpu --time 2020
err_has "field 'at' is 2020, which as nanoseconds is before 1973"
box 0 append permission.granted -s pack/p group=gpu expires:=1577836800000000000 --dry-run
box 1 append permission.used -s pack/p --checked group=gpu
err_has expired

# A grant for a session holds only there, and a use names its session.
box 3 append permission.granted -s pack/s group=exec lifetime=session
err_has "in which session"
box 0 append permission.granted -s pack/s group=exec tier=T3 lifetime=session session=s1
box 1 append permission.used -s pack/s --checked group=exec scope=/srv/a
err_has "granted for a session, and the use names none"
box 1 append permission.used -s pack/s --checked group=exec scope=/srv/a --run s2
err_has "granted for another session"
box 0 append permission.used -s pack/s --checked group=exec scope=/srv/a --run s1
box 0 append permission.used -s pack/s --checked group=exec scope=/srv/a session=s1 --run other
box 0 append run.started -s run/s1 pack=s
box 0 append run.started -s run/s2 pack=s
box 0 append run.tool_called -s run/s1 --checked tool=Bash group=exec scope=/srv/a
box 1 append run.tool_called -s run/s2 --checked tool=Bash group=exec scope=/srv/a
err_has "granted for another session"
box 1 append run.started -s run/s3 --checked pack=s 'permissions:=[{"group":"exec"}]'
box 0 append run.started -s run/s4 --checked pack=s session=s1 'permissions:=[{"group":"exec"}]'

# A call uses nothing up, so a one-time grant does not count for calls.
box 0 append permission.granted -s pack/o group=exec tier=T3 lifetime=once
box 0 append run.started -s run/o pack=o
box 1 append run.tool_called -s run/o --checked tool=Bash group=exec scope=/srv/a
err_has "granted once, which a permission.used takes and a call does not"
box 0 append permission.used -s pack/o --checked group=exec scope=/srv/a --run o
box 1 append permission.used -s pack/o --checked group=exec scope=/srv/a --run o
err_has expired

# A refusal names the policy that judged.
box 0 append permission.granted -s pack/t group=exec tier=T1
box 0 append run.started -s run/t pack=t
box 1 append run.tool_called -s run/t --checked tool=Bash group=exec scope=/srv/a
err_has "at T2: granted only up to T1; it is T2 by policy 'default 1', 'Bash' (event"

# A grant's limits are given, or omitted.
for field in scope expires lifetime session; do
    box 3 append permission.granted -s pack/n group=exec "$field:=null"
    err_has "field '$field' is null, so nobody could tell what is permitted"
done
box 3 append permission.granted -s pack/n group=exec lifetime=until
err_has "until when"

# Scopes are paths, and tiers are compared: the mismatch is named, and the nearest grant.
use() { box "$1" append permission.used -s pack/w --checked group=filesystem.write "${@:2}"; }
box 0 append permission.granted -s pack/w group=filesystem.write 'scope=outbox/**' tier=T1
granted=$(jq -r .seq <<<"$out")
box 3 append permission.granted -s pack/w group=filesystem.write 'scope=a/../b'
err_has "field 'scope' is 'a/../b': a path that has a '..' segment"
for step in denied revoked; do # a refusal that no use could match refuses nothing
    for scope in /etc/ /srv//x ./x \~/secret 'out/[.][.]/x'; do
        box 3 append permission.$step -s pack/w group=filesystem.read "scope=$scope"
        err_has "field 'scope' is '$scope': a path that"
    done
    box 3 append permission.$step -s pack/w group=network.egress scope=Evil.com
    err_has "a host that is not a host in lower case"
done
before=$(size)
for scope in outbox/../etc/passwd inbox/.. outbox//x outbox/./x 'outbox\..\x' /outbox/x outbox/x/. $'outbox/\uff0e\uff0e/x' \
    $'outbox/\ufe30/etc' $'outbox/a\ufe68..\ufe68etc' $'outbox/\u2100' \
    outbox/x/ \~/x; do
    use 1 "scope=$scope"
    err_has "the nearest grant is of 'outbox/**', T1 (event $granted)"
done
box 1 append permission.used -s pack/w group=filesystem.write scope=outbox/../etc/passwd --checked --dry-run --json
same "$(jq -c '.checked.evidence' "$T/.out")" "[$granted]"
for scope in 'outbox/*' 'outbox/a?' 'outbox/[a]'; do
    use 1 "scope=$scope"
    err_has "'$scope': the path is a pattern"
done
use 1 scope=outbox/../etc/passwd
err_has "pack/w may not filesystem.write 'outbox/../etc/passwd': the path has a '..' segment; the nearest"
use 1 scope=outbox/x tier=T3
err_has "pack/w may not filesystem.write 'outbox/x' at T3: granted only up to T1 (event $granted)"
same "$(size)" "$before"
use 0 scope=outbox/x tier=T1
same "$err" ""
use 0 scope=outbox/x
err_has "it names no tier"
box 0 append permission.granted -s pack/w group=gpu
box 1 append permission.used -s pack/w --checked group=gpu tier=T1
err_has "granted without a tier, which reaches T0"
box 0 append permission.used -s pack/w --checked group=gpu tier=T0
box 0 append permission.used -s pack/w group=gpu tier=T3 # unchecked, it is a violation
box 0 permit list --json
same "$(jq -r '.states[] | select(.group == "gpu" and .who == "pack/w").violation' <<<"$out")" \
    "used at T3, but it was granted without a tier, which reaches T0"

# Hosts: URL parts, other spellings of an address, and patterns are requested in vain.
box 0 append permission.granted -s pack/h group=network.egress 'scope=*.example.org'
box 0 append permission.granted -s pack/h group=network.egress 'scope=*.example.org:443'
box 0 append permission.granted -s pack/h group=network.egress 'scope=api.good.org:*'
box 0 append permission.granted -s pack/h group=network.egress 'scope=127.*'
before=$(size)
for scope in 'evil.com:443?x=.example.org' 'evil.com:443/*#.example.org' 'api.good.org:*@evil.com' 'api.good.org:4*' \
    'evil.com?.example.org:443' 127.1 127.0x0.0x1 '[::ffff:127.0.0.1]' '[0::1]'; do
    box 1 append permission.used -s pack/h --checked group=network.egress "scope=$scope"
    err_has "the host "
done
same "$(size)" "$before"
for scope in api.good.org:443 127.0.0.1 a.example.org:443; do
    box 0 append permission.used -s pack/h --checked group=network.egress "scope=$scope"
done

# Tool calls and the permissions with which a run starts follow the same rules.
call() { box "$1" append run.tool_called -s run/w --checked "${@:2}"; }
call 1 tool=Vault group=secrets.read tier=T3
err_has "tool/Vault may not secrets.read '' at T3: nobody granted it"
call 1 tool=Vault
err_has "names no group"
call 1 group=exec
err_has "names neither tool nor agent"
box 0 append permission.granted -s agent/claude group=exec tier=T2
call 0 tool=Bash agent=claude group=exec tier=T2
call 1 tool=Bash agent=claude group=exec tier=T3
err_has "granted only up to T2"
box 0 append run.started -s run/w pack=w # from here on the pack is judged, and nothing else
call 1 tool=Bash agent=claude group=exec tier=T2
err_has "pack/w may not exec"
call 0 tool=Write group=filesystem.write scope=outbox/a tier=T1
call 1 tool=Write group=filesystem.write 'scope=outbox/*' tier=T1
err_has "the path is a pattern"
call 1 tool=Write group=filesystem.write scope=outbox/../a tier=T1
err_has "'..'"
box 0 append permission.granted -s pack/w group=exec tier=T1
call 1 tool=Bash group=exec tier=T0 # the shipped policy says T2, whatever the call says
err_has "pack/w may not exec '' at T2: granted only up to T1"
call 1 tool=Bash group=exec
err_has "at T2: granted only up to T1"
box 0 append permission.revoked -s pack/w group=exec
start() { box "$1" append run.started -s run/w2 --checked --body "{\"pack\":\"w\",\"permissions\":[$2]}"; }
start 0 '{"group":"filesystem.write","scope":"outbox/a","tier":"T1"}'
start 1 '{"group":"filesystem.write","scope":"outbox/a","tier":"T1"},{"group":"exec","tier":"T1"}'
err_has "pack/w may not exec"

# A grant for a session that has already ended is reported: no use will ever be in it.
box 0 append run.started -s run/ended
box 0 append permission.granted -s pack/w group=gpu session=ended --checked --dry-run
err_empty
box 0 append run.finished -s run/ended
ended=$(jq -r .seq <<<"$out")
box 0 append permission.granted -s pack/w group=gpu session=ended --checked --dry-run
err_has "its session ended with event $ended: it permits nothing"
box 0 append permission.granted -s pack/w group=gpu lifetime=session --run ended --checked
err_has "its session ended with event $ended: it permits nothing"

# A refusal has no limits; its scope must be one that a use can have. From a source it is accepted as a refusal of the whole
# group, and an answer that allows such a scope has no effect.
for field in session=s1 lifetime=once expires=2220-01-01T00:00:00Z; do
    for kind in denied revoked; do
        box 3 append "permission.$kind" -s pack/l group=exec scope=a "$field"
        err_has "field '${field%%=*}' limits nothing here: what is $kind stays so until a newer grant"
    done
done
for decision in allow deny; do
    box 3 append permission.decided -s pack/l decision=$decision group=filesystem.read scope=/etc/
    err_has "field 'scope' is '/etc/': a path that ends in '/'; no use has that form"
done
box 0 append permission.granted -s pack/l group=filesystem.read scope=/etc/passwd tier=T3
decided() { echo "{\"kind\":\"permission.decided\",\"subject\":\"pack/l\",\"body\":{\"decision\":\"$1\",\"group\":\"filesystem.read\",\"scope\":\"/etc/\"}}"; }
decided allow >decided.jsonl
box 0 ingest jsonl decided.jsonl
box 0 append permission.used -s pack/l group=filesystem.read scope=/etc/passwd --checked --dry-run
box 1 append permission.used -s pack/l group=filesystem.read scope=/etc/shadow --checked --dry-run
decided deny >decided.jsonl
box 0 ingest jsonl decided.jsonl
box 1 append permission.used -s pack/l group=filesystem.read scope=/etc/passwd --checked --dry-run
[[ $(jq -r .checked.reason <<<"$out") == *': denied' ]] || fail 'a refusal that was not understood is passed over'
box 0 permit list --with who=pack/l --json
same "$(jq -c '[.states[] | [.scope, .state, .violation]]' <<<"$out")" \
    "[[\"\",\"denied\",\"denied '/etc/', which ends in '/': that is taken as everything\"],[\"/etc/\",\"expired\",null],[\"/etc/passwd\",\"overridden\",null]]"

# A tool's name contains its server: decisions about the server apply to the tool, and the answer says for whom.
srv() { box "$1" append "permission.$2" -s "$3" group=network.egress "${@:4}"; }
srv 0 granted tool/mcp__srv__fetch tier=T3
srv 0 denied server/srv
for server in '' server=srv server=other; do
    box 1 append run.tool_called -s run/q1 tool=mcp__srv__fetch group=network.egress scope=h --checked --dry-run ${server:+"$server"}
    [[ $(jq -r .checked.reason <<<"$out") == "tool/mcp__srv__fetch may not network.egress 'h' at T1: denied for server/srv; it is T1 by policy"* ]] ||
        fail 'the refusal does not say for whom'
done
srv 1 used tool/mcp__srv__fetch scope=h --checked
err_has "tool/mcp__srv__fetch may not network.egress 'h': denied for server/srv"
srv 0 used tool/mcp__srv__fetch scope=h # unchecked, it is a violation
box 0 permit list --json
same "$(jq -c '.states[] | select(.who == "server/srv") | [.unpermitted, .violation]' <<<"$out")" '[1,"used, but it was denied"]'
same "$(jq -c '.states[] | select(.who == "tool/mcp__srv__fetch") | .state' <<<"$out")" '"overridden"'
srv 0 used tool/mcp__other__fetch scope=h
srv 0 granted server/srv tier=T3
srv 0 used tool/mcp__srv__fetch scope=h --checked

# A denial does not affect what is granted after it.
box 0 append permission.denied -s pack/w group=exec tier=T2
box 0 append permission.granted -s pack/w group=exec
box 0 permit list --json
same "$(jq -r '.states[] | select(.group == "exec" and .who == "pack/w").tier' <<<"$out")" null

# A promotion: the steps in order, the gate, a full pass.
promote() { box "$1" append "promotion.$2" -s promotion/m --checked "${@:3}"; }
promote 1 verifying
err_has "plan it first: ledger promote plan m WHAT/NAME --digest DIGEST"
promote 0 planned what=model model=m "digest=$d1"
planned=$(jq -r .seq <<<"$out")
promote 1 promoted "digest=$d1"
err_has "promotion 'm' is planned: it has to be simulated and verified first; the gate has not answered; no full pass"
same "$(grep -o 'simulated and verified first' "$T/.err" | wc -l)" 1
err_has "(event $planned)"
promote 0 simulated verdict=pass
promote 0 verifying
promote 1 promoted "digest=$d1"
err_has "the gate has not answered"
err_has "promotion 'm' is verifying: the gate has not answered; no full pass for sha256:111111111111"
promote 1 gated decision=pass "digest=$d2"
err_has "the candidate is sha256:111111111111"
promote 1 gated decision=pass "digest=$d1"
err_has "nobody measured it"
box 0 append promotion.gated -s promotion/m --checked -g measured decision=pass "digest=$d1"
before=$(size)
promote 1 promoted "digest=$d1"
err_has "no full pass for sha256:111111111111: nothing was evaluated"
measured eval.started -s eval/e1 suite=s "suite_digest=$d2" model=m "digest=$d1"
measured eval.finished -s eval/e1 suite=s "suite_digest=$d2" model=m "digest=$d1" verdict=pass partial=true passed=3 \
    failed=0 errors=0 samples=10
promote 1 promoted "digest=$d1"
err_has "eval 'e1' does not count"
same "$(size)" "$((before + 2))"
measured eval.started -s eval/e2 suite=s "suite_digest=$d2" model=m "digest=$d1"
measured eval.scored -s eval/e2 task=t metric=acc value:=0.9 threshold:=0.8 higher_is_better:=true
measured eval.finished -s eval/e2 suite=s "suite_digest=$d2" model=m "digest=$d1" verdict=pass partial=false \
    cached=false dirty=false passed=1 failed=0 errors=0 samples=1
promote 1 promoted "digest=$d2"
err_has "it names sha256:222222222222"

# Several at the same time: one of them succeeds.
before=$(size)
for i in 1 2 3 4; do
    { "$LEDGER" -C "$BOX" append promotion.promoted -s promotion/m --checked "digest=$d1" >"race.$i" 2>"race.$i.err" && : >"won.$i"; } &
done
wait
same "$(find . -name 'won.*' | wc -l)" 1
same "$(cat race.*.err | grep -c 'nothing is left to do')" 3
same "$(size)" "$((before + 1))"

# The same key again is not a second step.
promote 0 rolled_back "digest_before=$d1" --key undo
promote 0 rolled_back "digest_before=$d1" --key undo
json .duplicate true
promote 1 rolled_back "digest_before=$d1"
err_has "and may not be rolled back: only what is promoted goes back"

# Deciding fields are open, whatever path they name: a scope below a home directory stays open.
holds() { box 0 append "permission.$1" -s pack/h group=filesystem.read "${@:2}"; }
reads() { box "$1" append permission.used -s pack/h --checked group=filesystem.read tier=T0 "${@:2}"; }
for home in /home/bob /root /Users/bob "$HOME"; do
    holds granted "scope=$home/**"
    reads 0 "scope=$home/x"
    reads 1 scope=/etc/shadow
    err_has "nobody granted it"
    holds denied "scope=$home/secret"
    reads 1 "scope=$home/secret"
    reads 0 "scope=$home/x"
done
box 0 permit list --json
same "$(jq '[.states[] | select(.who == "pack/h" and .scope == "")] | length' <<<"$out")" 0
begin() { box "$1" append run.started -s run/h --checked --body "{\"pack\":\"h\",\"permissions\":[{\"group\":\"$2\",\"scope\":\"$3\"}]}"; }
begin 0 filesystem.read /home/bob/a
begin 1 filesystem.read /home/eve/a
begin 1 exec /home/bob/a
err_has "pack/h may not exec '/home/bob/a'"
box 1 append run.tool_called -s run/h --checked tool=Bash group=exec scope=/home/bob/a
err_has "pack/h may not exec '/home/bob/a'"
box 0 append pack.installed -s pack/needs --body '{"permissions":[{"group":"exec","scope":"/home/bob/**","required":true}]}'
box 0 pack list --json
same "$(jq -r '.states[] | select(.pack == "needs").state' <<<"$out" | grep -c ready)" 0

# It is refused as a private field, and so are names that could only have been meant as a limit.
before=$(size)
for field in '"scope":"/srv"' '"expires":"2220-01-01T00:00:00Z"' '"lifetime":"once"' '"tier":"T0"' '"session":"s"'; do
    box 3 append permission.granted -s pack/q group=exec --private "{$field}"
    err_has "cannot be private: what is permitted is judged by it"
done
box 3 append permission.used -s pack/q --checked group=exec --private '{"scope":"/etc/shadow"}'
for field in tool server agent scope; do
    box 3 append run.tool_called -s run/q group=exec --private "{\"$field\":\"x\"}"
    err_has "field '$field' of 'run.tool_called' cannot be private"
done
box 3 append run.started -s run/q --private '{"pack":"w"}'
box 3 append run.started -s run/q --private '{"permissions":[{"group":"exec"}]}'
box 3 append pack.installed -s pack/q --private '{"permissions":[{"group":"exec"}]}'
for word in granted denied; do
    box 3 append "permission.$word" -s pack/q group=exec path=/bin/x
    err_has "'path' is not a field of 'permission.$word'; expected: group, scope, tier"
done
box 3 append permission.granted -s pack/q group=exec expires_at=1000
box 3 append permission.decided -s pack/q decision=allow group=exec until_when=1000
same "$(size)" "$before"
box 0 append permission.granted -s pack/forced group=exec path=/bin/x --force-private

# Two secrets are masked to the same text, so a scope may not contain any.
token=ghp_0123456789abcdefghijABCDEFGHIJ012345
before=$(size)
box 3 append permission.granted -s pack/q group=exec "scope=/srv/$token"
err_has "field 'scope' of 'permission.granted' holds a secret"
box 3 append permission.used -s pack/q --checked group=exec "scope=/srv/$token"
box 3 append run.tool_called -s run/q tool=x group=exec "scope=/srv/$token"
box 3 append run.started -s run/q --body "{\"pack\":\"q\",\"permissions\":[{\"group\":\"exec\",\"scope\":\"/srv/$token\"}]}"
err_has "field 'permissions' of 'run.started' holds a secret"
same "$(size)" "$before"

# A used key stands for the event that has it, and for no other.
box 0 append permission.granted -s pack/k group=exec scope=/ok tier=T1
once=(append permission.used -s pack/k --checked --key k1 group=exec)
box 0 "${once[@]}" scope=/ok tier=T1
before=$(size)
box 1 "${once[@]}" scope=/etc/shadow tier=T3
err_has "is another one (body): this one was not judged"
out_empty
box 1 "${once[@]}" scope=/etc/shadow tier=T3 --dry-run
box 0 "${once[@]}" scope=/ok tier=T1
json .duplicate true
same "$(size)" "$before"

# A use names its group; and a grant whose body was erased permits nothing.
box 0 append permission.granted -s pack/e group=exec
granted=$(jq -r .seq <<<"$out")
box 0 append permission.used -s pack/e --checked group=exec tier=T0
box 0 erase "$granted" --body --reason mistake
box 1 append permission.used -s pack/e --checked group=exec tier=T0
box 1 append permission.used -s pack/e --checked
err_has "the use names no group"
box 0 permit list --json
same "$(jq '[.states[] | select(.who == "pack/e" and .state == "granted")] | length' <<<"$out")" 0

# Kinds without a state are unaffected, and so is invalid input.
box 0 append x.test.note -s thing/1 --checked --open text text=hello
box 3 append permission.granted -s pack/p --checked group=none
err_has group
box 3 append no.such.kind -s a --checked
promote 1 promoted "digest=$d1" --json
same "$(jq -r .error.code <<<"$err")" ERR_CONFLICT
same "$(jq -r .error.exit <<<"$err")" 1
box 0 verify

finish
