#!/usr/bin/env bash
# promote with a target: what is live is a version beside the link, which is exchanged, read back and confirmed; a crash
# in between shows, and the next command completes it; a link that somebody else moved is named and left alone.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
mkdir -p web/v1 web/v2/css
echo one >web/v1/index.html
echo two >web/v2/index.html
echo body >web/v2/css/site.css
ln -s v1 web/live
evaluate() { # DIGEST
    measured eval.started -s "eval/$1" suite=s digest="$1"
    measured eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" suite=s digest="$1" verdict=pass
}
ready() { # ID
    box 0 promote simulate "$1" --verdict pass
    box 0 promote verify "$1" --gates alone.yaml
}
live() { box 0 promote history image/web "$@" --json && jq -r '.live[-1].digest' <<<"$out"; }
unapplied() { box 0 promote status "$1" --json && jq -r '.promotions[0].unapplied // ""' <<<"$out"; }

# What cannot be planned.
box 3 promote plan w image/web --target web --from web/v3
err_has "'web/v3' does not exist"
box 3 promote plan w image/web --target web
err_has '--digest DIGEST or --from PATH is missing'
box 3 promote plan w image/web --target web --link a/b --from web/v2
err_has "--link 'a/b' is not a name"
box 3 promote plan w image/web --target web --from web/v2 --digest "sha256:$(printf 'a%.0s' {1..64})"
err_has ', not sha256:aaaa'
box 2 promote plan w image/web --from web/v2
err_has '--link and --from need --target DIR'

# The digests are measured; the paths are private.
box 0 promote plan w image/web --target web --from web/v2
box 0 log --kind promotion.planned --json
json .body.linked true
json '.body | has("target")' false
v2=$(jq -r .body.digest <<<"$out")
v1=$(jq -r .body.digest_before <<<"$out")
evaluate "$v2"
ready w

# A candidate that changed, a link that was moved: refused before anything is decided.
echo three >web/v2/index.html
box 1 promote apply w
err_has 'it was changed'
echo two >web/v2/index.html
ln -sfn v3 web/live
box 1 promote apply w
err_has "drift: the link '$PWD/web/live' leads to 'v3'"
err_has "somebody else moved it"
ln -sfn v1 web/live
box 0 promote status w --json
json '.promotions[0].state' verifying

# It is exchanged and read back.
box 0 promote apply w
same "$(readlink web/live)" v2
same "$(find web -mindepth 1 -maxdepth 1 | sort | xargs)" 'web/live web/v1 web/v2'
same "$(live)" "$v2"
box 0 log --kind promotion.applied --json
json .body.read_back "$v2"
json .body.digest_before "$v1"
applied=$(jq .seq <<<"$out")
box 1 promote history image/web --at "$((applied - 1))" # promoted, and not live yet
box 0 promote history image/web --at "$applied"

# Moved afterwards: named, and put right only by force.
ln -sfn elsewhere web/live
box 1 promote rollback w
err_has "leads to 'elsewhere'"
same "$(readlink web/live)" elsewhere
box 0 promote apply w --force
same "$(readlink web/live)" v2
box 0 log --kind promotion.applied --json
same "$(jq -s '.[-1].body.forced' <<<"$out")" true

# Back, the same way.
box 0 promote rollback w
same "$(readlink web/live)" v1
same "$(live)" "$v1"
same "$(live --at "$applied")" "$v2"

# A crash between the decision and the switch: the states say so, the doctor too, and the next command completes it.
box 0 promote plan w image/web --target web --from web/v2
ready w
box 0 append promotion.promoted -s promotion/w --checked digest="$v2"
same "$(unapplied w)" "$v2"
box 0 promote status
out_has 'promoted, not applied'
box 0 why promotion/w
out_has 'promoted, not applied: nobody confirmed that the link leads to sha256:'
same "$(live)" "$v1"
box 0 state clauses --json
json '.states[] | select(.clause == "promotions" and .pack == "").state' fail
box 0 promote apply w
same "$(readlink web/live)" v2
same "$(unapplied w)" ''
same "$(live)" "$v2"

# A crash after the switch: it is only read back.
box 0 append promotion.rolled_back -s promotion/w digest="$v1" digest_before="$v2"
ln -sfn v1 web/live
ln -s v2 web/.ledger-tmp-link-live # of a process that was killed: what it took away
box 0 promote plan w image/web --target web --from web/v2
same "$(live)" "$v1"
ready w
box 0 promote apply w
same "$(find web -mindepth 1 -maxdepth 1 | sort | xargs)" 'web/live web/v1 web/v2'
same "$(live)" "$v2"

# A rollback that was cut short is completed by the same command.
box 0 append promotion.rolled_back -s promotion/w digest="$v1" digest_before="$v2"
same "$(readlink web/live)" v2
box 0 promote rollback w
same "$(readlink web/live)" v1
same "$(unapplied w)" ''
box 0 promote plan w image/web --target web --from web/v2
ready w
box 0 promote apply w

