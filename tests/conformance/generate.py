#!/usr/bin/env python3
"""Writes the conformance files and their index into a directory: the same bytes each time. A case is a name, a file, what the
verifier is given, the correct exit code, and the broken rule."""
import os, sys

sys.dont_write_bytecode = True
from made import *

cases, files = [], {}

def case(name, about, content, code=30, rule=None, key=LOG, needs=None, **given):
    kind = "proof" if content[:4] == b"c2sp" or name.startswith("proof") else "bundle"
    files[name] = content
    entry = {"about": about, "exit": code, "file": name, "given": {}, "kind": kind, "rule": rule}
    if needs:
        entry["needs"] = needs
    if key:
        entry["given"]["key"] = key.vkey
    for what, value in given.items():
        if isinstance(value, bytes):
            files[name.split(".")[0] + "." + what] = value
            value = name.split(".")[0] + "." + what
        entry["given"][what] = value
    cases.append(entry)

def bundle(name, about, made, code=30, rule=None, plain=False, **given):
    content = made if isinstance(made, bytes) else made.tar()
    case(name + (".tar" if plain else ".tar.zst"), about, content if plain else zstd(content), code, rule, **given)

# ---- logs ----

def three(**wrong):
    log = Log(**wrong)
    log.add("permission.granted", "pack/pdf-ops-pack", {"expires": 1893456000000000000, "group": "filesystem.read", "scope": "inbox/**", "tier": "T0"},
            {"note": "for the March invoices"}, ALICE, key="9f0c6c1d2b7a4e0f8d3c5b6a79887766")
    log.add("run.step", "run/7", {"step": "summarise"}, {"output": "The report says nothing.", "prompt": "Summarise the report."}, run="run/7", cause=1)
    return log

def rotated(key=SECOND, **wrong):
    log = three()
    log.rotate(key, **wrong)
    log.add("run.step", "run/8", {"step": "file"}, run="run/8")
    return log

RESTORED = ORIGIN + "/r1790000600"

def restored(key=None, origin=RESTORED, **wrong):
    log = three()
    log.restore(key or SECOND.named(origin + "/epoch"), origin, **wrong)
    log.add("run.step", "run/9", {"step": "again"}, run="run/9")
    return log

def erased(what=1, by=None, **wrong):
    log = three()
    log.add("ledger.erased", "event/%d" % what, dict({"seq": what, "what": "body"}, **wrong))
    log.add("run.step", "run/8", {"step": "file"}, run="run/8")
    return log

AUTHORS = ALICE.vkey.encode() + b"\n"
RUNTIMES = no_states("runtimes", ["runtimes"], 1, 5)  # recomputed by a reader that has version 1 of these rules

is_step = dict(match=lambda h: h[3] == "run.step", filter=[{"field": "kind", "op": "equals", "value": "run.step"}])

def bent(log=None, edit=None, members=None, statement=None, lines=None, **options):
    b = Bundle(log or rotated(), **options)
    b.edit_members, b.edit_statement = members, statement
    if edit:
        edit(b)
    return b

def member(name, change):  # replaces one member's content
    return lambda members: [(n, change(c) if n == name else c) for n, c in members]

def predicate(**changes):
    def edit(statement):
        statement["predicate"].update(changes)
        return statement
    return edit

def line(i, change):  # line i of the disclosed ones
    def edit(b):
        b.lines[i] = change(b.lines[i])
    return edit

def key_of(i, **changes):
    def edit(b):
        b.keys[i].update(changes)
    return edit

def bad_id(key):
    return "%s+00000000+%s" % (key.name, key.vkey.split("+")[2])

# ---- good ones ----

