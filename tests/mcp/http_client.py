#!/usr/bin/env python3
"""A client of MCP over streamable HTTP for scenarios: http_client.py HOST:PORT SCRIPT; prints what comes back.

A line that begins with { or [ is a message: it is sent, and its answer printed: the status, then each message of it, in the session that
the newest answer to an initialize has named. `!TEXT` sends TEXT as it is. `field NAME: VALUE` adds a field to all requests from now on,
`field NAME:` removes it. `end` ends the session; `get [LAST]` reads the server's stream to its end; `do METHOD PATH` sends a request of
its own; `leave MESSAGE` sends one and goes away; `sh COMMAND` runs a command. What the server asks is answered."""
import http.client
import json
import subprocess
import sys
import time

address = sys.argv[1]
fields = {'Accept': 'application/json, text/event-stream', 'Content-Type': 'application/json'}
session = {}


def connect():
    return http.client.HTTPConnection(address, timeout=30)


def say(*words):
    print(*words, flush=True)


def answer(message):
    if message.get('method') == 'elicitation/create':
        post(json.dumps({'jsonrpc': '2.0', 'id': message['id'], 'result': {'action': 'accept', 'content': {'name': 'Kim'}}}))


def events(response):
    data = []
    for line in response:
        line = line.rstrip(b'\r\n').decode('utf-8', 'replace')
        if line.startswith('id:'):
            say(line)
        elif line.startswith('data:'):
            data.append(line[5:].lstrip())
        elif not line and data:
            say('\n'.join(data))
            try:
                value = json.loads('\n'.join(data))
            except ValueError:
                value = {}
            data = []
            for one in value if isinstance(value, list) else [value]:
                answer(one)


def request(method, path, body=None, **more):
    c = connect()
    c.request(method, path, body, {**fields, **session, **more})
    try:
        r = c.getresponse()
        if 'Mcp-Session-Id' in r.headers:
            session['Mcp-Session-Id'] = r.headers['Mcp-Session-Id']
        say(r.status)
        if r.headers.get_content_type() == 'text/event-stream':
            events(r)
        else:
            body = r.read()
            if body:
                say(body.decode('utf-8', 'replace'))
    except http.client.HTTPException as e:
        say(type(e).__name__)
    c.close()


def post(text):
    request('POST', '/mcp', text.encode())


for step in open(sys.argv[2], encoding='utf-8').read().splitlines():
    if step[:1] in ('{', '['):
        post(step)
    elif step.startswith('!'):
        post(step[1:])
    elif step.startswith('field '):
        name, value = step[6:].split(':', 1)
        fields.pop(name, None)
        if value:
            fields[name] = value.strip()
    elif step == 'end':
        request('DELETE', '/mcp')
        session.clear()
    elif step.startswith('get'):
        request('GET', '/mcp', None, **({'Last-Event-ID': step[4:]} if step[4:] else {}))
    elif step.startswith('do '):
        method, path = step[3:].split()
        request(method, path, b'{}' if method == 'POST' else None)
    elif step.startswith('leave '):
        c = connect()
        c.request('POST', '/mcp', step[6:].encode(), {**fields, **session})
        time.sleep(0.3)
        c.close()
        time.sleep(0.5)
    elif step.startswith('sh '):
        subprocess.run(step[3:], shell=True, check=True, stdout=subprocess.DEVNULL)
