"""Logs and bundles from fixed keys, byte by byte as docs/format.md and docs/bundle.md say, with hooks to say it wrongly. Python's
standard library alone; it shares no code with the program or with the scripts in share."""
import base64, hashlib, json, re, struct

P, D = 2**255 - 19, -121665 * pow(121666, -1, 2**255 - 19) % (2**255 - 19)
L = 2**252 + 27742317777372353535851937790883648493

def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def b64(b):
    return base64.b64encode(b).decode()

# ---- Ed25519, RFC 8032 ----

def point_add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def point_mul(s):
    y = 4 * pow(5, -1, P) % P
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if (x * x - xx) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    x = x if x % 2 == 0 else P - x
    q, p = (0, 1, 1, 0), (x, y, 1, x * y % P)
    while s:
        q = point_add(q, p) if s & 1 else q
        p, s = point_add(p, p), s >> 1
    z = pow(q[2], -1, P)
    return (q[1] * z % P | (q[0] * z % P & 1) << 255).to_bytes(32, "little")

class Key:
    def __init__(self, name, seed, kind=1):
        h = hashlib.sha512(seed).digest()
        self.name, self.kind, self.prefix = name, kind, h[32:]
        self.a = (int.from_bytes(h[:32], "little") & ((1 << 254) - 8)) | 1 << 254
        self.public = point_mul(self.a)
        self.id = sha256(name.encode(), b"\n", bytes([kind]), self.public)[:4]
        self.vkey = "%s+%s+%s" % (name, self.id.hex(), b64(bytes([kind]) + self.public))

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % L
        big = point_mul(r)
        k = int.from_bytes(hashlib.sha512(big + self.public + message).digest(), "little") % L
        return big + ((r + k * self.a) % L).to_bytes(32, "little")

    def named(self, name):  # the same secret with another name
        other = Key.__new__(Key)
        other.__dict__ = dict(self.__dict__, name=name, id=sha256(name.encode(), b"\n", bytes([self.kind]), self.public)[:4])
        other.vkey = "%s+%s+%s" % (name, other.id.hex(), b64(bytes([self.kind]) + self.public))
        return other

def seed(first):
    return bytes(range(first, first + 32))

# ---- canonical msgpack ----

def pack(v):
    def sized(n, short, base, codes):
        if short is not None and n < short:
            return bytes([base + n])
        for code, size in codes:
            if n < 1 << 8 * size:
                return bytes([code]) + n.to_bytes(size, "big")
    if v is None or v is True or v is False:
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[v]
    if isinstance(v, int):
        if v >= 0:
            return sized(v, 128, 0, ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)))
        if v >= -32:
            return struct.pack("b", v)
        size = next(n for n in (1, 2, 4, 8) if v >= -(1 << 8 * n - 1))
        return bytes([0xCF + size.bit_length()]) + v.to_bytes(size, "big", signed=True)
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str):
        b = v.encode()
        return sized(len(b), 32, 0xA0, ((0xD9, 1), (0xDA, 2), (0xDB, 4))) + b
    if isinstance(v, bytes):
        return sized(len(v), None, 0, ((0xC4, 1), (0xC5, 2), (0xC6, 4))) + v
    if isinstance(v, (list, tuple)):
        return sized(len(v), 16, 0x90, ((0xDC, 2), (0xDD, 4))) + b"".join(map(pack, v))
    keys = sorted(v, key=str.encode)
    return sized(len(v), 16, 0x80, ((0xDE, 2), (0xDF, 4))) + b"".join(pack(k) + pack(v[k]) for k in keys)

# ---- the tree ----

def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", root(leaves[:k]), root(leaves[k:]))

def inclusion(i, leaves):
    if len(leaves) < 2:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return inclusion(i, leaves[:k]) + [root(leaves[k:])] if i < k else inclusion(i - k, leaves[k:]) + [root(leaves[:k])]

