"""What an invoice says: its number, date, total and bank account.

    invoice.py LAYOUT FIELDS

LAYOUT is the text of a PDF as pdftotext -layout prints it, FIELDS the JSON that is written. A field is what the text says
beside one of the words that name it, as it is found (`text`), and its value in one form: dates by ISO 8601, amounts with
a point and two digits, an IBAN without spaces. A field that is not there, or that can be read in two ways, has no value and
a reason; nothing is guessed.
"""
import json
import re
import sys

NUMBER = (r"invoice\s*(?:number|no\.?|nr\.?|#|id)|rechnungs?\s*-?\s*(?:nummer|nr\.?)|num[eé]ro\s+de\s+facture|"
          r"facture\s*(?:n[o°º]\.?)|n[uú]mero\s+de\s+factura|factura\s*(?:n[o°º]\.?)|numero\s+fattura|fattura\s*(?:n\.?)")
# The first of these that the text has, so that a day of delivery is not taken for the invoice's.
DATES = (r"(?:invoice|issue|billing)\s*date|date\s+of\s+(?:invoice|issue)|rechnungs\s*-?\s*datum|date\s+de\s+(?:la\s+)?facture|"
         r"date\s+d['’]émission|fecha\s+de\s+(?:la\s+)?factura|fecha\s+de\s+emisión|data\s+(?:della\s+)?fattura",
         r"date|datum|fecha|data")
# The first of these that the text has, so that a subtotal is not taken for the total.
TOTALS = (r"amount\s+due|balance\s+due|total\s+due|total\s+amount\s+due|zahlbetrag|zu\s+zahlen|montant\s+dû|net\s+à\s+payer|importe\s+a\s+pagar|totale\s+da\s+pagare",
          r"grand\s+total|invoice\s+total|total\s+amount|gesamtbetrag|rechnungsbetrag|endbetrag|gesamtsumme|total\s+(?:ttc|incl\.?[^0-9\n]{0,24})|total\s+factura|totale\s+fattura",
          r"(?<!sub)(?<!sub-)(?<!sub )total|gesamt|summe|totale|importe\s+total")
NOT_A_TOTAL = re.compile(r"sub-?\s?total|zwischensumme|sous-total|total\s+(?:ht|excl|net|tax|vat|hours|items|qty)|"
                         r"netto|total\s+before|page\s+total", re.I)
CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "chf": "CHF", "eur": "EUR", "usd": "USD", "gbp": "GBP",
              "jpy": "JPY", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "czk": "CZK", "cad": "CAD", "aud": "AUD"}
CURRENCY = "|".join(sorted((re.escape(c) for c in CURRENCIES), key=len, reverse=True))
AMOUNT = re.compile(r"(?P<before>%s)?\s?(?P<sign>-)?(?P<digits>\d[\d.,'’ \u00a0\u202f]*\d|\d)\s?(?P<after>%s)?(?![\w%%])"
                    % (CURRENCY, CURRENCY), re.I)
GAP = r"['’ \u00a0\u202f]"  # between groups of three digits
MONTHS = ("january janvier januar enero gennaio", "february février februar febrero febbraio", "march mars märz marzo",
          "april avril abril aprile", "may mai mayo maggio", "june juin juni junio giugno", "july juillet juli julio luglio",
          "august août agosto", "september septembre septiembre settembre", "october octobre oktober octubre ottobre",
          "november novembre noviembre", "december décembre dezember diciembre dicembre")
# Letters and digits of an IBAN by country (ISO 13616, the registry's lengths).
IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SV": 28, "TL": 23, "TN": 24,
    "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20}


def absent(reason, text=None):
    return {"value": None, "text": text, "reason": reason}


def beside(words, lines):
    """What follows the words on their line, or is below them where no digit follows, as in a table; with its line's number."""
    label = re.compile(r"(?<!\w)(?:%s)(?!\w)\s*[:.#]?" % words, re.I)
    for i, line in enumerate(lines):
        for hit in label.finditer(line):
            rest = line[hit.end():].strip()
            if rest:
                yield rest, hit.group(), i + 1
            if re.search(r"\d", rest):
                continue
            below = next((l for l in lines[i + 1:i + 3] if l.strip()), "")
            for cell in re.finditer(r"\S+(?: \S+)*", below):
                if cell.start() < hit.end() and cell.end() > hit.start():
                    yield cell.group(), hit.group(), i + 2


def only(found, seen):
    """The field if all that was found has one value; `seen` if nothing was found."""
    values = list(dict.fromkeys(field["value"] for field in found))
    if len(values) > 1:
        shown = ", ".join(values[:3]) + (", ..." if len(values) > 3 else "")
        return absent("the text has several: " + shown, found[0]["text"])
    return found[0] if found else seen


def number_of(lines):
    found = []
    for rest, _, line in beside(NUMBER, lines):
        hit = re.match(r"[A-Z0-9][A-Z0-9./_-]*", rest, re.I)
        if hit and re.search(r"\d", hit.group()):
            found.append({"value": hit.group().rstrip("./-_"), "text": rest.split("  ")[0], "line": line})
    return only(found, absent("no word that names an invoice number has one beside it"))


def month_of(name):
    name = name.lower().rstrip(".")
    hits = [i + 1 for i, names in enumerate(MONTHS)
            if any(n == name or (len(name) >= 3 and n.startswith(name)) for n in names.split())]
    return hits[0] if len(hits) == 1 else None


