"""One report of what is known of a PDF, for programs (JSON) and for people (Markdown).

    report.py INFO TEXT FIELDS SUMMARY REPORT_JSON REPORT_MARKDOWN

INFO is what `pdfinfo -isodates` prints, TEXT what pdftotext does, FIELDS the JSON of invoice.py, SUMMARY a text.
"""
import json
import re
import sys

PROPERTIES = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords", "Creator": "creator",
              "Producer": "producer", "CreationDate": "created", "ModDate": "modified", "Page size": "page_size",
              "PDF version": "pdf_version", "Encrypted": "encrypted", "Tagged": "tagged"}
FIELDS = (("number", "Number"), ("date", "Date"), ("total", "Total"), ("iban", "IBAN"))


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def properties_of(info):
    properties = {}
    for line in info.splitlines():
        name, mark, value = line.partition(":")
        value = value.strip()
        if mark and value and name in PROPERTIES:
            properties[PROPERTIES[name]] = value
        elif mark and name == "Pages":
            properties["pages"] = int(value)
    return properties


def pages_of(text):
    """Words and characters of each page; pdftotext ends a page with a form feed."""
    pages = text.split("\f")
    if pages and not pages[-1].strip():
        pages.pop()
    return [{"words": len(page.split()), "characters": len(re.sub(r"\s", "", page))} for page in pages]


def shown(text):
    """Text of a document as Markdown shows it: nothing in it is markup."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    return re.sub(r"([\\`*_{}\[\]<>#+!|~-])", r"\\\1", text)


def field_row(name, field):
    if field["value"] is None:
        return "| %s | | %s |" % (name, shown(field["reason"]))
    value = field["value"] + (" " + field["currency"] if field.get("currency") else "")
    return "| %s | %s | line %d: %s |" % (name, shown(value), field["line"], shown(field["text"]))


def markdown_of(report):
    properties = report["properties"]
    lines = ["# " + shown(properties.get("title", "A document without a title")), ""]
    lines += ["| | |", "|---|---|"]
    lines += ["| %s | %s |" % (name.replace("_", " "), shown(str(properties[name]))) for name in sorted(properties)]
    words = sum(page["words"] for page in report["pages"])
    lines += ["| words | %d |" % words, "", "## Summary", ""]
    lines += ["> " + shown(line) for line in report["summary"]] or ["The text has no sentences."]
    if words == 0:
        lines += ["", "No page has text. It may be a scan: its pages are pictures."]
    lines += ["", "## Invoice", "", "| field | value | where |", "|---|---|---|"]
    lines += [field_row(title, report["invoice"][name]) for name, title in FIELDS]
    return "\n".join(lines) + "\n"


def main():
    info, text, fields, summary, report_json, report_markdown = sys.argv[1:7]
    report = {"schema": "pdf-ops-report/v0",
              "properties": properties_of(read(info)),
              "pages": pages_of(read(text)),
              "invoice": json.loads(read(fields)),
              "summary": [line.strip() for line in read(summary).splitlines() if line.strip()]}
    with open(report_json, "w", encoding="utf-8") as f:
        json.dump(report, f, ensure_ascii=False, indent=1, sort_keys=True)
        f.write("\n")
    with open(report_markdown, "w", encoding="utf-8") as f:
        f.write(markdown_of(report))


if __name__ == "__main__":
    main()
