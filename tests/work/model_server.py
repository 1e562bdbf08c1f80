#!/usr/bin/env python3
"""A server of models, which behaves as the first part of the path says: well, or badly in one way. Prints its port and serves
until its standard input ends. The file that it is given gets each request, one JSON text a line. A second argument is the
address that it serves on, instead of the loopback's."""

import json
import os
import socket
import struct
import sys
import threading
import time

LOG = open(sys.argv[1], "a", encoding="utf-8")
KEY = "sk-test-0123456789abcdef"
WEIGHTS = "dde5aa3fc5ffc17176b5e8bdc82f587b24b2678c6c66101bf7da77af9f7ccdff"
MANIFEST = "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72"
WORDS = ["Grü", "ße", " – ", "日本", " 🎉", "!"]
counts = {}
lock = threading.Lock()


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


# ---- the shapes of both protocols


def ollama_lines(chat=True, final=None, words=WORDS, **more):
    part = lambda text: {"message": {"role": "assistant", "content": text}} if chat else {"response": text}
    head = {"model": "tiny:latest", "created_at": "2026-11-20T10:00:00.123456789Z"}
    lines = [compact({**head, **part(w), **more, "done": False}) + b"\n" for w in words]
    end = {"done_reason": "stop", "total_duration": 182242375, "load_duration": 41295167, "prompt_eval_count": 26,
           "prompt_eval_duration": 24573166, "eval_count": 7, "eval_duration": 115959084} if final is None else final
    return lines + [compact({**head, **part(""), **more, "done": True, **end}) + b"\n"]


def chunk(delta, finish=None, **more):
    return {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1763632800, "model": "tiny",
            "system_fingerprint": "fp_b6000", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def event(value):
    return b"data: " + (value if isinstance(value, bytes) else compact(value)) + b"\n\n"


USAGE = {"prompt_tokens": 26, "completion_tokens": 7, "total_tokens": 33, "prompt_tokens_details": {"cached_tokens": 4},
         "completion_tokens_details": {"reasoning_tokens": 2}}


def openai_events(usage=True, done=True, words=WORDS, **last):
    events = [event(chunk({"role": "assistant", "content": None}))] + [event(chunk({"content": w})) for w in words]
    events.append(event(chunk({}, "stop", **last)))
    if usage:
        events.append(event({**chunk({}), "choices": [], "usage": USAGE}))
    return events + ([event(b"[DONE]")] if done else [])


def tool_events():
    call = lambda **f: {"tool_calls": [f]}
    return [event(chunk(d, f)) for d, f in [
        (call(index=0, id="call_1", type="function", function={"name": "get_weather", "arguments": ""}), None),
        (call(index=0, function={"name": "", "arguments": '{"city":'}), None),
        (call(index=0, function={"arguments": '"Tōkyō"}'}), None),
        (call(index=1, id="call_2", type="function", function={"name": "get_time", "arguments": "{}"}), None),
        ({}, "tool_calls"),
    ]] + [event(b"[DONE]")]


# ---- sending

JSON, NDJSON, SSE = "application/json; charset=utf-8", "application/x-ndjson", "text/event-stream"


def answer(conn, body, status="200 OK", kind=JSON, extra=""):
    head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, len(body), extra)
    conn.sendall(head.encode() + body)


def begin(conn, kind):
    conn.sendall(("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % kind).encode())


def put(conn, piece):
    conn.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))


def stream(conn, kind, pieces, end=True):
    begin(conn, kind)
    for piece in pieces:
        put(conn, piece)
    if end:
        conn.sendall(b"0\r\n\r\n")


def bytewise(pieces):
    return [bytes([b]) for b in b"".join(pieces)]


def silence(conn):
    while conn.recv(4096):
        pass


def stall(conn):
    stream(conn, NDJSON, [b"".join(ollama_lines()[:2])], end=False)
    silence(conn)


def drip(conn, pieces):
    stream(conn, SSE, pieces, end=False)
    while True:
        put(conn, b": ping\n\n")
        time.sleep(0.02)


def reset(conn):
    stream(conn, NDJSON, ollama_lines()[:2], end=False)
    time.sleep(0.05)
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def forever(conn, kind, piece):
    begin(conn, kind)
    while True:
        put(conn, piece)


