#!/usr/bin/env python3
"""Checks a stream that `ledger follow` wrote, with Python's standard library, the openssl command and (for a compressed one) the
zstd command, written from docs/stream.md, docs/bundle.md and docs/format.md alone. What other evidence needs, too, is in
verify_bundle.py beside it. It does not check authors' signatures.

Exit codes: 0 valid and anchored, 10 valid but nothing that was named confirms it (or nothing is sealed, or not all that it claims is proven), 20 another ledger than
the one that was named, 30 invalid, 3 a file or value cannot be read, 2 wrong command line."""
import argparse, json, os, subprocess, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import verify_bundle as vb  # pylint: disable=wrong-import-position
from verify_bundle import Refused, hashes, need, sha256, unbase64, under  # pylint: disable=wrong-import-position

LINE = 24 << 20
TERM = {"field": tuple(vb.FIELDS), "op": ("equals", "prefix"), "value": str}
BEGIN = {"claim": {"filter": [TERM], "private": [str]}, "edge": [str], "exported": int, "format": "ledger/stream/v1",
         "from": int, "keys": int}
SHOWN, SHOWN_PRIVATE = dict(vb.OPEN, header=str), dict(vb.PRIVATE, header=str)
ERASED, HELD = {"erased": True, "header": str, "seq": int}, {"header": str, "seq": int, "withheld": True}
LEAF, LEAF_HELD = {"leaf": str, "seq": int}, {"leaf": str, "seq": int, "withheld": True}
POINT = {"checkpoint": str, "size": int}
OWN = vb.EPOCH_KINDS + ("ledger.erased",)
KEPT = OWN + ("ledger.corrected",)

