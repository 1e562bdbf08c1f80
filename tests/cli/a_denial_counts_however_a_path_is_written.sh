#!/usr/bin/env bash
# pack run: what was denied by its absolute path is not given by its relative one, nor the other way round; a newer grant lifts that.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir -p inbox shared
echo shared >shared/a
echo given >inbox/given
here=$(realpath .)
make_pack <<'END'
steps:
  - id: step
    route: work
    inputs: [file]
    uses: ["filesystem.read:shared/**"]
    arguments: [list, /workspace/shared, read, "${file}"]
    when: input file given
END
install_worker
run() { box "$1" pack run worker --demo file=inbox/given; }
run 0
deny() {
    box 0 permit deny pack/worker filesystem.read "$1"
    seq=$("$LEDGER" -C "$BOX" query --kind permission.denied --format jsonl | jq .seq | tail -1)
    run 1
    out_has "here: '${1:0:60}" # long paths are cut
    out_has "event $seq"
    same "$("$LEDGER" -C "$BOX" query --kind run.tool_called --format jsonl | wc -l)" "$calls"
}
calls=1
deny "$here/shared/**"
out_has "may not filesystem.read 'shared/**', which is '$here/shared/**' here"
grant filesystem.read 'shared/**'
run 0
calls=2
deny "$here/shared/a" # a part of it
grant filesystem.read 'shared/**'
deny "$here/inbox/given"
box 1 pack run worker file=inbox/given
grant filesystem.read 'inbox/**'
run 0

# A grant of the absolute path, a denial of the relative one.
sed -i "s|shared/\*\*|$here/shared/**|g; s/^version: .*/version: 1.0.1/; s|/workspace/shared|$here/shared|" worker/pack.yaml
box 0 pack upgrade worker
grant filesystem.read "$here/shared/**"
run 0
calls=4
deny 'shared/*'
grant filesystem.read "$here/shared/**"
run 0
finish
