#!/usr/bin/env python3
"""Checks the proof of one event with Python's standard library and the openssl command, written from docs/format.md alone.

Exit codes: 0 valid and anchored, 10 valid but no key that was named signed it, 20 another ledger than the one that was
named, 30 invalid, 3 a file or value does not parse, 2 wrong command line."""
import argparse, base64, hashlib, os, re, struct, subprocess, sys, tempfile

SIZED = {0xC4: (1, 0, bytes), 0xC5: (2, 1 << 8, bytes), 0xC6: (4, 1 << 16, bytes), 0xD9: (1, 32, str), 0xDA: (2, 1 << 8, str),
         0xDB: (4, 1 << 16, str), 0xDC: (2, 16, list), 0xDD: (4, 1 << 16, list), 0xDE: (2, 16, dict), 0xDF: (4, 1 << 16, dict)}

def need(good, why):
    if not good:
        raise ValueError(why)

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

def vkey(text):  # format.md 7: name + key id + key
    name, hex_id, data = text.split("+", 2)
    data = unbase64(data.encode())
    need(re.fullmatch(r"\S+", name) and len(data) == 33 and data[0] == 1 and
         sha256(name.encode(), b"\n", data)[:4].hex() == hex_id, "not an Ed25519 verifier key: " + text)
    return name, hex_id, data[1:]

def note(b):  # format.md 7: a signed checkpoint as its text, origin, size, root, and (name, key id, signature) lines
    need(not re.search("[\0-\x09\x0b-\x1f]", b.decode()), "the note has a control character")
    text, _, block = b.rpartition(b"\n\n")
    lines, signatures = block.split(b"\n"), []
    need(lines.pop() == b"" and 0 < len(lines) <= 100, "the note's signature lines")
    for line in lines:
        dash, name, blob = line.decode().split(" ")
        need(dash == "\u2014" and re.fullmatch(r"[^\s+]+", name) and len(unbase64(blob.encode())) > 4, "a signature line")
        signatures.append((name, unbase64(blob.encode())[:4].hex(), unbase64(blob.encode())[4:]))
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

def main(argv):
    p = argparse.ArgumentParser(description="Check the proof of one event offline.")
    p.add_argument("proof")
    p.add_argument("--leaf", required=True, help="the event's header")
    p.add_argument("--payload", help="its salt and payload")
    p.add_argument("--key", action="append", default=[], metavar="VKEY", help="a log key that you trust")
    p.add_argument("--genesis", metavar="LEAF", help="the leaf of event 0 that you know, in hex")
    a = p.parse_args(argv)
    code = 0

    def say(verdict, what, text):
        nonlocal code
        code = max(code, verdict)
        print("%-8s %-5s %s" % (what, {0: "good", 10: "note"}.get(verdict, "FAULT"), text))

    try:
        proof, leaf, payload = [open(n, "rb").read() if n else None for n in (a.proof, a.leaf, a.payload)]
        keys, genesis = [vkey(k) for k in a.key], bytes.fromhex(a.genesis or "")
        top, _, checkpoint = proof.partition(b"\n\n")
        magic, *lines = top.split(b"\n")
        if lines and lines[0].startswith(b"extra "):
            unbase64(lines.pop(0)[6:])
        need(magic == b"c2sp.org/tlog-proof@v1" and lines and lines[0].startswith(b"index "), "not a tlog-proof")
        index, path = number(lines[0][6:]), [unbase64(line) for line in lines[1:]]
        need(len(path) <= 64 and all(len(h) == 32 for h in path), "a hash of the proof")
        text, origin, size, root, signatures = note(checkpoint)
    except (OSError, ValueError) as e:
        print("verify_proof: %s" % e, file=sys.stderr)
        return 3
    try:
        h = header(leaf)
        say(0, "header", "canonical: event %d, %s, %s" % (h[1], h[3], h[5]))
        need(h[1] == index < size, "its seq is not the proof's index")
        need(included(index, size, sha256(b"\0", leaf), path, root), "the proof does not lead to the checkpoint's root")
        say(0, "leaf", "%s is in the tree of %d events of %s" % (sha256(b"\0", leaf).hex(), size, origin))
        if payload is not None:
            need(sha256(b"\2", payload) == h[12], "the payload is not what the leaf commits to")
            value, end = item(payload, 32)
            need(end == len(payload) and isinstance(value, list) and len(value) == 2 and isinstance(value[0], dict), "payload")
            say(0, "payload", "canonical, and what the leaf commits to: %s" % value[0])
        if genesis and index == 0:
            same = genesis == sha256(b"\0", leaf)
            say(0 if same else 20, "genesis", "the one you named" if same else "not the one you named: another ledger")
    except ValueError as e:
        say(30, "event", e)
    mine = [(name, key, sig) for name, i, key in keys for n, j, sig in signatures if (name, i) == (n, j)]
    for name, key, sig in mine:
        good = len(sig) == 64 and ed25519(key, text, sig)
        say(0 if good else 30, "seal", "%s %s the checkpoint" % (name, "signed" if good else "did NOT sign"))
    if not mine:
        say(10, "seal", "nobody you named signed the checkpoint")
    print({0: "valid and anchored", 10: "valid, not anchored", 20: "contradicts what was known", 30: "INVALID"}[code])
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
