#!/usr/bin/env python3
"""Checks an evidence bundle with Python's standard library, the openssl command and (for a compressed one) the zstd command,
written from docs/bundle.md and docs/format.md alone. It does not fold states again and does not check authors' signatures.
What it refuses it names by the rule's number: B1 ... in docs/bundle.md, F1 ... and T1 ... in docs/format.md.

Exit codes: 0 valid and anchored, 10 valid but nothing that was named confirms it, 20 another ledger than the one that was
named, 30 invalid, 3 a file or value cannot be read, 2 wrong command line."""
import argparse, base64, contextlib, datetime, hashlib, json, os, re, struct, subprocess, sys, tempfile

SIZED = {0xC4: (1, 0, bytes), 0xC5: (2, 1 << 8, bytes), 0xC6: (4, 1 << 16, bytes), 0xD9: (1, 32, str), 0xDA: (2, 1 << 8, str),
         0xDB: (4, 1 << 16, str), 0xDC: (2, 16, list), 0xDD: (4, 1 << 16, list), 0xDE: (2, 16, dict), 0xDF: (4, 1 << 16, dict)}

WRONG = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)  # whatever does not have its form

class Refused(Exception):
    """A rule is broken: its number, and how."""

def need(good, why, rule=None):
    if not good:
        raise Refused(rule, why) if rule else ValueError(why)

@contextlib.contextmanager
def under(rule):  # what does not have its form in here breaks this rule
    try:
        yield
    except WRONG as e:
        raise Refused(rule, str(e) if type(e) is ValueError else "%s: %s" % (type(e).__name__, e)) from None

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def unbase64(text):
    raw = base64.b64decode(text, validate=True)
    need(raw and base64.b64encode(raw) == text, "not canonical base64")
    return raw

def number(text, most=(1 << 64) - 1):
    need(re.fullmatch(rb"0|[1-9][0-9]{0,19}", text) and int(text) <= most, "not a canonical decimal number")
    return int(text)

def item(b, at=0, depth=0):  # format.md 2: (value, where it ends) of the canonical msgpack item at `at`
    def take(n):
        nonlocal at
        need(at + n <= len(b), "msgpack: cut short")
        at += n
        return b[at - n:at]
    c = take(1)[0]
    if c < 0x80 or c >= 0xE0 or c in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}.get(c, c if c < 0x80 else c - 256), at
    if 0xCC <= c <= 0xD3:
        n = 1 << (c & 3)
        v, least = int.from_bytes(take(n), "big", signed=c >= 0xD0), 0x80 if n == 1 else 1 << 4 * n
        most = -33 if n == 1 else -(least >> 1) - 1
        need(least <= v < 1 << 63 if c < 0xD0 else v <= most, "msgpack: an integer not in its shortest form")
        return v, at
    if c == 0xCB:
        v = struct.unpack(">d", take(8))[0]
        need(v - v == 0 and struct.pack(">d", v) != b"\x80" + bytes(7), "msgpack: not a finite float, or negative zero")
        return v, at
    need(c in SIZED or c < 0xC0, "msgpack: a forbidden type")
    size, least, kind = SIZED.get(c, (0, 0, dict if c < 0x90 else list if c < 0xA0 else str))
    n = int.from_bytes(take(size), "big") if size else c & (31 if c >= 0xA0 else 15)
    need(n >= least, "msgpack: a length not in its shortest form")
    if kind in (bytes, str):
        return (take(n) if kind is bytes else take(n).decode()), at
    need(depth < 32, "msgpack: nested too deep")
    values = []
    for i in range(n if kind is list else 2 * n):
        v, at = item(b, at, depth + 1)
        need(kind is list or i % 2 or isinstance(v, str) and (i == 0 or values[i - 2] < v), "msgpack: map keys")
        values.append(v)
    return (values if kind is list else dict(zip(values[::2], values[1::2]))), at

