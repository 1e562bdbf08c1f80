#!/usr/bin/env bash
# An upgrade, a removal or a repair during a run takes nothing away from it: what it runs from stays until it ended.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh
# shellcheck source=tests/cli/lib_packs.sh
. "$ROOT/tests/cli/lib_packs.sh"

new_box
mkdir inbox shared outbox
make_pack <<'EOF'
steps:
  - {id: first, route: work, outputs: [made], arguments: [await, /workspace/shared/go, write, "${made}", x], uses: ["filesystem.read:shared/**"]}
  - {id: second, route: work, inputs: [made], outputs: [last], stdout: last, arguments: [list, /pack/bin]}
artifacts:
  - {name: last, required: true}
EOF
echo old >worker/bin/only-old
install_worker

started() { "$LEDGER" -C "$BOX" query --kind run.started --format jsonl | jq -r .run; }
begin() { # begin OUT: a run that waits in its first step; its id in $run, its copy in $copy
    local before
    before=$(started | wc -l)
    rm -f shared/go
    setsid "$LEDGER" -C "$BOX" pack run worker --demo --out "$1" >"$1.log" 2>&1 </dev/null &
    pid=$!
    until [[ $(started | wc -l) -gt $before ]]; do sleep 0.05; done
    run=$(started | tail -n 1)
    copy=$(find "$BOX/packs" -maxdepth 1 -name 'sha256-*' -type d)
    same "$(wc -l <<<"$copy")" 1
}
end() { # the first step goes on
    touch shared/go
    wait "$pid" || true
}

# An upgrade is in force at once; the run goes on with what it began with, and the next change takes that away.
begin upgraded
sed -i 's/^version: .*/version: 1.1.0/' worker/pack.yaml
rm worker/bin/only-old
box 0 pack upgrade worker
err_has "packs/${copy##*/} is in use by run $run: it stays, and the next installation, upgrade or removal removes it"
check test -e "$copy/bin/only-old"
box 0 pack list --pack worker --json
json '.states[0].version' 1.1.0
end
check grep -q only-old upgraded/last
box 0 pack install worker
err_has "removed what nothing names any more: packs/${copy##*/}"
check test ! -e "$copy"

# Files that were changed are not replaced under a run.
begin repaired
chmod 755 "$copy" "$copy/bin"
echo more >"$copy/bin/more"
box 1 pack install worker --json
err_has "the files are in use by run $run: they are replaced when that has ended"
check test -e "$copy/bin/more"
end
box 0 pack install worker
out_has 'restore worker 1.1.0'
check test ! -e "$copy/bin/more"

# A removal is in force at once too; typed again it takes the files away.
begin removed
box 0 pack remove worker
err_has "packs/${copy##*/} is in use by run $run"
check test -e "$copy/bin/worker.py"
box 1 pack run worker --demo
end
box 1 pack remove worker
err_has "pack 'worker' is not installed"
err_has "removed packs/${copy##*/}"
check test ! -e "$copy"

# A run that is killed holds nothing.
box 0 pack install worker
begin killed
kill -KILL "$pid"
wait "$pid" || true
until box 0 pack remove worker --json && [[ $err != *'is in use'* ]]; do
    box 0 pack install worker # its last step may take a moment to die
done
check test ! -e "$copy"
box 0 verify --json

finish
