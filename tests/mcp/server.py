#!/usr/bin/env python3
"""A small server of MCP for scenarios: a line of JSON in, lines out. What it does is in its arguments:

  tools=FILE    the tools are in this file, read at each tools/list; pages of two
  noise         prints what is no message before each answer
  stubborn      does not end at the end of its input
  log=FILE      writes each line that it reads to this file
  elicit        asks the client in a call of `ask`
"""
import json
import sys
import time

options = dict((a.split('=', 1) + [''])[:2] for a in sys.argv[1:])
TOOLS = [{'name': 'read', 'description': 'Reads', 'inputSchema': {'type': 'object'}},
         {'name': 'write', 'description': 'Writes', 'inputSchema': {'type': 'object'}},
         {'name': 'ask', 'description': 'Asks', 'inputSchema': {'type': 'object'}}]
log = open(options['log'], 'ab', buffering=0) if 'log' in options else None


def send(message):
    sys.stdout.write(json.dumps(message) + '\n')
    sys.stdout.flush()


def tools():
    if 'tools' in options:
        with open(options['tools'], encoding='utf-8') as file:
            return json.load(file)
    return TOOLS


def call(request):
    params = request['params']
    name, arguments = params['name'], params.get('arguments', {})
    if name == 'fail':
        return {'content': [{'type': 'text', 'text': 'it failed'}], 'isError': True}
    if name == 'die':
        sys.exit(7)
    if name == 'ask' and 'inputResponses' not in params and params.get('_meta'):
        return {'resultType': 'input_required', 'inputRequests': {
            'colour': {'method': 'elicitation/create', 'params': {'mode': 'form', 'message': 'Which colour?'}}}}
    return {'content': [{'type': 'text', 'text': json.dumps(arguments)}], 'isError': False}


for line in sys.stdin.buffer:
    if log:
        log.write(line)
    if 'noise' in options:
        print('this is not a message')
        sys.stdout.flush()
    try:
        request = json.loads(line)
    except ValueError:
        continue
    if isinstance(request, list) or 'id' not in request or 'method' not in request:
        continue
    method, answer = request['method'], {'jsonrpc': '2.0', 'id': request['id']}
    if method == 'initialize':
        answer['result'] = {'protocolVersion': '2025-11-25', 'capabilities': {'tools': {}},
                            'serverInfo': {'name': 'fake', 'version': '1.2'}}
    elif method == 'tools/list':
        at = int(request.get('params', {}).get('cursor', 0))
        answer['result'] = {'tools': tools()[at:at + 2]}
        if at + 2 < len(tools()):
            answer['result']['nextCursor'] = str(at + 2)
    elif method == 'tools/call' and request['params'].get('name') == 'unknown':
        answer['error'] = {'code': -32602, 'message': 'no such tool'}
    elif method == 'tools/call':
        if 'elicit' in options and request['params']['name'] == 'ask':
            send({'jsonrpc': '2.0', 'id': 'q1', 'method': 'elicitation/create',
                  'params': {'message': 'Your name?', 'requestedSchema': {'type': 'object'}}})
            json.loads(sys.stdin.buffer.readline())
            send({'jsonrpc': '2.0', 'id': 's1', 'method': 'sampling/createMessage',
                  'params': {'messages': [], 'maxTokens': 5, 'modelPreferences': {'hints': [{'name': 'small'}]}}})
            json.loads(sys.stdin.buffer.readline())
        answer['result'] = call(request)
    else:
        answer['error'] = {'code': -32601, 'message': 'Method not found'}
    send(answer)
while 'stubborn' in options:
    time.sleep(1)