def good():
    r = rotated()
    bundle("good-three", "three events, all bodies that match, plain", Bundle(three()), 0, plain=True)
    bundle("good-three-zstd", "the same in a zstd frame", Bundle(three()), 0)
    bundle("good-format-1", "as it was before there was SHA256SUMS", Bundle(r, format=1), 0)
    bundle("good-rotated", "a rotation in the range", Bundle(r), 0)
    bundle("good-restored", "a restore, under a new origin", Bundle(restored()), 0)
    old = restored(newest=..., origin_before=...)
    bundle("good-restored-early", "a restore as the first versions wrote it, without newest and origin_before", Bundle(old), 0)
    bundle("good-restored-newest", "a restore of the newest backup, under the old origin", Bundle(restored(SECOND, ORIGIN)), 0)
    bundle("good-range", "events 1 and 2 of five", Bundle(r, 1, 3), 0)
    bundle("good-filter", "events of one kind, the others as headers", Bundle(r, **is_step), 0)
    bundle("good-time", "a time, with its neighbours", Bundle(r, 0, 4, match=lambda h: START + 1000 <= h[2] < START + 3000,
           time={"from": str(START + 1000), "to": str(START + 3000)}), 0)
    bundle("good-bodies-none", "headers, every body withheld", Bundle(r, bodies="none"), 0)
    bundle("good-private", "a private field disclosed, another as a digest", Bundle(r, private=["prompt"]), 0)
    bundle("good-sparse", "two chosen events", Bundle(r, sparse=[1, 4]), 0)
    bundle("good-erased", "a body that was erased, with the event that says so", Bundle(erased(1), erased={1: 3}), 0)
    bundle("good-artifact", "an artifact, which nobody needs to name", Bundle(r, artifacts=[b"a report"]), 0)
    named = Bundle(r, states={name: b"what the log key says\n" for name in ("a", "a-b")})
    bundle("good-states-names", "states that nobody else makes, of a name and of a longer one that begins with it", named, 0)
    bundle("good-states", "states that follow from the events", Bundle(r, states={"runtimes": RUNTIMES}), 0)
    bundle("good-author", "an event whose author is named", Bundle(r), 0, authors=AUTHORS)
    bundle("good-extension", "a checkpoint with an extension line", Bundle(r, head=r.checkpoint(5, text=r.text(5) + "more\n")), 0)
    bundle("good-unknown-line", "a checkpoint with a signature of somebody unknown", Bundle(r, head=r.checkpoint(5, [LOG, SECOND, OTHER])), 0)
    bundle("good-nobody-named", "nothing is given", Bundle(r), 10, key=None)
    bundle("good-unrelated-key", "the key of another log is given", Bundle(r), 10, key=OTHER)
    bundle("good-genesis", "the leaf of event 0 is given", Bundle(r), 0, key=None, genesis=r.events[0].leaf.hex())

# ---- what the caller knows ----

def known():
    r = rotated()
    fork = three()
    fork.rotate(SECOND)
    fork.add("run.step", "run/8", {"step": "something else"})
    later = rotated()
    later.restore(THIRD.named(RESTORED + "/epoch"), RESTORED)
    bundle("known-other-genesis", "another first event is known", Bundle(r), 20, "T1", genesis=sha256(b"another").hex())
    bundle("known-other-key", "another key is trusted under the log's name", Bundle(r), 20, "T2", key=OTHER.named(ORIGIN))
    bundle("known-head", "a checkpoint of the head", Bundle(r), 0, key=None, checkpoint=r.checkpoint(5))
    bundle("known-fork", "a checkpoint of the head's size with another root", Bundle(r), 20, "T3", checkpoint=fork.checkpoint(5))
    bundle("known-size-1", "a checkpoint of size 1, whose root is the leaf of event 0", Bundle(r, 4, 5), 0, key=None, checkpoint=r.checkpoint(1))
    bundle("known-size-1-other", "a checkpoint of size 1 with another root", Bundle(r, 4, 5), 20, "T3",
           checkpoint=Log(body={"keyed_by": "sha256:00"}).checkpoint(1))
    s = restored()
    before = three()
    before.events[2] = Event(before.events[2].header[:6] + ["user:eve"] + before.events[2].header[7:], b"", b"", [], [])
    bundle("known-restored-size", "a checkpoint of the size that a restore continued from", Bundle(s, 4, 5), 0, key=None, checkpoint=s.checkpoint(3))
    bundle("known-restored-size-other", "the same with another root", Bundle(s, 4, 5), 20, "T3", checkpoint=before.checkpoint(3))
    bundle("known-newer", "a newer checkpoint cannot be compared", Bundle(r, size=4), 0, checkpoint=r.checkpoint(5))
    bundle("known-newer-after-restore", "nor can one from after a later restore", Bundle(r), 0, checkpoint=later.checkpoint(6))
    bundle("known-outside", "nor one that ends outside of the range", Bundle(r, 4, 5), 0, checkpoint=r.checkpoint(2))
    bundle("known-sparse", "nor one within chosen events", Bundle(r, sparse=[1, 4]), 0, checkpoint=r.checkpoint(3))
    bundle("known-beyond-restore", "more events of the old origin than a restore continued from", Bundle(restored()), 20, "T5", checkpoint=r.checkpoint(5))
    other = Log("other.example", OTHER, EPOCH.named("other.example/epoch"))
    bundle("known-other-log", "a checkpoint of another log", Bundle(r), 20, "T4", checkpoint=other.checkpoint(1))
    bundle("known-unsigned", "a checkpoint that the log key has not signed", Bundle(r), 20, "T4", checkpoint=r.checkpoint(5, [OTHER]))

