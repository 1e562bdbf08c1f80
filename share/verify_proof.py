#!/usr/bin/env python3
"""Checks the proof of one event with Python's standard library and the openssl command, written from docs/format.md alone.

Exit codes: 0 valid and anchored, 10 valid but no key that was named signed it, 20 another ledger than the one that was
named, 30 invalid, 3 a file cannot be read or a named value does not parse, 2 wrong command line. What it refuses it names by
the number of the rule, F1 ... and T1 ... in docs/format.md 11."""
import argparse, base64, contextlib, hashlib, json, os, re, struct, subprocess, sys, tempfile

SIZED = {0xC4: (1, 0, bytes), 0xC5: (2, 1 << 8, bytes), 0xC6: (4, 1 << 16, bytes), 0xD9: (1, 32, str), 0xDA: (2, 1 << 8, str),
         0xDB: (4, 1 << 16, str), 0xDC: (2, 16, list), 0xDD: (4, 1 << 16, list), 0xDE: (2, 16, dict), 0xDF: (4, 1 << 16, dict)}

class Refused(Exception):
    """A rule is broken: its number, and how."""

def need(good, why, rule=None):
    if not good:
        raise Refused(rule, why) if rule else ValueError(why)

@contextlib.contextmanager
def under(rule):  # what does not have its form in here breaks this rule
    try:
        yield
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as e:
        raise Refused(rule, str(e)) from None

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def unbase64(text):
    raw = base64.b64decode(text, validate=True)
    need(raw and base64.b64encode(raw) == text, "not canonical base64")
    return raw

def number(text):
    need(re.fullmatch(rb"0|[1-9][0-9]{0,19}", text) and int(text) < 1 << 64, "not a canonical decimal number")
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
    return isinstance(name, str) and re.fullmatch(r"[^\s+\0-\x1f\x7f-\x9f]+", name) and len(name.encode()) <= 256

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

@under("F32")
def tlog_proof(b):  # format.md 9: index, path, checkpoint
    top, gap, checkpoint = b.partition(b"\n\n")
    magic, *lines = top.split(b"\n")
    if lines and lines[0].startswith(b"extra "):
        unbase64(lines.pop(0)[6:])
    need(magic == b"c2sp.org/tlog-proof@v1" and lines and lines[0].startswith(b"index "), "not a tlog-proof")
    index, path = number(lines[0][6:]), [unbase64(line) for line in lines[1:]]
    need(gap and checkpoint and len(path) <= 64 and all(len(h) == 32 for h in path), "a hash of the proof")
    return index, path, checkpoint

@under("F2")
def body(payload):  # format.md 3: body and author
    need(len(payload) > 32, "the payload file is shorter than its salt")
    v, end = item(payload, 32)
    need(end == len(payload) and isinstance(v, list) and len(v) == 2 and isinstance(v[0], dict), "a payload")
    need(item(payload, 33, 1)[1] - 33 <= 1 << 20, "a payload's body is larger than 1 MiB")
    a = v[1]
    need(a is None or (isinstance(a, list) and [type(x) for x in a] == [str, bytes, bytes] and key_name(a[0]) and
                       len(a[1]) == 4 and len(a[2]) == 64), "a payload's author")
    return v

def stem(origin):  # a log's first origin, when restores may have put "/r<n>" to its end
    return re.sub(r"(?<=.)/r[0-9]+$", "", origin)

def field(b, name, rule="F19"):
    need(type(b.get(name)) is str, "no " + name, rule)
    return vkey(b[name], rule)

def own(h, b, path, checkpoint):  # format.md 8: what the ledger says of itself, as far as one event shows it
    text, origin, size, root, signatures = checkpoint
    signed = lambda key: ([s for n, i, s in signatures if (n, i) == key[:2]] or [b""])[0]
    new, first = None, stem(origin)
    if h[3] == "ledger.created":
        mine = b.get("origin")
        need(key_name(mine) and len(mine.encode()) <= 224 and "://" not in mine, "the origin", "F17")
        log, new = field(b, "log_vkey", "F18"), field(b, "epoch_vkey")
        need(type(b.get("format")) is int and b["format"] == 1, "the format is not 1", "F16")
        need(log[0] == mine, "the log key's name is not the origin", "F18")
        need(new[0] == mine + "/epoch", "the name of the epoch key", "F19")
        need(new[2] != log[2], "the epoch key is the log key", "F21")
        need(mine in (origin, first) and len(signed(log)) == 64 and ed25519(log[2], text, signed(log)), "its log key has not signed", "F34")
    elif h[3] in ("ledger.key_rotated", "ledger.restored"):
        restored = h[3] == "ledger.restored"
        mine = b.get("origin")
        need(not restored or key_name(mine), "the origin", "F23")
        new = field(b, "epoch_vkey" if restored else "vkey")
        if restored:
            before = path[0] if path and size == h[1] + 1 else None
            for p in path[1:]:
                before = before and sha256(b"\1", p, before)
            need(type(b.get("size")) is int and b["size"] == h[1] and type(b.get("root")) is str and
                 (before is None or b["root"] == "sha256:" + before.hex()), "size and root", "F22")
            was = b.get("origin_before", "")
            need(type(was) is str and len(was.encode()) <= 256, "origin_before", "F24")
            need("newest" not in b or type(b["newest"]) is bool and (not was or b["newest"] == (mine == was)), "newest", "F24")
        need(type(b.get("epoch")) is int and b["epoch"] > 0, "the number of the epoch", "F20")
        need(not restored or new[0] == mine + "/epoch", "the name of the epoch key", "F19")
        need(new[0].startswith(first + "/"), "its epoch key is of another log than the checkpoint", "F34")
    if h[3] == "ledger.erased":
        with under("F26"):
            need(b["what"] in ("body", "private", "artifact"), "what it erases")
            seqs = [b["seq"]] if "seq" in b else b.get("seqs")
            need(b["what"] == "artifact" or (("seq" in b) != ("seqs" in b) and seqs and
                 all(type(s) is int and 0 <= s < h[1] for s in seqs)), "it names events that are not earlier")
    if new and size == h[1] + 1:
        need(len(signed(new)) == 64 and ed25519(new[2], text, signed(new)), "its epoch key has not signed", "F34")

