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
    box 0 append eval.started -s "eval/$1" suite=s digest="$1"
    box 0 append eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    box 0 append eval.finished -s "eval/$1" suite=s digest="$1" verdict=pass
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
ln -s v9 web/.ledger-tmp-link-live # of a process that was killed
box 0 promote plan w image/web --target web --from web/v2
same "$(live)" "$v1"
ready w
box 0 promote apply w
same "$(find web -mindepth 1 -maxdepth 1 | sort | xargs)" 'web/live web/v1 web/v2'
same "$(live)" "$v2"

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
finish
