#!/usr/bin/env bash
# What the doctor prints is German where LANGUAGE says so, with no other locale than C.UTF-8: the verdict, the sentences of
# clauses with their arguments and numbers, quoted reasons, times, --list, diff and why. JSON stays English, byte for byte.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

german() { LANGUAGE=de box "$@"; }
event() { box 0 append -q "$@"; }
import() { event ledger.imported -s import/dpkg source=dpkg rejected="$1" accepted=1; }
export NO_COLOR=1 LC_ALL=C.UTF-8
unset LANGUAGE LANG

box 0 init
event runtime.unreachable -s runtime/ollama runtime=ollama endpoint=http://127.0.0.1:11434 error='connection refused'
event pack.installed -s pack/s --body '{"version":"1","checks":["tests"],"permissions":[{"group":"gpu"}]}'

# The verdict, a sentence with its arguments, the labels, a reason that another judge put together.
german 1 doctor --no-probe
out_has 'Fehler    dieser Rechner: 1 Fehler, 1 Warnung, '
out_has 'runtimes: ollama auf http://127.0.0.1:11434 antwortet nicht: connection refused'
out_has '  Beginn  vor '
out_has 's, durch Ereignis 1'
out_has '  zuerst  starten'
out_has "  Abhilfe ledger -C $BOX ingest ollama http://127.0.0.1:11434"
out_has "packs: s ist blockiert: Berechtigung gpu: nicht erteilt; Prüfung 'tests' wurde nicht ausgeführt"
out_has 'bestanden checks, '
out_lacks ' does not '
out_lacks 'this box'
german 1 doctor --no-probe --pack s
out_has 'Pack s: 2 Fehler, 1 unbekannt'
out_has 'permissions: Berechtigung gpu: nicht erteilt'
german 0 doctor --no-probe --pack s --only models
out_has 'models'
german 0 doctor --list
out_has 'KLAUSEL'
out_has 'Antworten die Runtimes?'
out_has 'SONDE'
out_has 'nie '
german 0 doctor diff 0
out_has 'NACHHER'
out_has 'antwortet nicht'
german 0 doctor why runtimes
out_has 'Fehler    runtimes: ollama auf '
out_has '  Frage   Antworten die Runtimes?'
out_has 'KURZ DAVOR'
out_has 'erschienen: unreachable'
german 0 why clause/runtimes
out_has 'clause/runtimes: fail: ollama at '
out_has 'appeared: unreachable'

# One and several.
import 1
german 1 doctor --no-probe
out_has '1 Fehler, 2 Warnungen,'
out_has 'imports: der neueste von dpkg hat 1 Datensatz abgelehnt'
import 2
german 1 doctor --no-probe
out_has 'imports: der neueste von dpkg hat 2 Datensätze abgelehnt'

# For programs: ids, arguments and English words. Whole answers are the same in both languages.
german 1 doctor --no-probe --json
[[ $(jq -c '.clauses[] | select(.clause == "imports").messages' <<<"$out") == \
    '[{"args":{"n":2,"source":"dpkg"},"id":"import.refused","words":"the newest of dpkg refused 2 records"}]' ]] ||
    fail "the message is not in English with its id and arguments"
[[ $(jq -r '.clauses[] | select(.clause == "runtimes") | .reason, .first, .question' <<<"$out") == \
    "ollama at http://127.0.0.1:11434 does not answer: connection refused
start it
do the runtimes answer?" ]] || fail "reason, first and question are not in English"
for form in '--json' '--format junit' '--format prometheus' '--list --json' 'why runtimes --json'; do
    code=1
    [[ $form != *list* && $form != why* ]] || code=0
    # shellcheck disable=SC2086 # words
    box "$code" doctor $form --at 4
    cp .out english
    # shellcheck disable=SC2086
    german "$code" doctor $form --at 4
    cmp -s english .out || fail "doctor $form differs by language"
done

# English: in the C locale, without LANGUAGE, in an unknown language, without a catalogue.
box 1 doctor --no-probe
out_has 'this box: 1 fail, 2 warn,'
LC_ALL=C german 1 doctor --no-probe
out_has 'this box: 1 fail, 2 warn,'
LANGUAGE=xx box 1 doctor --no-probe
out_has 'this box: 1 fail, 2 warn,'
LEDGER_LOCALE_DIR=$T german 1 doctor --no-probe
out_has 'this box: 1 fail, 2 warn,'

# The installed program finds the installed catalogue.
mkdir -p usr/bin usr/share
cp "$LEDGER" usr/bin/
cp -r "${LEDGER%/*}/locale" usr/share/
LANGUAGE=de "$T/usr/bin/ledger" -C "$BOX" doctor --no-probe >.out || true
grep -q 'dieser Rechner' .out || fail "a program in PREFIX/bin does not find PREFIX/share/locale"

finish
