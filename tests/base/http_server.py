#!/usr/bin/env python3
"""A server on the loopback that behaves as the path says, well or badly. Prints its port and serves until its standard
input ends."""

import os
import socket
import sys
import threading
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
    return packer.compress(b"\0" * (64 << 20)) + packer.flush()


SENDS = {
    "/ok": answer(b'{"fine":true}'),
    "/text": answer(b"one\r\n\r\ntwo\nthree", kind="Application/X-NDJSON; charset=utf-8"),
    "/missing": answer(b'{"error":"no such thing"}', "404 Not Found"),
    "/late-error": answer(b'{"n":1}\n{"n":2}\n{"error":"it broke"}\n', kind="application/x-ndjson"),
    "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"cut\":",
    "/long": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrueEXTRA" + b"X" * 5000,
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