def at_first(conn, case, n, status, extra=""):
    """Refuses n times, then answers."""
    with lock:
        counts[case] = counts.get(case, 0) + 1
        refuse = counts[case] <= n
    if refuse:
        answer(conn, b'{"error":"not now"}', status, extra=extra)
    else:
        stream(conn, NDJSON, ollama_lines())


def vectors(protocol):
    if protocol == "ollama":
        return compact({"model": "tiny", "embeddings": [[0.5, -1, 2.25], [0, 1e-3, -0.125]], "total_duration": 14143917,
                        "load_duration": 1019500, "prompt_eval_count": 8})
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in [(1, [0, 1e-3, -0.125]), (0, [0.5, -1, 2.25])]]
    return compact({"object": "list", "data": data, "model": "tiny", "usage": {"prompt_tokens": 8, "total_tokens": 8}})


def identity(path, loaded):
    entry = {"name": "tiny:latest", "model": "tiny:latest", "size": 5, "digest": MANIFEST}
    return compact({
        "/api/show": {"modelfile": "# comment\nFROM /blobs/sha256-%s\nTEMPLATE x\n" % WEIGHTS, "details": {"family": "llama"},
                      "model_info": {"general.architecture": "llama", "llama.context_length": 131072}},
        "/api/ps": {"models": [entry] if loaded else []},
        "/api/tags": {"models": [{**entry, "name": "other:latest"}, entry]},
        "/v1/models": {"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "vllm", "max_model_len": 4096}]},
    }[path])


WHOLE = {"id": "chatcmpl-368", "object": "chat.completion", "created": 1751723983, "model": "tiny",
         "choices": [{"index": 0, "logprobs": None, "finish_reason": "stop",
                      "message": {"role": "assistant", "content": "Yes\n", "refusal": None, "tool_calls": None}}], "usage": USAGE}
OLLAMA_ERROR = ollama_lines()[:3] + [b'{"error":"an error was encountered while running the model"}\n']
CALL = {"function": {"index": 0, "name": "get_weather", "arguments": {"city": "Tōkyō"}}}
TIMINGS = {"cache_n": 236, "prompt_n": 1, "prompt_ms": 30.958, "predicted_n": 35, "predicted_ms": 661.064}
OVERFLOW = {"code": 400, "message": "the request exceeds the available context size", "type": "invalid_request_error"}
SENDS = {
    "ollama": lambda c: stream(c, NDJSON, ollama_lines()),
    "ollama-bytewise": lambda c: stream(c, NDJSON, bytewise(ollama_lines())),
    "ollama-generate": lambda c: stream(c, NDJSON, ollama_lines(chat=False, remote_host="https://ollama.com:443")),
    "ollama-thinking": lambda c: stream(c, NDJSON, [compact({"model": "tiny", "message": {"role": "assistant", "content": "",
                                                            "thinking": "hm"}, "done": False}) + b"\n"] + ollama_lines()),
    "ollama-tools": lambda c: stream(c, NDJSON, [compact({"model": "tiny", "message": {"role": "assistant", "content": "",
                                     "tool_calls": [CALL]}, "done": False}) + b"\n"] + ollama_lines(words=[])),
    "ollama-cached": lambda c: stream(c, NDJSON, ollama_lines(final={"done_reason": "length", "eval_count": 7})),
    "ollama-whole": lambda c: answer(c, ollama_lines(words=[])[0].replace(b'"content":""', b'"content":"Yes"')),
    "ollama-embed": lambda c: answer(c, vectors("ollama")),
    "ollama-error": lambda c: stream(c, NDJSON, OLLAMA_ERROR),
    "ollama-early": lambda c: stream(c, NDJSON, ollama_lines()[:3]),
    "ollama-missing": lambda c: answer(c, b'{"error":"model \'tiny\' not found"}', "404 Not Found"),
    "ollama-late": lambda c: stream(c, NDJSON, ollama_lines(), end=False) or silence(c),
    "openai": lambda c: stream(c, SSE, [b": ping\n\n"] + openai_events()),
    "openai-bytewise": lambda c: stream(c, SSE, bytewise(openai_events())),
    "openai-crlf": lambda c: stream(c, SSE, [p.replace(b"\n", b"\r\n") for p in openai_events()]),
    "openai-no-usage": lambda c: stream(c, SSE, openai_events(usage=False)),
    "openai-timings": lambda c: stream(c, SSE, openai_events(usage=False, timings=TIMINGS)),
    "openai-tools": lambda c: stream(c, SSE, tool_events()),
    "openai-whole": lambda c: answer(c, compact(WHOLE)),
    "openai-embed": lambda c: answer(c, vectors("openai")),
    "openai-error": lambda c: stream(c, SSE, openai_events()[:3] + [event({"error": OVERFLOW}), event(b"[DONE]")]),
    "openai-old-error": lambda c: stream(c, SSE, [b"error: " + compact(OVERFLOW) + b"\n\n", event(b"[DONE]")]),
    "openai-early": lambda c: stream(c, SSE, openai_events(done=False)),
    "openai-missing": lambda c: answer(c, compact({"error": {"message": "The model `tiny` does not exist.", "code": 404,
                                                   "type": "NotFoundError", "param": "model"}}), "404 Not Found"),
    "html": lambda c: answer(c, b"<html><body>Welcome</body></html>", kind="text/html"),
    "html-502": lambda c: answer(c, b"<html><body>Bad gateway</body></html>", "502 Bad Gateway", "text/html"),
    "plain": lambda c: stream(c, "text/plain", ollama_lines()),
    "not-json": lambda c: stream(c, NDJSON, ollama_lines()[:1] + [b'{"message": private words}\n']),
    "other-json": lambda c: stream(c, NDJSON, [b'{"status":"pulling manifest"}\n']),
    "empty": lambda c: stream(c, NDJSON, []),
    "long-line": lambda c: stream(c, NDJSON, [b'{"model":"' + b"x" * (10 << 20) + b'"}\n']),
    "endless": lambda c: forever(c, NDJSON, ollama_lines()[0] * 50),
    "cut": lambda c: stream(c, NDJSON, ollama_lines()[:2], end=False),
    "reset": reset,
    "stall": stall,
    "silent": silence,
    "drip-before": lambda c: drip(c, []),
    "drip-after": lambda c: drip(c, [b"".join(openai_events()[:3])]),
    "later": lambda c: answer(c, b'{"error":"come back later"}', "429 Too Many Requests", extra="Retry-After: 3600\r\n"),
    "broken": lambda c: answer(c, b'{"error":"the disk \\u001b[31mburns"}', "500 Internal Server Error"),
    "redirect": lambda c: answer(c, b"", "302 Found", extra="Location: /ollama/api/chat\r\n"),
    "long-key": lambda c: answer(c, compact({"error": "x" * 300 + KEY}), "401 Unauthorized"),
    "echo-key": lambda c: answer(c, compact({"error": {"message": "wrong key: " + KEY}}), "401 Unauthorized"),
    "repeat-key": lambda c: stream(c, NDJSON, ollama_lines(words=["it is " + KEY[:9], KEY[9:] + ", is it not?"])),
    "many": lambda c: stream(c, SSE, openai_events(words=[" word"] * 1000)),
    "health": lambda c: answer(c, b'{"status":"ok","slots":[{"id":0,"busy":false},{"id":1,"busy":true}],"n":1}'),
    "down": lambda c: answer(c, b'{"error":{"code":503,"message":"Loading model"}}', "503 Service Unavailable"),
}


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        more = conn.recv(65536)
        if not more:
            return "", "", "", b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        body += conn.recv(1 << 20)
    method, target, _ = lines[0].split(" ")
    return method, target, headers, body


def serve(conn):
    try:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        method, target, headers, body = read_request(conn)
        if not method:
            return
        with lock:
            LOG.write(json.dumps({"method": method, "target": target, "key": headers.get("authorization"),
                                  "body": body.decode()}) + "\n")
            LOG.flush()
        case, _, path = target.split("?")[0].lstrip("/").partition("/")
        if case == "deaf":
            silence(conn)
        elif "/" + path in ("/api/show", "/api/ps", "/api/tags", "/v1/models") and case not in ("html", "ollama-missing"):
            answer(conn, identity("/" + path, case != "ollama-cached"))
        elif case.startswith("busy-"):
            at_first(conn, case, 2, "429 Too Many Requests")
        elif case.startswith("after-"):
            at_first(conn, case, 1, "429 Too Many Requests", extra="Retry-After: 1\r\n")
        elif case.startswith("loading-"):
            at_first(conn, case, 1, "503 Service Unavailable")
        elif case in SENDS:
            SENDS[case](conn)
        else:
            answer(conn, b"404 page not found", "404 Not Found", "text/plain")
    except OSError:
        pass
    finally:
        conn.close()


def main():
    listener = socket.create_server((sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)

    def accept():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