def is_date(year, month, day):
    days = (31, 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1900 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= days[month - 1]


def read_date(text):
    """(year, month, day), or None, or 'two' where it can be read in two ways."""
    hit = re.match(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", text)
    if hit:
        return tuple(map(int, hit.groups()))
    hit = re.match(r"(\d{1,2})\.?\s+(?:de\s+)?([^\W\d_]{3,10})\.?,?\s+(?:de\s+)?(\d{4})(?!\d)", text)
    if hit and month_of(hit.group(2)):
        return int(hit.group(3)), month_of(hit.group(2)), int(hit.group(1))
    hit = re.match(r"([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)", text)
    if hit and month_of(hit.group(1)):
        return int(hit.group(3)), month_of(hit.group(1)), int(hit.group(2))
    hit = re.match(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?!\d)", text)
    if hit:  # with points it is the day first, wherever it is written so
        return int(hit.group(3)), int(hit.group(2)), int(hit.group(1))
    hit = re.match(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?!\d)", text)
    if hit:
        a, b, year = map(int, hit.groups())
        if a == b or b > 12:
            return year, a, b
        return (year, b, a) if a > 12 else "two"
    return None


def date_of(lines):
    seen = absent("no word that names a date has one beside it")
    for words in DATES:
        found = []
        for rest, _, line in beside(words, lines):
            date, text = read_date(rest), rest.split("  ")[0]
            if date == "two":
                seen = absent("the day and the month can be read either way", text)
            elif date is not None and not is_date(*date):
                seen = absent("there is no such day", text)
            elif date is not None:
                found.append({"value": "%04d-%02d-%02d" % date, "text": text, "line": line})
        if found or seen["text"] is not None:
            return only(found, seen)
    return seen


def read_amount(digits):
    """The amount with a point and two digits, or None where points and commas can be read in two ways."""
    if re.search(GAP, digits) and not re.fullmatch(r"\d{1,3}(?:%s\d{3})+(?:[.,]\d{1,2})?" % GAP, digits):
        return None
    digits = re.sub(GAP, "", digits)
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits + ".00"
    mark, whole, part = digits[last], digits[:last], digits[last + 1:]
    other = "," if mark == "." else "."
    if len(part) == 3 and other not in whole and re.fullmatch(r"\d{1,3}(?:%s\d{3})*" % re.escape(mark), whole):
        # 1.234 is a thousand or a little more than one; 1.234.567 is grouped
        return digits.replace(mark, "") + ".00" if mark in whole else None
    if len(part) not in (1, 2) or mark in whole:
        return None
    if other in whole and not re.fullmatch(r"\d{1,3}(?:%s\d{3})+" % re.escape(other), whole):
        return None
    return "%s.%s" % (whole.replace(other, ""), part.ljust(2, "0"))


def amount_in(rest):
    """The last amount of what is beside the words, as a row of figures ends with its total."""
    found = None
    for hit in AMOUNT.finditer(rest):
        value = read_amount(hit.group("digits"))
        sign = hit.group("sign") or ""
        mark = hit.group("before") or hit.group("after")
        if value is not None:
            found = (sign + value, CURRENCIES.get((mark or "").lower()), hit.group().strip())
    return found


def currency_of(lines):
    """The one currency that amounts of the text have."""
    marks = set()
    for line in lines:
        marks |= {CURRENCIES[m.lower()] for hit in AMOUNT.finditer(line)
                  for m in (hit.group("before"), hit.group("after")) if m}
    return marks.pop() if len(marks) == 1 else None


def total_of(lines):
    for words in TOTALS:
        found = []
        for rest, label, line in beside(words, lines):
            if NOT_A_TOTAL.search(lines[line - 1][:lines[line - 1].find(rest)] if rest in lines[line - 1] else label):
                continue
            amount = amount_in(rest)
            if amount is not None:
                value, currency, text = amount
                found.append({"value": value, "currency": currency or currency_of(lines), "text": text, "line": line})
        if found:
            return only(found, None)
    return absent("no word that names a total has an amount beside it")


def iban_fault(iban):
    if len(iban) != IBAN_LENGTHS.get(iban[:2], -1):
        return "its length is not that of its country"
    digits = "".join(str(int(c, 36)) for c in iban[4:] + iban[:4])
    return None if int(digits) % 97 == 1 else "its check digits are wrong"


def iban_of(lines):
    seen = absent("no text looks like an IBAN")
    for i, line in enumerate(lines):
        for hit in re.finditer(r"(?<![A-Z0-9])([A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30})(?![A-Z0-9])", line):
            text = hit.group(1)
            country = text[:2]
            if country not in IBAN_LENGTHS:
                continue
            iban = text.replace(" ", "")
            if len(iban) > IBAN_LENGTHS[country]:  # words follow on the same line
                iban = iban[:IBAN_LENGTHS[country]]
                text = re.match(r"(?:\S ?){%d}" % len(iban), text).group().rstrip()
            fault = iban_fault(iban)
            if fault is None:
                return {"value": iban, "text": text, "line": i + 1}
            seen = absent(fault, text)
    return seen


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as f:
        lines = f.read().replace("\f", "\n").split("\n")
    fields = {"number": number_of(lines), "date": date_of(lines), "total": total_of(lines), "iban": iban_of(lines)}
    with open(sys.argv[2], "w", encoding="utf-8") as f:
        json.dump(fields, f, ensure_ascii=False, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
