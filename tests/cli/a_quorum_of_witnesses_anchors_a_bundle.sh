#!/usr/bin/env bash
# Witnesses that share no code with the program cosign a bundle's checkpoint; a policy says how many are required, and
# which.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

cat >witness.py <<'PY'
"""vkey NAME · cosign IN OUT NAME... where !NAME signs another time than it says. A witness's seed is the SHA-256 of its name."""
import base64, hashlib, subprocess, sys


def openssl(*args, data=b""):
    with open("message", "wb") as f:
        f.write(data)
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


def key(name):  # writes seed.der; the verifier key's bytes after the key id, and the key id
    with open("seed.der", "wb") as f:
        f.write(bytes.fromhex("302e020100300506032b657004220420") + hashlib.sha256(name.encode()).digest())
    public = b"\4" + openssl("pkey", "-inform", "DER", "-in", "seed.der", "-pubout", "-outform", "DER")[-32:]
    return public, hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]


def line(name, text, time):
    _, key_id = key(name.lstrip("!"))
    said = time + name.startswith("!")
    message = b"cosignature/v1\ntime %d\n" % time + text
    sign = ("pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", "seed.der", "-in", "message")
    blob = key_id + said.to_bytes(8, "big") + openssl(*sign, data=message)
    return "\u2014 {} {}\n".format(name.lstrip("!"), base64.b64encode(blob).decode()).encode()


def cosign(tar, names):  # the second member is the checkpoint
    at = 512 + -(-int(tar[124:135], 8) // 512) * 512
    assert tar[at:at + 11] == b"checkpoint\0"
    size = int(tar[at + 124:at + 135], 8)
    note = tar[at + 512:at + 512 + size]
    end = at + 512 + -(-size // 512) * 512
    text = note[:note.rindex(b"\n\n") + 1]
    note += b"".join(line(name, text, 1790000000) for name in names)
    head = tar[at:at + 124] + b"%011o\0" % len(note) + tar[at + 136:at + 148] + b" " * 8 + tar[at + 156:at + 512]
    head = head[:148] + b"%06o\0 " % sum(head) + head[156:]
    return tar[:at] + head + note + bytes(-len(note) % 512) + tar[end:]


if sys.argv[1] == "vkey":
    public, key_id = key(sys.argv[2])
    print("%s+%s+%s" % (sys.argv[2], key_id.hex(), base64.b64encode(public).decode()))
else:
    with open(sys.argv[2], "rb") as f:
        made = cosign(f.read(), sys.argv[4:])
    with open(sys.argv[3], "wb") as f:
        f.write(made)
PY

new_box
box 0 append run.started -s run/r-1 --run r-1 agent=coder prompt='say hello'
box 0 key rotate
note two
box 0 key export
vkey=$out
box 0 export -o b.tar --whole --plain --private prompt
box 0 export -o sparse.tar --sparse 1,3 --plain
mv "$BOX" away
for i in 1 2 3 4 5; do
    echo "witness w$i $(python3 witness.py vkey w$i.example)"
done >witnesses
policy() { printf 'log %s\n%s\n%s\nquorum g\n' "$vkey" "$(cat witnesses)" "$1"; }
policy 'group g 2 w1 w2 w3' >two-of-three
policy $'group x all w1 w2\ngroup y any w4 w5\ngroup g all x y' >nested
policy 'group g any w5' >only-w5

# says CODE POLICY TEXT WITNESS...: for both bundles.
says() {
    local want=$1 policy=$2 text=$3 name
    shift 3
    for name in sparse b; do
        python3 witness.py cosign $name.tar cosigned.tar "$@"
        run "$want" verify cosigned.tar --no-trust-file --policy "$policy"
        out_has "$text"
    done
}
anchored="with the policy's quorum of witnesses"
short="the policy's quorum of witnesses is not met"
says 10 two-of-three "$short (0 cosigned)"
says 10 two-of-three "$short (1 cosigned)" w1.example
says 10 two-of-three "$short (1 cosigned)" w1.example w1.example
says 10 two-of-three "$short (1 cosigned)" w1.example stranger.example
says 10 two-of-three "$short (3 cosigned)" w1.example w4.example w5.example
says 0 two-of-three "$anchored" w1.example w3.example
says 0 two-of-three "$anchored" stranger.example w3.example '!other.example' w2.example
says 30 two-of-three 'the signature of the trusted key' w1.example w3.example '!w2.example'
says 10 nested "$short (3 cosigned)" w1.example w4.example w5.example
says 0 nested "$anchored" w1.example w2.example w5.example
says 10 only-w5 "$short (2 cosigned)" w1.example w2.example
says 0 only-w5 "$anchored" w5.example

# Packed, and with the events; in JSON.
zstd -q cosigned.tar
run 0 verify cosigned.tar.zst --no-trust-file --policy only-w5 --print
out_has 'say hello'
run 10 verify cosigned.tar.zst --no-trust-file --policy nested --key "$vkey" --json
json .verdict 'not anchored'
json .exit 10
json .aspects.anchoring.state note

# A policy without witnesses ignores them; so does the Python script.
run 0 verify cosigned.tar --no-trust-file --key "$vkey"
out_lacks quorum
run 10 verify cosigned.tar --no-trust-file
python3 witness.py cosign b.tar cosigned.tar w1.example stranger.example
check python3 "$ROOT/share/verify_bundle.py" cosigned.tar --key "$vkey" >page

finish
