#!/usr/bin/env python3
"""What a client sees through the proxy: proxy_client.py PROXY UPSTREAM LOG. Prints nothing when all of it is right."""

import hashlib
import json
import socket
import sys
import time

PROXY, UPSTREAM, LOG = sys.argv[1], "127.0.0.1:" + sys.argv[2], sys.argv[3]
BODY = json.dumps({"model": "llama3.2:3b", "stream": True, "temperature": 0.2, "messages": [
    {"role": "user", "content": "hello {\"model\":\"not-this\"}"}]}).encode()


def secrets():
    """35 of them. Their prefixes are split, so that no scanner of secrets takes this file for one that has them."""
    word = [hashlib.sha512(b"%d" % n).hexdigest() for n in range(35)]
    return (["gh" + "p_" + w[:36] for w in word[:10]] + ["sk" + "-ant-api03-" + w[:93] + "AA" for w in word[10:20]] +
            ["gl" + "pat-" + w[:20] for w in word[20:25]] + ["xo" + "xb-%d-%d-%s" % (int(w[:9], 16) + 10**11, int(w[9:18], 16) + 10**11, w[18:42])
                                                          for w in word[25:]])


SECRETS = secrets()


def connect(to=PROXY):
    s = socket.create_connection(to.rsplit(":", 1), timeout=20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def head_of(path, fields=(), method="POST", length=len(BODY)):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: " + PROXY, "Content-Type: application/json", *fields]
    if length is not None:
        lines.append("Content-Length: %d" % length)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_head(f):
    status = f.readline().split(b" ", 2)
    fields = {}
    while (line := f.readline().strip()):
        name, value = line.decode().split(":", 1)
        fields[name.lower()] = value.strip()
    return int(status[1]) if len(status) > 1 else 0, fields


def read_chunk(f):
    line = f.readline()
    if not line:
        return None
    data = f.read(int(line, 16))
    f.readline()
    return data


def read_answer(f):
    """Status, fields, body, and whether it came to its end."""
    status, fields = read_head(f)
    if fields.get("transfer-encoding") != "chunked":
        n = int(fields.get("content-length", 0))
        body = f.read(n)
        return status, fields, body, len(body) == n
    body = b""
    while (piece := read_chunk(f)):
        body += piece
    return status, fields, body, piece is not None


def ask(path, fields=(), body=BODY, to=PROXY, method="POST"):
    with connect(to) as s:
        s.sendall(head_of(path, fields, method, len(body)) + body)
        try:
            return read_answer(s.makefile("rb"))
        except ConnectionResetError:
            return 0, {}, b"", False


def same(got, wanted, what):
    if got != wanted:
        sys.exit("%s: got %r, wanted %r" % (what, got, wanted))


def last_request():
    with open(LOG, encoding="utf-8") as f:
        return json.loads(f.readlines()[-1])


def bytes_are_the_same():
    for name in ("good", "tools", "no-done", "plain", "no-usage", "gzip", "loading", "long", "responses"):
        path = "/v1/responses" if name == "responses" else "/v1/chat/completions"
        direct = ask(path, ["X-Scenario: " + name], to=UPSTREAM)
        proxied = ask(path, ["X-Scenario: " + name])
        same(proxied[0], direct[0], name + ": status")
        same(hashlib.sha256(proxied[2]).digest(), hashlib.sha256(direct[2]).digest(), name + ": body")
        same(proxied[3], True, name + ": end")
        same(proxied[1].get("content-encoding"), direct[1].get("content-encoding"), name + ": coding")
    for name in ("ok", "late-error", "no-done", "cloud"):
        same(ask("/api/chat", ["X-Scenario: " + name])[2], ask("/api/chat", ["X-Scenario: " + name], to=UPSTREAM)[2], name)
    for path in ("/api/generate", "/api/embed", "/api/v1/chat", "/completion"):
        same(ask(path)[2], ask(path, to=UPSTREAM)[2], path)


def broken_answers_stay_broken():
    for name in ("cut", "reset", "short"):
        same(ask("/v1/chat/completions", ["X-Scenario: " + name])[3], False, name)
    for name in ("two-lengths", "not-http", "headers", "away"):
        status, _, body, _ = ask("/v1/chat/completions", ["X-Scenario: " + name])
        same((status, json.loads(body)["error"]["code"]), (502, 502), name)
    same(ask("/v1/chat/completions", ["X-Scenario: home"])[1]["location"], "/v1/good?a=1", "home")
    fields = ask("/v1/x", ["X-Scenario: hops"])[1]
    same([fields.get(n) for n in ("x-hop", "keep-alive", "alt-svc", "x-end")], [None, None, None, "2"], "hops")


def each_event_arrives_before_the_next_is_sent():
    with connect() as s:
        s.sendall(head_of("/v1/chat/completions", ["X-Scenario: step"]) + BODY)
        f = s.makefile("rb")
        same(ask("/step")[0], 200, "step")
        same(read_head(f)[0], 200, "step")
        for i in range(5):
            same(b'"content": "%d"' % i in read_chunk(f), True, "event %d" % i)
            if i < 4:
                ask("/step")
        rest = b""
        while (piece := read_chunk(f)):
            rest += piece
        same(rest.endswith(b"data: [DONE]\n\n"), True, "the end")


def connections_are_used_again():
    with connect() as s:
        f = s.makefile("rb")
        for _ in range(3):
            s.sendall(head_of("/v1/chat/completions", ["X-Scenario: good"]) + BODY)
            same(read_answer(f)[3], True, "again")
        one = head_of("/v1/chat/completions", ["X-Scenario: plain"]) + BODY
        s.sendall(one * 3)  # one behind the other
        for _ in range(3):
            same(read_answer(f)[0], 200, "pipelined")


def bodies_come_in_chunks():
    pieces = b"".join(b"%x;x=y\r\n%s\r\n" % (1, BODY[i:i + 1]) for i in range(len(BODY))) + b"0\r\nX-Trailer: 1\r\n\r\n"
    with connect() as s:
        s.sendall(head_of("/v1/chat/completions", ["Transfer-Encoding: chunked", "X-Scenario: echo"], length=None))
        for i in range(0, len(pieces), 100):
            s.sendall(pieces[i:i + 100])
        same(json.loads(read_answer(s.makefile("rb"))[2])["echo"], hashlib.sha256(BODY).hexdigest(), "chunks")
    large = b'{"model":"llama3.2:3b","images":["' + b"A" * 9000000 + b'"],"stream":false}'
    same(json.loads(ask("/v1/chat/completions", ["X-Scenario: echo"], large)[2])["echo"], hashlib.sha256(large).hexdigest(), "large")
    with connect() as s:  # a client that waits for leave
        f = s.makefile("rb")
        s.sendall(head_of("/v1/chat/completions", ["Expect: 100-continue", "X-Scenario: echo"]))
        same(read_head(f)[0], 100, "interim")
        s.sendall(BODY)
        same(read_answer(f)[0], 200, "after it")
    same(last_request()["headers"].get("expect"), None, "expect")


def refused(what, raw, status):
    with connect() as s:
        s.sendall(raw)
        same(read_answer(s.makefile("rb"))[0], status, what)


def what_could_be_read_in_two_ways_is_refused():
    host, get = b"Host: %s\r\n" % PROXY.encode(), b"GET / HTTP/1.1\r\n"
    post = b"POST /v1/chat/completions HTTP/1.1\r\n" + host
    seen = len(open(LOG, encoding="utf-8").readlines())
    refused("two lengths", post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400)
    refused("length and chunks", post + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)
    refused("other codings", post + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400)
    refused("bare line feeds", get.replace(b"\r", b"") + host + b"\r\n", 400)
    refused("folded lines", get + host + b"X: 1\r\n 2\r\n\r\n", 400)
    refused("a foreign host", get + b"Host: evil.example\r\n\r\n", 403)
    refused("a web page", get + host + b"Origin: https://evil.example\r\n\r\n", 403)
    refused("a navigation", get + host + b"Sec-Fetch-Site: none\r\n\r\n", 403)
    refused("CONNECT", b"CONNECT 10.0.0.1:22 HTTP/1.1\r\n" + host + b"\r\n", 405)
    refused("an absolute target", b"GET http://10.0.0.1/ HTTP/1.1\r\n" + host + b"\r\n", 400)
    for path in (b"/a/../b", b"/..", b"//x/y", b"/a%2e%2E/b", b"/a\\b", b"/%00", b"/a#b"):
        refused(path, b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n", 400)
    refused("upgrades", get + host + b"Upgrade: h2c\r\n\r\n", 400)
    refused("a long header", get + host + b"X: " + b"a" * 40000 + b"\r\n\r\n", 431)
    refused("too long a body", post + b"Content-Length: 67108865\r\n\r\n", 413)
    same(len(open(LOG, encoding="utf-8").readlines()), seen, "requests that reached the upstream")


def clients_go_away():
    with connect() as s:
        s.sendall(head_of("/v1/chat/completions", ["X-Scenario: endless"]) + BODY)
        s.recv(100000)
    with connect() as s:
        s.sendall(head_of("/v1/chat/completions", ["X-Scenario: silent"]) + BODY)
        while last_request()["headers"].get("x-scenario") != "silent":
            time.sleep(0.01)


def secrets_reach_the_upstream_alone():
    a, b, c, d, e = (SECRETS[i::5] for i in range(5))
    for n in range(7):
        fields = ["Authorization: Bearer " + a[n], "X-Api-Key: " + b[n], "Cookie: session=" + c[n], "Connection: X-Mine", "X-Mine: 1"]
        body = json.dumps({"model": "llama3.2:3b", "messages": [{"content": "my key is " + e[n]}], "stream": False}).encode()
        same(ask("/v1/chat/completions?key=" + d[n], fields + ["X-Scenario: plain"], body)[0], 200, "secrets")
        got = last_request()
        same([got["headers"].get(x) for x in ("authorization", "x-api-key", "cookie", "x-mine", "accept-encoding", "user-agent")],
             ["Bearer " + a[n], b[n], "session=" + c[n], None, "identity", None], "fields")
        same((got["target"], got["sha256"]), ("/v1/chat/completions?key=" + d[n], hashlib.sha256(body).hexdigest()), "target")
        same(got["headers"]["host"], UPSTREAM, "host")


if PROXY == "secrets":
    print("\n".join(SECRETS))
    sys.exit()
for step in (bytes_are_the_same, broken_answers_stay_broken, each_event_arrives_before_the_next_is_sent, connections_are_used_again,
             bodies_come_in_chunks, what_could_be_read_in_two_ways_is_refused, secrets_reach_the_upstream_alone, clients_go_away):
    step()