# Killed after it took away a link that somebody else had moved: that is put back, and named.
box 0 promote rollback w
box 0 promote plan w image/web --target web --from web/v2
ready w
box 0 append promotion.promoted -s promotion/w --checked digest="$v2"
ln -sfn v2 web/live
ln -s v9 web/.ledger-tmp-link-live
box 1 promote apply w
err_has "leads to 'v9'"
same "$(readlink web/live)" v9
check test ! -L web/.ledger-tmp-link-live
box 0 promote apply w --force
same "$(readlink web/live)" v2

# What was applied can be ended only by going back; the first version has nothing before it.
box 0 promote plan n image/new --target web --link new --from web/v1
evaluate "$v1"
ready n
box 0 promote apply n
same "$(readlink web/new)" v1
box 1 promote rollback n
err_has 'there is no version to go back to'
echo x >web/file
box 3 promote plan f model/f --target web --link file --from web/v1
err_has 'is not a link'
rm web/file

# What cannot be switched is not decided, by force either: the name is too long, taken, or no link any more.
box 3 promote plan f image/f --target web --link "$(printf 'x%.0s' {1..255})" --from web/v1
err_has 'is too long'
mkdir web/.ledger-tmp-link-file
box 3 promote plan f image/f --target web --link file --from web/v1
err_has "'$PWD/web/.ledger-tmp-link-file' is in the way"
rmdir web/.ledger-tmp-link-file
box 0 promote plan f image/f --target web --link file --from web/v1
ready f
mkdir web/file
box 1 promote apply f --force
err_has 'is not a link'
rmdir web/file
mkdir web/.ledger-tmp-link-file
box 1 promote apply f --force
err_has 'is in the way'
rmdir web/.ledger-tmp-link-file
box 0 promote status f --json
json '.promotions[0].state' verifying

# Drift shows before anybody acts: in status, with what puts it right, and in the list; a version that was changed in place too.
same "$(readlink web/live)" v2
box 0 promote status w --json
json '.promotions[0].drift' null
ln -sfn elsewhere web/live
box 0 promote status w
out_has 'promoted, drift'
out_has "drift: the link '$PWD/web/live' leads to 'elsewhere', not to 'v2': somebody else moved it"
out_has ' promote apply w --force'
box 0 promote status
out_has 'promoted, drift'
ln -sfn v1 web/live
cp -R web/v2 web/v5
echo five >web/v5/index.html
box 0 promote plan moved image/web --target web --from web/v5
err_has "drift: the link leads to $v1, where $v2 is live since event"
box 0 promote abort moved
rm -r web/v5
ln -sfn elsewhere web/live
box 0 promote list
err_has "'w': drift: the link"
box 0 promote plan later image/web --digest "sha256:$(printf 'f%.0s' {1..64})"
box 0 promote status --at "$applied"
[[ $out != *drift* ]] || fail 'the past has no drift'
rm web/live
box 0 promote status w
out_has 'is gone; it has to lead to'
ln -s v2 web/live
echo more >web/v2/index.html
box 0 promote status w
out_has 'it was changed'
echo two >web/v2/index.html
box 0 promote status w --json
json '.promotions[0].drift' null
box 0 promote abort later

# A link that cannot be read is not drift: force does not overrule it.
mkdir apart outside
cp -R web/v2 outside/v3
echo three >outside/v3/index.html
box 0 promote plan x image/apart --target apart --from outside/v3
v3=$(jq -r .digest < <("$LEDGER" -C "$BOX" --json promote status x | jq '.promotions[0]'))
evaluate "$v3"
ready x
box 0 promote apply x
mv apart away
ln -s apart apart
box 4 promote apply x --force
err_has 'Too many levels of symbolic links'
[[ $err != *drift:* ]] || fail 'what cannot be read is taken for drift'
rm apart
mv away apart

# While LOCKDOWN is on nothing goes forward, and everything may go back.
run 0 key new alice.key --name test.example/alice
box 0 append policy.declared -s policy/guards policy=guards "controllers:=[\"$out\"]"
mkdir web/v4
echo four >web/v4/a
box 0 promote plan y image/web --target web --from web/v4
v4=$("$LEDGER" -C "$BOX" --json promote status y | jq -r '.promotions[0].digest')
evaluate "$v4"
ready y
box 0 append promotion.promoted -s promotion/y --checked digest="$v4"
box 0 tripcode issue LOCKDOWN --sign-as alice.key
lock=$(jq -r .tripcode <<<"$out")
box 1 promote apply y
err_has 'LOCKDOWN is on since event'
same "$(readlink web/live)" v2
box 0 promote rollback y
same "$(readlink web/live)" v2
box 0 promote rollback w
same "$(readlink web/live)" v1
same "$(live)" "$v1"
same "$(unapplied w)" ''
box 0 promote status w
out_has 'rolled back (regression)'
box 0 tripcode end "$lock" --sign-as alice.key

# What a process left that was killed after it switched the link is removed by the next command of that promotion.
ln -s v2 web/.ledger-tmp-link-live
box 1 promote simulate w --verdict pass
check test ! -L web/.ledger-tmp-link-live
finish
