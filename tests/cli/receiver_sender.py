#!/usr/bin/env python3
"""Sends the largest requests that the receiver takes, and some that it does not: receiver_sender.py ADDRESS PID. Prints the most memory
of its own that the receiver had meanwhile, in KiB; 0 under a sanitizer, whose memory says nothing."""

import http.client
import struct
import sys
import threading
import time

ADDRESS, PID = sys.argv[1].split("//")[1], sys.argv[2]
LARGEST = 10 << 20
peak, over = 0, threading.Event()


def watch():
    global peak
    while not over.is_set():
        with open("/proc/%s/status" % PID, encoding="utf-8") as f:
            kib = {line.split(":")[0]: line.split()[1] for line in f if line.startswith(("VmSize", "RssAnon"))}
        peak = max(peak, 0 if int(kib["VmSize"]) > 1 << 30 else int(kib["RssAnon"]))
        time.sleep(0.002)


def varint(n):
    out = b""
    while n >= 0x80:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def part(field, content):
    return varint(field << 3 | 2) + varint(len(content)) + content


def pair(name, value):
    return part(9, part(1, name) + part(2, part(1, value)))


def spans(first, room):
    """Calls of a model, each in a trace of its own."""
    rest = pair(b"gen_ai.operation.name", b"chat") + pair(b"gen_ai.request.model", b"llama3.2") + pair(b"gen_ai.prompt", b"a question")
    out, n = [], 0
    while room > 0 and n < 131072:
        i = struct.pack(">Q", first + n)
        times = b"\x39" + struct.pack("<Q", 1790000000000000000 + n) + b"\x41" + struct.pack("<Q", 1790000000001000000 + n)
        span = part(2, part(1, i + i) + part(2, i) + part(5, b"chat llama3.2") + times + rest)
        out.append(span)
        room, n = room - len(span), n + 1
    return part(1, part(2, b"".join(out[:-1]))), n - 1


def post(body):
    c = http.client.HTTPConnection(ADDRESS, timeout=60)
    c.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
    answer = c.getresponse()
    return answer.status, answer.read()


watcher = threading.Thread(target=watch)
watcher.start()
at = 1
for _ in range(2):
    body, n = spans(at, LARGEST)
    at += n
    if post(body) != (200, b""):
        sys.exit("the largest request is refused")
for body in (b"\0" * (LARGEST + 1), b"\x0a" * LARGEST, part(1, part(2, part(2, b"") * 131073))):
    if post(body)[0] not in (400, 413):
        sys.exit("what is too large, or no request, is taken")
over.set()
watcher.join()
print(peak)
