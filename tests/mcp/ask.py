#!/usr/bin/env python3
"""Asks `ledger mcp`: ask.py COMMAND... reads lines from standard input, each a method's name and its parameters as JSON, or a tool's
name after '!' with its arguments; or '=' and a line that is sent as it is. Sends all of them, then prints each answer on a line, in
the order of their ids, those without an id last. The exit code is the command's."""
import json
import subprocess
import sys

asked, lines = 0, [json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
    "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "ask", "version": "1"}}}),
    '{"jsonrpc":"2.0","method":"notifications/initialized"}']
for line in sys.stdin.read().splitlines():
    if line.startswith("="):
        lines.append(line[1:])
        continue
    word, _, rest = line.partition(" ")
    asked += 1
    params = json.loads(rest) if rest else {}
    if word.startswith("!"):
        word, params = "tools/call", {"name": word[1:], "arguments": params}
    lines.append(json.dumps({"jsonrpc": "2.0", "id": asked, "method": word, "params": params}))
done = subprocess.run(sys.argv[1:], input="\n".join(lines).encode("utf-8", "surrogateescape") + b"\n", stdout=subprocess.PIPE, check=False)
answers = [json.loads(line) for line in done.stdout.splitlines()]
named = {a["id"]: a for a in answers if a.get("id") is not None}
for answer in [named[i] for i in sorted(named, key=lambda i: (isinstance(i, str), i)) if i != 0] + [a for a in answers if a.get("id") is None]:
    print(json.dumps(answer, ensure_ascii=False))
sys.exit(done.returncode)
