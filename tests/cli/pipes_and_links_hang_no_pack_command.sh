#!/usr/bin/env bash
# A named pipe or a link where the ledger's directory has files of packs and runs is passed over or refused; no command waits for it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
make_pack <<'END'
steps:
  - {id: step, route: work, arguments: [print, done]}
END
install_worker
box 0 pack run worker --demo

# Something in the place of a run's lock is of no run.
id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
mkfifo "$BOX/runs/$id.lock"
box 0 pack list
check test -z "$(grep "$id" "$T/.err")"
box 0 pack run worker --demo
check test -p "$BOX/runs/$id.lock"
rm "$BOX/runs/$id.lock"

# The file of publishers is a file.
mkfifo "$BOX/publishers"
sed -i 's/^version: .*/version: 1.0.1/' worker/pack.yaml
box 3 pack upgrade worker --dry-run
err_has "publishers' is not a regular file"
rm "$BOX/publishers"

# The directory of runs is one: nothing is written or removed where a link leads.
mkdir away
touch "away/$id.lock"
rm -r "$BOX/runs"
ln -s "$PWD/away" "$BOX/runs"
box 4 pack run worker --demo
err_has "runs' (expected a directory, not a link to one)"
check test -e "away/$id.lock"
same "$(ls away)" "$id.lock"
finish