def main(argv):
    p = argparse.ArgumentParser(description="Check the proof of one event offline.")
    p.add_argument("proof")
    p.add_argument("--leaf", required=True, help="the event's header")
    p.add_argument("--payload", help="its salt and payload")
    p.add_argument("--key", action="append", default=[], metavar="VKEY", help="a log key that you trust")
    p.add_argument("--genesis", metavar="LEAF", help="the leaf of event 0 that you know, in hex")
    p.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="a checkpoint that you kept")
    p.add_argument("--json", action="store_true", help="one JSON object")
    a = p.parse_args(argv)
    code, lines, rules = 0, [], {}

    def say(verdict, what, text, rule=None):
        nonlocal code
        code = max(code, verdict)
        rules.setdefault(verdict, rule)
        lines.append({"what": what, "state": {0: "good", 10: "note"}.get(verdict, "fault"), "text": str(text)})
        if not a.json:
            print("%-8s %-5s %s%s" % (what, {0: "good", 10: "note"}.get(verdict, "FAULT"), "rule %s: " % rule if rule else "", text))

    def end():
        verdict = {0: "valid and anchored", 10: "valid, not anchored", 20: "contradicts what was known", 30: "INVALID"}[code]
        print(json.dumps({"exit": code, "lines": lines, "rule": rules[code], "verdict": verdict}) if a.json else verdict)
        return code

    try:
        proof, leaf, payload = [open(n, "rb").read() if n else None for n in (a.proof, a.leaf, a.payload)]
        keys, genesis = [vkey(k) for k in a.key], bytes.fromhex(a.genesis or "")
        known = [(path, note(open(path, "rb").read())) for path in a.checkpoint]
    except (OSError, ValueError, Refused) as e:
        print("verify_proof: %s" % (e.args[1] if type(e) is Refused else e), file=sys.stderr)
        return 3
    try:
        index, path, checkpoint = tlog_proof(proof)
        text, origin, size, root, signatures = checkpoint = note(checkpoint)
    except Refused as e:
        say(30, "proof", e.args[1], e.args[0])
        return end()
    try:
        h = header(leaf)
        say(0, "header", "canonical: event %d, %s, %s" % (h[1], h[3], h[5]))
        need(h[1] == index, "its seq is not the proof's index", "F33")
        need((h[3] == "ledger.created") == (index == 0), "ledger.created is the first event, and no other is", "F15")
        need(index < size and included(index, size, sha256(b"\0", leaf), path, root), "the proof does not lead to the checkpoint's root", "F7")
        say(0, "leaf", "%s is in the tree of %d events of %s" % (sha256(b"\0", leaf).hex(), size, origin))
        if payload is not None:
            need(len(payload) > 32, "the payload file is shorter than its salt", "F2")
            need(sha256(b"\2", payload) == h[12], "the payload is not what the leaf commits to", "F3")
            value = body(payload)
            say(0, "payload", "canonical, and what the leaf commits to: %s" % value[0])
            own(h, value[0], path, checkpoint)
            need(value[1] is None or h[11], "signed by an author, and without a key", "F13")
        if genesis and index == 0:
            same = genesis == sha256(b"\0", leaf)
            say(0 if same else 20, "genesis", "the one you named" if same else "not the one you named: another ledger", None if same else "T1")
    except Refused as e:
        say(30, "event", e.args[1], e.args[0])
    mine = [(name, key, sig) for name, i, key in keys for n, j, sig in signatures if (name, i) == (n, j)]
    for name, key, sig in mine:
        good = len(sig) == 64 and ed25519(key, text, sig)
        say(0 if good else 30, "seal", "%s %s the checkpoint" % (name, "signed" if good else "did NOT sign"), None if good else "F12")
    for name, i, key in keys:
        if not mine and name in (origin, stem(origin)) and [1 for n, j, sig in signatures if n == name and j != i]:
            say(20, "seal", "another key than yours signed under the name " + name, "T2")
    for path, (_, of, n, its, sigs) in known:
        here = root if n == size else sha256(b"\0", leaf) if (n, index) == (1, 0) else None
        if stem(of) != stem(origin) or [1 for name, i, key in keys for m, j, _ in signatures if (name, i) == (m, j) and
                                        (name, i) not in [s[:2] for s in sigs]]:
            say(20, "known", "%s is of another log, '%s'" % (path, of), "T4")
        elif here not in (None, its):
            say(20, "known", "%s knows another root of %d events: a second history" % (path, n), "T3")
        elif here == its:
            mine.append(path)
            say(0, "known", "its checkpoint is known from before")
    if not mine:
        say(10, "seal", "nobody you named signed the checkpoint")
    return end()

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
