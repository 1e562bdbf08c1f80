#!/usr/bin/env python3
"""Speaks like a server of models, from the files of a directory. Prints its port and serves until its standard input ends.

  GET /api/NAME     DIR/NAME.json; or DIR/NAME.raw, sent byte for byte; or, with DIR/NAME.silent, nothing
  GET /A/B          the same of DIR/A_B
  POST /api/show    DIR/show-MODEL.json, with '/' and ':' of the model's name as '_'

What is not there is a 404 with {"error": ...}. DIR/log gets a line for each request. With DIR/token, a request without it is a 401.
"""

import json
import os
import socket
import sys
import threading

DIR = sys.argv[1]


def file_of(name):
    try:
        with open(os.path.join(DIR, name), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def answer(body, status="200 OK"):
    head = "HTTP/1.1 %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return head.encode() + body


def reply(conn, method, path, body, token):
    name = path.removeprefix("/api/")
    if "/" in name:
        name = path.strip("/").replace("/", "_")
    model = ""
    if method == "POST" and name == "show":
        model = json.loads(body)["model"]
        name = "show-" + model.replace("/", "_").replace(":", "_")
    with open(os.path.join(DIR, "log"), "a", encoding="utf-8") as log:
        log.write("%s %s %s\n" % (method, path, model))
    wanted = file_of("token")
    if wanted is not None and token != "Bearer " + wanted.decode():
        conn.sendall(answer(b'{"error":{"message":"no token"}}', "401 Unauthorized"))
        return True
    if file_of(name + ".silent") is not None:
        while conn.recv(4096):
            pass
        return False
    raw = file_of(name + ".raw")
    if raw is not None:
        conn.sendall(raw)
        return False
    found = file_of(name + ".json")
    conn.sendall(answer(found) if found is not None else answer(b'{"error":"not found"}', "404 Not Found"))
    return True


def serve(conn):
    data = b""
    try:
        while True:
            while b"\r\n\r\n" not in data:
                more = conn.recv(65536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            while len(data) < length:
                data += conn.recv(65536)
            body, data = data[:length], data[length:]
            method, path = lines[0].split(" ")[:2]
            if not reply(conn, method, path, body, headers.get("authorization", "")):
                return
    except OSError:
        pass
    finally:
        conn.close()


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0))
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