def consistency(m, leaves, whole=True):
    n = len(leaves)
    if m == n:
        return [] if whole else [root(leaves)]
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return consistency(m, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(m - k, leaves[k:], False) + [root(leaves[:k])]

def tiles(leaves, at, end):  # the compact range [at, end)
    out = []
    while at < end:
        size = 1 << (end - at).bit_length() - 1
        size = min(size, at & -at) if at else size
        out.append(root(leaves[at:at + size]))
        at += size
    return out

# ---- a log ----

ORIGIN = "ledger.example/box-1"
LOG, EPOCH, ALICE = Key(ORIGIN, seed(0)), Key(ORIGIN + "/epoch", seed(0x80)), Key("alice.example", seed(0x40))
SECOND, THIRD, OTHER = (Key(ORIGIN + "/epoch", seed(0xA0)), Key(ORIGIN + "/epoch", seed(0xB0)), Key("other.example", seed(0xC0)))
GROUP_SEED, EVENT_SALT, START = seed(0x20), seed(0x60), 1790000000000000000

class Event:
    def __init__(self, header, payload, salt, fields, keeps):
        self.raw = header if isinstance(header, bytes) else pack(header)
        self.header, self.payload, self.salt, self.fields, self.keeps = header, payload, salt, fields, keeps
        self.leaf = sha256(b"\0", self.raw)

class Log:
    """Events, and the epochs that seal them. What is named in `wrong` is said instead of what is right."""
    def __init__(self, origin=ORIGIN, log=LOG, epoch=EPOCH, body=None):
        self.events, self.log, self.origin, self.first = [], log, origin, origin
        self.epochs = [[1, None, epoch, origin]]  # from size, to size, key, origin
        right = {"epoch_vkey": epoch.vkey, "format": 1, "log_vkey": log.vkey, "origin": origin}
        body = dict(right, **(body or {}))
        self.add("ledger.created", "ledger/" + origin, {k: v for k, v in body.items() if v is not ...})

    @property
    def leaves(self):
        return [e.leaf for e in self.events]

    def add(self, kind, subject, body, private=None, author=None, wrong=None, **more):
        seq = len(self.events)
        salt = sha256(b"\3", GROUP_SEED, seq.to_bytes(8, "big"))
        names = sorted(private or {}, key=str.encode)
        fields = [(sha256(b"\6", EVENT_SALT, n.encode()), pack([n, private[n]])) for n in names]
        commit = sha256(b"\4", *(sha256(b"\5", s, f) for s, f in fields)) if fields else None
        h = [1, seq, START + seq * 1000, kind, 1, subject, more.get("actor", "user:alice"), more.get("source", "cli"),
             more.get("grade", "measured"), more.get("run", ""), more.get("cause"), more.get("key", ""), b"", commit,
             self.events[-1].leaf if seq else bytes(32)]
        signed = None
        if author:
            text = b"ledger/author/v1\0" + pack([self.events[0].leaf, self.origin] + h[3:7] + [h[9], h[11], commit, body])
            signed = [author.name, author.id, more.get("signature") or author.sign(text)]
        payload = pack([body, signed]) if "payload" not in more else more["payload"]
        h[12] = sha256(b"\2", salt, payload)
        for i, v in (wrong or {}).items():
            h[i] = v
        self.events.append(Event(more.get("raw", h), payload, salt, fields, names))
        return seq

    def rotate(self, key, **wrong):
        body = dict({"epoch": len(self.epochs), "reason": "age", "vkey": key.vkey}, **wrong)
        seq = self.add("ledger.key_rotated", "ledger/" + self.origin, {k: v for k, v in body.items() if v is not ...}, source="ledger")
        self.epochs[-1][1] = seq + 1
        self.epochs.append([seq + 1, None, key, self.origin])

    def restore(self, key, origin, **wrong):
        seq = len(self.events)
        body = dict({"epoch": len(self.epochs), "epoch_vkey": key.vkey, "newest": origin == self.origin, "origin": origin,
                     "origin_before": self.origin, "reason": "restore", "root": "sha256:" + root(self.leaves).hex(), "size": seq}, **wrong)
        self.add("ledger.restored", "ledger/" + origin, {k: v for k, v in body.items() if v is not ...})
        self.origin = origin
        self.epochs[-1][1] = seq
        self.epochs.append([seq + 1, None, key, origin])

    def sealers(self, size):
        return [e for e in self.epochs if e[0] <= size and (e[1] is None or size <= e[1])]

    def text(self, size, of=None):
        return "%s\n%d\n%s\n" % (of or self.sealers(size)[-1][3], size, b64(root(self.leaves[:size])))

    def checkpoint(self, size, signers=None, text=None):
        text = text or self.text(size)
        signers = signers if signers is not None else [self.log] + [e[2] for e in self.sealers(size)]
        return note(text, [(k, k.sign(text.encode())) for k in signers])

def note(text, lines):
    return (text + "\n" + "".join("\u2014 %s %s\n" % (k.name, b64(k.id + sig)) for k, sig in lines)).encode()

def cosign(key, text, time):
    return time.to_bytes(8, "big") + key.sign(b"cosignature/v1\ntime %d\n" % time + text.encode())

# ---- containers ----

def compact(v):
    return json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

def tar(members, mode=b"0000644\0"):
    out = b""
    for name, content in members:
        h = (name.encode().ljust(100, b"\0"), mode, b"0000000\0" * 2, b"%011o\0" % len(content), b"00000000000\0", b" " * 8, b"0",
             bytes(100), b"ustar\00000", bytes(64), b"0000000\0" * 2, bytes(167))
        h = b"".join(h)
        out += h[:148] + b"%06o\0 " % sum(h) + h[156:] + content + bytes(-len(content) % 512)
    return out + bytes(1024)

def xxh64(b):  # of at least 32 bytes, seed 0
    p1, p2, p3, p4, p5, m = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5, 2**64 - 1
    rot = lambda v, r: (v << r | v >> 64 - r) & m
    step = lambda a, v: rot((a + v * p2) & m, 31) * p1 & m
    acc, n = [(p1 + p2) & m, p2, 0, -p1 & m], len(b) // 32 * 32
    words = struct.unpack("<%dQ" % (n // 8), b[:n])
    for i in range(0, len(words), 4):
        acc = [step(a, v) for a, v in zip(acc, words[i:i + 4])]
    h = sum(rot(a, r) for a, r in zip(acc, (1, 7, 12, 18))) & m
    for a in acc:
        h = ((h ^ step(0, a)) * p1 + p4) & m
    h, rest = (h + len(b)) & m, b[n:]
    while len(rest) >= 8:
        h, rest = (rot(h ^ step(0, int.from_bytes(rest[:8], "little")), 27) * p1 + p4) & m, rest[8:]
    if len(rest) >= 4:
        h, rest = (rot(h ^ int.from_bytes(rest[:4], "little") * p1 & m, 23) * p2 + p3) & m, rest[4:]
    for c in rest:
        h = rot(h ^ c * p5 & m, 11) * p1 & m
    h = (h ^ h >> 33) * p2 & m
    h = (h ^ h >> 29) * p3 & m
    return h ^ h >> 32

def zstd(b, window=None, checksum=True):  # one frame of raw or run-length blocks
    frame = struct.pack("<IB", 0xFD2FB528, (0 if window else 0xA0) | 4 * checksum) + (bytes([window]) if window else struct.pack("<I", len(b)))
    runs = [m.span() for m in re.finditer(rb"(.)\1{63,}", b, re.S)] + [(len(b), len(b))]
    blocks, at = [], 0
    for first, end in runs:
        for a, z, kind in (at, first, 0), (first, end, 2):
            blocks += [(i, min(i + 65536, z), kind) for i in range(a, z, 65536)]
        at = end
    for a, z, kind in blocks:
        frame += (((a, z, kind) == blocks[-1]) | kind | z - a << 3).to_bytes(3, "little") + (b[a:a + 1] if kind else b[a:z])
    return frame + (struct.pack("<I", xxh64(b) & 0xFFFFFFFF) if checksum else b"")

# ---- bundles ----

def key_line(log, seq, to, kept=None):
    size = seq + 1 if seq else to
    e = log.events[seq]
    return {"checkpoint": (kept or log.checkpoint(size)).decode() if seq else None,
            "consistency": [b64(h) for h in consistency(size, log.leaves[:to])], "header": b64(e.raw),
            "inclusion": [b64(h) for h in inclusion(seq, log.leaves[:size])], "payload": b64(e.payload), "salt": b64(e.salt), "seq": seq}

def disclosed(e, names, seq):
    line = {"payload": b64(e.payload), "salt": b64(e.salt), "seq": seq}
    if e.fields:
        line["private"] = [{"field": b64(f), "salt": b64(s)} if n in names else {"digest": b64(sha256(b"\5", s, f))}
                           for n, (s, f) in zip(e.keeps, e.fields)]
    return line

def no_states(name, tables, version, size):  # states without rows: as of a time before any event about them
    digest = sha256(struct.pack(">I", len(name)), name.encode(), struct.pack(">IQ", version, size))
    return compact({"digest": "sha256:" + digest.hex(), "fold": version, "format": 1, "position": size, "projection": name,
                    "tables": [{"name": t, "rows": []} for t in tables]}) + b"\n"

class Bundle:
    """What a right exporter would write of a log; tests change `lines`, `statement` or `members` and seal it then."""
    def __init__(self, log, a=0, b=None, size=None, match=lambda h: True, bodies="matching", private=(), erased=None, sparse=None,
                 artifacts=(), states=None, kept=None, head=None, **predicate):
        self.log, size = log, size or len(log.events)
        b, erased = size if b is None else b, erased or {}
        epochs = [e[0] - 1 for e in log.epochs if e[0] - 1 < size]
        self.keys = [key_line(log, s, n + 1 if n is not None else size, (kept or {}).get(s)) for s, n in zip(epochs, epochs[1:] + [None])]
        tree = log.leaves[:size]
        seqs = list(range(a, b)) if sparse is None else sparse
        matches = {s: match(log.events[s].header) for s in seqs}
        self.lines, self.entries = [], []
        for s in seqs:
            e = log.events[s]
            if matches[s] or bodies == "all":
                line = {"erased": erased[s], "seq": s} if s in erased else {"seq": s, "withheld": True} if bodies == "none" else disclosed(e, private, s)
            else:
                line = None if sparse is None else {"seq": s}
            if sparse is not None:
                line.pop("withheld", None)
                line.update(header=b64(e.raw), inclusion=[b64(h) for h in inclusion(s, tree)])
            self.lines += [line] if line else []
            self.entries.append(e.raw)
        self.erasures = [{k: v for k, v in key_line(log, m, size).items() if k not in ("checkpoint", "consistency")} for m in sorted(set(erased.values()))]
        for line in self.erasures:
            line["inclusion"] = [b64(h) for h in inclusion(line["seq"], tree)]
        self.proof = "".join("%s\n" % x for x in ["ledger/range-proof/v1", "%d %d %d" % (a, b, size)] + list(map(b64, tiles(tree, 0, a))) +
                             [""] + list(map(b64, tiles(tree, b, size)))).encode()
        self.sparse, self.artifacts, self.verify = sparse is not None, sorted((sha256(x).hex(), x) for x in artifacts), b"See docs/bundle.md.\n"
        self.states = [("states/%s.json" % n, states[n]) for n in sorted(states or {})]
        self.head = head or log.checkpoint(size)
        self.predicate = {
            "counts": {}, "disclosure": {"artifacts": bool(artifacts), "bodies": bodies, "private": sorted(private), "states": sorted(states or {})},
            "exporter": {"program": "conformance", "version": "1"}, "filter": [], "format": 2,
            "gaps": [s for s in seqs if log.events[s].header[3] == "ledger.gap"], "head": {"root": b64(root(tree)), "size": size},
            "origin": log.sealers(size)[-1][3], "range": {"from": a, "to": b} if seqs else {"from": 0, "to": 0}, "sparse": self.sparse, "time": None}
        if self.sparse and seqs:
            self.predicate["range"] = {"from": seqs[0], "to": seqs[-1] + 1}
        self.predicate.update(predicate)
        has = lambda k: sum(k in line for line in self.lines)
        self.predicate["counts"] = {
            "artifacts": len(artifacts), "disclosed": has("payload"), "erased": has("erased"), "headers": len(seqs),
            "matching": sum(matches.values()), "private": sum("field" in f for line in self.lines for f in line.get("private", [])),
            "withheld": has("withheld") if not self.sparse else sum(matches[l["seq"]] and "payload" not in l and "erased" not in l for l in self.lines)}
        self.edit_sums = lambda text: text
        self.edit_statement, self.edit_members, self.signer, self.envelope = None, None, log.log, lambda e: e

    def members(self):
        text = lambda lines: b"".join((x if isinstance(x, bytes) else compact(x)) + b"\n" for x in lines)
        out = [("checkpoint", self.head), ("keys", text(self.keys))] + [("erasures", text(self.erasures))] * bool(self.erasures)
        if self.sparse:
            out += [("sparse/0.jsonl", text(self.lines))] if self.lines else []
        else:
            out += [("range.proof", self.proof), ("entries/0", b"".join(len(e).to_bytes(2, "big") + e for e in self.entries))]
            out += [("payloads/0.jsonl", text(self.lines))] if self.lines else []
        return out + [("artifacts/" + n, x) for n, x in self.artifacts] + self.states + [("VERIFY.md", self.verify)]

    def seal(self):
        members = self.members()
        members = self.edit_members(members) if self.edit_members else members
        if self.predicate["format"] == 2:
            members.append(("SHA256SUMS", self.edit_sums("".join("%s  %s\n" % (sha256(c).hex(), n) for n, c in members if n != "checkpoint")).encode()))
        named = [m for m in members if m[0] in ("keys", "erasures", "VERIFY.md", "SHA256SUMS") or m[0].startswith(("artifacts/", "states/"))]
        statement = {"_type": "https://in-toto.io/Statement/v1", "predicate": self.predicate, "predicateType": "urn:ledger:evidence-bundle:v1",
                     "subject": [{"digest": {"sha256": sha256(c).hex()}, "name": n} for n, c in named]}
        statement = self.edit_statement(statement) if self.edit_statement else statement
        payload, kind = statement if isinstance(statement, bytes) else compact(statement), b"application/vnd.in-toto+json"
        sig = self.signer.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
        envelope = {"payload": b64(payload), "payloadType": kind.decode(), "signatures": [{"keyid": self.signer.id.hex(), "sig": b64(sig)}]}
        return [("manifest.dsse.json", compact(self.envelope(envelope)) + b"\n")] + members

    def tar(self):
        return tar(self.seal())

def proof(log, seq, size=None, checkpoint=None, index=None, path=None, extra=b""):
    size = size or len(log.events)
    path = inclusion(seq, log.leaves[:size]) if path is None else path
    return b"c2sp.org/tlog-proof@v1\n%sindex %s\n" % (extra, b"%d" % seq if index is None else index) + \
        b"".join(b64(h).encode() + b"\n" for h in path) + b"\n" + (checkpoint or log.checkpoint(size))
