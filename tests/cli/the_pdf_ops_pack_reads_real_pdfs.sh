#!/usr/bin/env bash
# The programs of share/packs/pdf-ops-pack, on PDFs that cairo writes and whose truth is known.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

pack=$ROOT/share/packs/pdf-ops-pack
python=/usr/bin/python3 # Debian's, which has cairo
check "$python" "$ROOT/tests/packs/pdf/write_pdfs.py" pdfs

run 0 pack validate "$pack"
out_has 'warnings     0'

# What the steps of the manifest do, in their order.
steps() {
    pdfinfo -isodates "pdfs/$1.pdf" >info
    pdftotext -enc UTF-8 "pdfs/$1.pdf" text
    pdftotext -enc UTF-8 -layout "pdfs/$1.pdf" layout
    "$python" "$pack/bin/pages.py" "pdfs/$1.pdf" pages.tar
    "$python" "$pack/bin/invoice.py" layout fields
    "$python" "$pack/bin/summary.py" text summary
    "$python" "$pack/bin/report.py" info text fields summary report.json report.md
}

n=0
for truth in pdfs/*.json; do
    name=$(basename "$truth" .json)
    steps "$name"
    jq -c '{number: .invoice.number.value, date: .invoice.date.value, total: .invoice.total.value,
        currency: (.invoice.total.currency), iban: .invoice.iban.value, title: .properties.title, author: .properties.author,
        pages: .properties.pages}' report.json >got
    jq -c . "$truth" >wanted
    check cmp got wanted
    check test "$(tar tf pages.tar | wc -l)" -eq "$(jq .pages "$truth")"
    check test "$(jq '.pages | length' report.json)" -eq "$(jq .pages "$truth")"
    n=$((n + 1))
done
check test "$n" -eq 8

# What has no value has a reason, and is not guessed.
steps doubtful
check test "$(jq -r .invoice.date.reason report.json)" = 'the day and the month can be read either way'
check test "$(jq -r .invoice.iban.reason report.json)" = 'its check digits are wrong'

steps several
check test "$(jq -r .invoice.number.reason report.json)" = 'the text has several: A-1, A-2'
check test "$(jq -r .invoice.date.reason report.json)" = 'there is no such day'
check test "$(jq -r .invoice.total.reason report.json)" = 'the text has several: 10.00, 12.00'

# Of a long document the first pages are drawn, and the tar says so.
"$python" "$pack/bin/pages.py" pdfs/long.pdf pages.tar >said
check test "$(tar tf pages.tar | grep -c 'png$')" -eq 50
check test "$(tar xOf pages.tar there-are-more-pages.txt)" = "$(cat said)"

# The summary: three sentences of the text in its order, the same each time.
steps minutes
check test "$(wc -l <summary)" -eq 3
check grep -q 'annual budget of the harbour\.$' summary
check grep -qv Lunch summary
cp summary first
steps minutes
check cmp summary first

# A scan has no text, and the report says so.
steps scan
check test "$(jq '[.pages[].words] | add // 0' report.json)" -eq 0
check grep -q 'It may be a scan' report.md

# Nothing in a document becomes markup of the report.
printf 'Title: a|b <script> [x](y)\nPages: 1\n' >info
: >text
printf 'The *first* sentence has ~code~ and <b>more</b> than five words.\n' >summary
check "$python" "$pack/bin/report.py" info text fields summary report.json report.md
check grep -qF '# a\|b \<script\> \[x\](y)' report.md
check grep -qF '> The \*first\* sentence has ~code~ and \<b\>more\</b\> than five words.' report.md
