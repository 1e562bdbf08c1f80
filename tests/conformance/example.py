#!/usr/bin/env python3
"""Prints the worked example of docs/bundle.md, or with a path writes the bundle there. A scenario compares the document."""
import base64, sys

sys.dont_write_bytecode = True
from generate import Bundle, SECOND, b64, json, root, tar, three

EXAMPLE = three()
EXAMPLE.rotate(SECOND)
MADE = Bundle(EXAMPLE, private=["note"])

def fold(text, width=150):
    return "\n".join(line[i:i + width] for line in text.split("\n") for i in range(0, len(line) or 1, width))

def block(text):
    print("```\n" + fold(text.rstrip("\n")) + "\n```\n")

def main():
    members = MADE.seal()
    if len(sys.argv) > 1:
        with open(sys.argv[1], "wb") as f:
            f.write(tar(members))
        return
    of = dict(members)
    envelope = json.loads(of["manifest.dsse.json"])
    print("The three events of format.md, then a rotation to the epoch key of seed a0a1a2…bf: four events, all disclosed, with the private field `note` and the others as digests. Lines")
    print("are folded here after 150 characters; everything else is as it is in the members.\n")
    print("`manifest.dsse.json` is `{\"payload\":\"…\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"keyid\":\"%s\",\"sig\":\"…\"}]}` with the signature and the payload:\n" % envelope["signatures"][0]["keyid"])
    block(envelope["signatures"][0]["sig"] + "\n" + base64.b64decode(envelope["payload"]).decode())
    print("`checkpoint`: size 4 = seq 3 + 1 is where epoch 1 begins, so both epoch keys have signed it with the log key:\n")
    block(of["checkpoint"].decode())
    print("`keys`: genesis, proven in the tree of the next line's size (4) and with nothing to be consistent with; the rotation, with the kept checkpoint of its size, which is the head's own here, so that")
    print("its consistency proof is empty too:\n")
    block(of["keys"].decode())
    print("`range.proof`: [0, 0) and [4, 4) are empty:\n")
    block(of["range.proof"].decode())
    print("`entries/0` in hex, a header a line with its length in front:\n")
    raw, lines = of["entries/0"], []
    while raw:
        n = 2 + int.from_bytes(raw[:2], "big")
        lines.append(raw[:n].hex())
        raw = raw[n:]
    block("\n".join(lines))
    print("`payloads/0.jsonl`:\n")
    block(of["payloads/0.jsonl"].decode())
    for name, content in members:
        if name in ("VERIFY.md", "SHA256SUMS"):
            print("`%s` (%d bytes)%s:\n" % (name, len(content), " is a short one here" if name == "VERIFY.md" else ""))
            block(content.decode())
    print("The leaves of events 0 to 3 are")
    block("\n".join(h.hex() for h in EXAMPLE.leaves))
    print("and merge to the root of the checkpoint, `%s`." % b64(root(EXAMPLE.leaves)))

if __name__ == "__main__":
    main()
