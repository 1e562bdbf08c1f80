#!/usr/bin/env python3
"""A server of one model, whose answer follows from the question. Prints its port and serves until its standard input ends.

The last message says what happens, whatever precedes it: its first word is one of

  say WORDS      answers WORDS                     slow WORDS   the same, unless it is held
  die            breaks off within the answer      error        an error inside of an answer of status 200
  garbage        what is not JSON                  stall        a part, then nothing
  endless        tokens without end                refuse       status 500
  weigh          yes if the weights begin with 11, else no
  recite FILE    answers what is in that file of the directory at that moment
  become XX      answers x, and has other weights from then on

The first argument is a directory: each question is a line in its file 'asked', each connection one in 'connections', and the weights' digest is what is in its file
'weights' at that moment. While there is a file 'busy', questions get the status and the Retry-After that it has; after as many
answers as a file 'life' says the process ends at once. A file 'hold' says after how many questions slow ones wait until it is gone. The second argument is the port. Below /openai it speaks OpenAI's protocol, else Ollama's. Connections are kept."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOM = sys.argv[1]
lock = threading.Lock()


answered = 0


def read(name):
    try:
        with open(os.path.join(ROOM, name), encoding="utf-8") as f:
            return f.read().strip()
    except FileNotFoundError:
        return ""


def weights():
    return read("weights")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with lock, open(os.path.join(ROOM, "connections"), "a", encoding="utf-8") as f:
            f.write("%d\n" % self.client_address[1])

    def log_message(self, *args):
        pass

    def whole(self, value, status=200, retry=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry is not None:
            self.send_header("Retry-After", retry)
        self.end_headers()
        self.wfile.write(body)

    def begin(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if self.openai else "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def put(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def piece(self, text):
        if self.openai:
            value = {"model": "tiny", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
            self.put(b"data: " + json.dumps(value).encode() + b"\n\n")
        else:
            value = {"model": read("names") or "tiny", "message": {"role": "assistant", "content": text}, "done": False}
            self.put(json.dumps(value).encode() + b"\n")

    def finish_answer(self):
        if self.openai:
            usage = {"model": "tiny", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
            self.put(b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n")
        else:
            value = {"model": "tiny", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop",
                     "prompt_eval_count": 5, "eval_count": 2}
            self.put(json.dumps(value).encode() + b"\n")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        global answered
        with lock:
            answered += 1
            if answered == int(read("life") or "0"):
                os._exit(0)

    def cut(self):
        self.wfile.flush()
        self.close_connection = True

    def do_GET(self):
        self.openai = self.path.startswith(("/openai", "/v1/"))
        if self.path.endswith("/v1/models"):
            self.whole({"object": "list", "data": [{"id": "tiny", "object": "model"}]})
        elif self.path.endswith("/props") and read("model_path"):
            self.whole({"model_path": read("model_path"), "total_slots": 1})
        elif self.path.endswith("/api/version"):
            self.whole({"version": "0.12.0"})
        elif self.path.endswith("/api/ps"):
            self.whole({"models": []})
        elif self.path.endswith("/api/tags"):
            entry = {"name": "tiny:latest", "model": "tiny:latest", "size": 5, "digest": weights()[::-1][:62] + "ab"}
            self.whole({"models": [entry]})
        else:
            self.whole({"error": "not found"}, 404)

    def do_POST(self):
        self.openai = self.path.startswith(("/openai", "/v1/"))
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        if self.path.endswith("/api/show"):
            self.whole({"modelfile": "FROM /blobs/sha256-%s\n" % weights(), "details": {"family": "llama"}})
            return
        if body["messages"][0]["role"] == "system" and "score" in body["messages"][0]["content"]:
            self.judge(body["messages"][-1]["content"])
            return
        self.answer(body["messages"][-1]["content"], body)

    def judge(self, text):
        """A judge likes the word 'fine', and leaves its scale for 'wild'."""
        score = 99 if "wild" in text else 5 if "fine" in text else 1
        self.begin()
        self.piece(json.dumps({"score": score, "reason": "so"}))
        self.finish_answer()

    def answer(self, text, body):
        with lock:
            with open(os.path.join(ROOM, "asked"), "a", encoding="utf-8") as f:
                f.write(json.dumps({"text": text, "options": body.get("options"), "seed": body.get("seed")}) + "\n")
            with open(os.path.join(ROOM, "asked"), encoding="utf-8") as f:
                number = len(f.readlines())
        word, _, rest = text.partition(" ")
        busy = read("busy").split()
        if busy:
            self.whole({"error": "not now"}, int(busy[0]), busy[1] if len(busy) > 1 else None)
            return
        if word == "refuse":
            self.whole({"error": "the disk burns"}, 500)
            return
        while word == "slow" and number > int(read("hold") or number):
            time.sleep(0.02)
        self.begin()
        if word in ("say", "slow"):
            self.piece(rest.split("\n")[0])
            self.finish_answer()
        elif word == "recite":
            self.piece(read(os.path.basename(rest.split("\n")[0])).strip())
            self.finish_answer()
        elif word == "weigh":
            self.piece("yes" if weights().startswith("11") else "no")
            self.finish_answer()
        elif word == "become":
            with open(os.path.join(ROOM, "weights"), "w", encoding="utf-8") as f:
                f.write(rest.split("\n")[0] * 32)
            self.piece("x")
            self.finish_answer()
        elif word == "die":
            self.piece("half an")
            self.cut()
        elif word == "error":
            value = json.dumps({"error": "the model burns"}).encode()
            self.put(b"data: " + value + b"\n\n" if self.openai else value + b"\n")
            self.wfile.write(b"0\r\n\r\n")
        elif word == "garbage":
            self.put(b"data: {]\n\n" if self.openai else b"{]\n")
            self.wfile.write(b"0\r\n\r\n")
        elif word == "stall":
            self.piece("half an")
            time.sleep(30)
            self.cut()
        elif word == "endless":
            while True:
                self.piece("on and ")
                time.sleep(0.005)

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()
