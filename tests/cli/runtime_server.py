#!/usr/bin/env python3
"""Speaks like servers of models, and like servers that nobody should trust. Prints one port for each word, in one line, and
serves until its standard input ends. A word is a way to answer:

  llama     a llama.cpp server with a model loaded; vllm, lmstudio, ollama: theirs; files in the working directory named after the
            word take the place of its version ("vllm")
  hangs     accepts, and says nothing          redirects  to a llama.cpp server
  streams   a body without an end              lies       a length that the body does not have
  ssh       a banner of another protocol       html       a page
  long      200 MB of JSON                     closes     at once
"""

import json
import os
import socket
import sys
import threading

LLAMA = {
    "/health": {"status": "ok"},
    "/v1/models": {"object": "list", "data": [{"id": "tiny", "owned_by": "llamacpp"}]},
    "/props": {"build_info": "b4321-abcdef0", "total_slots": 4, "model_path": "/models/tiny.gguf"},
}
VLLM = {"/health": {}, "/v1/models": {"object": "list", "data": [{"id": "tiny", "owned_by": "vllm"}]}}
LMSTUDIO = {"/api/v0/models": {"object": "list", "data": []}}
OLLAMA = {"/api/version": {"version": "0.5.4"}, "/api/tags": {"models": []}, "/api/ps": {"models": []}}
good_port = 0


def page(body, status="200 OK", kind="application/json", more=""):
    head = "HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n" % (status, kind, more, len(body))
    return head.encode() + body


def version(word, default):
    try:
        with open(word, encoding="utf-8") as f:
            return f.read().strip()
    except FileNotFoundError:
        return default


def well(pages, path):
    if path not in pages:
        return page(b'{"error":"not found"}', "404 Not Found")
    return page(json.dumps(pages[path]).encode())


def endless(conn, start, piece):
    conn.sendall(start)
    for _ in range(3200):
        conn.sendall(piece)


def answer(conn, word, path):
    if word == "hangs":
        while conn.recv(4096):
            pass
    elif word == "redirects":
        conn.sendall(page(b"", "302 Found", more="Location: http://127.0.0.1:%d%s\r\n" % (good_port, path)))
    elif word == "streams":
        endless(conn, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", b" " * 65536)
    elif word == "lies":
        conn.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"status":"ok"}')
    elif word == "html":
        conn.sendall(page(b"<html><body>It works</body></html>", kind="text/html"))
    elif word == "long":
        endless(conn, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 209715203\r\n\r\n[", b"1," * 32768)
    elif word == "llama":
        conn.sendall(well(LLAMA, path))
    elif word == "vllm":
        conn.sendall(well({**VLLM, "/version": {"version": version("vllm", "0.6.1")}}, path))
    elif word == "ollama":
        conn.sendall(well(OLLAMA, path))
    elif word == "lmstudio":
        conn.sendall(well(LMSTUDIO, path))


def serve(conn, word):
    try:
        with conn:
            if word == "ssh":
                conn.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
            elif word != "closes":
                data = b""
                while b"\r\n\r\n" not in data:
                    more = conn.recv(65536)
                    if not more:
                        return
                    data += more
                answer(conn, word, data.split(b" ", 2)[1].decode())
    except OSError:
        pass


def accept(listener, word):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn, word), daemon=True).start()


def main():
    global good_port
    ports = []
    for word in sys.argv[1:]:
        name, _, port = word.partition("=")
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(port or 0)))
        listener.listen(16)
        ports.append(listener.getsockname()[1])
        if name == "llama":
            good_port = ports[-1]
        threading.Thread(target=accept, args=(listener, name), daemon=True).start()
    print(*ports, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
