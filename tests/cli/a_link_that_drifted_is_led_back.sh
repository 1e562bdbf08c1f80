#!/usr/bin/env bash
# What is live by the log is what the link leads to, after a rollback too: where it leads elsewhere, is gone, is no link any more, or its version was
# changed, whoever looks is told, and what is printed puts it right when it is typed as it stands.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
printf 'schema: ledger-gates/v0\nname: alone\ngates: {}\n' >alone.yaml
mkdir 'a web'
link=$PWD/'a web/live'
for i in 0 1 2 3; do echo "$i" >"a web/v$i"; done
ln -s v0 "$link"
promote() { # ID VERSION
    box 0 promote plan "$1" image/web --target 'a web' --from "a web/$2"
    local digest
    digest=sha256:$(sha256sum "a web/$2" | cut -c1-64)
    measured eval.started -s "eval/$1" suite=s digest="$digest"
    measured eval.scored -s "eval/$1" task=t metric=acc value:=1 threshold:=0.5 higher_is_better:=true
    measured eval.finished -s "eval/$1" suite=s digest="$digest" verdict=pass
    box 0 promote simulate "$1" --verdict pass
    box 0 promote verify "$1" --gates alone.yaml
}
ledger() { setsid -w "$LEDGER" "$@"; }
typed() { # COMMAND: as it stands
    (eval "$1") >"$T/.out" 2>"$T/.err" || fail "what is printed does not help: $1"
}
next() { "$LEDGER" -C "$BOX" --json promote status "$1" | jq -r '.promotions[0].next // ""'; }
drift() { "$LEDGER" -C "$BOX" --json promote status "$1" | jq -r '.promotions[0].drift // ""'; }
spoil() { # HOW
    case $1 in
    moved) ln -sfn v3 "$link" ;;
    gone) rm "$link" ;;
    taken)
        rm -rf "$link" "$link.away"
        mkdir "$link"
        ;;
    esac
}
# mends ID VERSION: each way to spoil the link shows in the status of this promotion and in the lists, and its remedy leads it back.
mends() {
    local how
    for how in moved gone taken; do
        spoil "$how"
        [[ $(drift "$1") == 'drift: '* ]] || fail "status $1 does not tell that the link is $how"
        typed "$(next "$1")"
        same "$(readlink "$link")" "$2"
        same "$(drift "$1")" ''
    done
}

promote m1 v1
# One that is under way answers for what its plan found.
mends m1 v0
spoil moved
box 1 promote apply m1
err_has "to switch it all the same: ledger -C $BOX promote apply m1 --force"
typed "${err##*: }"
same "$(readlink "$link")" v1
mends m1 v1

# What is promoted already says so, and names the drift first.
box 1 promote apply m1
err_has "'m1' is promoted already, and its link leads to it"
spoil moved
box 1 promote apply m1
err_has "leads to 'v3', not to 'v1': somebody else moved it"
typed "${err##*moved it: }"
same "$(readlink "$link")" v1
spoil taken
box 1 promote apply m1 --force
typed "${err##*is not a link: }"
same "$(readlink "$link")" v1

# A rollback is refused with what does it all the same, whatever has the link's name.
for how in moved gone taken; do
    promote m2 v2
    box 0 promote apply m2
    spoil "$how"
    box 1 promote rollback m2
    typed "${err##*to switch it all the same: }"
    same "$(readlink "$link")" v1
done

# After it both that promoted what is live again and that went back answer for the link.
mends m1 v1
mends m2 v1
spoil moved
box 0 promote list
err_has "'m1': drift: "
box 0 promote status
out_has 'promoted, drift'
box 1 promote apply m2
err_has "leads to 'v3', not to 'v1': somebody else moved it: ledger"
box 1 promote rollback m2
err_has "leads to 'v3', not to 'v1': somebody else moved it: ledger"
# Another link for the same has not drifted.
box 0 promote plan m3 image/web --target 'a web' --from 'a web/v2' --link other
err_has "'$PWD/a web/other' is another link than '$link'"
[[ $err != *drift* ]] || fail 'a link that never was is no drift'
box 0 promote abort m3
# Gates compare with what is live by the log (m1, v1), not with what the link leads to (v3); the plan says what leads it back.
printf 'schema: ledger-gates/v0\nname: rate\ngates: {pass_rate: {}}\n' >rate.yaml
box 0 promote plan m3 image/web --target 'a web' --from 'a web/v2'
err_has 'drift: the link leads to sha256:'
back=${err##*what leads it back: }
back=${back%%$'\n'*}
[[ $(box 0 promote list && echo "$err") != *'\n'* ]] || fail 'a line end is printed as one'
box 0 promote simulate m3 --verdict pass
box 1 promote verify m3 --gates rate.yaml
out_has "eval 'm1' has no samples"
box 0 promote abort m3
typed "$back"
same "$(readlink "$link")" v1
spoil moved
typed "$(next m2)"

# A version that was changed cannot be led back to: it is restored, or what was live before it is.
echo changed >>'a web/v1'
for id in m1 m2; do
    [[ $(drift $id) == *"it was changed; restore it as it was, or "* ]] || fail "status $id does not tell that the version was changed"
done
same "$(next m2)" ''
box 0 promote list
err_has "'m1': drift: '$PWD/a web/v1' is sha256:"
box 1 promote apply m1
err_has 'restore it as it was, or roll back: ledger'
box 1 promote apply m1 --force
err_has 'restore it as it was, or roll back: ledger'
spoil taken
typed "$(next m1)"
same "$(readlink "$link")" v0
same "$(drift m1)" ''
mends m1 v0

# Or another one is promoted in its place.
echo changed >>'a web/v0'
same "$(next m1)" ''
[[ $(drift m1) == *'or promote another version in its place' ]] || fail 'nothing is said of what helps'
promote m4 v2
box 0 promote apply m4
same "$(drift m1)$(drift m4)" ''
rm 'a web/v2'
[[ $(drift m4) == *'does not exist; restore it as it was, or roll back' ]] || fail 'a version that is gone is not named'
typed "$(next m4)"
same "$(readlink "$link")" v0
finish
