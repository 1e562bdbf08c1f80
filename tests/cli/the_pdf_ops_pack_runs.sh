#!/usr/bin/env bash
# The whole way of share/packs/pdf-ops-pack: install, grant, check, run on a PDF, export, verify; by root and by an ordinary user.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

# The scenario itself, as whoever runs it.
cat >way.sh <<'EOF'
set -eu
ledger() { "$LEDGER" -C box "$@"; }
ledger init --origin test.example/box >/dev/null
cat >grants.yaml <<'G'
grants:
  - {group: filesystem.read, decision: grant}
  - {group: exec, decision: grant}
  - {group: model.invoke, decision: deny}
G
ledger pack install pack --grant-file grants.yaml >plan
! ledger pack run pdf-ops-pack document=inbox/german.pdf 2>refused
grep -q 'has not run' refused
ledger pack check pdf-ops-pack >checks
grep -q 'poppler-utils *pass' checks
ledger pack run pdf-ops-pack document=inbox/german.pdf --demo --out made --json >answer
jq -r .run answer >run
test "$(jq -r .outcome answer)" = partial
test "$(ls made | tr '\n' ' ')" = 'layout pages report report-markdown text '
test "$(jq -r .invoice.iban.value made/report)" = DE89370400440532013000
ledger query --run "$(cat run)" --kind run.step --format jsonl | jq -r '.body | select(.status == "ok") | .step' | tr '\n' ' ' >steps
test "$(cat steps)" = 'info text layout pages invoice summary report '
ledger query --run "$(cat run)" --kind route.fell_back --format jsonl | jq -e '.body.chosen == "pdf-sentences"' >/dev/null
ledger timeline "$(cat run)" >tree
grep -q 'run.tool_called pdfinfo -> ok' tree
ledger export -o run.tar.zst --run "$(cat run)" >/dev/null
ledger verify >/dev/null
EOF

way() { # DIR COMMAND...: in a directory of its own.
    local dir=$1
    shift
    mkdir -p "$dir/inbox" "$dir/home"
    cp -r "$ROOT/share/packs/pdf-ops-pack" "$dir/pack"
    cp "$T/pdfs/german.pdf" "$dir/inbox"
    cp "$LEDGER" "$dir/ledger"
    [[ $# == 0 ]] || chown -R 65534:65534 "$dir"
    (cd "$dir" && HOME=$dir/home XDG_CONFIG_HOME=$dir/home XDG_STATE_HOME=$dir/home LEDGER=$dir/ledger "$@" bash -x "$T/way.sh") \
        >"$dir.log" 2>&1 || {
        fail "$dir"
        tail -20 "$dir.log" >&2
    }
}

check /usr/bin/python3 "$ROOT/tests/packs/pdf/write_pdfs.py" pdfs
way "$T/own"
if [[ $(id -u) == 0 ]]; then
    chmod 755 "$T" "$T/way.sh"
    way "$T/other" setpriv --reuid 65534 --regid 65534 --clear-groups
fi
finish
