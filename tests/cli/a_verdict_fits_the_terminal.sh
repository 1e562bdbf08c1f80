#!/usr/bin/env bash
# On a terminal the lines of a verification are broken at blanks and indented together; in a pipe they stay whole.
set -eu
# shellcheck source=tests/cli/lib.sh
. tests/cli/lib.sh

new_box
for i in 1 2 3 4 5 6 7 8 9 10; do note "n$i" --run "r-$((i % 2))"; done
box 0 export -o b.tar.zst --whole -k x.test.note -r r-1
check python3 - "$LEDGER" b.tar.zst <<'PY'
import fcntl, os, pty, struct, subprocess, sys, termios
args = [sys.argv[1], "verify", sys.argv[2]]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
env = dict(os.environ, TERM="dumb")
p = subprocess.Popen(args, stdout=slave, stderr=slave, stdin=subprocess.DEVNULL, env=env)
os.close(slave)
out = b""
while True:
    try:
        piece = os.read(master, 4096)
    except OSError:
        break
    if not piece:
        break
    out += piece
assert p.wait() == 0
shown = out.decode().replace("\r", "").split("\n")
first = shown.index(next(l for l in shown if l.startswith("question")))
last = shown.index(next(l for l in shown if l.startswith("verdict")))
wide = [l for l in shown[first:last] if len(l) > 80]
assert not wide, wide
assert any(l.startswith(" " * 27) and l[27] != " " for l in shown), "nothing was broken"
whole = subprocess.run(args, capture_output=True, text=True, env=env).stdout
assert "".join(whole.split()) == "".join("".join(shown).split()), "something is lost"
PY

finish