@under("F1")
def header(b):  # format.md 1: the 15 elements
    h, end = item(b)
    need(len(b) <= 4096 and end == len(b) and isinstance(h, list) and len(h) == 15, "the leaf is not an array of 15")
    for i, e in enumerate(h):
        if i in (3, 5, 6, 7, 8, 9, 11):
            need(isinstance(e, str) and len(e.encode()) <= (512 if i == 5 else 256) and (e or i in (9, 11)) and
                 not re.search("[\0-\x1f\x7f-\x9f]", e), "header element %d" % i)
        elif i > 11:
            need(isinstance(e, bytes) and len(e) == 32 or (i == 13 and e is None), "header element %d" % i)
        else:
            need(type(e) is int and 0 <= e or (i == 10 and e is None), "header element %d" % i)
    need(h[0] == 1 and 0 < h[4] < 1 << 32, "format or schema")
    need(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", h[3]) and h[8] in ("measured", "reported", "declared", "inferred"), "kind")
    return h

def key_name(name):  # format.md 7
    return re.fullmatch(r"[^\s+\0-\x1f\x7f-\x9f]+", name) and len(name.encode()) <= 256

def vkey(text, rule="F9"):  # format.md 7: name + key id + key, of type 01; another type breaks `rule`
    with under("F9"):
        name, hex_id, data = text.split("+", 2)
        data = unbase64(data.encode())
        need(key_name(name) and len(data) == 33 and data[0] in (1, 4) and
             sha256(name.encode(), b"\n", data)[:4].hex() == hex_id, "not a verifier key: " + text)
    need(data[0] == 1, "not the verifier key of an Ed25519 key: " + text, rule)
    return name, hex_id, data[1:]

@under("F10")
def note(b):  # format.md 7: a signed checkpoint as its text, origin, size, root, and (name, key id, signature) lines
    need(len(b) <= 65536 and not re.search("[\0-\x09\x0b-\x1f]", b.decode()), "the note has a control character")
    text, _, block = b.rpartition(b"\n\n")
    lines, signatures = block.split(b"\n"), []
    need(lines.pop() == b"" and 0 < len(lines) <= 100, "the note's signature lines")
    for line in lines:
        dash, name, blob = line.decode().split(" ")
        need(dash == "\u2014" and re.fullmatch(r"[^\s+]+", name) and len(unbase64(blob.encode())) > 4, "a signature line")
        signatures.append((name, unbase64(blob.encode())[:4].hex(), unbase64(blob.encode())[4:]))
    with under("F11"):
        origin, size, root, *more = text.split(b"\n")
        need(origin and all(more) and len(unbase64(root)) == 32, "the checkpoint's text")
        return text + b"\n", origin.decode(), number(size), unbase64(root), signatures

def included(f, size, h, path, root):  # format.md 6
    s = size - 1
    if f > s:
        return False
    for p in path:
        if s == 0:
            return False
        h = sha256(b"\1", p, h) if f & 1 or f == s else sha256(b"\1", h, p)
        while f == s and not f & 1:
            f, s = f >> 1, s >> 1
        f, s = f >> 1, s >> 1
    return s == 0 and h == root

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # format.md 7: the field and the group of Ed25519
EIGHT = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826  # y of two of the four points of order 8
SMALL = {0, 1, P - 1, EIGHT, P - EIGHT}  # y of the eight points of small order

def is_point(encoding):  # canonical, and not of small order; that it is on the curve is openssl's to say
    y = int.from_bytes(encoding, "little") % 2**255
    return y < P and y not in SMALL

def ed25519(public, message, signature):
    if not (is_point(public) and is_point(signature[:32]) and int.from_bytes(signature[32:], "little") < L):
        return False
    with tempfile.TemporaryDirectory() as d:  # a DER SubjectPublicKeyInfo is twelve fixed bytes and the key
        for name, data in ("k", bytes.fromhex("302a300506032b6570032100") + public), ("m", message), ("s", signature):
            with open(os.path.join(d, name), "wb") as f:
                f.write(data)
        command = "openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey k -in m -sigfile s"
        return subprocess.run(command.split(), cwd=d, capture_output=True, check=False).returncode == 0

def hashes(texts):
    raw = [unbase64(t.encode()) for t in texts]
    need(len(raw) <= 64 and all(len(h) == 32 for h in raw), "a hash")
    return raw

def consistent(m, n, path, old, new):  # format.md 6: RFC 9162, 2.1.4.2
    if m == n:
        return not path and old == new
    path = list(path) if m & (m - 1) else [old] + list(path)
    f, s = m - 1, n - 1
    while f & 1:
        f, s = f >> 1, s >> 1
    if not path:
        return False
    fr = sr = path[0]
    for c in path[1:]:
        if s == 0:
            return False
        if f & 1 or f == s:
            fr, sr = sha256(b"\1", c, fr), sha256(b"\1", c, sr)
            while f and not f & 1:
                f, s = f >> 1, s >> 1
        else:
            sr = sha256(b"\1", sr, c)
        f, s = f >> 1, s >> 1
    return s == 0 and fr == old and sr == new

def level(at, end):  # of the largest complete subtree that begins at `at` and ends by `end`
    fits = (end - at).bit_length() - 1
    return min(fits, (at & -at).bit_length() - 1) if at else fits

def fits(v, form):  # a value against its form: a tuple lists alternatives, a list has one form for all, a type takes all of it
    if isinstance(form, tuple):
        return any(fits(v, f) for f in form)
    if isinstance(form, list):
        return isinstance(v, list) and all(fits(x, form[0]) for x in v)
    if isinstance(form, dict):
        return isinstance(v, dict) and v.keys() == form.keys() and all(fits(v[k], f) for k, f in form.items())
    if isinstance(form, type):
        return type(v) is form and (form is not int or 0 <= v <= 1 << 53)
    return type(v) is type(form) and v == form

def canonical(text, form, what):  # JSON in its one form
    v = json.loads(text)
    again = json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    need(again == text and (form is object or fits(v, form)), what + ": its form")
    return v

COUNTS = dict.fromkeys(("artifacts", "disclosed", "erased", "headers", "matching", "private", "withheld"), int)
FIELDS = {"kind": 3, "subject": 5, "actor": 6, "source": 7, "grade": 8, "run": 9, "key": 11}
ORDER = ("kind", "subject", "run", "actor", "source", "grade", "key")
KIND = "application/vnd.in-toto+json"
ENVELOPE = {"payload": str, "payloadType": KIND, "signatures": [{"keyid": str, "sig": str}]}
STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1", "predicateType": "urn:ledger:evidence-bundle:v1",
    "subject": [{"digest": {"sha256": str}, "name": str}], "predicate": {
        "counts": COUNTS, "exporter": {"program": str, "version": str}, "format": (1, 2), "gaps": [int], "origin": str, "sparse": bool,
        "disclosure": {"artifacts": bool, "bodies": ("all", "matching", "none"), "private": [str], "states": [str]},
        "filter": [{"field": tuple(FIELDS), "op": ("equals", "prefix"), "value": str}], "head": {"root": str, "size": int},
        "range": {"from": int, "to": int}, "time": (None, {"from": (None, str), "to": (None, str)})}}
PROVEN = {"header": str, "inclusion": [str], "payload": str, "salt": str, "seq": int}
KEYS = dict(PROVEN, checkpoint=(None, str), consistency=[str])
LINE = 20 << 20  # no line is longer
FIELDS_OF_EVENT = 1 << 18
ERASED_OF_RANGE = AUTHORED = 1 << 19
OPEN = {"payload": str, "salt": str, "seq": int}
PRIVATE = dict(OPEN, private=[({"digest": str}, {"field": str, "salt": str})])
LINES = (OPEN, PRIVATE, {"seq": int, "withheld": True}, {"erased": int, "seq": int})
CHOSEN = tuple(dict(f, header=str, inclusion=[str]) for f in (OPEN, PRIVATE, {"seq": int}, {"erased": int, "seq": int}))