# ---- rules of the ledger's own events ----

def own():
    for n, (name, about, wrong) in enumerate([
            ("2", "another format", {"format": 2}), ("none", "no format", {"format": ...}), ("float", "a float", {"format": 1.0}), ("true", "a boolean", {"format": True})]):
        bundle("F16-format-" + name, "ledger.created has " + about, Bundle(three(body=wrong)), rule="F16")
    long = "x" * 225
    bundle("F17-origin-long", "an origin of 225 bytes", Bundle(Log(long, LOG.named(long), EPOCH.named(long + "/epoch"))), rule="F17", key=LOG.named(long))
    url = "http://x"
    bundle("F17-origin-scheme", "an origin with a scheme", Bundle(Log(url, LOG.named(url), EPOCH.named(url + "/epoch"))), rule="F17", key=LOG.named(url))
    bundle("F18-log-key-name", "a log key whose name is not the origin", Bundle(Log(log=OTHER)), rule="F18", key=OTHER)
    bundle("F9-log-key-id", "a log key with another key id", Bundle(Log(body={"log_vkey": bad_id(LOG)})), rule="F9")
    bundle("F9-epoch-key-id", "an epoch key with another key id", Bundle(rotated(vkey=bad_id(SECOND))), rule="F9")
    bundle("F9-epoch-key-form", "an epoch key that is not one", Bundle(rotated(vkey="ledger.example/box-1/epoch")), rule="F9")
    bundle("F9-restore-key-name", "an epoch key whose name no key has", Bundle(restored(epoch_vkey=SECOND.named(ORIGIN + " /epoch").vkey)), rule="F9")
    bundle("F18-log-key-type", "a witness's key as the log key", Bundle(Log(body={"log_vkey": Key(ORIGIN, seed(0), 4).vkey})), rule="F18")
    bundle("F19-rotation-key-type", "a rotation to a witness's key", Bundle(rotated(vkey=Key(ORIGIN + "/epoch", seed(0xA0), 4).vkey)), rule="F19")
    bundle("F19-genesis-key-name", "an epoch key of another name", Bundle(Log(epoch=EPOCH.named("other.example/epoch"))), rule="F19")
    bundle("F19-genesis-log-keys-name", "an epoch key with the log key's name", Bundle(Log(epoch=EPOCH.named(ORIGIN))), rule="F19")
    bundle("F19-rotation-key-name", "a rotation to a key of another name", Bundle(rotated(SECOND.named("elsewhere/epoch"))), rule="F19")
    bundle("F19-restore-key-name", "a restore to a key that is named after the old origin", Bundle(restored(SECOND)), rule="F19")
    for name, value in ("2", 2), ("none", ...), ("text", "1"), ("float", 1.0), ("true", True):
        bundle("F20-rotation-" + name, "the epoch of a rotation", Bundle(rotated(epoch=value)), rule="F20")
    bundle("F20-restore-7", "the epoch of a restore", Bundle(restored(epoch=7)), rule="F20")
    bundle("F21-log-key", "an epoch key that is the log key", Bundle(rotated(LOG.named(ORIGIN + "/epoch"))), rule="F21")
    bundle("F21-closed-key", "a restore to the public key of a closed epoch", Bundle(restored(EPOCH.named(RESTORED + "/epoch"))), rule="F21")
    bundle("F22-size", "a restore that names another size", Bundle(restored(size=2)), rule="F22")
    bundle("F22-root", "a restore that names another root", Bundle(restored(root="sha256:" + "00" * 32)), rule="F22")
    for name, origin in ("elsewhere", "other.example"), ("zero", ORIGIN + "/r0"), ("huge", ORIGIN + "/r18446744073709551616"), ("zeros", ORIGIN + "/r07"):
        bundle("F23-" + name, "a restore under an origin that this log cannot have", Bundle(restored(origin=origin)), rule="F23")
    twice = restored()
    twice.restore(THIRD.named(ORIGIN + "/r5/epoch"), ORIGIN + "/r5")
    bundle("F23-smaller", "a second restore with a smaller number", Bundle(twice), rule="F23")
    bundle("F24-newest", "newest, and yet a new origin", Bundle(restored(newest=True)), rule="F24")
    bundle("F24-not-newest", "not newest, and yet the old origin", Bundle(restored(SECOND, ORIGIN, newest=False)), rule="F24")
    bundle("F24-origin-before", "another origin before", Bundle(restored(origin_before="other.example")), rule="F24")
    twosecrets = three(body={"keyed_by": "sha256:" + "11" * 32})
    twosecrets.rotate(SECOND, keyed_by="sha256:" + "22" * 32)
    bundle("F25-two-secrets", "two events name different secrets", Bundle(twosecrets), rule="F25")
    bundle("F26-later", "an erasure of a later event", Bundle(erased(4), erased={4: 3}), rule="F26")
    bundle("F26-itself", "an erasure that erases itself", Bundle(erased(3), erased={3: 3}), rule="F26")
    bundle("F26-twice-said", "an erasure with seq and seqs", Bundle(erased(1, seqs=[1]), erased={1: 3}), rule="F26")
    bundle("F27-genesis", "the first event as erased", Bundle(erased(0), erased={0: 3}), rule="F27")
    gone = rotated()
    gone.add("ledger.erased", "event/3", {"seq": 3, "what": "body"})
    bundle("F27-rotation", "a rotation as erased", Bundle(gone, erased={3: 5}), rule="F27")

