"""Keys and signatures that some Ed25519 libraries accept and others do not: `weak_keys_sign_nothing.py LEDGER VERIFY_PROOF
PROOF LEAF VKEY`. Each is put in place of a log key's; both verifiers must refuse it. Prints those that one accepts."""

import base64
import hashlib
import subprocess
import sys

LEDGER, VERIFY, PROOF, LEAF, VKEY = sys.argv[1:]
NAME = VKEY.split("+")[0]
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
EIGHT = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
WEAK = [(y | sign << 255).to_bytes(32, "little") for y in (0, 1, P - 1, P, P + 1, EIGHT, P - EIGHT) for sign in (0, 1)]
ODD = [(P + k).to_bytes(32, "little") for k in range(2, 19)]  # not canonical
HEAD, TEXT, SIGNATURES = open(PROOF, encoding="utf-8").read().split("\n\n")


def codes(key, signature):
    keyid = hashlib.sha256(NAME.encode() + b"\n\1" + key).digest()[:4]
    vkey = "%s+%s+%s" % (NAME, keyid.hex(), base64.b64encode(b"\1" + key).decode())
    line = "\u2014 %s %s\n" % (NAME, base64.b64encode(keyid + signature).decode())
    with open("weak.tlog-proof", "w", encoding="utf-8") as f:
        f.write("\n\n".join((HEAD, TEXT, line)))
    for command in ([LEDGER, "verify", "--no-trust-file"], [sys.executable, VERIFY]):
        done = subprocess.run([*command, "weak.tlog-proof", "--leaf", LEAF, "--key", vkey], capture_output=True, check=False)
        yield done.returncode


good = base64.b64decode(VKEY.split("+", 2)[2])[1:]
line = next(x for x in SIGNATURES.splitlines() if x.startswith("\u2014 %s " % NAME))
own = base64.b64decode(line.split()[-1])[4:]
S = int.from_bytes(own[32:], "little")
cases = [(key, r + s.to_bytes(32, "little")) for key in WEAK for r in (WEAK[2], key) for s in (0,)]
cases += [(WEAK[2], WEAK[2] + L.to_bytes(32, "little"))]
cases += [(key, WEAK[2] + bytes(32)) for key in (ODD[0], ODD[-1])]
cases += [(good, r + own[32:]) for r in WEAK]
cases += [(good, own[:32] + (S + k * L).to_bytes(32, "little")) for k in range(1, 15) if S + k * L < 2**256]
bad = [(key.hex(), signature.hex(), got) for key, signature in cases for got in [list(codes(key, signature))] if 0 in got]
if list(codes(good, own)) != [0, 0]:
    bad.append("the log's own signature is refused")
for case in bad:
    print(case)
print("%d cases" % len(cases))
sys.exit(1 if bad else 0)