class Tar:  # bundle.md, Container: members one after another
    def __init__(self, f, most):
        self.f, self.room, self.name, self.left, self.pad, self.sums = f, most, "", 0, 0, hashlib.sha256()
        self.next()

    def count(self, b):
        self.room -= len(b)
        need(self.room >= 0, "it unpacks to more than 1024 times its size", "B1")

    def take(self, n):
        b = self.f.read(n)
        self.count(b)
        need(len(b) == n, "cut short", "B2")
        return b

    @under("B2")
    def next(self):
        need(self.left == 0, self.name + ": too long", "B3")
        need(not any(self.take(self.pad)), self.name + ": its padding is not zero")
        if self.name not in ("", "manifest.dsse.json", "checkpoint"):  # a line of SHA256SUMS
            self.sums.update(("%s  %s\n" % (self.hash.hexdigest(), self.name)).encode())
        b, self.name, self.pad, self.hash = self.take(512), "", 0, hashlib.sha256()
        if not any(b):
            need(not any(self.take(512)) and not self.f.read(1), "something follows the end")
            return
        need(re.fullmatch(rb"[0-7]{11}", b[124:135]), "no ustar header")
        self.name, self.left = b[:100].rstrip(b"\0").decode("ascii"), int(b[124:135], 8)
        need(re.fullmatch("[!-~]{1,99}", self.name) and not {"", ".", ".."} & set(self.name.split("/")), "a member's name")
        again = (b[:100], b"0000644\0", b"0000000\0" * 2, b[124:135], b"\0", b"00000000000\0", b" " * 8, b"0", bytes(100),
                 b"ustar\00000", bytes(64), b"0000000\0" * 2, bytes(167))
        again = b"".join(again)
        need(b == again[:148] + b"%06o\0 " % sum(again) + again[156:], "not a plain ustar header")
        self.pad = -self.left % 512

    def read(self, n):
        b = self.take(min(n, self.left))
        self.left -= len(b)
        self.hash.update(b)
        return b

    def at(self, name, most):
        need(self.name == name, "'%s' stands where '%s' should" % (self.name, name), "B3")
        need(0 < self.left <= most, "%s: %d bytes" % (name, self.left), "B3")

    def whole(self, name, most):
        self.at(name, most)
        return self.read(most)

    def lines(self, name, most, form):
        self.at(name, most)
        while self.left:
            most = min(self.left, LINE)
            line = self.f.readline(most)
            self.count(line)
            need(line.endswith(b"\n") or len(line) == most, "cut short", "B2")
            self.left -= len(line)
            self.hash.update(line)
            with under("B10"):
                need(line.endswith(b"\n"), name + ": a line without end, or too long")
                v = canonical(line[:-1], form, name)
                for field in "header", "payload":
                    unbase64(v.get(field, "AA==").encode())
                hashes(v.get("inclusion", []) + v.get("consistency", []) + [v.get("salt", "A" * 43 + "=")])
            yield v

def event(v):  # header and payload of a line of keys or erasures
    raw, payload = unbase64(v["header"].encode()), unbase64(v["payload"].encode())
    h = header(raw)
    need(h[1] == v["seq"], "event %d: its seq" % h[1], "F5")
    need(sha256(b"\2", *hashes([v["salt"]]), payload) == h[12], "event %d: its payload" % h[1], "F3")
    return h, sha256(b"\0", raw), body(payload)[0]

@under("F2")
def body(payload):  # format.md 3
    v, end = item(payload)
    need(end == len(payload) and isinstance(v, list) and len(v) == 2 and isinstance(v[0], dict), "a payload")
    need(item(payload, 1, 1)[1] - 1 <= 1 << 20, "a payload's body is larger than 1 MiB")
    a = v[1]
    need(a is None or (isinstance(a, list) and [type(x) for x in a] == [str, bytes, bytes] and key_name(a[0]) and
                       len(a[1]) == 4 and len(a[2]) == 64), "a payload's author")
    return v

EPOCH_KINDS = "ledger.created", "ledger.key_rotated", "ledger.restored"

def restores(origin, first):  # format.md 8: the n of an origin `<first>/r<n>`, 0 of the first one itself, None of another
    m = re.fullmatch(re.escape(first) + r"(?:/r(0|[1-9][0-9]*))?", origin) if type(origin) is str else None
    return int(m[1] or 0) if m and int(m[1] or 0) < 1 << 64 else None

def epoch_key(b, field, rule="F19"):
    need(type(b.get(field)) is str, "no " + field, rule)
    return vkey(b[field], rule)

def created(b):  # format.md 8: (log key, first epoch key, origin) of the first event's body
    with under("F17"):
        origin = b["origin"]
        need(key_name(origin) and len(origin.encode()) <= 224 and "://" not in origin, "the origin")
    log, key = epoch_key(b, "log_vkey", "F18"), epoch_key(b, "epoch_vkey")
    need(b.get("format") == 1 and type(b["format"]) is int, "the format is not 1", "F16")
    need(log[0] == origin, "the log key's name is not the origin", "F18")
    need(key[0] == origin + "/epoch", "the name of the epoch key", "F19")
    return log, key, origin

def begins(kind, b, seq, number, first, now, before):  # format.md 8: (key, origin) of the epoch that a handover begins
    restored = kind == "ledger.restored"
    origin = now
    if restored:
        with under("F23"):
            origin = b["origin"]
            need(key_name(origin), "the origin")
    key = epoch_key(b, "epoch_vkey" if restored else "vkey")
    if restored:
        need(type(b.get("size")) is int and b["size"] == seq and b.get("root") == "sha256:" + before.hex(), "size and root", "F22")
        need(origin == now or (restores(origin, first) or 0) > restores(now, first), "the restored origin", "F23")
        need(b.get("origin_before", now) == now, "origin_before", "F24")
        need(b.get("newest", origin == now) is (origin == now), "newest", "F24")
    need(type(b.get("epoch")) is int and b["epoch"] == number, "the number of the epoch", "F20")
    need(key[0] == origin + "/epoch", "the name of the epoch key", "F19")
    return key, origin

def erased(b, seq):  # format.md 8: the events whose bodies or private fields a ledger.erased event names
    with under("F26"):
        need(b["what"] in ("body", "private") and ("seq" in b) != ("seqs" in b), "what it erases")
        need(b["what"] == "body" or "fields" not in b or fits(b["fields"], [str]), "its fields")
        seqs = [b["seq"]] if "seq" in b else b["seqs"]
        need(seqs and isinstance(seqs, list) and all(type(s) is int and 0 <= s < seq for s in seqs), "not earlier events")
        return seqs

