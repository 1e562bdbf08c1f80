#!/usr/bin/env bash
# Each text that the doctor shows is in the German catalogue with the same placeholders, and what is not so is found: by
# `tools/words check`, which lint runs, and a wrong placeholder by the build too.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

words() {
    local got=0
    python3 -B "$ROOT/tools/words" "$@" >"$T/.out" 2>"$T/.err" || got=$?
    out=$(<"$T/.out")
    return "$got"
}

# refused TEXT EDIT: after this sed script, a finding of `check` has the text.
refused() {
    cp good.po po/de.po
    sed -i "$2" po/de.po
    ! words check || fail "accepted: $2"
    out_has "$1"
}

mkdir projections
cp -r "$ROOT/po" "$ROOT/cli" .
cp -r "$ROOT/projections/verdict" "$ROOT/projections/ready" projections/
[[ ! -d $ROOT/doctor ]] || cp -r "$ROOT/doctor" .
cp po/de.po good.po

words check || fail "the catalogues are not complete; 'make po-update' adds what is new"
out_empty
words compile po/de.po built/ledger.mo || fail "it does not compile"
msgunfmt built/ledger.mo | grep -q "antwortet nicht" || fail "the compiled catalogue has no German text"

# Each row of the table, one by one: a German text with the same names.
python3 - <<'END' >"$T/.out" 2>"$T/.err" || fail "a message is not translated"
import re, subprocess
table = open("projections/verdict/messages.def", encoding="utf-8").read()
rows = re.findall(r'^MESSAGE(?:_N)?\(\w+, "[^"]*",(?: "\w+",)?\s*((?:"[^"]*",?\s*)+)\)', table, re.M)
assert len(rows) == len(re.findall(r"^MESSAGE(?:_N)?\(\w+, ", table, re.M)) > 100, len(rows)
po = subprocess.run(["msgunfmt", "--no-wrap", "built/ledger.mo"], capture_output=True, text=True, check=True).stdout
names = lambda text: set(re.findall(r"{(\w+)}", text))
for row in rows:
    texts = re.findall(r'"([^"]*)"', row)
    entry = next(e for e in po.split("\n\n") if e.startswith('msgid "%s"\n' % texts[0]))
    translations = re.findall(r'^msgstr(?:\[\d\])? "(.+)"$', entry, re.M)
    assert len(translations) == len(texts) and all(names(t) == names(texts[0]) for t in translations), (texts, translations)
END

refused "is not translated" 's/^msgstr ".* antwortet nicht"$/msgstr ""/'
refused "is not translated" 's/^msgstr\[1\] ".* antworten"$/msgstr[1] ""/'
refused "is fuzzy" '0,/^msgid "it verified"/s/^msgid "it verified"/#, fuzzy\n&/'
refused "lacks 'it verified'" 's/^msgid "it verified"/msgid "it verifies now"/'
refused "no source has 'it verifies now'" 's/^msgid "it verified"/msgid "it verifies now"/'
refused "lacks {endpoint}" 's/^\(msgstr ".*\){endpoint}\( antwortet nicht"\)$/\1dort\2/'
! words compile po/de.po built/bad.mo || fail "a catalogue that lacks a placeholder was built"
[[ ! -e built/bad.mo ]] || fail "it left a file"
refused "has {error}, which the text has not" 's/^\(msgstr "{runtime} antwortet nicht\)"$/\1: {error}"/'
! words compile po/de.po built/bad.mo || fail "a catalogue that invents a placeholder was built"
refused "has a brace without its other one" 's/^\(msgstr "{runtime} antwortet nicht\)"$/\1 {"/'

# A new text in the sources: it has to be translated.
cp good.po po/de.po
sed -i 's/^MESSAGE(CHAIN_OK, .*/&\nMESSAGE(CHAIN_NEW, "chain.new", "it is {adjective}")/' projections/verdict/messages.def
! words check || fail "a text that no catalogue has was accepted"
out_has "po/ledger.pot:1: the sources have other texts"
out_has "po/de.po:1: lacks 'it is {adjective}'"
words update || fail "update failed"
! words check || fail "a text without a translation was accepted"
out_has "'it is {adjective}' is not translated"
sed -i '/^msgid "it is {adjective}"/{n;s/.*/msgstr "{adjective}"/}' po/de.po
words check || fail "after its translation it is complete"

finish