# ---- rules of events, notes, keys ----

def event(name, about, rule, wrong=None, **more):
    log = three()
    log.add("run.step", "run/8", {"step": "wrong"}, wrong=wrong, **more)
    bundle(name, about, Bundle(log), rule=rule)

def objects():
    event("F1-kind", "a kind of one part", "F1", {3: "step"})
    event("F1-grade", "a grade that does not exist", "F1", {8: "certain"})
    event("F1-control", "a control character in the subject", "F1", {5: "run/\u0085"})
    event("F1-integer", "a header integer beyond 2^63-1", "F1", {4: 1 << 32})
    event("F2-array", "a payload of three elements", "F2", payload=pack([{}, None, None]))
    event("F2-map", "a map whose keys are out of order", "F2", payload=b"\x92\x82\xa1b\x01\xa1a\x02\xc0")
    event("F2-integer", "an integer that is not in its shortest form", "F2", payload=b"\x92\x81\xa1a\xcc\x07\xc0")
    event("F2-large", "a body of 1,048,577 bytes", "F2", payload=b"\x92\x81\xa1a\xc6" + (1048577 - 8).to_bytes(4, "big") + bytes(1048577 - 8) + b"\xc0")
    event("F5-prev", "a prev that is not the leaf before", "F5", {14: bytes(32)})
    event("F6-time", "a time below that of the event before", "F6", {2: START})
    event("F6-cause", "a cause that is the event itself", "F6", {10: 3})
    log = three()
    log.add("permission.granted", "pack/x", {}, author=ALICE)
    bundle("F13-no-key", "an author's event without a key", Bundle(log), rule="F13")
    log = three()
    log.add("permission.granted", "pack/x", {}, author=ALICE, key="9f0c6c1d2b7a4e0f8d3c5b6a79887766")
    bundle("F13-key-twice", "an author's key used twice", Bundle(log), rule="F13")
    log = three()
    log.add("permission.granted", "pack/x", {}, author=ALICE, key="0123456789abcdef01234567", signature=ALICE.sign(b"something else"))
    bundle("F14-signature", "a bad signature of an author who is named", Bundle(log), rule="F14", authors=AUTHORS)
    log = three()
    log.add("ledger.created", "ledger/" + ORIGIN, {})
    bundle("B16-second-genesis", "a second ledger.created, which keys do not have", Bundle(log), rule="B16")
    r = rotated()
    bundle("F3-payload", "a payload that the header does not commit to", bent(edit=line(2, lambda v: dict(v, payload=b64(pack([{"step": "forged"}, None]))))), rule="F3")
    bundle("F4-field", "a private field that the header does not commit to",
           bent(private=["prompt"], edit=line(2, lambda v: dict(v, private=v["private"][::-1]))), rule="F4")
    bundle("F7-sparse", "a chosen event with another's proof", bent(sparse=[1, 4], edit=lambda b: b.lines[0].update(inclusion=b.lines[1]["inclusion"])), rule="F7")
    bundle("F8-consistency", "a tree that is not proven to begin the next", bent(edit=key_of(1, consistency=[b64(bytes(32))])), rule="F8")
    text = r.text(5)
    bundle("F10-note", "a checkpoint without signature lines", Bundle(r, head=text.encode() + b"\n"), rule="F10")
    bundle("F11-leading-zero", "a checkpoint whose size has a leading zero", Bundle(r, head=r.checkpoint(5, text=text.replace("\n5\n", "\n05\n"))), rule="F11")
    bundle("F11-empty-extension", "a checkpoint with an empty extension line", Bundle(r, head=r.checkpoint(5, text=text + "\nmore\n")), rule="F11")
    forged = note(text, [(LOG, bytes(64)), (SECOND, SECOND.sign(text.encode()))])
    bundle("F12-log-key", "a bad signature of the log key", Bundle(r, head=forged), rule="F12")
    bundle("F28-origin", "a checkpoint of another origin", bent(restored(), head=restored().checkpoint(5, text=r.text(5).replace(text.split("\n")[2], b64(root(restored().leaves)))),
           statement=predicate(origin=ORIGIN)), rule="F28")
    bundle("F29-log-key", "a checkpoint without the log key", Bundle(r, head=r.checkpoint(5, [SECOND])), rule="F29")
    bundle("F30-epoch-key", "a checkpoint without the epoch key", Bundle(r, head=r.checkpoint(5, [LOG])), rule="F30")
    bundle("F30-handover", "a handover that the old key has not signed", Bundle(r, kept={3: r.checkpoint(4, [LOG, SECOND])}), rule="F30")
    bundle("F31-closed", "a checkpoint with a line of a closed epoch", Bundle(r, head=r.checkpoint(5, [LOG, EPOCH, SECOND])), rule="F31")

