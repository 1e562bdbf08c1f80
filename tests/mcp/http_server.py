#!/usr/bin/env python3
"""A small server of MCP over streamable HTTP for scenarios. Prints its port and serves until its standard input ends.

  tools=FILE    the tools are in this file, read at each tools/list
  log=FILE      writes each request to this file, a line of JSON: method, path, fields, body
  stateless     has no sessions
  other         its endpoint is at this path too, as lenient servers have it: /MCP/

What a call does is in the tool's name: `read` is answered by JSON, `write` by a stream whose lines end in CRLF, the others badly."""
import gzip
import http.server
import json
import sys
import threading

options = dict((a.split('=', 1) + [''])[:2] for a in sys.argv[1:])
TOOLS = [{'name': n, 'description': n, 'inputSchema': {'type': 'object'}}
         for n in ('read', 'write', 'ask', 'cut', 'lie', 'gzip', 'html', 'redirect', 'twice', 'fold', 'big', 'hang', 'error')]
LOG = open(options['log'], 'a', encoding='utf-8') if 'log' in options else None
LOCK = threading.Lock()
ANSWERED = threading.Condition(LOCK)
sessions, answers = set(), {}


def tools():
    if 'tools' in options:
        with open(options['tools'], encoding='utf-8') as file:
            return json.load(file)
    return TOOLS


