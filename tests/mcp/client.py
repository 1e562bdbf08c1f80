#!/usr/bin/env python3
"""A client of MCP for scenarios: client.py SCRIPT COMMAND...: sends each line of SCRIPT to the command, and prints what comes back.

A line is JSON, sent as it is; after a request its answer is waited for, and what the server asks in between is answered. A line
`!TEXT` is sent as TEXT and nothing is waited for; `=N` waits for N lines; `sleep MS`; `sh COMMAND` runs a command. At the end the
input is closed; the exit code is the command's."""
import json
import subprocess
import sys
import time

script = open(sys.argv[1], encoding='utf-8').read().splitlines()
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def send(text):
    child.stdin.write(text.encode() + b'\n')
    child.stdin.flush()


def read():
    line = child.stdout.readline().decode('utf-8', 'replace').rstrip('\n')
    print(line, flush=True)
    return line


def wait(ident):
    while True:
        line = read()
        if not line:
            return
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if message.get('method') == 'elicitation/create':
            send(json.dumps({'jsonrpc': '2.0', 'id': message['id'], 'result': {'action': 'accept', 'content': {'name': 'Kim'}}}))
        elif message.get('method') == 'sampling/createMessage':
            send(json.dumps({'jsonrpc': '2.0', 'id': message['id'], 'result': {
                'role': 'assistant', 'model': 'small-1', 'stopReason': 'endTurn', 'content': {'type': 'text', 'text': 'hi'}}}))
        elif message.get('id') == ident and 'method' not in message:
            return


for step in script:
    if step.startswith('sleep '):
        time.sleep(int(step[6:]) / 1000)
    elif step.startswith('sh '):
        subprocess.run(step[3:], shell=True, check=True, stdout=subprocess.DEVNULL)
    elif step.startswith('!'):
        send(step[1:])
    elif step.startswith('='):
        for _ in range(int(step[1:])):
            read()
    elif step:
        send(step)
        ident = json.loads(step).get('id')
        if ident is not None:
            wait(ident)
child.stdin.close()
sys.stdout.write(child.stdout.read().decode())
sys.exit(child.wait() % 256)