# ---- rules of bundles ----

def containers():
    whole = Bundle(rotated()).tar()
    bundle("B1-no-checksum", "a frame without a checksum", b"", rule="B1")
    files["B1-no-checksum.tar.zst"] = zstd(whole, checksum=False)
    bundle("B1-window", "a frame with a window of 16 MiB", b"", rule="B1")
    files["B1-window.tar.zst"] = zstd(whole, window=14 << 3)
    bundle("B1-skippable", "a skippable frame after the first", b"", rule="B1")
    files["B1-skippable.tar.zst"] = zstd(whole) + b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    bundle("B2-mode", "members of mode 644 that do not say so", tar(Bundle(rotated()).seal(), b"0000755\0"), rule="B2", plain=True)
    bundle("B2-cut", "a file that is cut short", whole[:-600], rule="B2", plain=True)
    bundle("B2-more", "a byte after the end", whole + b"\0", rule="B2", plain=True)
    two = Bundle(rotated(), sparse=[1, 4]).tar
    split = lambda members: [p for n, c in members for p in ([(n, c[:c.index(b"\n") + 1]), (n, c[c.index(b"\n") + 1:])] if n[:6] == "sparse" else [(n, c)])]
    bundle("B3-twice", "chosen events in two members of one name", bent(sparse=[1, 4], members=split), rule="B3")
    bundle("B3-order", "keys before the checkpoint", bent(members=lambda m: m[1::-1] + m[2:]), rule="B3")
    bundle("B3-missing", "no entries", bent(members=lambda m: [x for x in m if x[0] != "entries/0"]), rule="B3")
    bundle("B3-extra", "a member that nobody knows", bent(members=lambda m: m + [("more", b"x")]), rule="B3")
    bundle("B4-two-signatures", "an envelope with two signatures", bent(edit=lambda b: setattr(b, "envelope", lambda e: dict(e, signatures=e["signatures"] * 2))), rule="B4")
    bundle("B4-white-space", "a statement with white space", bent(statement=lambda s: compact(s).replace(b"{\"_type\"", b"{ \"_type\"")), rule="B4")

