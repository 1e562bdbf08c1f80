"""Receivers for tests/cli/follow_receivers.sh: prints its address, then writes what it gets to a file.

  follow_receivers.py otlp FILE     HTTP: the first request gets 503, the second 429 with Retry-After, then 200
  follow_receivers.py refuse FILE   HTTP: 400 for everything
  follow_receivers.py tcp FILE      RFC 6587 octet counting; the first connection is closed after one message
  follow_receivers.py udp FILE | unix FILE SOCKET"""
import http.server, socket, sys

what, path = sys.argv[1:3]
out = open(path, "ab", buffering=0)

class Collector(http.server.BaseHTTPRequestHandler):
    n = 0
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Collector.n += 1
        status = 400 if what == "refuse" else {1: 503, 2: 429}.get(Collector.n, 200)
        if status == 200:
            out.write(body)
        answer = b"{}" if status == 200 else b""
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        out.write(("" if status == 200 else "status %d %s\n" % (status, self.path)).encode())
    def log_message(self, *args):
        pass

def say(text):
    print(text, flush=True)

if what in ("otlp", "refuse"):
    server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
    say("http://127.0.0.1:%d" % server.server_address[1])
    server.serve_forever()
elif what == "tcp":
    s = socket.create_server(("127.0.0.1", 0))
    say("tcp:127.0.0.1:%d" % s.getsockname()[1])
    first = True
    while True:
        c, _ = s.accept()
        f = c.makefile("rb")
        while True:
            digits = b""
            while (b := f.read(1)) not in (b" ", b""):
                digits += b
            if not digits:
                break
            out.write(f.read(int(digits)) + b"\n")
            if first:
                first = False
                break
        f.close()
        c.close()
else:
    s = socket.socket(socket.AF_UNIX if what == "unix" else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(sys.argv[3] if what == "unix" else ("127.0.0.1", 0))
    say("unix:" + sys.argv[3] if what == "unix" else "udp:127.0.0.1:%d" % s.getsockname()[1])
    while True:
        out.write(s.recv(65536) + b"\n")
