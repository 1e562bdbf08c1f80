#!/usr/bin/env bash
# verify --report: a page about a bundle, in Markdown or HTML, with the verdict, the question, the answer and what is not
# disclosed; whatever a stranger wrote remains text in it.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

page() { # FILE: the page as $out
    out=$(cat "$1")
}

# shellcheck disable=SC2016 # it is text
evil='<script>alert(1)</script></pre><img src=x onerror=y> `` ``` [a](javascript:b) | **c**'
new_box
box 0 key export
vkey=$out
box 0 append x.test.note -s "thing/<b>\`q\`|&amp;" -a service:good --open text "text=$evil" --json
first=$(jq -r .seq <"$T/.out")
box 0 append permission.granted -s pack/p -a service:good group=exec tier=T1 expires=2027-01-02T03:04:05Z note="$evil"
box 0 append x.test.note -s thing/2 -a user:mallory --open text text=hidden --json
hidden=$(jq -r .seq <"$T/.out")
box 0 append x.test.note -s thing/3 -a service:good --open text text=last
box 0 export -o b.tar.zst -a service:good --private note

for form in md html; do
    run 0 verify b.tar.zst --key "$vkey" --report page.$form
    out_has 'valid and anchored'
    page page.$form
    out_has 'valid and anchored'
    out_has 'complete for this question and for no other'
    out_has test.example/box
    out_has "$(sha256sum <b.tar.zst | cut -d' ' -f1)"
    out_has 'actor is service:good'
    out_has '2 x.test.note'
    out_has "1 x.test.note (seq $hidden): another actor"
    out_has '2027-01-02T03:04:05'
    out_has 'How it was verified'
    out_has 'private fields'
    out_lacks 'text": "hidden'
    same "$(stat -c %a page.$form)" 600
    run 3 verify b.tar.zst --report page.$form
    err_has exists
done

# Nothing that a stranger wrote is markup.
page page.html
out_lacks '<script'
out_lacks '<img'
out_lacks '<b>'
out_has '&lt;script&gt;'
out_has "default-src 'none'"
same "$(grep -c '<pre>' page.html)" "$(grep -c '</pre>' page.html)"
check python3 - page.html <<'PY'
import html.parser, sys
class P(html.parser.HTMLParser):
    seen, open = set(), []
    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        assert not any(k.startswith("on") or k in ("src", "href") for k, v in attrs), attrs
        if tag != "meta":
            self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
p = P()
p.feed(open(sys.argv[1]).read())
assert not p.open, p.open
assert p.seen <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "table", "tr", "th", "td", "pre"}, p.seen
PY
# In Markdown it is in a code block, or between more backticks than it contains.
check python3 - page.md <<'PY'
import re, sys
for line in open(sys.argv[1]):
    if line.startswith("    "):
        continue
    rest = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", line.rstrip("\n"))
    assert not re.search(r"[<>|\[\]]", rest), line
PY

# Invalid combinations; an invalid bundle has its page too, without events.
run 2 -C "$BOX" verify --report page.md
run 3 verify b.tar.zst --report page.txt
err_has '.md or .html'
check test ! -e page.txt
run 3 verify - --report pipe.md < <(cat b.tar.zst)
cp b.tar.zst bad.tar.zst
size=$(stat -c %s bad.tar.zst)
head -c $((size / 2)) b.tar.zst >bad.tar.zst
run 30 verify bad.tar.zst --report bad.md
page bad.md
out_has 'INVALID'
out_has '## Faults'
out_lacks "### $first"
out_lacks 'The question'
run 10 verify b.tar.zst --no-trust-file --report none.html
page none.html
out_has 'NOT ANCHORED'

# With --print and --json beside it.
run 0 verify b.tar.zst --print --json --report both.md
same "$(tail -n 1 "$T/.out" | jq -r .verdict)" good
check test -s both.md

finish
