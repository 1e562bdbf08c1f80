#!/usr/bin/env python3
"""A server of models that behaves as the path says, well or badly. Prints its port and serves until its standard input ends.
Each request's head and the digest of its body go to the file that is its argument, one JSON object a line."""

import gzip
import hashlib
import json
import socket
import struct
import sys
import threading

LOG = open(sys.argv[1], "a", encoding="utf-8")
LOCK = threading.Lock()
STEP = threading.Semaphore(0)


def answer(body, status="200 OK", kind="application/json", extra=""):
    head = "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" % (status, kind, len(body), extra)
    return head.encode() + body


def as_json(value, status="200 OK", extra=""):
    return answer(json.dumps(value).encode(), status, extra=extra)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def begin(kind):
    return ("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % kind).encode()


def event(value):
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(text, **more):
    return event({"id": "chatcmpl-2", "object": "chat.completion.chunk", "model": "llama3.2:3b",
                  "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], **more})


END = event({"id": "chatcmpl-2", "object": "chat.completion.chunk", "model": "llama3.2:3b",
             "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
USAGE = event({"choices": [], "model": "llama3.2:3b", "usage": {"prompt_tokens": 44, "completion_tokens": 3, "total_tokens": 47,
               "prompt_tokens_details": {"cached_tokens": 40}},
               "timings": {"cache_n": 40, "prompt_n": 4, "prompt_ms": 30.958, "predicted_n": 3, "predicted_ms": 61.5}})
DONE = b"data: [DONE]\n\n"
LINE = b'{"model":"llama3.2:3b","created_at":"2026-08-04T08:52:19.385406Z","message":{"role":"assistant","content":"%s"},"done":false}\n'
LAST = (b'{"model":"llama3.2:3b","created_at":"2026-08-04T08:52:20.385406Z","message":{"role":"assistant","content":"","tool_calls":'
        b'[{"function":{"name":"f","arguments":{}}}]},"done":true,"done_reason":"stop","total_duration":4883583458,'
        b'"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000}\n')


def stream(conn, kind, pieces, end=True):
    conn.sendall(begin(kind))
    for piece in pieces:
        conn.sendall(chunk(piece))
    if end:
        conn.sendall(b"0\r\n\r\n")


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()
    raise ConnectionResetError


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def scenario(conn, name, request):
    sse = "text/event-stream"
    if name == "good":
        stream(conn, sse, [delta("Hel"), delta("lo"), b": ping\n\n", END, USAGE, DONE])
    elif name == "tools":
        parts = [event({"choices": [{"index": 0, "delta": {"tool_calls": [dict(CALL, index=i)]}}]}) for i in (0, 0, 1)]
        stream(conn, sse, parts + [END, DONE])
    elif name == "no-done":
        stream(conn, sse, [delta("Hel"), delta("lo")])
    elif name == "cut":
        stream(conn, sse, [delta("Hel")], end=False)
        raise ConnectionResetError
    elif name == "reset":
        stream(conn, sse, [delta("Hel")], end=False)
        reset(conn)
    elif name == "step":  # each event waits for a request that its client sends when it has the one before
        conn.sendall(begin(sse))
        for i in range(5):
            STEP.acquire()
            conn.sendall(chunk(delta("%d" % i)))
        conn.sendall(chunk(END) + chunk(DONE) + b"0\r\n\r\n")
    elif name == "hold":  # most of a long document, and then nothing for a while
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{\"x\":\"")
        conn.sendall(b"a" * 900000)
        STEP.acquire()
        raise ConnectionResetError
    elif name == "endless":
        conn.sendall(begin(sse))
        while True:
            conn.sendall(chunk(delta("x" * 1000) * 20))
    elif name == "silent":
        conn.recv(1)
        raise ConnectionResetError
    elif name == "plain":
        conn.sendall(as_json({"id": "chatcmpl-1", "object": "chat.completion", "model": "/models/secret-dir/q4.gguf", "choices": [
            {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "content": "x", "tool_calls": [CALL, CALL]}}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 1, "completion_tokens_details": {"reasoning_tokens": 0}}}))
    elif name == "no-usage":
        conn.sendall(as_json({"model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "x"}}]}))
    elif name == "gzip":
        conn.sendall(answer(gzip.compress(b'{"model":"m","choices":[]}', mtime=0), extra="Content-Encoding: gzip\r\n"))
    elif name == "loading":
        conn.sendall(as_json({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
                             "503 Service Unavailable", "Retry-After: 7\r\n"))
    elif name == "long":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n")
    elif name == "short":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"model\":")
        raise ConnectionResetError
    elif name == "two-lengths":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x")
    elif name == "not-http":
        conn.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        raise ConnectionResetError
    elif name == "headers":
        conn.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 200000 + b"\r\n\r\n")
    elif name == "away":
        conn.sendall(answer(b"", "307 Temporary Redirect", extra="Location: http://169.254.169.254/latest\r\n"))
    elif name == "home":
        conn.sendall(answer(b"", "307 Temporary Redirect", extra="Location: http://127.0.0.1:%d/v1/good?a=1\r\n" % PORT))
    elif name == "hops":
        conn.sendall(answer(b"{}", extra="Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nAlt-Svc: h3=\":1\"\r\nX-End: 2\r\n"))
    elif name == "responses":
        stream(conn, sse, [b"event: response.output_text.delta\n" + event({"type": "response.output_text.delta", "delta": "Hi"}),
                           b"event: response.completed\n" + event({"type": "response.completed", "response": {
                               "status": "completed", "model": "m2", "output": [{"type": "function_call"}],
                               "usage": {"input_tokens": 5, "output_tokens": 6}}})])
    else:
        conn.sendall(as_json({"path": name, "echo": request["sha256"]}))


def respond(conn, request):
    path = request["target"].split("?")[0]
    name = request["headers"].get("x-scenario", "")
    if path == "/step":
        STEP.release()
        conn.sendall(as_json({}))
    elif path == "/api/chat":
        lines = {"late-error": [LINE % b"Hel", b'{"error":"an error was encountered while running the model"}\n'],
                 "no-done": [LINE % b"Hel"],
                 "cloud": [LINE % b"Hel", LAST.replace(b'{"model"', b'{"remote_host":"https://ollama.com:443","model"')]}
        stream(conn, "application/x-ndjson", lines.get(name, [LINE % b"Hel", LINE % b"lo", LAST]))
    elif path == "/api/generate":
        conn.sendall(answer(b'{"model":"llama3.2:3b","response":"x","done":true,"done_reason":"length","context":[1,2,3],"eval_count":1}'))
    elif path == "/api/embed":
        conn.sendall(answer(b'{"model":"all-minilm","embeddings":[[0.01,-0.1]],"total_duration":14143917,"prompt_eval_count":8}'))
    elif path == "/api/v1/chat":
        stream(conn, "text/event-stream", [
            b"event: chat.start\n" + event({"type": "chat.start", "model_instance_id": "q"}),
            b"event: message.delta\n" + event({"type": "message.delta", "content": "Hi"}),
            b"event: chat.end\n" + event({"type": "chat.end", "result": {"model_instance_id": "q", "output": [], "stats": {
                "input_tokens": 9, "total_output_tokens": 2, "reasoning_output_tokens": 0}}})])
    elif path == "/completion":
        stream(conn, "text/event-stream", [event({"content": "a", "stop": False}), event({
            "content": "", "stop": True, "stop_type": "eos", "tokens_evaluated": 11, "tokens_predicted": 4})])
    else:
        scenario(conn, name, request)


def read_request(f):
    line = f.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers = {}
    while (line := f.readline().strip()):
        name, value = line.decode("latin-1").split(":", 1)
        headers[name.lower()] = value.strip()
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while (size := int(f.readline().split(b";")[0], 16)):
            body += f.read(size)
            f.readline()
        f.readline()
    else:
        body = f.read(int(headers.get("content-length", 0)))
    return {"method": method, "target": target, "headers": headers, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def serve(conn):
    try:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        f = conn.makefile("rb")
        while (request := read_request(f)) is not None:
            with LOCK:
                LOG.write(json.dumps(request) + "\n")
                LOG.flush()
            respond(conn, request)
    except (OSError, ValueError):
        pass
    finally:
        try:
            conn.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        conn.close()


def accept(listener):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(conn,), daemon=True).start()


LISTENER = socket.create_server(("127.0.0.1", 0), backlog=128)
PORT = LISTENER.getsockname()[1]
print(PORT, flush=True)
threading.Thread(target=accept, args=(LISTENER,), daemon=True).start()
sys.stdin.read()