def text(value):
    return {'content': [{'type': 'text', 'text': json.dumps(value)}], 'isError': False}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def give(self, status, body=b'', kind='application/json', **fields):
        self.send_response(status)
        if body:
            self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)

    def as_json(self, value, status=200, **fields):
        self.give(status, json.dumps(value).encode(), 'application/json; charset=utf-8', **fields)

    def chunk(self, data):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))
        self.wfile.flush()

    def stream(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()

    def event(self, value, ident=None, end='\n'):
        lines = (['id: %s' % ident] if ident else []) + ['data: ' + json.dumps(value)]
        self.chunk((end.join(['event: message', *lines]) + end + end).encode())

    def note(self, body):
        if LOG is None:
            return
        with LOCK:
            LOG.write(json.dumps({'method': self.command, 'path': self.path, 'body': body,
                                  'fields': {k.lower(): v for k, v in self.headers.items()}}) + '\n')
            LOG.flush()

    def is_ours(self):
        path = self.path.split('?')[0]
        return path == '/mcp' or ('other' in options and path.lower().rstrip('/') == '/mcp')

    def in_session(self):
        if 'stateless' in options:
            return True
        ident = self.headers.get('Mcp-Session-Id')
        if ident in sessions:
            return True
        self.as_json({'jsonrpc': '2.0', 'id': None, 'error': {'code': -32000, 'message': 'no session'}}, 404 if ident else 400)
        return False

    def do_GET(self):
        self.note('')
        if not self.is_ours():
            self.as_json({'resource': 'here', 'path': self.path})
        elif self.in_session():
            last = int(self.headers.get('Last-Event-ID', '0'))
            self.stream()
            self.chunk(b'retry: 500\nid: 0\ndata: \n\n: a comment\n\n')
            for n in range(last + 1, 4):
                self.event({'jsonrpc': '2.0', 'method': 'notifications/message', 'params': {'level': 'info', 'data': n}}, n)
            self.event({'jsonrpc': '2.0', 'method': 'notifications/tools/list_changed'}, 9)
            self.wfile.write(b'0\r\n\r\n')

    def do_DELETE(self):
        self.note('')
        if self.in_session():
            sessions.discard(self.headers.get('Mcp-Session-Id'))
            self.give(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', '0')))
        if self.headers.get('Transfer-Encoding') == 'chunked':
            while (size := int(self.rfile.readline(), 16)) > 0:
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.note(body.decode('utf-8', 'replace'))
        if not self.is_ours():
            self.give(200, b'passed', 'text/plain')
            return
        message = json.loads(body)
        if isinstance(message, dict) and message.get('method') == 'initialize':
            ident = 'secret-session-%d' % (len(sessions) + 1)
            if 'stateless' not in options:
                sessions.add(ident)
            self.as_json({'jsonrpc': '2.0', 'id': message['id'], 'result': {
                'protocolVersion': '2025-11-25', 'capabilities': {'tools': {}}, 'serverInfo': {'name': 'fake', 'version': '1.2'}}},
                **({} if 'stateless' in options else {'Mcp_Session_Id': ident}))
        elif self.in_session():
            self.messages(message)

    def messages(self, message):
        if isinstance(message, list):
            back = [self.answer(m) for m in message if 'method' in m and 'id' in m]
            if back:
                self.as_json(back)
            else:
                self.give(202)
        elif 'method' not in message:
            with ANSWERED:
                answers[message['id']] = message
                ANSWERED.notify_all()
            self.give(202)
        elif 'id' not in message:
            self.give(202)
        elif message['method'] == 'tools/call':
            self.call(message, message['params']['name'])
        else:
            self.as_json(self.answer(message))

    def answer(self, message):
        back = {'jsonrpc': '2.0', 'id': message['id']}
        params = message.get('params', {})
        if message['method'] == 'tools/list':
            at = int(params.get('cursor', 0))
            back['result'] = {'tools': tools()[at:at + 8]}
            if at + 8 < len(tools()):
                back['result']['nextCursor'] = str(at + 8)
        elif message['method'] == 'tools/call' and params['name'] != 'unknown':
            back['result'] = text(params.get('arguments', {}))
        elif message['method'] == 'ping':
            back['result'] = {}
        else:
            back['error'] = {'code': -32602, 'message': 'no such thing'}
        return back

    def call(self, message, name):
        whole = json.dumps(self.answer(message)).encode()
        if name == 'write':
            self.stream()
            self.chunk(b': hello\r\n\r\nid: 1\r\ndata:\r\n\r\n')
            self.event({'jsonrpc': '2.0', 'method': 'notifications/progress', 'params': {'progress': 1}}, 2, '\r\n')
            for byte in b'id: 3\r\ndata: ' + whole[:18] + b'\r\n' + b'data: ' + whole[18:] + b'\r\n\r\n':
                self.chunk(bytes([byte]))
            self.wfile.write(b'0\r\n\r\n')
        elif name == 'ask':
            self.stream()
            self.event({'jsonrpc': '2.0', 'id': 'q1', 'method': 'elicitation/create', 'params': {'message': 'Your name?'}})
            with ANSWERED:
                ANSWERED.wait_for(lambda: 'q1' in answers, 20)
            self.event(self.answer(message))
            self.wfile.write(b'0\r\n\r\n')
        elif name == 'cut':
            self.stream()
            self.chunk(b'data: {"jsonrpc":')
            self.close_connection = True
        elif name == 'lie':
            self.send_response(200)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(whole) + 100))
            self.end_headers()
            self.wfile.write(whole)
            self.close_connection = True
        elif name == 'gzip':
            self.give(200, gzip.compress(whole), Content_Encoding='gzip')
        elif name == 'html':
            self.give(200, b'<html>not a message</html>', 'text/html')
        elif name == 'redirect':
            self.give(307, Location='http://elsewhere.example/mcp')
        elif name == 'twice':
            self.give(200, whole[:-1] + b', "result": {"content": []}}')
        elif name == 'fold':
            self.give(200, whole.replace(b'"result"', b'"Result"').replace(b'"id"', b'"result": {}, "id"'))
        elif name == 'big':
            self.stream()
            self.event({'jsonrpc': '2.0', 'method': 'notifications/message', 'params': {'data': 'x' * (5 << 20)}})
            self.event(self.answer(message))
            self.wfile.write(b'0\r\n\r\n')
        elif name == 'hang':
            self.stream()
            try:
                while True:
                    self.chunk(b': still here\n\n')
                    threading.Event().wait(0.05)
            except OSError:
                self.close_connection = True
        elif name == 'error':
            self.give(500, b'it broke', 'text/plain')
        else:
            self.give(200, whole)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