def holds(h, field, op, value):  # a condition of a filter
    return h[field].encode() == value if op == "equals" else h[field].encode().startswith(value)

def safe(text):  # for a terminal
    return "".join(c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in text)

def when(ns):  # RFC 3339
    fraction = "" if ns % 10**9 == 0 else ".%09d" % (ns % 10**9)
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=ns // 10**9)).isoformat() + fraction + "Z"

class Check:
    def __init__(self, tar, say, wanted):
        self.t, self.say, self.epochs, self.signers, self.subject = tar, say, [], set(), 0
        self.wanted, self.roots = wanted, {}  # sizes at which a root is known from before, and what it is here
        self.keyed_by = None
        self.count = dict.fromkeys(COUNTS, 0)
        self.gaps, self.erased, self.last, self.authored = [], [], None, set()
        self.kinds, self.times = {}, []
        self.fields, self.lost, self.lost_all, self.lost_by = {}, 0, 0, set()  # private fields that were erased
        self.manifest()
        self.head = note(self.t.whole("checkpoint", 65536))
        need(self.head[1:4] == (self.p["origin"], self.size, self.root), "checkpoint: another head", "B8")
        self.t.next()
        self.keys()
        if self.t.name == "erasures":
            self.erasures()
        (self.sparse if self.p["sparse"] else self.range)()
        self.rest()

    def manifest(self):  # bundle.md, manifest.dsse.json
        text = self.t.whole("manifest.dsse.json", 2 << 20)
        with under("B4"):
            e = canonical(text[:-1], ENVELOPE, "manifest")
            need(text.endswith(b"\n") and len(e["signatures"]) == 1, "manifest: not one line, or not one signature")
            payload, sig = unbase64(e["payload"].encode()), e["signatures"][0]
            self.keyid, self.sig = sig["keyid"], unbase64(sig["sig"].encode())
            need(re.fullmatch("[0-9a-f]{8}", self.keyid) and len(self.sig) == 64, "manifest: its signature")
            need(len(payload) <= 1 << 20, "manifest: its statement is too long")
            s = canonical(payload, object, "manifest")
        self.pae = b"DSSEv1 %d %s %d %s" % (len(KIND), KIND.encode(), len(payload), payload)
        with under("B5"):
            need(fits(s, STATEMENT), "manifest: its form")
            self.statement(s["predicate"])
        with under("B6"):
            self.take_subjects(s["subject"])
        self.t.next()

    def statement(self, p):
        self.p = p
        need(len(p["exporter"]["program"].encode()) <= 24 and len(p["exporter"]["version"].encode()) <= 32, "manifest: exporter")
        d, self.size, self.a, self.b = p["disclosure"], p["head"]["size"], p["range"]["from"], p["range"]["to"]
        self.root = hashes([p["head"]["root"]])[0]
        need(0 < len(p["origin"].encode()) <= 256 and "\0" not in p["origin"], "manifest: its origin")
        need(self.a < self.b <= self.size or (p["sparse"] and self.a == self.b == 0 < self.size), "manifest: its range")
        order = [(t["field"], t["value"].encode(), t["op"]) for t in p["filter"]]
        for names, most in (d["private"], 64), (d["states"], 32), (order, 32):
            need(sorted(set(names)) == names and len(names) <= most, "manifest: names or filter out of order")
        self.terms = [(FIELDS[f], op, v) for f, v, op in order]
        self.since, self.until = [None if t is None else number(t.encode()) for t in ((p["time"] or {}).get(k) for k in ("from", "to"))]
        need(p["time"] is None or (self.since, self.until) != (None, None), "manifest: its time")
        need(None in (self.since, self.until) or self.since < self.until, "manifest: its time")
        need(len(p["gaps"]) <= 16384, "manifest: its gaps")

    def take_subjects(self, subject):
        d = self.p["disclosure"]
        self.subjects = [(x["name"], x["digest"]["sha256"]) for x in subject]
        need(all(re.fullmatch("[0-9a-f]{64}", h) for n, h in self.subjects), "manifest: a digest")
        names = [n for n, h in self.subjects]
        need("" not in d["states"] and all(len(n.encode()) <= 99 for n in names), "manifest: its states")
        artifacts = sorted({n for n, h in self.subjects if n == "artifacts/" + h})
        need(names == ["keys"] + names[1:2] * (names[1] == "erasures") + artifacts + ["states/%s.json" % n for n in d["states"]] +
             ["VERIFY.md"] + ["SHA256SUMS"] * (self.p["format"] == 2) and (d["artifacts"] or not artifacts), "manifest: its subjects")

    def hashed(self):  # the member at hand is the next subject
        need(self.subjects[self.subject] == (self.t.name, self.t.hash.hexdigest()), self.t.name + ": not what the manifest names", "B9")
        self.subject += 1
        self.t.next()

    def seal(self, n):  # format.md 8: who must have signed a checkpoint, and who must not
        text, origin, size, root, sigs = n
        def by(key):
            mine = [s for name, i, s in sigs if (name, i) == key[:2]]
            need(all(len(s) == 64 and ed25519(key[2], text, s) for s in mine), "a bad signature of " + key[0], "F12")
            return bool(mine)
        need(by(self.log), "the log key has not signed the checkpoint of size %d" % size, "F29")
        sealing = [e for e in self.epochs if e["from"] <= size <= e["to"]]
        for e in self.epochs:
            mine = [s for name, i, s in sigs if (name, i) == e["key"][:2]]
            need(e in sealing or not mine, "an epoch key signed the checkpoint of size %d, which it does not seal" % size, "F31")
            need(e not in sealing or by(e["key"]), "an epoch key has not signed the checkpoint of size %d" % size, "F30")
        need(sealing and origin == sealing[-1]["origin"], "the origin of the checkpoint of size %d" % size, "F28")

    def keys(self):  # bundle.md, keys
        before = None
        for v in self.t.lines("keys", 16 << 20, KEYS):
            h, leaf, b = event(v)
            r, path, step, root = h[1], hashes(v["inclusion"]), hashes(v["consistency"]), None
            if before is None:
                need(r == 0 and h[3] == "ledger.created" and v["checkpoint"] is None, "keys: not genesis", "B11")
                self.log, key, self.origin = created(b)
                self.genesis, self.first = leaf, self.origin
            else:
                need(v["checkpoint"] is not None and before[0] < r < self.size, "keys: out of order", "B11")
                n = note(v["checkpoint"].encode())
                need(n[2] == r + 1, "keys: the checkpoint of event %d" % r, "B11")
                self.lead(before, n)
                need(included(r, r + 1, leaf, path, n[3]), "keys: event %d is not in the tree" % r, "F7")
                need(h[3] in EPOCH_KINDS[1:], "keys: neither a rotation nor a restore", "B11")
                root = path[0]
                for p in path[1:]:
                    root = sha256(b"\1", p, root)
                key, self.origin = begins(h[3], b, r, len(self.epochs), self.first, self.origin, root)
                self.epochs[-1]["to"] = r if h[3] == "ledger.restored" else r + 1
            if type(b.get("keyed_by")) is str:
                need(0 < len(b["keyed_by"]) < 72 and self.keyed_by in (None, b["keyed_by"]), "keyed_by", "F25")
                self.keyed_by = b["keyed_by"]
            need(key[2] not in [self.log[2]] + [e["key"][2] for e in self.epochs], "keys: an epoch key came back", "F21")
            need(key[:2] not in self.signers, "keys: an epoch key signed before it was one", "F31")
            self.roots.update({r: root} if r and h[3] == "ledger.restored" else {})
            self.roots[r + 1] = leaf if before is None else n[3]
            self.epochs.append({"from": r + 1, "to": 1 << 64, "key": key, "origin": self.origin, "seq": r, "leaf": leaf})
            if before is not None:
                self.seal(n)
                self.signers |= {s[:2] for s in n[4]}
            before = (r, leaf, path, step, v["checkpoint"] and n[3])
        self.lead(before, self.head)
        self.seal(self.head)
        self.roots[self.size] = self.head[3]
        need(self.keyid == self.log[1] and ed25519(self.log[2], self.pae, self.sig), "the log key has not signed the manifest", "B7")
        self.say(0, "seals", "manifest and checkpoint of size %d by %s; %d epoch key%s"
                 % (self.size, self.log[0], len(self.epochs), "" if len(self.epochs) == 1 else "s"))
        self.hashed()

    def lead(self, line, n):  # from a line of keys to the next checkpoint
        r, leaf, path, step, root = line
        size, root = (r + 1, root) if r else (n[2], n[3])
        need(r or included(r, size, leaf, path, root), "keys: event %d is not in the tree" % r, "F7")
        need(consistent(size, n[2], step, root, n[3]), "keys: the tree of event %d does not begin the next" % r, "F8")

    def erasures(self):
        last, n_fields = 0, 0
        for v in self.t.lines("erasures", 64 << 20, PROVEN):
            h, leaf, b = event(v)
            need(last < h[1] and h[3] == "ledger.erased", "erasures: event %d" % h[1], "B12")
            need(included(h[1], self.size, leaf, hashes(v["inclusion"]), self.head[3]), "erasures: event %d" % h[1], "F7")
            last = h[1]
            mine = [(s, h[1]) for s in erased(b, h[1]) if self.a <= s < self.b]
            self.erased += mine if b["what"] == "body" else []
            for s, by in mine if b["what"] == "private" else []:
                names = set(b["fields"]) & set(self.p["disclosure"]["private"]) if "fields" in b else None
                self.fields.setdefault(s, []).append((by, names))
                n_fields += 1
            need(len(self.erased) + n_fields <= ERASED_OF_RANGE, "erasures: of too many events", "B12")
        self.erased = set(self.erased)
        self.hashed()

    def event(self, raw, seq):  # one header, after the one before: (header, leaf, whether it matches)
        h, leaf, last = header(raw), sha256(b"\0", raw), self.last
        need(h[1] == seq, "event %d: its header says %d" % (seq, h[1]), "F5")
        need(h[14] == bytes(32) if seq == 0 else last is None or seq != last[0] + 1 or h[14] == last[2], "event %d: its prev" % seq, "F5")
        need(last is None or h[2] >= last[1], "event %d: its time" % seq, "F6")
        need(h[10] is None or h[10] < seq, "event %d: its cause" % seq, "F6")
        if seq == 0 or h[3] in EPOCH_KINDS:
            need(leaf in [e["leaf"] for e in self.epochs], "event %d: keys do not know it" % seq, "B16")
        self.last = (seq, h[2], leaf)
        self.count["headers"] += 1
        self.gaps += [seq] if h[3] == "ledger.gap" else []
        match = all(holds(h, f, op, v) for f, op, v in self.terms) and \
            (self.since is None or h[2] >= self.since) and (self.until is None or h[2] < self.until)
        self.count["matching"] += match
        self.times = [(self.times or [h[2]])[0], h[2]]
        return h, leaf, match

    def became(self, h, fate):  # what became of an event, by its kind; of one that is left out, why
        name = h[3] if h[3] in self.kinds or len(self.kinds) < 1024 else "of other kinds"
        kind = self.kinds.setdefault(name, {"seqs": {}, "failed": {}, "named": 0})
        tally = kind["seqs"].setdefault(fate, [0])  # how many, and the first of them
        tally[0] += 1
        tally += [h[1]] * (len(tally) <= 8)
        if fate == "undisclosed":
            failed = {f for f, n in FIELDS.items() for i, op, v in self.terms if i == n and not holds(h, i, op, v)}
            late = (self.since is not None and h[2] < self.since) or (self.until is not None and h[2] >= self.until)
            for f in sorted(failed, key=list(ORDER).index) + ["time"] * late:
                kind["failed"][f] = kind["failed"].get(f, 0) + 1
            if failed and "kind" not in failed and any(i == FIELDS["kind"] for i, op, v in self.terms):
                kind["named"] += 1

    def content(self, h, match, v):  # what a line says of an event
        d = self.p["disclosure"]
        need(match or d["bodies"] == "all", "event %d has a line and does not match" % h[1], "B19")
        if "erased" in v:
            need(h[3] not in EPOCH_KINDS + ("ledger.erased", "ledger.corrected"), "event %d: its body is never erased" % h[1], "F27")
            need((h[1], v["erased"]) in self.erased, "event %d: no proof that it was erased" % h[1], "B22")
        elif "payload" in v:
            payload = unbase64(v["payload"].encode())
            need(d["bodies"] != "none", "event %d: its payload" % h[1], "B20")
            need(sha256(b"\2", *hashes([v["salt"]]), payload) == h[12], "event %d: its payload" % h[1], "F3")
            need(("private" in v) == (h[13] is not None), "event %d: its private fields" % h[1], "F4")
            author = body(payload)[1]
            if author:
                signed = sha256(*(b"%d " % len(x) + x for x in (author[0].encode(), author[1], h[11].encode())))
                need(h[11], "event %d: signed by an author, and without a key" % h[1], "F13")
                if len(self.authored) < AUTHORED:
                    need(signed not in self.authored, "event %d: its author's key is used again" % h[1], "F13")
                    self.authored.add(signed)
            all_d, names, room = [], [], 1 << 20
            with under("F4"):
                need(len(v.get("private", [])) <= FIELDS_OF_EVENT, "event %d: too many private fields" % h[1])
                for f in v.get("private", []):
                    if "digest" in f:
                        all_d += hashes([f["digest"]])
                        continue
                    raw = unbase64(f["field"].encode())
                    pair, end = item(raw)
                    need(end == len(raw) and isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is str,
                         "event %d: a private field" % h[1])
                    need(pair[0] in d["private"], "event %d: a private field" % h[1], "B21")
                    names.append(pair[0])
                    room -= len(raw) - 1
                    all_d.append(sha256(b"\5", *hashes([f["salt"]]), raw))
                room -= 1 if len(names) < 16 else 3 if len(names) < 1 << 16 else 5  # the map's head
                need(sorted(set(names)) == names and room >= 0 and (h[13] is None or (all_d and sha256(b"\4", *all_d) == h[13])),
                     "event %d: its private fields" % h[1])
            self.count["private"] += len(names)
            for by, lost in self.fields.get(h[1], []):
                self.lost, self.lost_all = self.lost + len(lost or ()), self.lost_all + (lost is None)
                self.lost_by |= {by} if lost or lost is None else set()
        fate = "erased" if "erased" in v else "disclosed" if "payload" in v else "withheld"
        self.count[fate] += 1
        self.became(h, fate)

    def range(self):  # bundle.md, range.proof, entries, payloads
        text = self.t.whole("range.proof", 65536)
        with under("B13"):
            magic, numbers, *rest = text.decode("ascii").split("\n")
            need(magic == "ledger/range-proof/v1" and numbers == "%d %d %d" % (self.a, self.b, self.size) and rest.pop() == "",
                 "range.proof")
        self.t.next()
        stack, at, first = [], 0, None  # (level, hash) of complete subtrees, merged as they come
        def push(lev, hash_):
            stack.append((lev, hash_))
            while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
                (lev, right), (_, left) = stack.pop(), stack.pop()
                stack.append((lev + 1, sha256(b"\1", left, right)))
        @under("B13")
        def tiles(at, end):
            while at < end:
                push(level(at, end), hashes([rest.pop(0)])[0])
                at += 1 << level(at, end)
        def reach(size):  # the root of this size, if it is asked for
            if size in self.wanted and size not in self.roots:
                root = stack[-1][1]
                for _, left in stack[-2::-1]:
                    root = sha256(b"\1", left, root)
                self.roots[size] = root
        tiles(0, self.a)
        if self.a:
            reach(self.a)
        need(rest and rest.pop(0) == "", "range.proof", "B13")
        for g in range(self.a // 256, (self.b - 1) // 256 + 1):
            entries, events = self.t.whole("entries/%d" % g, 256 * 4098), {}
            self.t.next()
            for seq in range(max(self.a, 256 * g), min(self.b, 256 * (g + 1))):
                n = int.from_bytes(entries[:2], "big")
                need(len(entries) >= 2 + n, "entries/%d: cut short" % g, "B14")
                events[seq] = h, leaf, _ = self.event(entries[2:2 + n], seq)
                entries, first = entries[2 + n:], h[2] if first is None else first
                push(0, leaf)
                reach(seq + 1)
            need(not entries, "entries/%d: too long" % g, "B14")
            must, last = {seq for seq, (h, leaf, match) in events.items() if match or self.p["disclosure"]["bodies"] == "all"}, -1
            lined = set()
            if self.t.name == "payloads/%d.jsonl" % g:
                for v in self.t.lines(self.t.name, 600 << 20, LINES):
                    need(v["seq"] in events and v["seq"] > last, "payloads/%d.jsonl: out of order" % g, "B17")
                    last = v["seq"]
                    need(not must or last <= min(must), "event %d matches and has no line" % min(must, default=0), "B18")
                    self.content(events[last][0], events[last][2], v)
                    must.discard(last)
                    lined.add(last)
                self.t.next()
            need(not must, "event %d matches and has no line" % min(must, default=0), "B18")
            for seq in events.keys() - lined:
                self.became(events[seq][0], "undisclosed")
        tiles(self.b, self.size)
        need(not rest, "range.proof: too long", "B13")
        root = stack.pop()[1]
        while stack:
            root = sha256(b"\1", stack.pop()[1], root)
        need(root == self.head[3], "headers and range proof do not give the sealed root", "B15")
        need(self.since is None or self.a == 0 or first < self.since, "the time's beginning is not proven", "B23")
        need(self.until is None or self.b == self.size or self.last[1] >= self.until, "the time's end is not proven", "B23")

    def sparse(self):
        first, group = None, -1
        while self.b and (self.last is None or self.last[0] < self.b - 1):
            g = re.fullmatch(r"sparse/(0|[1-9][0-9]*)\.jsonl", self.t.name)
            need(g and int(g[1]) > group, "'%s' stands where chosen events should" % self.t.name, "B3")
            group = int(g[1])
            for v in self.t.lines(self.t.name, 600 << 20, CHOSEN):
                first = v["seq"] if first is None else first
                need(v["seq"] // 256 == int(g[1]) and (self.last is None or v["seq"] > self.last[0]) and v["seq"] < self.b,
                     "sparse: out of order", "B17")
                h, leaf, match = self.event(unbase64(v["header"].encode()), v["seq"])
                need(included(h[1], self.size, leaf, hashes(v["inclusion"]), self.head[3]), "event %d is not in the tree" % h[1], "F7")
                if "payload" in v or "erased" in v or match or self.p["disclosure"]["bodies"] == "all":
                    self.content(h, match, v)
                else:
                    self.became(h, "undisclosed")
            self.t.next()
        need(first in (self.a, None), "sparse: it begins elsewhere", "B17")

    def rest(self):
        while self.subject < len(self.subjects):
            most = {"V": 65536, "s": 256 << 20, "S": 64 << 20}.get(self.t.name[:1], 1 << 33)
            need(self.t.name == self.subjects[self.subject][0] and self.t.left <= most and (self.t.left or self.t.name[0] == "a"), "members are missing or too large", "B3")
            self.count["artifacts"] += self.t.name.startswith("artifacts/")
            while self.t.left:
                self.t.read(1 << 20)
            sums = self.t.name != "SHA256SUMS" or self.t.sums.digest() == self.t.hash.digest()
            self.hashed()
            need(sums, "SHA256SUMS: not the digests of the members before it, in their order", "B26")
        need(self.t.name == "", "'%s' stands where the archive should end" % self.t.name, "B3")
        need(self.count == self.p["counts"] and self.gaps[:16384] == self.p["gaps"], "the manifest's counts or gaps are others", "B24")

@under("B1")
def frames(f, size):
    """There are zstd frames and nothing else, as bundle.md wants them: the zstd command would skip skippable ones, and takes
    frames without a checksum and, where the content is small, a large window."""
    while f.tell() < size:
        need(f.read(4) == b"\x28\xb5\x2f\xfd", "no zstd frame stands where one should, before byte %d" % f.tell())
        flags, last = (f.read(1) or b"\0")[0], 0
        need(flags & 4, "a zstd frame without a content checksum")
        window = 0 if flags & 32 else f.read(1)[0]
        f.seek((0, 1, 2, 4)[flags & 3], 1)  # a dictionary
        length = f.read((flags >> 5 & 1, 2, 4, 8)[flags >> 6])
        need(window <= 13 << 3 and (not flags & 32 or int.from_bytes(length, "little") <= 8 << 20),
             "a zstd frame's window is larger than 8 MiB")
        while not last:
            block = f.read(3)
            need(len(block) == 3, "a zstd frame is cut short")
            n = int.from_bytes(block, "little")
            last = n & 1
            f.seek(1 if n >> 1 & 3 == 1 else n >> 3, 1)
        f.seek(4, 1)
    need(f.tell() == size, "a zstd frame is cut short")

def question(c):  # what was asked, by the exporter's word, and what the headers prove to be left out
    d, p = c.p["disclosure"], c.p
    def line(what, text):
        print("  %-11s %s" % (what, safe(text)))
    print("question      the exporter's word, signed by the log key")
    for i, t in enumerate(p["filter"]):
        line("" if i else "filter", "%s %s %s" % (t["field"], "is" if t["op"] == "equals" else "begins with", t["value"]))
    if not p["filter"]:
        line("filter", "none: events were chosen one by one" if p["sparse"] else "none: every event matches")
    bounds = [] if c.since is None else ["from " + when(c.since)]
    whole = not p["sparse"] and (c.a, c.b) == (0, c.size)
    free = c.times and not whole and "no bound of time: %s, recorded from %s to %s" % (
        "events that were chosen" if p["sparse"] else "the range is by sequence numbers", *map(when, c.times))
    line("time", " ".join(bounds + ([] if c.until is None else ["until before " + when(c.until)])) or free or "any" + ": the range is the whole log" * bool(c.times))
    line("range", ("events %d to %d" % (c.a, c.b - 1) if c.b - c.a > 1 else "event %d" % c.a if c.b > c.a else "none") + ", of a log of %d" % c.size)
    line("disclosed", "bodies: %s; private: %s; artifacts: %s; states: %s" % (d["bodies"], ", ".join(d["private"]) or "no fields",
         "those that are named" if d["artifacts"] else "none", ", ".join(d["states"]) or "none"))
    print("answer        proven from %s%s" % (some_of(c.count["headers"], "header", "headers"), c.times and ", %s to\n              %s" % tuple(map(when, c.times)) or ""))
    fates = ("disclosed", "withheld", "erased", "undisclosed")
    rows = [(not kind["named"], fates.index(fate), name, fate, kind) for name, kind in c.kinds.items() for fate in kind["seqs"]]
    for _, _, name, fate, kind in sorted(rows, key=lambda r: (r[0] or r[3] != "undisclosed",) + r[1:3]):
        n, *seqs = kind["seqs"][fate]
        text = "%d %s" % (n, name)
        if fate != "disclosed":
            text += " (seq %s%s)" % (", ".join(map(str, seqs)), ", ..." * (n > 8))
        if fate == "undisclosed":
            text += "".join((", " if i else ": ") + ("outside the time" if f == "time" else "another " + f) + (" (%d)" % m) * (m < n)
                            for i, (f, m) in enumerate((f, kind["failed"][f]) for f in ORDER + ("time",) if f in kind["failed"]))
            text += "; the filter names this kind" * (kind["named"] > 0)
        line(fate, text)
    print()

def some_of(n, one, many):
    return "%d %s" % (n, one if n == 1 else many)

def lost(c):  # what was erased of what was to be disclosed
    some = [some_of(c.count["erased"], "body", "bodies")] * (c.count["erased"] > 0)
    some += [some_of(c.lost, "private field", "private fields")] * (c.lost > 0)
    some += ["all private fields of " + some_of(c.lost_all, "event", "events")] * (c.lost_all > 0)
    by = " (event %s%s)" % (", ".join(map(str, sorted(c.lost_by)[:8])), ", ..." * (len(c.lost_by) > 8)) if c.lost_by else ""
    return "; ".join(some) + by + ": erased, as proven events say" if some else "none"

def bound(c):  # what a good verdict says, and what not
    hidden, named = c.count["headers"] - c.count["disclosed"], sum(k["named"] for k in c.kinds.values())
    text = "of these events only: nothing is said of others" if c.p["sparse"] else "complete for this question and for no other"
    if hidden:
        text += "; %d of %s not disclosed" % (hidden, some_of(c.count["headers"], "event", "events"))
    return text + (", %d of kinds that the filter names" % named if named else "")

def checkpoint(c, path, known, say):  # one that the caller kept: whether it confirms the log
    text, origin, size, root, signatures = known
    signed = [sig for name, i, sig in signatures if (name, i) == c.log[:2]]
    ends = [e["to"] for e in c.epochs if e["origin"] == origin]
    if restores(origin, c.first) is None:
        say(20, "anchoring", "%s is of another log, '%s'" % (path, origin), "T4")
    elif not signed or not all(len(s) == 64 and ed25519(c.log[2], text, s) for s in signed):
        say(20, "anchoring", "%s has no good signature of the log key" % path, "T4")
    elif ends and size > ends[-1] and ends[-1] < c.size:
        say(20, "anchoring", "%s knows %d events of '%s'; the log was restored from %d of them" % (path, size, origin, ends[-1]), "T5")
    elif size in c.roots and c.roots[size] != root:
        say(20, "anchoring", "the first %d events are not those that %s knows: another history" % (size, path), "T3")
    elif size not in c.roots:
        say(0, "anchoring", "%s knows the first %d events, which cannot be compared" % (path, size))
    return size in c.roots and c.roots[size] == root

def main(argv):
    p = argparse.ArgumentParser(description="Check an evidence bundle offline.")
    p.add_argument("bundle")
    p.add_argument("--key", action="append", default=[], metavar="VKEY", help="a log key that you trust")
    p.add_argument("--genesis", metavar="LEAF", help="the leaf of event 0 that you know, in hex")
    p.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="a checkpoint that you kept")
    p.add_argument("--json", action="store_true", help="one JSON object")
    a = p.parse_args(argv)
    code, lines, broken, c = 0, [], None, None

    def say(verdict, what, text, rule=None, note=False):
        nonlocal code, broken
        code, broken = max(code, verdict), broken or rule
        state = "note" if note else {0: "good", 10: "note"}.get(verdict, "fault")
        lines.append({"what": what, "state": state, "text": text})
        if not a.json:
            print("%-13s %-5s %s%s" % (what, "FAULT" if state == "fault" else state, "rule %s: " % rule if rule else "", safe(text)))

    try:
        keys, genesis = [vkey(k) for k in a.key], bytes.fromhex(a.genesis or "")
        known = [(path, note(open(path, "rb").read())) for path in a.checkpoint]
        f = open(a.bundle, "rb")
    except (OSError, ValueError, Refused) as e:
        print("verify_bundle: %s" % (e.args[1] if type(e) is Refused else e), file=sys.stderr)
        return 3
    zstd, most = None, 1 << 64
    try:
        if f.peek(4)[:4] == b"\x28\xb5\x2f\xfd":
            size = os.path.getsize(a.bundle)
            frames(f, size)
            most = max(64 << 20, 1024 * (size + 1) - 1)
            with open(a.bundle, "rb") as g:
                zstd = subprocess.Popen(["zstd", "-dcq", "--memory=8MB"], stdin=g, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        c = Check(Tar(zstd.stdout if zstd else f, most), say, {n[2] for _, n in known})
        need(zstd is None or zstd.wait() == 0, "a zstd frame is damaged", "B1")
        n = c.count
        mine = [k for k in keys for name, i, sig in c.head[4] if (name, i) == k[:2]]
        for k in mine:
            need(all(ed25519(k[2], c.head[0], sig) for name, i, sig in c.head[4] if (name, i) == k[:2]),
                 "a bad signature of a key you named", "F12")
        if not a.json:
            question(c)
        if c.p["sparse"]:
            say(0, "completeness", "not claimed: %d chosen events" % n["headers"], note=True)
        else:
            say(0, "completeness", "complete within [%d, %d); outside not examined" % (c.a, c.b))
        say(0, "erasures", lost(c))
        say(0, "content", ", ".join("%d %s" % (n[k], k) for k in sorted(n)) + "; gaps: %s" % (c.gaps or "none"))
        say(0, "not checked", "authors' signatures; states are the log key's word")
        if [k for k in keys if k[0] == c.log[0] and k != c.log] and not mine:
            say(20, "anchoring", "you trust another key under the name of its log key", "T2")
        if genesis and genesis != c.genesis:
            say(20, "anchoring", "its first event is not the one you named: another ledger", "T1")
        for path, n in known:
            mine += [path] * checkpoint(c, path, n, say)
        if mine or genesis == c.genesis:
            say(0, "anchoring", "by what you named")
        else:
            say(10, "anchoring", "nothing you named confirms it")
    except OSError as e:
        print("verify_bundle: %s" % e, file=sys.stderr)
        return 3
    except Refused as e:
        cut = e.args[1] == "cut short" and zstd and zstd.wait() != 0  # the frame is, not the tar
        say(30, "bundle", e.args[1], "B1" if cut else e.args[0])
    finally:
        if zstd:
            zstd.kill()
            zstd.wait()
        f.close()
    verdict = {0: "valid and anchored", 10: "valid, not anchored", 20: "contradicts what was known", 30: "INVALID"}[code]
    if a.json:
        asked = None if c is None or code == 30 else dict({k: c.p[k] for k in ("counts", "disclosure", "filter", "range", "sparse", "time")}, kinds=c.kinds)
        print(json.dumps({"exit": code, "lines": lines, "question": asked, "rule": broken, "verdict": verdict}))
        return code
    print(verdict)
    if c and code < 30:
        print("  " + bound(c))
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