def manifests():
    for name, about, changes in [
            ("format", "a manifest of another format", {"format": 3}), ("range", "an empty range", {"range": {"from": 5, "to": 5}}),
            ("beyond", "a range beyond the head", {"range": {"from": 0, "to": 6}}), ("bounds", "a time without bounds", {"time": {"from": None, "to": None}}),
            ("time", "a time that ends where it begins", {"time": {"from": "5", "to": "5"}}), ("more", "a member that nobody knows", {"more": 1}),
            ("filter", "a filter that stands twice", {"filter": [{"field": "kind", "op": "equals", "value": "run.step"}] * 2})]:
        bundle("B5-" + name, about, bent(statement=predicate(**changes)), rule="B5")
    bundle("B6-missing", "keys that are no subject", bent(statement=lambda s: dict(s, subject=s["subject"][1:])), rule="B6")
    bundle("B6-artifact", "an artifact although the manifest says none", bent(artifacts=[b"x"], statement=lambda s: (
        s["predicate"]["disclosure"].update(artifacts=False), s)[1]), rule="B6")
    bundle("B6-sums", "format 2 without SHA256SUMS", bent(format=1, statement=predicate(format=2)), rule="B6")
    for name, about, change in [
            ("missing", "SHA256SUMS without a line for the keys", lambda text: text[text.index("\n") + 1:]),
            ("digest", "SHA256SUMS with another digest of it", lambda text: "00" + text[2:]),
            ("more", "SHA256SUMS with a line for a member that is not there", lambda text: text + "00" * 32 + "  more\n")]:
        bundle("B26-" + name, about, bent(edit=lambda b, change=change: setattr(b, "edit_sums", change)), rule="B26")
    bundle("B7-signer", "a manifest that another key has signed", bent(edit=lambda b: setattr(b, "signer", OTHER.named(ORIGIN))), rule="B7")
    bundle("B8-head", "a checkpoint of another head than the manifest's", bent(statement=predicate(head={"root": b64(bytes(32)), "size": 5})), rule="B8")
    bundle("B5-subject", "a subject of the manifest has no member 'name', but one of another name", bent(statement=lambda s: (s["subject"][0].update(nbme=s["subject"][0].pop("name")), s)[1]), rule="B5")
    bundle("B9-verify", "a VERIFY.md that is not the one that was signed", bent(statement=lambda s: (s["subject"][-2]["digest"].update(sha256="00" * 32), s)[1]), rule="B9")
    bundle("B25-form", "states that the rules of no version give", Bundle(rotated(), states={"runtimes": b"none\n"}), rule="B25", needs=["projections"])
    bundle("B24-counts", "counts of what is not there", bent(statement=lambda s: (s["predicate"]["counts"].update(disclosed=4), s)[1]), rule="B24")
    bundle("B24-gaps", "a gap that is not one", bent(statement=predicate(gaps=[2])), rule="B24")

