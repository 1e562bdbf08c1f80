#!/usr/bin/env bash
# A directory that was granted holds the ledger, its keys and the key of an endpoint: a step sees the rest of it. By root and by
# an ordinary user, who owns all of it.
# shellcheck disable=SC2016 # ${NAME} is for the pack
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

make_pack <<'EOF'
steps:
  - id: look
    route: work
    outputs: [said]
    stdout: said
    arguments: [list, /workspace/shared/deep, list, /workspace/shared/deep/box, read, /workspace/shared/deep/box/keys/log.key,
      write, /workspace/shared/deep/box/x, x, list, /workspace/shared/keys, read, /workspace/shared/key,
      write, /workspace/shared/key, x, read, /workspace/shared/deep/other, write, /workspace/shared/made, x]
    uses: ["filesystem.read:shared/**"]
EOF
cat >grants.yaml <<'EOF'
grants:
  - {group: filesystem.read, decision: grant}
  - {group: filesystem.write, decision: grant}
  - {group: exec, decision: grant}
EOF

# The scenario itself, as whoever runs it.
cat >way.sh <<'EOF'
set -eu
ledger() { "$LEDGER" -C shared/deep/box "$@"; }
ledger init --origin test.example/box >/dev/null
mv shared/deep/box/keys shared/keys
printf 'keys = %s\nmodel_key = %s\n' "$PWD/shared/keys" "$PWD/shared/key" >shared/deep/box/config
ledger pack install worker --grant-file grants.yaml >plan
ledger pack run worker --demo --out made >answer
sed 's/ *$//' made/said | diff -u - /dev/fd/3 3<<'E'
list /workspace/shared/deep box other
list /workspace/shared/deep/box
read /workspace/shared/deep/box/keys/log.key FileNotFoundError
write /workspace/shared/deep/box/x OSError
list /workspace/shared/keys
read /workspace/shared/key PermissionError
write /workspace/shared/key PermissionError
read /workspace/shared/deep/other here
write /workspace/shared/made OSError
E
test "$(cat shared/key)" = secret
ledger verify >/dev/null

# Who may write above it could move it: such a directory is not given at all.
mkdir -p outbox/deep
sed -i 's/filesystem.read:shared/filesystem.write:outbox/' worker/pack.yaml
"$LEDGER" -C outbox/deep/box init --origin test.example/other >/dev/null
"$LEDGER" -C outbox/deep/box pack install worker --grant-file grants.yaml >plan
! "$LEDGER" -C outbox/deep/box pack run worker --demo --out no >refused 2>&1
grep -q "'/workspace/outbox' holds the ledger's directory" refused
test "$("$LEDGER" -C outbox/deep/box query --kind run.tool_called --format jsonl | wc -l)" = 0
rm -rf outbox && mkdir outbox
export XDG_CONFIG_HOME=$PWD/outbox # the trust file is in outbox/ledger
"$LEDGER" -C third init --origin test.example/third >/dev/null
"$LEDGER" -C third pack install worker --grant-file grants.yaml >plan
! "$LEDGER" -C third pack run worker --demo --out no >refused 2>&1
grep -q "'/workspace/outbox' holds .* the trust file" refused
export XDG_CONFIG_HOME=$HOME

# What is the ledger's own, or is in it, is refused as a whole.
at=$PWD
for dir in shared/deep/box shared/keys; do
    mkdir -p "$at/$dir/shared" "$at/$dir/inbox"
    echo x >"$at/$dir/inbox/a"
    cd "$at/$dir"
    ! "$LEDGER" -C "$at/shared/deep/box" pack run worker --demo --out "$at/no" >"$at/refused" 2>&1
    grep -q "/$dir/shared' is in the .*ledger's .*which no step is given" "$at/refused"
    ! "$LEDGER" -C "$at/shared/deep/box" pack run worker file=inbox/a --demo --out "$at/no" >"$at/refused" 2>&1
    grep -q "/$dir/inbox/a' is in the .*ledger's .*which no step is given" "$at/refused"
done
EOF

way() { # DIR COMMAND...: in a directory of its own.
    local dir=$1
    shift
    mkdir -p "$dir/home" "$dir/inbox" "$dir/shared/deep"
    chmod 777 "$dir/shared"
    cp -r worker grants.yaml "$dir"
    echo here >"$dir/shared/deep/other"
    (umask 077 && echo secret >"$dir/shared/key")
    cp "$LEDGER" "$dir/ledger"
    [[ $# == 0 ]] || chown -R 65534:65534 "$dir"
    (cd "$dir" && HOME=$dir/home XDG_CONFIG_HOME=$dir/home XDG_STATE_HOME=$dir/home LEDGER=$dir/ledger "$@" bash -x "$T/way.sh") \
        >"$dir.log" 2>&1 || {
        fail "$dir"
        tail -20 "$dir.log" >&2
    }
}

way "$T/own"
if [[ $(id -u) == 0 ]]; then
    chmod 755 "$T" "$T/way.sh"
    way "$T/other" setpriv --reuid 65534 --regid 65534 --clear-groups
fi
finish
