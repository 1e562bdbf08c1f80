"""The sentences that say most of a text: a summary without a model, the same for the same text.

    summary.py TEXT SUMMARY

Sentences are weighed by how often their words are in the whole text (words of three letters and more, without the commonest
of four languages), by their place and by their length; the best three are printed in the order of the text.
"""
import re
import sys

COMMON = set("""the and for are was were with that this from have has had not but you your our their its will can may all any one
two which who what when where there here been being more most other than then them they these those such also into over under
und der die das den dem des ein eine einer eines einem mit von für auf ist sind war waren wird werden nicht auch aus bei nach
les des une est dans pour par sur avec que qui pas sont aux ces cette los las una del con por para que como más son fue sus
""".split())
SENTENCES = 3
LENGTH_MAX = 400


def sentences_of(text):
    """Lines of a paragraph joined; a hyphen at a line's end is taken out where a small letter follows."""
    text = re.sub(r"-\n(?=[a-zß-ÿ])", "", text.replace("\f", "\n\n").replace("\r", ""))
    for paragraph in re.split(r"\n\s*\n", text):
        flat = " ".join(paragraph.split())
        for sentence in re.split(r"(?<=[.!?])\s+(?=[\"'(«„“]?[A-ZÀ-ÞА-Я0-9])", flat):
            words = re.findall(r"[^\W\d_]{3,}", sentence)
            if len(words) >= 5:
                yield sentence, [w.lower() for w in words]


def summary_of(text):
    sentences = list(sentences_of(text))
    counts = {}
    for _, words in sentences:
        for w in words:
            if w not in COMMON:
                counts[w] = counts.get(w, 0) + 1
    scores = []
    for i, (_, words) in enumerate(sentences):
        known = [counts[w] for w in words if w in counts]
        weight = sum(known) / (len(words) + 5)
        scores.append((weight * (1.2 if i == 0 else 1.0), -i))
    best = sorted(-i for _, i in sorted(scores, reverse=True)[:SENTENCES])
    return [sentences[i][0] for i in best]


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as f:
        sentences = summary_of(f.read())
    with open(sys.argv[2], "w", encoding="utf-8") as f:
        for sentence in sentences:
            f.write((sentence if len(sentence) <= LENGTH_MAX else sentence[:LENGTH_MAX - 1] + "…") + "\n")


if __name__ == "__main__":
    main()
