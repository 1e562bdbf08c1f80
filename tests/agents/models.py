#!/usr/bin/env python3
"""One server for the agents of tests/cli/_real_agents_take_our_settings.sh: it speaks as the servers of Anthropic, OpenAI (responses and
chat completions) and Gemini do, as far as one session needs. It asks for one shell command, once, and after its result says that
it is done. It prints the port on which it listens, then a line for each request."""
import http.server
import json
import re
import sys

COMMAND = "echo one-two-three"
CALL = {"command": COMMAND}


def sse(*events, named=False):
    out = []
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        out.append(name + "data: " + (event if isinstance(event, str) else json.dumps(event)) + "\n\n")
    return "text/event-stream", "".join(out)


def tool_of(names, wanted):
    return next((n for n in wanted if n in names), None)


def anthropic(body):
    names = [t.get("name") for t in body.get("tools", [])]
    tool = tool_of(names, ["Bash"])
    done = "tool_result" in json.dumps(body.get("messages", []))
    use = {"input_tokens": 11, "output_tokens": 7, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    start = {"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
             "content": [], "stop_reason": None, "stop_sequence": None, "usage": use}}
    if tool and not done:
        block = {"type": "tool_use", "id": "toolu_01", "name": tool, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(CALL | {"description": "Prints a word"})}
        reason = "tool_use"
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": "It is done."}
        reason = "end_turn"
    return sse(start, {"type": "content_block_start", "index": 0, "content_block": block},
               {"type": "content_block_delta", "index": 0, "delta": delta}, {"type": "content_block_stop", "index": 0},
               {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": {"output_tokens": 7}},
               {"type": "message_stop"}, named=True)


def responses(body):
    names = [t.get("name") or t.get("type") for t in body.get("tools", [])]
    tool = tool_of(names, ["shell_command", "exec_command", "shell"])
    done = "function_call_output" in json.dumps(body.get("input", []))
    if tool and not done:
        arguments = {"exec_command": {"cmd": COMMAND}, "shell": {"command": ["bash", "-c", COMMAND]}}.get(tool, CALL)
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": tool, "arguments": json.dumps(arguments)}
    else:
        item = {"type": "message", "id": "m_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": "It is done.", "annotations": []}]}
    usage = {"input_tokens": 11, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 7,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 18}
    answer = {"id": "resp_1", "object": "response", "model": body["model"], "status": "completed", "output": [item], "usage": usage}
    return sse({"type": "response.created", "response": {"id": "resp_1"}},
               {"type": "response.output_item.done", "output_index": 0, "item": item},
               {"type": "response.completed", "response": answer}, named=True)


def chat(body):
    names = [t["function"]["name"] for t in body.get("tools", [])]
    tool = tool_of(names, ["bash"])
    done = any(m.get("role") == "tool" for m in body["messages"])
    if tool and not done:
        delta = {"role": "assistant", "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {
            "name": tool, "arguments": json.dumps(CALL | {"description": "Prints a word"})}}]}
        reason = "tool_calls"
    else:
        delta, reason = {"role": "assistant", "content": "It is done."}, "stop"
    one = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
    return sse(one | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
               one | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}],
                      "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}, "[DONE]")


def gemini(body, stream):
    names = [d.get("name") for t in body.get("tools", []) for d in t.get("functionDeclarations", [])]
    tool = tool_of(names, ["run_shell_command"])
    done = "functionResponse" in json.dumps(body.get("contents", []))
    part = {"functionCall": {"name": tool, "args": CALL}} if tool and not done else {"text": "It is done."}
    if "responseJsonSchema" in json.dumps(body) or "responseSchema" in json.dumps(body):
        part = {"text": "{}"}
    answer = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
              "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}, "modelVersion": "gemini"}
    return sse(answer) if stream else ("application/json", json.dumps(answer))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, kind, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_HEAD(self):
        self.answer(200, "application/json", "")

    def do_GET(self):
        print("GET", self.path, flush=True)
        self.answer(404, "application/json", '{"error":{"message":"there is no such thing"}}')

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        print("POST", path, flush=True)
        try:
            body = json.loads(raw)
            if path.endswith("/messages/count_tokens") or path.endswith(":countTokens"):
                got = "application/json", '{"input_tokens":11,"totalTokens":11}'
            elif path.endswith("/messages"):
                got = anthropic(body)
            elif path.endswith("/responses"):
                got = responses(body)
            elif path.endswith("/chat/completions"):
                got = chat(body)
            elif re.search(r":(stream)?[gG]enerateContent$", path):
                got = gemini(body, ":stream" in path)
            else:
                return self.answer(404, "application/json", '{"error":{"message":"there is no such thing"}}')
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            print("bad request:", repr(e), raw[:300], flush=True)
            return self.answer(400, "application/json", '{"error":{"message":"what is that?"}}')
        self.answer(200, *got)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
sys.stdout.reconfigure(line_buffering=True)
server.serve_forever()
