#!/usr/bin/env bash
# share/verify_proof.py shares no code with the program. Both must agree on good files and on every file with one byte
# changed, removed or added; for the payload and the leaf that is always a refusal.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

PAGE=$ROOT/share/verify_proof.py
page() {
    local want=$1 got=0
    shift
    python3 "$PAGE" "$@" >"$T/.out" 2>"$T/.err" || got=$?
    out=$(tr -d '\0' <"$T/.out")
    [[ $got == "$want" ]] || fail "exit code $got, wanted $want: verify_proof.py $*"
}

new_box
note 'the first' --private '{"why": "größe"}'
note 'the second' --run r-1 --cause 1 --key k-1
box 0 append x.test.note --subject thing/2 --open n,f,l,m,t \
    --body '{"n": -129, "f": 1834.25, "l": [0, 127, 128, 255, 256, 65536, -1, -32, -33], "m": {"b": 1, "a": null}, "t": "ä"}'
box 0 key rotate
note 'the fifth'
box 0 key export
KEY=$out
for seq in 0 1 2 3 4 5; do
    box 0 prove $seq -o $seq.tlog-proof --leaf $seq.leaf --payload $seq.payload
    run 0 verify $seq.tlog-proof --payload $seq.payload --no-trust-file --key "$KEY"
    page 0 $seq.tlog-proof --leaf $seq.leaf --payload $seq.payload --key "$KEY"
done

# No key given, the wrong leaf, the wrong payload, another ledger's first event, wrong command lines.
page 10 3.tlog-proof --leaf 3.leaf
page 30 3.tlog-proof --leaf 2.leaf --key "$KEY"
page 30 3.tlog-proof --leaf 3.leaf --payload 2.payload --key "$KEY"
GENESIS=$(python3 -c 'import hashlib; print(hashlib.sha256(b"\0" + open("0.leaf", "rb").read()).hexdigest())')
page 0 0.tlog-proof --leaf 0.leaf --key "$KEY" --genesis "$GENESIS"
page 20 0.tlog-proof --leaf 0.leaf --key "$KEY" --genesis "$(tr 0-9a-f 1-9a-f0 <<<"$GENESIS")"
page 30 0.leaf --leaf 0.leaf --key "$KEY"
page 3 3.tlog-proof --leaf 3.leaf --key "${KEY%?}"
page 2 3.tlog-proof

cat >compare.py <<'PY'
import contextlib, functools, importlib.util, io, json, os, subprocess, sys

sys.dont_write_bytecode = True
page_path, ledger, root, key = sys.argv[1:]
spec = importlib.util.spec_from_file_location("page", page_path)
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)
page.ed25519 = functools.lru_cache(None)(page.ed25519)  # the same checkpoint, over and over
wrong = 0


def judge(files, vkey):
    """The two exit codes for {suffix: content}."""
    for suffix, content in files.items():
        with open("x." + suffix, "wb") as f:
            f.write(content)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        mine = page.main(["x.tlog-proof", "--leaf", "x.leaf", "--payload", "x.payload", "--key", vkey])
    command = [ledger, "verify", "x.tlog-proof", "--payload", "x.payload", "--no-trust-file", "--key", vkey]
    return mine, subprocess.run(command, capture_output=True, check=False).returncode


def expect(what, files, vkey, accepted):
    global wrong
    mine, theirs = judge(files, vkey)
    if mine != theirs or mine not in accepted:
        wrong += 1
        print("%s: the page says %d, the program %d, wanted one of %s" % (what, mine, theirs, accepted))


def proof(index, hashes, note):
    b64 = lambda h: page.base64.b64encode(h).decode()
    return ("c2sp.org/tlog-proof@v1\nindex %d\n" % index + "".join(b64(h) + "\n" for h in hashes) + "\n" + note).encode()


# The worked example of docs/format.md.
with open(os.path.join(root, "tests/vectors/events.json")) as f:
    vectors = json.load(f)
events = vectors["events"]
unhex = bytes.fromhex
paths = [[events[1]["leaf"], events[2]["leaf"]], [events[0]["leaf"], events[2]["leaf"]], [events[1]["root_after"]]]
for seq, event in enumerate(events):
    files = {"tlog-proof": proof(seq, [unhex(h) for h in paths[seq]], vectors["checkpoint"]), "leaf": unhex(event["header"]),
             "payload": unhex(event["salt"]) + unhex(event["payload"])}
    expect("vector %d" % seq, files, vectors["log"]["vkey"], [0])
    expect("vector %d, another key" % seq, files, key, [10])

# Every byte of a real proof's files. Signature lines of untrusted keys prove nothing, so a change there may be accepted.
good = {}
for suffix in ("tlog-proof", "leaf", "payload"):
    with open("3." + suffix, "rb") as f:
        good[suffix] = f.read()
expect("good", good, key, [0])
ours = b"\xe2\x80\x94 test.example/box "
unnamed = good["tlog-proof"].index(b"\n", good["tlog-proof"].index(ours)) + 1
for suffix, content in good.items():
    for at in range(len(content)):
        accepted = [0, 10, 30] if suffix == "tlog-proof" and at >= unnamed - 1 else [10, 20, 30]
        accepted = [30] if suffix != "tlog-proof" else accepted
        changed = content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1:]
        expect("%s, byte %d" % (suffix, at), {**good, suffix: changed}, key, accepted)
    for cut in (1, len(content) // 2, len(content) - 1):
        expect("%s cut to %d bytes" % (suffix, cut), {**good, suffix: content[:cut]}, key, [30])
    expect("%s and a byte" % suffix, {**good, suffix: content + b"\0"}, key, [30])

# One canonical form only: the decoder refuses anything else, at every place.
for text in ("cc7f", "cd00ff", "ce0000ffff", "cf00000000ffffffff", "cf8000000000000000", "d000", "d0e0", "d1ff80", "d2ffff8000",
             "d3ffffffff80000000", "d901" "61", "da000161", "c500" "0161", "dc00" "0100", "de000100c0", "ca00000000",
             "cb7ff8000000000000", "cb7ff0000000000000", "cb8000000000000000", "d400ff", "c1", "a1ff", "a3eda080", "82a16201a16101",
             "82a16101a16102", "8101c0", "a2" "61", "92c0", "91" * 32 + "90"):
    try:
        page.item(unhex(text))
        wrong += 1
        print("the page accepts %s" % text)
    except ValueError:
        pass
for text in ("7f", "cc80", "cd0100", "ce00010000", "cf0000000100000000", "cf7fffffffffffffff", "e0", "d0df", "d1ff7f", "d2ffff7fff",
             "d3ffffffff7fffffff", "d3" "8000000000000000", "d920" + "61" * 32, "91" * 31 + "90", "82a16101a26161c0"):
    if page.item(unhex(text))[1] != len(unhex(text)):
        wrong += 1
        print("the page does not read %s to its end" % text)
sys.exit(1 if wrong else 0)
PY
python3 compare.py "$PAGE" "$LEDGER" "$ROOT" "$KEY" >"$T/.out" 2>"$T/.err" || fail 'the two verifiers differ'
finish
