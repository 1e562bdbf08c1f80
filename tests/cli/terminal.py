"""Runs commands on a pseudo terminal over a ledger whose every field, file and setting is hostile, and checks each byte
that arrives there: `terminal.py LEDGER FOLDER`. Prints what came through raw, and exits with 1 if anything did.

A terminal may get line ends, printable text and this program's own colours. Data could do more: ESC and
U+009B begin control sequences, overrides and isolates change the display order, zero-width characters, tags and fillers
hide text, U+2028 and CR break lines."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time

LEDGER, WORK = sys.argv[1], sys.argv[2]
BOX = WORK + "/box\u202e\x9b31m"
RAW = ("\x1b]0;TITLE\x07\x1b[2J\x1b[31mRED\x9b31m\u202eRTL\u200bZW\r\nNEWLINE\u2028LS\x08\x7f\tTAB\ufeffBOM\u2066iso\u2069"
       "\u00ad\U000e0041tag\u3164fill\u200f\ufe0e\ufe0fselect\U000e0100")
NAME = "x\u202eRTL\u200bZW\u2028LS\ufeff\u2066i\u00ad\U000e0041"  # allowed in a header, which has no control characters
OWN = re.compile(rb"\x1b\[(?:0|1|2|31|32|33)m")
LINE = "a line of the data"
PROGRESS = re.compile(rb"\r\x1b\[K")
WATCHED = ["\u00ad", "\u034f", "\u061c", "\u180e", "\u200b", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e",
           "\u2060", "\u2066", "\u2069", "\u3164", "\ufeff", "\ufff9", "\U000e0001", "\U000e0041"]
WATCHED += [chr(c) for c in range(0x80, 0xa0)]
ENV = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", PAGER="cat", COLUMNS="100", TMPDIR=WORK)


def on_terminal(args, given=()):
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(LEDGER, [LEDGER, *args], ENV)
    out = b""
    given = list(given)
    end = time.time() + 60
    while time.time() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            got = os.read(fd, 65536)
        except OSError:
            break
        if not got:
            break
        out += got
        if given and out.endswith(b": "):  # a prompt
            os.write(fd, given.pop(0))
    else:
        os.kill(pid, 9)
        out += b"\x07 did not end"
    os.waitpid(pid, 0)
    os.close(fd)
    return out.replace(b"\r\n", b"\n")


def in_pipe(args):
    done = subprocess.run([LEDGER, *args], env=ENV, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.stdout


def faults_of(out):
    rest = PROGRESS.sub(b"", OWN.sub(b"", out))
    faults = ["0x%02x" % c for c in sorted(set(rest)) if (c < 0x20 and c != 0x0a) or c == 0x7f]
    faults += ["U+%04X" % ord(c) for c in WATCHED if c.encode() in rest]
    faults += ["a colour of the data"] if b"\x1b[31mRED" in out else []
    faults += [LINE] if re.search(rb"(^|\n)NEWLINE", rest) else []
    return faults


def events():
    def made(**event):
        return json.dumps(event)
    digest = "sha256:" + "a" * 64
    yield made(kind="x.test.in", subject="a/b", body={"t": RAW, RAW: 1, "n": {RAW: RAW}}, open=["t"],
               private={"p": RAW, "q": [RAW]})
    yield made(kind="x.test.in", subject="s/" + NAME, actor="u" + NAME, run="r" + NAME, key="k" + NAME, body={"a": 1},
               open=["a"])
    run = {"subject": "run/r1", "run": "r1"}
    yield made(kind="run.started", body={"pack": "p" + RAW, "agent": RAW}, **run)
    yield made(kind="run.step", body={"name": RAW, "outcome": RAW, "span": "s" + RAW}, **run)
    yield made(kind="run.model_called", body={"model": RAW, "outcome": RAW, "latency_ms": 5, "endpoint": RAW}, **run)
    yield made(kind="run.tool_called", body={"tool": RAW, "call": "c" + RAW}, **run)
    yield made(kind="permission.granted", subject="pack/p" + NAME, body={"group": "exec", "scope": RAW, "tier": "T0"})
    yield made(kind="permission.denied", subject="pack/p" + NAME, body={"group": "exec", "scope": RAW, "reason": RAW})
    yield made(kind="model.observed", subject="model/m" + NAME,
               body={"family": RAW, "format": RAW, "quantization": RAW, "runtime": RAW, "digest": digest})
    yield made(kind="route.decided", subject="route/r" + NAME, body={"model": RAW, "reason": RAW})
    yield made(kind="install.installed", subject="package/dpkg/x" + NAME, body={"version": RAW, "status": RAW})
    yield made(kind="ledger.gap", subject="gap/x" + NAME, body={"what": RAW, "source": RAW, "missing": 3})
    yield made(kind="doctor.observed", subject="check/x" + NAME, body={"status": RAW, "check": RAW})
    yield made(kind="run.finished", body={"outcome": RAW, "error": RAW}, **run)
    for sample in RAW, NAME:
        body = {"task": RAW, "sample": sample, "filter": RAW, "latency_ms": 5}
        yield made(kind="eval.sampled", subject="eval/h1", body=body)
        yield made(kind="eval.sample_failed", subject="eval/h2", private={"output": RAW, "detail": RAW},
                   body={"failure": "assertion", "unmet": [RAW], "metric": RAW, **body})
    yield made(kind="eval.sampled", subject="eval/h2", body={"task": RAW, "sample": RAW + RAW})
    # and refused input, with a reason that quotes it
    yield made(kind=RAW, subject="a/b")
    yield made(kind="x.test.in", subject=RAW)
    yield made(kind="x.test.in", subject="a/b", **{"zz" + RAW: 1})
    yield made(kind="x.test.in", subject="a/b", grade=RAW)
    yield made(kind="x.test.in", subject="a/b", time=RAW)
    yield RAW.replace("\r\n", "")
    yield '{"kind":"x.' + RAW


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)
    os.chmod(path, 0o600)


def commands(lines):
    """(name, arguments of the box) of everything that reads."""
    for seq in range(0, 20):
        yield ["show", str(seq)]
    for seq in range(1, 14):
        yield ["why", str(seq)]
    for line in ("log -n 0|query|query --format csv|query --format msgpack|query --by subject|query --by model,outcome|"
                 "query --fields seq,subject,actor,run,key,body,private|query --explain|timeline r1|timeline --since 0|"
                 "state|state runs|state permissions|state models|state routes|state packs|state installs|state gaps|"
                 "state --digest|pack list|model list|permit list|route list|run list|eval list|promote list|run show r1|"
                 "eval show h2|eval report h2|eval report h2 --private|eval report h2 --format jsonl|eval report h2 --format junit|"
                 "eval compare h1 h2|eval compare h1 h2 --format csv|eval compare h1 h2 --format junit|eval compare h1 h2 --json|"
                 "diff 0|diff 0 --all|stats|kinds x|verify|verify --derived|attest|key list|key export|checkpoint|prove 1|"
                 "trust list|rebuild|index|support -n").split("|"):
        yield line.split()
    yield ["export", "--whole", "--bodies", "all", "--private", "p,q", "--plain", "-n"]
    yield ["export", "-o", lines["bundle"], "--whole", "--bodies", "all", "--private", "p,q", "--plain", "--states", "all"]
    yield ["export", "-o", WORK + "/" + NAME, "--whole"]
    yield ["reveal", "1", "--private", "p", "-p", "-n"]
    yield ["reveal", "1", "--private", "p,q", "-o", WORK + "/reveal.tar", "-p"]
    yield ["support", "-o", WORK + "/support.tar", "--plain"]
    yield ["prove", "1", "--leaf", "/dev/stdout", "--payload", "/dev/stdout"]
    yield ["prove", "1", "-o", WORK + "/" + NAME + "/none"]
    yield ["checkpoint", "--save", WORK + "/cp" + NAME]
    yield ["backup", WORK + "/backup" + NAME]
    yield ["artifact", "get", lines["artifact"]]
    yield ["artifact", "get", RAW]
    yield ["artifact", "put", WORK + "/none" + NAME]
    yield ["query", "--sql", "SELECT subject, body, private FROM events"]
    yield ["query", "--sql", "SELECT '" + RAW + "' FROM nope"]
    yield ["query", "--sql", 'SELECT 1 AS "' + RAW + '"']
    yield ["query", "--where", RAW]
    yield ["query", RAW]
    yield ["query", "--kind", RAW]
    yield ["query", "--since", RAW]
    yield ["query", "--format", RAW]
    yield ["why", "route/r" + NAME]
    yield ["why", "pack/p" + NAME]
    yield ["why", "model/m" + NAME]
    yield ["run", "show", RAW]
    yield ["state", "permissions", RAW]
    yield ["append", "x.test.n", "-s", "a/b", RAW + "=1"]
    yield ["append", RAW, "-s", "a/b"]
    yield ["append", "x.test.n", "-s", "a/b", "--" + RAW]
    yield ["ingest", RAW]
    yield ["ingest", "jsonl", lines["jsonl"]]
    yield ["ingest", "jsonl", lines["odd"]]
    yield ["ingest", "jsonl", "--dry-run", lines["jsonl"]]
    yield ["verify", lines["bundle"], "--print"]
    yield ["verify", lines["odd"]]
    yield ["verify", "--policy", WORK + "/none" + NAME]
    yield ["help", RAW]
    yield [RAW]
    yield ["erase", "1", "--private", "p", "--reason", "request", "--yes"]
    yield ["show", "1"]


def settings(box):
    """(file, content, arguments): what is configured."""
    trust = os.environ["XDG_CONFIG_HOME"] + "/ledger/trust"
    oneline = RAW.replace("\r\n", "")
    yield BOX + "/config", RAW + " = 1\n", [*box, "stats"]
    yield BOX + "/config", "map_bytes = " + RAW + "\n", [*box, "stats"]
    yield BOX + "/config", "keys = /x" + oneline + "\n", [*box, "append", "x.test.n", "-s", "a/b"]
    yield trust, "log " + RAW + "\n", [*box, "verify"]
    yield trust, "genesis a" + oneline + " " + "0" * 64 + "\n", ["trust", "list"]
    yield trust, "head a" + NAME + " 5 " + "A" * 43 + "=\n", ["trust", "list"]
    yield WORK + "/policy", "witness " + RAW + "\n", [*box, "verify", "--policy", WORK + "/policy"]
    yield WORK + "/authors", RAW + "\n", [*box, "verify", "--authors", WORK + "/authors"]
    yield WORK + "/note", RAW + "\n1\nAAAA\n\n\u2014 x AAAA\n", [*box, "verify", "--checkpoint", WORK + "/note"]
    yield WORK + "/key", "PRIVATE+KEY+" + RAW + "\n", [*box, "append", "x.test.n", "-s", "a/b", "--sign-as", WORK + "/key"]


def main():
    bad = []
    ran = 0

    def look(args, out):
        nonlocal ran
        ran += 1
        faults = faults_of(out)
        if "artifact" in args or "--payload" in args:  # a file has its own lines
            faults = [fault for fault in faults if fault != LINE]
        if faults:
            bad.append("%r: %s" % (args, " ".join(faults)))

    box = ["-C", BOX]
    look(["init"], on_terminal([*box, "init", "--origin", "test.example/box"]))
    lines = {"jsonl": WORK + "/in.jsonl", "odd": WORK + "/f\x1b[31m\u202e.jsonl", "bundle": WORK + "/bundle.tar"}
    write(lines["jsonl"], "\n".join(events()) + "\n")
    shutil.copy(lines["jsonl"], lines["odd"])
    write(WORK + "/stored", RAW * 3)
    subprocess.run([LEDGER, *box, "ingest", "jsonl", lines["jsonl"]], env=ENV, capture_output=True, check=False)
    lines["artifact"] = in_pipe([*box, "artifact", "put", WORK + "/stored"]).decode().strip()

    for args in [[], *commands(lines)]:
        look(args, on_terminal([*box, *args]))
        look(["--json", *args], on_terminal([*box, "--json", *args]))
    look("nothing there", on_terminal(["-C", RAW, "log"]))
    for path, text, args in settings(box):
        before = open(path, "rb").read() if os.path.exists(path) else None
        write(path, text)
        look(args, on_terminal(args))
        look(args, on_terminal(["--json", *args]))
        if before is None:
            os.unlink(path)
        else:
            with open(path, "wb") as f:
                f.write(before)
    sealed = WORK + "/sealed" + NAME
    look("a passphrase is asked for", on_terminal(["key", "new", sealed, "--name", "a.example", "--passphrase"],
                                                  [b"secret\n", b"secret\n"]))

    # In a pipe the text is the same, and JSON is the same JSON: the output does not depend on where it goes.
    for args in (["log", "-n", "0", "--json"], ["query", "--format", "jsonl"], ["timeline", "r1", "--json"]):
        look(["in a pipe", *args], in_pipe([*box, *args]))
        values = [[json.loads(line) for line in out.splitlines() if line] if "timeline" not in args else json.loads(out)
                  for out in (in_pipe([*box, *args]), on_terminal([*box, *args]))]
        if RAW not in json.dumps(values[0], ensure_ascii=False).encode().decode() and \
                json.dumps(RAW, ensure_ascii=False)[1:-1] not in json.dumps(values[0], ensure_ascii=False):
            bad.append("%r: the text is not in it" % args)
        if "timeline" not in args and values[0] != values[1]:
            bad.append("%r: another value on a terminal" % args)
    if in_pipe([*box, "artifact", "get", lines["artifact"]]) != (RAW * 3).encode():
        bad.append("artifact get: other bytes in a pipe")
    print("%d commands" % ran)
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
