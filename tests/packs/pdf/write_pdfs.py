"""Writes PDFs with cairo, and what is true of each: `NAME.pdf` and `NAME.json`, into a directory.

    write_pdfs.py DIR
"""
import datetime
import json
import os
import sys

import cairo

WIDTH, HEIGHT = 595, 842
PROSE = """The committee met on Monday to review the annual budget of the harbour. Members
agreed that the harbour budget needs new dredging equipment before winter. A report
on dredging costs was presented by the treasurer of the harbour. Lunch was served at
noon in the small hall. The committee will vote on the dredging budget in March."""

NOTICE = """The ferry to the islands leaves from the northern pier until further notice. Tickets
for the ferry are sold on the northern pier from six in the morning. Please wait in
the hall. Dogs travel free of charge on every ferry to the islands. The winter time-
table of the ferry begins on the first Sunday of November."""


def iban(country, rest):
    """With its check digits, by ISO 7064."""
    digits = "".join(str(int(c, 36)) for c in rest + country + "00")
    return "%s%02d%s" % (country, 98 - int(digits) % 97, rest)


def spaced(text):
    return " ".join(text[i:i + 4] for i in range(0, len(text), 4))


class Page:
    def __init__(self, path, **metadata):
        self.surface = cairo.PDFSurface(path, WIDTH, HEIGHT)
        names = {"title": cairo.PDF_METADATA_TITLE, "author": cairo.PDF_METADATA_AUTHOR,
                 "created": cairo.PDF_METADATA_CREATE_DATE}
        for name, value in metadata.items():
            self.surface.set_metadata(names[name], value)
        self.context = cairo.Context(self.surface)
        self.begin()

    def begin(self):
        self.y = 60
        self.context.select_font_face("DejaVu Sans")
        self.context.set_font_size(10)

    def text(self, x, text, down=0):
        self.context.move_to(x, self.y)
        self.context.show_text(text)
        self.y += down

    def row(self, *cells):
        for x, text in cells:
            self.text(x, text)
        self.y += 16

    def turn(self):
        self.surface.show_page()
        self.begin()

    def close(self):
        self.surface.finish()


INVOICES = {
    "english": dict(
        rows=[["INVOICE"], ["Invoice number: INV-2026-0042", "Invoice date: 12 March 2026"], [],
              ["Item", "Qty", "Price", "Amount"], ["Dredging plan", "1", "$1,000.00", "$1,000.00"],
              ["Survey of the basin", "2", "$117.28", "$234.56"], ["Subtotal", "", "", "$1,234.56"],
              ["VAT 20%", "", "", "$246.91"], ["Total due", "", "", "$1,481.47"], [],
              ["IBAN: " + spaced(iban("GB", "WEST12345698765432"))]],
        truth=dict(number="INV-2026-0042", date="2026-03-12", total="1481.47", currency="USD",
                   iban=iban("GB", "WEST12345698765432"))),
    "german": dict(
        rows=[["Rechnung"], ["Rechnungsnummer: 2026/117", "Rechnungsdatum: 03.11.2026"], [],
              ["Leistung", "Menge", "Preis", "Betrag"], ["Beratung", "8", "120,00 €", "960,00 €"],
              ["Zwischensumme", "", "", "10.960,00 €"], ["USt. 19 %", "", "", "2.082,40 €"],
              ["Gesamtbetrag", "", "", "13.042,40 €"], [], ["IBAN " + spaced(iban("DE", "370400440532013000")) + " BIC COBADEFFXXX"]],
        truth=dict(number="2026/117", date="2026-11-03", total="13042.40", currency="EUR",
                   iban=iban("DE", "370400440532013000"))),
    "french": dict(
        rows=[["Facture"], ["Numéro de facture : F-889"], ["Date de facture : 1 août 2026"], [],
              ["Total HT", "", "", "1 500,00 EUR"], ["TVA", "", "", "300,00 EUR"], ["Total TTC", "", "", "1 800,00 EUR"],
              ["IBAN " + spaced(iban("FR", "20041010050500013M02606"))]],
        truth=dict(number="F-889", date="2026-08-01", total="1800.00", currency="EUR",
                   iban=iban("FR", "20041010050500013M02606"))),
    "spanish": dict(
        rows=[["Factura"], ["Número de factura: 2026-0731"], ["Fecha de factura: 31 de julio de 2026"], [],
              ["Base imponible", "", "", "2.000,00 €"], ["IVA 21 %", "", "", "420,00 €"], ["Importe a pagar", "", "", "2.420,00 €"],
              ["IBAN " + spaced(iban("ES", "21000418450200051332"))]],
        truth=dict(number="2026-0731", date="2026-07-31", total="2420.00", currency="EUR",
                   iban=iban("ES", "21000418450200051332"))),
    # headings above their values, a day that may be a month, check digits that are wrong
    "doubtful": dict(
        rows=[["Invoice No.", "Invoice date", "Customer"], ["77-A", "03/04/2026", "Harbour Ltd"], [],
              ["Total", "", "", "CHF 90.00"], ["IBAN CH94 0076 2011 6238 5295 7"]],
        truth=dict(number="77-A", date=None, total="90.00", currency="CHF", iban=None)),
    # two numbers, two totals, a day that is none
    "several": dict(
        rows=[["Invoice number: A-1"], ["Invoice number: A-2"], ["Invoice date: 2026-02-30", "Date: 2026-02-20"], [],
              ["Total due", "", "", "$10.00"], ["Total due", "", "", "$12.00"]],
        truth=dict(number=None, date=None, total=None, currency=None, iban=None)),
    # nothing of an invoice
    "notice": dict(rows=[[line] for line in NOTICE.split("\n")], truth=dict(number=None, date=None, total=None, currency=None,
                                                                           iban=None)),
    "minutes": dict(rows=[[line] for line in PROSE.split("\n")], truth=dict(number=None, date=None, total=None, currency=None,
                                                                            iban=None)),
}


def write_invoice(directory, name, rows, truth):
    page = Page(os.path.join(directory, name + ".pdf"), title="Document " + name, author="Harbour Ltd",
                created="2026-03-12T09:00:00Z")
    for row in rows:
        page.row(*[((50, 210, 330, 450)[i] if len(row) > 2 else (50, 330)[i], cell) for i, cell in enumerate(row) if cell])
    page.turn()
    page.text(50, "The second page of " + name + ".")
    page.close()
    with open(os.path.join(directory, name + ".json"), "w", encoding="utf-8") as f:
        json.dump(dict(truth, title="Document " + name, author="Harbour Ltd", pages=2), f, ensure_ascii=False)


def write_picture(directory):
    """Two pages without text, as a scan is."""
    page = Page(os.path.join(directory, "scan.pdf"))
    for turn in (False, True):
        if turn:
            page.turn()
        page.context.rectangle(100, 100, 200, 300)
        page.context.fill()
    page.close()


def write_long(directory):
    page = Page(os.path.join(directory, "long.pdf"))
    for _ in range(50):
        page.turn()
    page.close()


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    for name, invoice in INVOICES.items():
        write_invoice(directory, name, invoice["rows"], invoice["truth"])
    write_picture(directory)
    write_long(directory)


if __name__ == "__main__":
    main()
