#!/usr/bin/env python3
"""A server on the loopback that behaves as the path says, well or badly. Prints its port and serves until its standard
input ends."""

import fcntl
import os
import socket
import struct
import sys
import termios
import threading
import time
import zlib


def answer(body, status="200 OK", kind="application/json", extra=""):
    head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, len(body), extra)
    return head.encode() + body


def forever(conn, head, piece):
    conn.sendall(head)
    while True:
        conn.sendall(piece)


def chunked(kind="application/json"):
    return b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n"


def silence(conn):
    while conn.recv(4096):
        pass


def slow(conn):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
    silence(conn)


def gzip_bomb():
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(b"\0" * (4 << 20)) + packer.flush()


SENDS = {
    "/ok": answer(b'{"fine":true}'),
    "/text": answer(b"one\r\n\r\ntwo\nthree", kind="Application/X-NDJSON; charset=utf-8"),
    "/missing": answer(b'{"error":"no such thing"}', "404 Not Found"),
    "/late-error": answer(b'{"n":1}\n{"n":2}\n{"error":"it broke"}\n', kind="application/x-ndjson"),
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"cut\":",
    "/long": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrueEXTRA" + b"X" * 5000,
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\ntrueEXTRA",
    "/two-lengths-down": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 4\r\n\r\ntrueEXTRA",
    "/list-of-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4, 9\r\n\r\ntrueEXTRA",
    "/no-length": b"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\ntrue",
    "/same-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\ncontent-length: 04\r\n\r\ntrue",
    "/length-of-each": b"HTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
    "/http-2": b"HTTP/2 200\r\nContent-Length: 4\r\n\r\ntrue",
    "/http-1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
    "/http-1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
    "/two-states": b"HTTP/1.1 404 No\r\nHTTP/1.1 200 OK: 1\r\nContent-Length: 4\r\n\r\ntrue",
    "/bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 4\n\ntrue",
    "/bare-lf-once": b"HTTP/1.1 200 OK\r\nX-One: 1\nContent-Length: 4\r\n\r\ntrue",
    "/huge": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{",
    "/negative": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "/bad-chunk": chunked() + b"ZZ\r\nhello\r\n",
    "/cut-chunk": chunked() + b"5\r\nhel",
    "/garbage": b"220 mail.example.org ESMTP\r\n",
    "/nothing": b"",
    "/redirect": answer(b"", "302 Found", extra="Location: /ok\r\n"),
    "/redirect-loop": answer(b"", "302 Found", extra="Location: /redirect-loop\r\n"),
    "/redirect-file": answer(b"", "302 Found", extra="Location: file:///etc/passwd\r\n"),
    "/redirect-ftp": answer(b"", "302 Found", extra="Location: ftp://127.0.0.1/x\r\n"),
    "/later": answer(b"later", "429 Too Many Requests", extra="Retry-After: 7\r\n"),
    "/tls": answer(b"", "400 Bad Request"),
}
ACTS = {
    "/silent": silence,
    "/slow": slow,
    "/endless": lambda conn: forever(conn, chunked(), b"1000\r\n" + b"[" * 4096 + b"\r\n"),
    "/endless-line": lambda conn: forever(conn, chunked("application/x-ndjson"), b"1000\r\n" + b"x" * 4096 + b"\r\n"),
    "/endless-lines": lambda conn: forever(conn, chunked("application/x-ndjson"), b"8\r\n{\"n\":1}\n\r\n"),
    "/endless-headers": lambda conn: forever(conn, b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"y" * 400 + b"\r\n"),
    "/endless-header": lambda conn: forever(conn, b"HTTP/1.1 200 OK\r\nX-More: ", b"y" * 400),
    "/endless-100": lambda conn: forever(conn, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


kept = []  # connections that stay open after an answer, in order


def keep(conn):
    """Says which connection this is, and the how manieth request on it."""
    kept.append(conn)
    number, n, request = len(kept), 1, b"GET"
    while request:
        conn.sendall(answer(b"connection %d, request %d" % (number, n)))
        request, n = read_request(conn), n + 1


def push(conn):
    """Sends to the newest kept connection what nobody asked for, and answers when it has arrived."""
    kept[-1].sendall(answer(b"unasked"))
    while struct.unpack("i", fcntl.ioctl(kept[-1], termios.TIOCOUTQ, b"\0\0\0\0"))[0] > 0:
        time.sleep(0.001)
    conn.sendall(answer(b"pushed"))


def hang_up(conn):
    kept[-1].shutdown(socket.SHUT_RDWR)
    conn.sendall(answer(b"closed"))


ACTS.update({"/kept": keep, "/push": push, "/hang-up": hang_up})


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return data
        data += more
        if data[:1] == b"\x16":  # a TLS handshake
            return b"TLS /tls "
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


def serve(conn):
    try:
        request = read_request(conn)
        path = request.split(b" ")[1].decode() if request.count(b" ") >= 2 else ""
        if path in ACTS:
            ACTS[path](conn)
        elif path == "/echo":
            conn.sendall(answer(request, kind="text/plain"))
        elif path == "/gzip":
            conn.sendall(answer(gzip_bomb(), extra="Content-Encoding: gzip\r\n"))
        else:
            conn.sendall(SENDS.get(path, b""))
    except OSError:
        pass
    finally:
        conn.close()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
