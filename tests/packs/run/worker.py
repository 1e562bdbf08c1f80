"""What a step can try, one word of its arguments after the other; what came of it is printed."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request


def tried(name, action):
    try:
        print(name, action(), flush=True)
    except Exception as e:  # what fails is a result here
        print(name, type(e).__name__, flush=True)


def report(line):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.environ["LEDGER_SOCKET"])
        s.sendall(line.encode() + b"\n")


def fetch(url):
    try:
        return urllib.request.urlopen(url, timeout=60).status
    except urllib.error.HTTPError as e:
        return "%d %s" % (e.code, e.read().decode().strip())


def post(path, text):
    """Head and body in one piece; that of a log is longer than a head may be."""
    body = text.ljust(20000 if path == "/v1/logs" else 0).encode()
    head = "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.environ["LEDGER_SOCKET"])
        s.sendall((head % (path, len(body))).encode() + body)
        answer = http.client.HTTPResponse(s)
        answer.begin()
        return answer.status


def run(word, args):
    if word == "write":  # write PATH TEXT
        path, text = args.pop(0), args.pop(0)
        tried("write " + path, lambda: open(path, "w").write(text))
    elif word == "read":  # read PATH
        path = args.pop(0)
        tried("read " + path, lambda: open(path).read().strip())
    elif word == "list":
        path = args.pop(0)
        tried("list " + path, lambda: " ".join(sorted(os.listdir(path))))
    elif word == "link":
        tried("link", lambda: os.symlink("/etc/passwd", args.pop(0)))
    elif word == "pipe":
        tried("pipe", lambda: os.mkfifo(args.pop(0)))
    elif word == "directory":
        tried("directory", lambda: os.mkdir(args.pop(0)))
    elif word == "hide":  # a directory that nobody may look into, deep
        for _ in range(100):
            os.mkdir("/out/deep") if not os.path.isdir("/out/deep") else None
            os.chdir("/out/deep") if os.getcwd() == "/tmp" else None
            os.mkdir("d")
            os.chdir("d")
        os.chmod("/out/deep", 0)
        os.chdir("/tmp")
    elif word == "connect":
        tried("connect", lambda: socket.socket(socket.AF_INET).connect(("127.0.0.1", 9)))
    elif word == "fetch":  # as programs do that follow HTTP_PROXY
        url = args.pop(0)
        tried("fetch " + url, lambda: fetch(url))
    elif word == "dial":  # dial HOST PORT, as programs do that do not
        host, port = args.pop(0), int(args.pop(0))
        tried("dial", lambda: socket.create_connection((host, port), timeout=60))
    elif word == "execute":
        program = args.pop(0)
        tried("execute " + program, lambda: subprocess.run([program, "0"]).returncode)
    elif word == "environment":
        print(" ".join(sorted(os.environ)), flush=True)
    elif word == "variables":
        print("\n".join(k + "=" + v for k, v in sorted(os.environ.items())), flush=True)
    elif word == "report":
        kind, body = args.pop(0), args.pop(0)
        subject = args.pop(0).replace("@", os.environ["LEDGER_RUN"])
        tried("report", lambda: report(json.dumps({"kind": kind, "subject": subject, "body": json.loads(body)})))
    elif word == "keyed":  # keyed KEY
        line = {"kind": "x.test.keyed", "subject": "thing/1", "key": args.pop(0), "body": {}}
        tried("keyed", lambda: report(json.dumps(line)))
    elif word == "flood":  # flood LINES BYTES
        n, bytes_ = int(args.pop(0)), int(args.pop(0))
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(os.environ["LEDGER_SOCKET"])
            for i in range(n):
                body = {"event": str(i), "text": "x" * bytes_}
                line = {"kind": "run.logged", "subject": "run/" + os.environ["LEDGER_RUN"], "body": body}
                s.sendall(json.dumps(line).encode() + b"\n")
    elif word == "processes":
        tried("processes", lambda: sum(name.isdigit() for name in os.listdir("/proc")))
    elif word == "torrent":  # 10 GB
        for _ in range(10 << 10):
            sys.stdout.buffer.write(b"x" * (1 << 20))
    elif word == "forks":
        for _ in range(10000):
            if os.fork() == 0:
                time.sleep(600)
    elif word == "daemon":
        if os.fork() == 0:
            os.setsid()
            for fd in range(3):
                os.close(fd)
            time.sleep(600)
    elif word == "post":  # post PATH DOCUMENT: OTLP/HTTP, by the socket
        path, text = args.pop(0), args.pop(0).replace("@", os.environ["LEDGER_RUN"])
        text = text.replace("%", os.environ["TRACEPARENT"].split("-")[2])
        tried("post " + path, lambda: post(path, text))
    elif word == "sleep":
        print("asleep", flush=True)
        time.sleep(float(args.pop(0)))
    elif word == "await":
        path = args.pop(0)
        while not os.path.exists(path):
            time.sleep(0.05)
    elif word == "fill":
        with open("/out/big", "wb") as f:
            while True:
                f.write(b"x" * (1 << 20))
    elif word == "sparse":  # sparse PATH BYTES: a hole, and a byte at its end
        with open(args.pop(0), "wb") as f:
            f.seek(int(args.pop(0)) - 1)
            f.write(b"x")
    elif word == "print":
        print(args.pop(0), flush=True)
    elif word == "escape":
        sys.stdout.buffer.write(b"\x1b[31m\xff\x00red\n")
        sys.stdout.buffer.flush()
    elif word == "exit":
        sys.exit(int(args.pop(0)))
    else:
        sys.exit("unknown word " + word)


words = sys.argv[1:]
while words:
    run(words.pop(0), words)