def members():
    bundle("B10-white-space", "a line with white space", bent(edit=line(0, lambda v: compact(v).replace(b",", b", "))), rule="B10")
    bundle("B11-not-genesis", "keys that do not begin with genesis", bent(edit=lambda b: b.keys.pop(0)), rule="B11")
    bundle("B11-twice", "a handover that stands twice", bent(edit=lambda b: b.keys.append(b.keys[1])), rule="B11")
    bundle("B12-no-erasure", "an erasure that is another event", bent(erased(1), erased={1: 4}), rule="B12")
    bundle("B13-range", "a range proof of another range", bent(members=member("range.proof", lambda c: c.replace(b"0 5 5", b"0 4 5"))), rule="B13")
    bundle("B14-short", "entries that end within a header", bent(members=member("entries/0", lambda c: c[:-1])), rule="B14")
    bundle("B14-more", "entries that continue after the last header", bent(members=member("entries/0", lambda c: c + b"\0\0")), rule="B14")
    def change(b):
        e = list(b.log.events[4].header)
        e[6] = "user:eve"
        b.entries[4] = pack(e)
    bundle("B15-root", "a header that is not in the tree", bent(edit=change), rule="B15")
    bundle("B16-handover", "a rotation of the range that keys do not have", bent(edit=lambda b: (b.keys.pop(1), b.keys[0].update(
        consistency=[], inclusion=[b64(h) for h in inclusion(0, b.log.leaves)])), head=rotated().checkpoint(5, [LOG, EPOCH])), rule="B16")
    bundle("B17-order", "lines out of order", bent(bodies="all", edit=lambda b: b.lines.append(b.lines[1])), rule="B17")
    bundle("B17-sparse-first", "chosen events that do not begin with the range", bent(sparse=[1, 4], statement=predicate(range={"from": 0, "to": 5})), rule="B17")
    bundle("B18-missing", "a matching event without a line", bent(edit=lambda b: b.lines.pop(2)), rule="B18")
    bundle("B19-line", "a line of an event that does not match", bent(edit=lambda b: b.lines.insert(0, {"seq": 1, "withheld": True}), **is_step), rule="B19")
    bundle("B20-bodies", "a payload although no body is disclosed", bent(statement=lambda s: (s["predicate"]["disclosure"].update(bodies="none"), s)[1]), rule="B20")
    bundle("B21-private", "a private field that the manifest does not name", bent(private=["prompt"], statement=lambda s: (
        s["predicate"]["disclosure"].update(private=[]), s)[1]), rule="B21")
    bundle("B22-erased", "a body as erased that no event erased", bent(erased(1), erased={1: 3}, edit=line(1, lambda v: {"erased": 4, "seq": 1})), rule="B22")
    bundle("B23-since", "a time whose beginning is not proven", bent(a=1, b=3, time={"from": str(START + 1000), "to": None}), rule="B23")
    bundle("B23-until", "a time whose end is not proven", bent(a=1, b=3, time={"from": None, "to": str(START + 3000)}), rule="B23")

# ---- proofs ----