class Stream:
    def __init__(self, f, wanted):
        self.f, self.n, self.epochs, self.signers, self.wanted, self.roots = f, 0, [], set(), wanted, {}
        self.begun, self.end, self.first, self.ended, self.leaves = False, 0, 0, [], {}
        self.point, self.keyed_by, self.said, self.proven = None, None, set(), {}
        self.tree, self.size, self.due, self.exported = [], 0, False, None
        self.claims = []  # one for each section: [exported, proven, its event has come, leaves alone]
        self.count = dict.fromkeys(("disclosed", "erased", "withheld", "left_out", "repeated", "private", "checkpoints"), 0)
        self.authored = set()
        while (line := self.line()) is not None:
            self.take(line)
        self.close()

    def line(self):
        line = self.f.readline(LINE + 1)
        if not line:
            need(self.n, "the file is empty", "S2")
            return None
        self.n += 1
        need(self.begun or line.startswith(b'{"claim":'), "it does not begin as a stream does", "S2")
        need(line.endswith(b"\n"), "the file ends within this line, or it is too long", "S1")
        return line[:-1]

    def parse(self, text, form, rule):
        with under(rule):
            return vb.canonical(text, form, "line %d" % self.n)

    def take(self, text):
        if not self.begun or text.startswith(b'{"claim":'):
            need(not self.due, "the checkpoint of a handover does not follow it", "S9")
            return self.begin(text)
        v = self.parse(text, (SHOWN, SHOWN_PRIVATE, ERASED, HELD, LEAF, LEAF_HELD, POINT), "S1")
        need(not self.due or "checkpoint" in v, "the checkpoint of a handover does not follow it", "S9")
        return self.sealed(v) if "checkpoint" in v else self.event(v)

    # ---- the tree

    def push(self, level, hash_):
        self.tree.append((level, hash_))
        while len(self.tree) > 1 and self.tree[-2][0] == self.tree[-1][0]:
            (lev, right), (_, left) = self.tree.pop(), self.tree.pop()
            self.tree.append((lev + 1, sha256(b"\1", left, right)))

    def root(self):
        root = self.tree[-1][1] if self.tree else sha256()
        for _, left in reversed(self.tree[:-1]):
            root = sha256(b"\1", left, root)
        return root

    def reached(self):
        for end in [e for e in self.ended if e[0] == self.size]:
            need(end[1] == self.root(), "the first %d events are not those of an earlier section" % self.size, "S6")
            self.ended.remove(end)
        if self.size in self.wanted:
            self.roots[self.size] = self.root()

    # ---- sections

    def close(self):
        if self.begun:
            self.exported = None
            if self.size not in [e[0] for e in self.ended]:
                self.ended.append((self.size, self.root()))

    def begin(self, text):
        self.close()
        v = self.parse(text, BEGIN, "S2")
        with under("S2"):
            claim, a = v["claim"], v["from"]
            order = [(t["field"], t["value"].encode(), t["op"]) for t in claim["filter"]]
            for names, most in (claim["private"], 64), (order, 32):
                need(sorted(set(names)) == names and len(names) <= most, "its claim is out of order")
            edge = hashes(v["edge"])
            need(len(edge) == bin(a).count("1") and (v["keys"] == 0) == (a == 0) and v["exported"] >= a, "its edge, keys or exported")
        self.terms, self.private = [(vb.FIELDS[f], op, val) for f, val, op in order], claim["private"]
        self.claim = sha256(json.dumps(claim, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hex()
        need(not self.begun or a <= self.end, "events %d to %d are missing" % (self.end, a - 1), "S3")
        if not self.begun:
            self.first = self.end = a
        self.begun, self.exported, self.size, self.tree, self.last_point = True, v["exported"], a, [], a
        self.goal = self.end
        self.claims.append([v["exported"], False, False, 0])
        self.prev, self.time = self.leaves.get(a - 1), 0
        at = 0
        for h in edge:
            lev = (a - at).bit_length() - 1
            self.tree.append((lev, h))
            at += 1 << lev
        self.reached()
        last = -1
        for i in range(v["keys"]):
            line = self.line()
            need(line is not None, "the keys are cut short", "S1")
            last = self.key(self.parse(line, vb.KEYS, "B10"), i, last, a)

    def key(self, v, i, last, a):  # a line of keys
        with under("B10"):
            for field in "header", "payload":
                unbase64(v[field].encode())
            hashes(v["inclusion"] + v["consistency"] + [v["salt"]])
        h, leaf, b = vb.event(v)
        r, path, step, root = h[1], hashes(v["inclusion"]), hashes(v["consistency"]), self.root()
        need((r == 0) == (i == 0) and last < r < a, "the keys are out of order", "S4")
        if i == 0:
            need(v["checkpoint"] is None and not step, "genesis has a checkpoint", "S4")
            need(vb.included(0, a, leaf, path, root), "event 0 is not in the tree", "F7")
            self.epoch(h, leaf, b, None)
            return r
        need(v["checkpoint"] is not None, "a handover has no checkpoint", "S4")
        n = vb.note(v["checkpoint"].encode())
        need(n[2] == r + 1, "the checkpoint of event %d" % r, "S4")
        need(vb.included(r, r + 1, leaf, path, n[3]), "event %d is not in its tree" % r, "F7")
        need(vb.consistent(r + 1, a, step, n[3], root), "the tree of event %d does not begin that of the section" % r, "F8")
        need(h[3] in vb.EPOCH_KINDS[1:], "neither a rotation nor a restore", "S4")
        before = path[0] if path else None
        for p in path[1:]:
            before = sha256(b"\1", p, before)
        self.epoch(h, leaf, b, before)
        self.seal(n)
        self.roots.update({r + 1: n[3], r: before} if h[3] == "ledger.restored" else {r + 1: n[3]})
        return r

    def epoch(self, h, leaf, b, before):
        r = h[1]
        known = [e for e in self.epochs if e["seq"] >= r]
        if known:
            need(known[0]["seq"] == r and known[0]["leaf"] == leaf, "another event began this epoch before", "S6")
            return
        if r == 0:
            need(h[3] == "ledger.created", "the first event is not ledger.created", "S4")
            self.log, key, self.origin = vb.created(b)
            self.genesis, self.first_origin = leaf, self.origin
            self.roots[1] = leaf
        else:
            need(h[3] != "ledger.created", "a second ledger.created", "F15")
            key, self.origin = vb.begins(h[3], b, r, len(self.epochs), self.first_origin, self.origin, before)
            self.epochs[-1]["to"] = r if h[3] == "ledger.restored" else r + 1
        if type(b.get("keyed_by")) is str:
            need(0 < len(b["keyed_by"]) < 72 and self.keyed_by in (None, b["keyed_by"]), "keyed_by", "F25")
            self.keyed_by = b["keyed_by"]
        need(key[2] not in [self.log[2]] + [e["key"][2] for e in self.epochs], "an epoch key came back", "F21")
        need(key[:2] not in self.signers, "an epoch key signed before it was one", "F31")
        self.epochs.append({"from": r + 1, "to": 1 << 64, "key": key, "origin": self.origin, "seq": r, "leaf": leaf})

    def seal(self, n):  # format.md 8
        vb.Check.seal(self, n)
        self.signers |= {s[:2] for s in n[4]}

    def sealed(self, v):
        n = vb.note(v["checkpoint"].encode())
        need(self.epochs and v["size"] == n[2] == self.size > self.last_point and n[3] == self.root(), "a checkpoint of other events", "S10")
        self.seal(n)
        self.due, self.last_point = False, n[2]
        self.count["checkpoints"] += 1
        if n[2] < self.goal:  # not tied to the sections before
            return
        self.claims[-1][1] |= n[2] > self.claims[-1][0]
        if self.point is None or n[2] >= self.point[2]:
            self.point = n

    # ---- events

    def event(self, v):
        seq = v["seq"]
        need(seq == self.size, "the line where event %d should be is about event %d" % (self.size, seq), "S5")
        again = seq < self.end
        if "leaf" in v:
            with under("S1"):
                leaf = hashes([v["leaf"]])[0]
            need(seq > 0, "event 0 is not shown", "S4")
            need(seq != self.exported, "event %d is not shown" % seq, "S11")
            need("withheld" in v or self.terms, "only its leaf, although there is no filter", "S8")
            fate = "withheld" if "withheld" in v else "left_out"
        else:
            leaf, fate = self.header(v, seq, again)
        if again:
            self.count["repeated"] += 1
            need(self.leaves.get(seq, leaf) == leaf, "event %d is repeated, and is not what it was" % seq, "S6")
        else:
            self.count[fate] += 1
            self.claims[-1][3] += "leaf" in v
            self.end, self.leaves[seq] = seq + 1, leaf
            self.leaves.pop(seq - (1 << 20), None)
        self.prev, self.size = leaf, seq + 1
        self.push(0, leaf)
        self.reached()

    def header(self, v, seq, again):
        with under("S1"):
            raw = unbase64(v["header"].encode())
        h, leaf = vb.header(raw), sha256(b"\0", raw)
        prev = bytes(32) if seq == 0 else self.prev
        need(h[1] == seq and prev in (None, h[14]), "event %d: seq or prev" % seq, "F5")
        need(h[2] >= self.time and (h[10] is None or h[10] < seq), "event %d: time or cause" % seq, "F6")
        self.time = h[2]
        fate = "erased" if "erased" in v else "withheld" if "withheld" in v else "disclosed"
        b = self.content(h, v, seq, again) if fate == "disclosed" else None
        need(self.terms == [] or all(vb.holds(h, *t) for t in self.terms) or h[3] in OWN or seq == self.exported,
             "event %d does not match" % seq, "S7")
        if h[3] in vb.EPOCH_KINDS:
            need(b is not None, "event %d begins an epoch and is not shown" % seq, "S9")
            self.epoch(h, leaf, b, self.root())
            self.due = seq > 0
        need(self.epochs, "the first event is not ledger.created", "S4")
        if seq == self.exported:
            need(b is not None and h[3] == "ledger.exported" and b.get("digest") == "sha256:" + self.claim and
                 b.get("format") == "jsonl", "event %d does not record the claim" % seq, "S11")
            self.exported = None
            self.claims[-1][2] = not again or seq in self.leaves
        if h[3] == "ledger.erased" and b is not None and b.get("what") != "artifact":
            seqs = vb.erased(b, seq)
            if b["what"] == "body" and (not again or seq in self.leaves):
                for x in seqs:
                    self.proven[x] = min(seq, self.proven.get(x, seq))
        if fate == "erased":
            need(h[3] not in KEPT, "event %d cannot be erased" % seq, "F27")
            self.said |= set() if again else {seq}
        return leaf, fate

    def content(self, h, v, seq, again):
        with under("S1"):
            payload, salt = unbase64(v["payload"].encode()), hashes([v["salt"]])[0]
        need(sha256(b"\2", salt, payload) == h[12], "event %d: its payload" % seq, "F3")
        need(("private" in v) == (h[13] is not None), "event %d: private fields" % seq, "F4")
        if "private" in v:
            self.fields(h, v["private"], seq, again)
        b, author = vb.body(payload)
        if author and not again:
            once = (author[0], author[1], h[11])
            need(h[11] and once not in self.authored, "event %d: its author's key" % seq, "F13")
            self.authored.add(once)
        return b

    def fields(self, h, items, seq, again):
        digests, last = [], None
        for x in items:
            if "digest" in x:
                with under("S1"):
                    digests += hashes([x["digest"]])
                continue
            with under("S1"):
                field, salt = unbase64(x["field"].encode()), hashes([x["salt"]])[0]
            with under("F4"):
                pair, end = vb.item(field)
                need(end == len(field) and isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str), "a private field")
                need(last is None or last < pair[0].encode(), "private fields out of order")
            need(pair[0] in self.private, "event %d: a private field that the claim does not name" % seq, "B21")
            last = pair[0].encode()
            digests.append(sha256(b"\5", salt, field))
            self.count["private"] += not again
        need(sha256(b"\4", *digests) == h[13], "event %d: its private fields" % seq, "F4")

def anchored(c, keys, genesis, known, say):  # whether something that was named confirms it
    mine = [k for k in keys for name, i, sig in c.point[4] if (name, i) == k[:2]]
    if [k for k in keys if k[0] == c.log[0] and k != c.log] and not mine:
        say(20, "anchoring", "you trust another key under the name of its log key", "T2")
    if genesis and genesis != c.genesis:
        say(20, "anchoring", "its first event is not the one you named: another ledger", "T1")
    c.roots[c.point[2]] = c.point[3]
    c.first, c.size = c.first_origin, c.point[2]
    for path, n in known:
        mine += [path] * vb.checkpoint(c, path, n, say)
    if mine or genesis == c.genesis:
        say(0, "anchoring", "by what you named")
    else:
        say(10, "anchoring", "nothing you named confirms it")

def judge(c, keys, genesis, known, say):
    n = c.count
    if c.point is None:
        say(10, "seals", "no checkpoint: nothing of it is sealed yet")
    else:
        say(0, "seals", "%d checkpoints, the newest of size %d by %s" % (n["checkpoints"], c.point[2], c.log[0]))
    sealed = c.point[2] if c.point else c.first
    text = "events %d to %d, %d disclosed, %d erased, %d withheld, %d not chosen; repeated: %d" % (
        c.first, c.end - 1, n["disclosed"], n["erased"], n["withheld"], n["left_out"], n["repeated"])
    waiting = [x for x in c.claims if not x[1] and x[2]]
    waiting = waiting if any(x[0] >= sealed for x in waiting) else []
    unproven = [x for x in c.claims if not x[1] and not x[2]] + waiting
    hidden = sum(x[3] for x in unproven)
    say(10 if hidden or n["withheld"] else 0, "completeness", text + ("; from event %d on not yet sealed" % sealed if sealed < c.end else "") +
        ("; what was asked for is not proven: event %d is not in it, or not sealed" % unproven[0][0] if unproven else "") +
        (", so nothing shows that %d events had to be left out" % hidden if hidden else "") +
        ("; that %d had to be withheld is said by the file alone" % n["withheld"] if n["withheld"] else ""))
    unsaid = sorted(x for x in c.said if x not in c.proven or x < sealed <= c.proven[x])
    say(10 if unsaid else 0, "erasures", "%d, of which no sealed event says so: %s" % (len(c.said), unsaid or "none"))
    if c.point is not None:
        anchored(c, keys, genesis, known, say)

def main(argv):
    p = argparse.ArgumentParser(description="Check a stream of `ledger follow` offline.")
    p.add_argument("stream", help="- is standard input")
    p.add_argument("--key", action="append", default=[], metavar="VKEY", help="a log key that you trust")
    p.add_argument("--genesis", metavar="LEAF", help="the leaf of event 0 that you know, in hex")
    p.add_argument("--checkpoint", action="append", default=[], metavar="FILE", help="a checkpoint that you kept")
    p.add_argument("--json", action="store_true", help="one JSON object")
    a = p.parse_args(argv)
    code, lines, broken, zstd, c = 0, [], None, None, None

    def say(verdict, what, text, rule=None):
        nonlocal code, broken
        code, broken = max(code, verdict), broken or rule
        lines.append({"what": what, "text": text})
        if not a.json:
            print("%-13s %s%s" % (what, "rule %s: " % rule if rule else "", vb.safe(text)))

    try:
        keys, genesis = [vb.vkey(k) for k in a.key], bytes.fromhex(a.genesis or "")
        known = [(path, vb.note(open(path, "rb").read())) for path in a.checkpoint]
        f = sys.stdin.buffer if a.stream == "-" else open(a.stream, "rb")
    except (OSError, ValueError, Refused) as e:
        print("verify_stream: %s" % (e.args[1] if type(e) is Refused else e), file=sys.stderr)
        return 3
    try:
        if a.stream != "-" and f.peek(4)[:4] == b"\x28\xb5\x2f\xfd":
            vb.frames(f, os.path.getsize(a.stream))
            with open(a.stream, "rb") as g:
                zstd = subprocess.Popen(["zstd", "-dcq", "--memory=8MB"], stdin=g, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        c = Stream.__new__(Stream)
        c.__init__(zstd.stdout if zstd else f, {n[2] for _, n in known})
        need(zstd is None or zstd.wait() == 0, "a zstd frame is damaged", "B1")
        judge(c, keys, genesis, known, say)
    except OSError as e:
        print("verify_stream: %s" % e, file=sys.stderr)
        return 3
    except Refused as e:
        say(30, "stream", "line %d: %s" % (getattr(c, "n", 0), e.args[1]), e.args[0])
    finally:
        if zstd:
            zstd.kill()
            zstd.wait()
        f.close()
    verdict = {0: "valid and anchored", 10: "valid, not anchored or not all proven", 20: "contradicts what was known", 30: "INVALID"}[code]
    print(json.dumps({"exit": code, "lines": lines, "rule": broken, "verdict": verdict}) if a.json else verdict)
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
