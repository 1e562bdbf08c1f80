#!/usr/bin/env python3
"""Many clients of the proxy at once: proxy_crowd.py ADDRESS PID. Prints nothing when all of it is right."""

import json
import os
import socket
import sys
import time

ADDRESS, PID = sys.argv[1].rsplit(":", 1), sys.argv[2]
N = 64
BODY = b'{"model":"m","messages":["' + b"x" * 100000 + b'"]}'


def connect():
    return socket.create_connection(ADDRESS, timeout=20)


def head(path, scenario, n=len(BODY)):
    return ("POST %s HTTP/1.1\r\nHost: %s\r\nX-Scenario: %s\r\nContent-Length: %d\r\n\r\n" % (path, ":".join(ADDRESS), scenario, n)).encode()


def kib(name):
    with open("/proc/%s/status" % PID, encoding="utf-8") as f:
        return int(next(line for line in f if line.startswith(name)).split()[1])


def rss_kib():
    """Memory of its own. A sanitizer's shadow, terabytes of addresses, makes it say nothing: then it is 0."""
    return 0 if kib("VmSize") > 1 << 30 else kib("RssAnon")


def want(right, what):
    if not right:
        sys.exit(what)


def received(s):
    return s.recv(1 << 16)


def status(s):
    return int(s.makefile("rb").readline().split()[1])


def wait_until_all_have_left():
    deadline = time.monotonic() + 20
    while len(os.listdir("/proc/%s/task" % PID)) > 8:
        want(time.monotonic() < deadline, "connections that ended are still served")
        time.sleep(0.02)


# All places are idle: a new client takes the place of the one that has waited for longest.
idle = [connect() for _ in range(N)]
with connect() as s:
    s.sendall(head("/x", "echo", 2) + b"{}")
    want(status(s) == 200, "an idle crowd keeps others out")
want(idle[0].recv(1) == b"", "the oldest idle connection stayed")
for s in idle:
    s.close()

wait_until_all_have_left()

# All places are busy, with long answers of which much is kept, and clients that do not read.
busy = [connect() for _ in range(N)]
for i, s in enumerate(busy):
    s.sendall(head("/v1/chat/completions", "hold" if i % 2 else "endless") + BODY)
got = [0] * N
for i in range(1, N, 2):
    while got[i] < 900000:
        n = len(received(busy[i]))
        want(n > 0, "a long answer broke off")
        got[i] += n
for i in range(0, N, 2):
    want(len(received(busy[i])) > 0, "nothing of a stream")
with connect() as s:
    want(status(s) == 503, "one more than there are places")
want(rss_kib() < 64 << 10, "the proxy takes %d KiB" % rss_kib())
for s in busy:
    s.close()

# Once they are gone there is room again. Large bodies are passed, and not kept.
wait_until_all_have_left()
large = [connect() for _ in range(8)]
piece, most = b"y" * (1 << 20), 0
for s in large:
    s.sendall(head("/v1/chat/completions", "echo", 16 << 20))
for _ in range(16):
    for s in large:
        s.sendall(piece)
    most = max(most, rss_kib())
for s in large:
    f = s.makefile("rb")
    want(b"200" in f.readline(), "a large body")
    s.close()
want(most < 64 << 10, "the proxy takes %d KiB" % most)

# One byte at a time is a request too; one that never ends is none.
with connect() as s:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in head("/v1/chat/completions", "echo", 2) + b"{}":
        s.sendall(bytes([byte]))
    f = s.makefile("rb")
    want(b"200" in f.readline(), "byte by byte")
    while f.readline().strip():
        pass
    want(json.loads(f.read(len(json.dumps({"path": "echo", "echo": "0" * 64}))))["path"] == "echo", "its answer")