def proofs():
    r, s = rotated(), restored()
    def prove(name, about, log, seq, code=30, rule=None, leaf=None, payload=None, **given):
        e = log.events[seq]
        made = given.pop("made", None) or proof(log, seq, **given.pop("how", {}))
        case("proof-%s.tlog-proof" % name, about, made, code, rule, leaf=leaf or e.raw, payload=payload or e.salt + e.payload, **given)
    for seq in range(5):
        prove("good-%d" % seq, "an event, with its payload", r, seq, 0)
    prove("good-author", "an event whose author is named", r, 1, 0, authors=AUTHORS, genesis=r.events[0].leaf.hex())
    prove("good-restored", "a restore", s, 3, 0)
    prove("good-newest", "a rotation that is the newest event", r, 3, 0, how={"size": 4})
    prove("good-nobody", "nothing is given", r, 2, 10, key=None)
    prove("good-unrelated-key", "the key of another log is given", r, 2, 10, key=OTHER)
    prove("good-extra", "an extra line", r, 2, 0, how={"extra": b"extra AAAA\n"})
    prove("F32-magic", "another first line", r, 2, rule="F32", made=proof(r, 2).replace(b"@v1", b"@v2"))
    prove("F32-extra", "an extra line without content", r, 2, rule="F32", how={"extra": b"extra \n"})
    prove("F32-cut", "a proof that is cut short", r, 2, rule="F32", made=proof(r, 2)[:60])
    prove("F10-cut", "a checkpoint that is cut short", r, 2, rule="F10", made=proof(r, 2)[:-20])
    prove("F11-size", "a checkpoint whose size has a sign", r, 2, rule="F11", how={"checkpoint": r.checkpoint(5, text=r.text(5).replace("\n5\n", "\n+5\n"))})
    prove("F33-index", "another index", r, 2, rule="F33", how={"index": b"1"})
    late = three()
    late.add("ledger.created", "ledger/" + ORIGIN, {})
    prove("F15-second", "a ledger.created that is not the first event", late, 3, rule="F15")
    prove("F7-path", "a path that leads elsewhere", r, 2, rule="F7", how={"path": [bytes(32)] * 3})
    prove("F1-leaf", "a leaf that is no header", r, 2, rule="F1", leaf=b"\x90")
    prove("F3-payload", "another event's payload", r, 2, rule="F3", payload=r.events[1].salt + r.events[1].payload)
    unsigned = three()
    unsigned.add("permission.granted", "pack/x", {}, author=ALICE, key="0123456789abcdef01234567", signature=ALICE.sign(b"something else"))
    prove("F14-signature", "a bad signature of an author who is named", unsigned, 3, rule="F14", authors=AUTHORS, genesis=r.events[0].leaf.hex())
    prove("F9-log-key-id", "a first event whose log key has another key id", Log(body={"log_vkey": bad_id(LOG)}), 0, rule="F9")
    prove("F12-seal", "a bad signature of the log key", r, 2, rule="F12", how={"checkpoint": note(r.text(5), [(LOG, bytes(64))])})
    prove("F16-format", "a first event of another format", three(body={"format": 2}), 0, rule="F16")
    prove("F18-log-key", "a first event whose log key has another name", Log(log=OTHER), 0, rule="F18", key=OTHER)
    prove("F20-epoch", "a rotation whose epoch is a text", rotated(epoch="1"), 3, rule="F20")
    prove("F22-root", "a restore of another root, the newest event", restored(root="sha256:" + "00" * 32), 3, rule="F22", how={"size": 4})
    prove("F24-newest", "a restore that says newest and has a new origin", restored(newest=True), 3, rule="F24")
    prove("F26-later", "an erasure of a later event", erased(4), 3, rule="F26")
    prove("F34-epoch-key", "a rotation that its new key has not sealed", r, 3, rule="F34", how={"size": 4, "checkpoint": r.checkpoint(4, [LOG])})
    prove("T1-genesis", "another first event is known", r, 0, 20, "T1", genesis=sha256(b"another").hex())
    prove("T2-key", "another key is trusted under the log's name", r, 2, 20, "T2", key=OTHER.named(ORIGIN))
    prove("known-head", "its checkpoint is known", r, 2, 0, key=None, checkpoint=r.checkpoint(5))
    prove("known-newer", "a checkpoint that cannot be compared", r, 2, 0, how={"size": 4}, checkpoint=r.checkpoint(5))
    fork = three()
    fork.add("run.step", "run/x", {})
    fork.add("run.step", "run/y", {})
    prove("T3-fork", "a checkpoint of its size with another root", r, 2, 20, "T3", checkpoint=fork.checkpoint(5))
    prove("T4-other-log", "a checkpoint of another log", r, 2, 20, "T4", checkpoint=Log("other.example", OTHER, EPOCH.named("other.example/epoch")).checkpoint(1))
    wit = Key("witness.example", seed(0xE0), 4)
    policy = ("log %s\nwitness w %s\nquorum w\n" % (LOG.vkey, wit.vkey)).encode()
    text = r.text(5)
    signed = lambda sig: note(text, [(LOG, LOG.sign(text.encode()))] + ([(wit, sig)] if sig else []))
    prove("policy-met", "a policy whose witness has cosigned", r, 2, 0, key=None, policy=policy, how={"checkpoint": signed(cosign(wit, text, 1790000000))})
    prove("policy-unmet", "a policy whose witness has not", r, 2, 10, key=None, policy=policy, how={"checkpoint": signed(None)})
    prove("F12-cosignature", "a cosignature for another time", r, 2, 30, "F12", key=None, policy=policy,
          how={"checkpoint": signed((5).to_bytes(8, "big") + cosign(wit, text, 6)[8:])})
    prove("F12-time", "a cosignature of a time of 2^63", r, 2, 30, "F12", key=None, policy=policy, how={"checkpoint": signed(cosign(wit, text, 1 << 63))})

if __name__ == "__main__":
    for part in (good, known, own, objects, containers, manifests, members, proofs):
        part()
    os.makedirs(sys.argv[1], exist_ok=True)
    files["index.json"] = json.dumps(sorted(cases, key=lambda c: c["file"]), indent=1, sort_keys=True).encode() + b"\n"
    for name, content in files.items():
        with open(os.path.join(sys.argv[1], name), "wb") as f:
            f.write(content)
