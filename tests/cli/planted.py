#!/usr/bin/env python3
"""Secrets of 42 forms for tests/cli/planted_secrets_are_in_no_file.sh, made from a seed, so that no file here has one.

    planted.py write DIR            an input for each door of the ledger; the secrets in them in DIR/planted.tsv
    planted.py mcp DIR              a server of MCP whose results hold secrets
    planted.py models DIR           a server of models whose answers and errors do; prints its port
    planted.py post URL DIR KIND    sends to a receiver of OTLP (otlp) or through a proxy (model), with secrets all over the request
    planted.py look DIR FILE...     says which secrets are in the files, in any of the forms in which they might be; exit code 1"""
import base64
import gzip
import http.client
import http.server
import json
import os
import random
import re
import string
import struct
import subprocess
import sys
import urllib.parse

W = string.ascii_letters + string.digits
ALPHABETS = {"w": W, "t": W * 3 + "-_", "h": "0123456789abcdef", "d": string.digits, "b": string.ascii_uppercase + "234567", "a": string.ascii_letters}
# Between { and } is what nobody may find.
FORMS = """{AKIA<b:16>}
aws_secret_access_key = {<w:40>}
{ghp_<w:36>}
{gho_<w:36>}
{ghu_<w:36>}
{ghr_<w:36>}
{github_pat_<w:22>_<w:59>}
{glpat-<w:20>}
{glptt-<h:40>}
{sk-ant-api03-<t:93>AA}
{sk-proj-<t:74>T3BlbkFJ<t:74>}
{sk-<w:48>}
{hf_<a:34>}
{xoxb-<d:12>-<d:13>-<w:24>}
https://hooks.slack.com/services/T<b:8>/B<b:8>/{<w:24>}
{sk_live_<w:24>}
{AIza<t:35>}
{ya29.<t:60>}
{GOCSPX-<t:28>}
{abC8Q~<w:34>}
{npm_<w:36>}
{pypi-AgEIcHlwaS5vcmc<t:150>}
{<d:9>1:AA<w:33>}
{M<w:23>.<w:6>.<w:27>}
{SG.<w:22>.<w:43>}
{SK<h:32>}
{dop_v1_<h:64>}
{shpat_<h:32>}
{AGE-SECRET-KEY-1<b:58>}
{hvs.<t:92>}
{eyJhbGciOiJIUzI1NiJ9.eyJ<w:40>.<w:43>}
https://joe:{<w:16>}@h.example/x
postgres://app:{<w:18>}@db.internal:5432/prod
redis://:{<w:20>}@r:6379/0
https://x.example/a?b=c&api_key={<w:32>}
https://x.blob.example/c?sv=2022&ss=b&sig={<w:43>}%3D
Authorization: Bearer {<w:40>}
Authorization: Basic {<w:24>}
Cookie: sessionid={<w:32>}; a=b
export GITHUB_TOKEN={<h:40>}
DB_PASSWORD={<w:16>}
PRIVATE+KEY+example.org/log+01234567+{<w:44>}""".split("\n")


class Door:
    """The secrets of one door: its texts, of every form, and what must not be found of them."""

    def __init__(self, name):
        rng = random.Random(name)
        self.texts, self.cores = [], []
        for form in FORMS:
            text = re.sub(r"<(.):(\d+)>", lambda m: "".join(rng.choice(ALPHABETS[m[1]]) for _ in range(int(m[2]))), form)
            at, end = text.index("{"), text.index("}") - 1
            self.texts.append(text.replace("{", "").replace("}", ""))
            self.cores.append(self.texts[-1][at:end])

    def core(self, i):
        return self.cores[i % len(self.cores)]


def ids(i):
    return f"{i + 1:032x}", f"{i + 1:016x}"


# ---- inputs -----------------------------------------------------------------------------------------------------------

def lines(values):
    return "".join(json.dumps(v) + "\n" for v in values)


def hook(name, texts, shape):
    out = []
    for i, t in enumerate(texts):
        one = {"session_id": f"s-{name}", "cwd": f"/srv/{name}", "hook_event_name": "PreToolUse", "tool_name": "Bash",
               "tool_use_id": f"{name}-{i}", "tool_input": {"command": "run " + t, "env": {"X": t}, t: 1}} | shape
        before, after = ("BeforeTool", "AfterTool") if name == "gemini-cli" else ("PreToolUse", "PostToolUse")
        out += [one | {"hook_event_name": before}, one | {"hook_event_name": after, "tool_response": {"stdout": t, "list": [[t]]}},
                one | {"hook_event_name": "PermissionRequest", "reason": t}, one | {"hook_event_name": "SessionStart", "source": t, "cwd": "/" + t},
                one | {"hook_event_name": "PostToolUseFailure", "error": t}, one | {"hook_event_name": before, "tool_name": t, "session_id": t, "tool_use_id": t}]
    return lines(out)


def opencode(texts):
    out = []
    for i, t in enumerate(texts):
        out += [{"type": "tool.execute.before", "input": {"tool": "bash", "sessionID": "ses_1", "callID": f"c{i}"}, "output": {"args": {"command": t}}},
                {"type": "tool.execute.after", "input": {"tool": "bash", "sessionID": "ses_1", "callID": f"c{i}"},
                 "output": {"title": t, "output": t, "metadata": {"output": t}}},
                {"type": "permission.asked", "properties": {"id": f"per_{i}", "sessionID": "ses_1", "permission": "bash", "patterns": [t],
                 "metadata": {"command": t}, "always": [t], "tool": {"messageID": "m", "callID": f"c{i}"}}}]
    return lines(out)


def attributes(t):
    return {"gen_ai.prompt": t, "http.url": t, "gen_ai.request.model": t, "gen_ai.tool.name": t, "gen_ai.tool.call.arguments": t, t: "1"}


def otlp_json(texts):
    spans, logs, points = [], [], []
    for i, t in enumerate(texts):
        trace, span = ids(i)
        kv = [{"key": k, "value": {"stringValue": v}} for k, v in attributes(t).items()]
        kv.append({"key": "deep", "value": {"kvlistValue": {"values": [{"key": "l", "value": {"arrayValue": {"values": [{"stringValue": t}]}}}]}}})
        spans.append({"traceId": trace, "spanId": span, "name": "execute_tool " + t, "kind": 1, "startTimeUnixNano": "1770000000000000000",
                      "endTimeUnixNano": "1770000001000000000", "attributes": kv, "traceState": "a=" + t, "status": {"code": 2, "message": t},
                      "events": [{"timeUnixNano": "1770000000500000000", "name": t, "attributes": kv}]})
        logs.append({"timeUnixNano": str(1770000000000000000 + i), "body": {"stringValue": t}, "attributes": kv, "eventName": t, "traceId": trace})
        points.append({"timeUnixNano": "1770000001000000000", "startTimeUnixNano": "1770000000000000000", "asInt": "1", "attributes": kv})
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": texts[2]}}] +
                [{"key": f"r{i}", "value": {"stringValue": t}} for i, t in enumerate(texts)]}
    scope = {"name": texts[3], "version": texts[4]}
    return lines([{"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]},
                  {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": logs}]}]},
                  {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": [{"name": "gen_ai.client.token.usage",
                   "description": texts[5], "unit": "{token}", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": points}}]}]}]}])


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def ld(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def fixed64(field, n):
    return varint(field << 3 | 1) + struct.pack("<Q", n)


def otlp_protobuf(texts):
    """An ExportTraceServiceRequest and an ExportLogsServiceRequest."""
    spans = logs = b""
    for i, t in enumerate(texts):
        trace, span = (bytes.fromhex(x) for x in ids(1000 + i))
        kv = b"".join(ld(9, ld(1, k) + ld(2, ld(1, v))) for k, v in attributes(t).items())
        event = fixed64(1, 1770000000500000000) + ld(2, t) + ld(3, ld(1, "x") + ld(2, ld(1, t)))
        spans += ld(2, ld(1, trace) + ld(2, span) + ld(3, "a=" + t) + ld(5, t) + fixed64(7, 1770000000000000000) + fixed64(8, 1770000001000000000) +
                    kv + ld(11, event) + ld(15, ld(2, t) + b"\x18\x02"))
        logs += ld(2, fixed64(1, 1770000100000000000 + i) + ld(5, ld(1, t)) + ld(6, ld(1, "x") + ld(2, ld(7, t))) + ld(9, trace) + ld(12, t))
    resource = ld(1, b"".join(ld(1, ld(1, f"r{i}") + ld(2, ld(1, t))) for i, t in enumerate(texts)))
    return [ld(1, resource + ld(2, body)) for body in (ld(1, ld(1, texts[1])) + spans, logs)]


def gguf(texts):
    def s(t):
        return struct.pack("<Q", len(t)) + t.encode()
    pairs = [("general.architecture", "llama"), ("general.name", "Tiny")] + [(f"x.k{i}", t) for i, t in enumerate(texts)] + [(texts[1], "v")]
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(s(k) + struct.pack("<I", 8) + s(v) for k, v in pairs)


def safetensors(texts):
    head = json.dumps({"__metadata__": {f"k{i}": t for i, t in enumerate(texts)}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    return struct.pack("<Q", len(head)) + head + b"\0\0\0\0"


def promptfoo(texts):
    rows = [{"id": f"r{i}", "promptIdx": 0, "testIdx": i, "promptId": "p", "success": i % 2 == 0, "score": 1, "failureReason": i % 3, "error": t, "latencyMs": 1,
             "prompt": {"raw": t, "label": t}, "provider": {"id": "echo", "label": "x"}, "response": {"output": t, "error": t}, "vars": {"a": t, t: 1},
             "testCase": {"vars": {"a": t}, "assert": [{"type": "equals", "value": t}], "options": {"headers": {"Authorization": t}}},
             "gradingResult": {"pass": True, "score": 1, "reason": t}, "namedScores": {t: 1}} for i, t in enumerate(texts)]
    return json.dumps({"evalId": "eval-p", "results": {"version": 3, "timestamp": "2026-11-20T10:00:00.000Z", "prompts": [{"id": "p", "raw": texts[0],
                       "label": texts[1], "provider": texts[2], "metrics": {"score": 1, "testPassCount": 1, "testFailCount": 1, "testErrorCount": 0}}],
                       "results": rows, "stats": {"successes": 1, "failures": 1, "errors": 0}},
                       "config": {"providers": [{"id": "echo", "config": {"apiKey": t, "headers": {"X": t}}} for t in texts], "env": dict(enumerate(texts)),
                                  "description": texts[3]}, "metadata": {"promptfooVersion": "0.121.20", "author": texts[4]}})


def inspect(texts):
    samples = [{"id": i + 1, "epoch": 1, "input": [{"role": "user", "content": t}], "target": t, "messages": [{"role": "assistant", "content": t,
                "tool_calls": [{"id": "c", "function": "f", "arguments": {"a": t}}]}], "output": {"model": "m", "choices": [{"message": {"role": "assistant",
                "content": t}, "stop_reason": "stop"}], "error": t}, "scores": {"match": {"value": "C", "answer": t, "explanation": t, "metadata": {t: t}}},
                "metadata": {"x": t}, "store": {"x": t}, "error": {"message": t, "traceback": t, "traceback_ansi": t} if i % 2 else None,
                "attachments": {"a": t}} for i, t in enumerate(texts)]
    return json.dumps({"version": 2, "status": "error", "eval": {"eval_id": "e", "run_id": "r", "created": "2026-03-01T08:00:00+00:00", "task": "planted", "task_id": "t",
                       "model": texts[2], "model_base_url": texts[31], "model_args": dict(enumerate(texts)), "task_args": {"k": texts[6]}, "config": {"limit": 3},
                       "metadata": dict(enumerate(texts)), "revision": {"type": "git", "origin": texts[31], "commit": "abc"}, "dataset": {"name": texts[9], "location": texts[31]}},
                       "plan": {"name": "plan", "steps": [{"solver": texts[10], "params": {"p": t}} for t in texts], "config": {"x": texts[11]}},
                       "results": {"total_samples": 42, "completed_samples": 42, "scores": [{"name": "match", "scorer": texts[12], "metrics": {"accuracy":
                       {"name": "accuracy", "value": 1}}}]}, "error": {"message": texts[13], "traceback": texts[14], "traceback_ansi": texts[15]}, "samples": samples})


def lmeval(texts):
    return {"results_2026-03-01T10-20-30.123456.json": json.dumps({"results": {"planted": {"alias": texts[0], "acc,none": 0.5, "acc_stderr,none": 0.1}},
            "configs": {"planted": {"task": "planted", "doc_to_text": texts[1], "description": texts[2], "metadata": dict(enumerate(texts))}},
            "versions": {"planted": 1}, "n-shot": {"planted": 0}, "higher_is_better": {"planted": {"acc": True}}, "n-samples": {"planted": {"original": 42, "effective": 42}},
            "config": {"model": "local-completions", "model_args": ",".join(["base_url=" + texts[31]] + [f"api_key={t}" for t in texts]), "gen_kwargs": dict(enumerate(texts))},
            "model_name": texts[3], "model_source": texts[4], "pretty_env_info": "\n".join(texts), "git_hash": texts[5], "chat_template": texts[6], "system_instruction": texts[7]}),
            "samples_planted_2026-03-01T10-20-30.123456.jsonl": lines([{"doc_id": i, "doc": {"q": t}, "target": t, "arguments": {"gen_args_0": {"arg_0": t, "arg_1": {"until": [t]}}},
            "resps": [[t]], "filtered_resps": [t], "filter": "none", "metrics": ["acc"], "acc": 1.0, "doc_hash": "a" * 64, "prompt_hash": "b" * 64, "target_hash": "c" * 64}
            for i, t in enumerate(texts)])}


def journal(texts):
    """What systemd says of a unit, and the kernel of a process and of a GPU; the secrets are wherever there is text."""
    out = b""
    for i, t in enumerate(texts):
        systemd = "_TRANSPORT=journal\n_PID=1\n_UID=0\n_COMM=systemd\n_SYSTEMD_UNIT=init.scope\nUNIT=ollama.service\nUNIT_RESULT=exit-code\n"
        for n, (fields, message) in enumerate((
                (systemd + "MESSAGE_ID=39f53479d3a045ac8e11786248231fbf\nJOB_TYPE=start\nJOB_RESULT=done\n", "Started ollama.service - " + t),
                (systemd + "MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c\n", f"ollama.service: Failed with result '{t}'."),
                ("_TRANSPORT=kernel\nSYSLOG_IDENTIFIER=kernel\n", f"Out of memory: Killed process 4{i} ({t}) total-vm:1kB, anon-rss:1kB"),
                ("_TRANSPORT=kernel\nSYSLOG_IDENTIFIER=kernel\n", f"NVRM: Xid (PCI:0000:01:00): 79, pid={i}, name={t}, {t}"))):
            data = message.encode()
            out += (f"__CURSOR=s=1;i={i};m={n}\n__REALTIME_TIMESTAMP={1770000000000000 + 9000000 * i + n}\n__MONOTONIC_TIMESTAMP={9000 * i + n}\n_BOOT_ID={'0' * 32}\n_HOSTNAME={t}\n"
                    f"PRIORITY=3\n{fields}_CMDLINE=ollama serve --key {t}\nMESSAGE\n").encode() + struct.pack("<Q", len(data)) + data + b"\n\n"
    return out


def kubernetes(texts):
    return lines([{"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": f"a-{i}", "stage": "ResponseComplete", "verb": "create",
                   "requestURI": "/api/v1/x?token=" + t, "user": {"username": t, "groups": [t], "extra": {"k": [t]}}, "sourceIPs": ["10.0.0.1"], "userAgent": t,
                   "objectRef": {"resource": "secrets", "namespace": "d", "name": t, "apiVersion": "v1"}, "responseStatus": {"code": 403, "message": t, "reason": t},
                   "requestObject": {"data": {"k": t}}, "responseObject": {"data": {t: t}}, "requestReceivedTimestamp": "2026-11-20T10:00:00.000000Z",
                   "stageTimestamp": "2026-11-20T10:00:00.000000Z", "annotations": {"authorization.k8s.io/reason": t}} for i, t in enumerate(texts)])


def tailscale(texts):
    def peer(i, t):
        return {"ID": f"n{i}", "PublicKey": f"nodekey:{i:064x}", "HostName": t, "DNSName": f"h{i}.x.ts.net.", "OS": t, "UserID": 1, "TailscaleIPs": ["100.64.0.%d" % (i + 1)],
                "Online": True, "Tags": [t], "Relay": t, "KeyExpiry": "2027-01-01T00:00:00Z"}
    return json.dumps({"Version": "1.80.0-" + texts[0], "BackendState": "Running", "AuthURL": "https://login.tailscale.com/a/" + texts[1], "TailscaleIPs": ["100.64.0.1"],
                       "Self": peer(0, texts[2]), "Health": texts, "MagicDNSSuffix": "x.ts.net", "Peer": {f"nodekey:{i:064x}": peer(i, t) for i, t in enumerate(texts) if i > 0},
                       "User": {"1": {"ID": 1, "LoginName": texts[3], "DisplayName": texts[4]}}})


def ollama(texts):
    out = [{"model": "tiny:latest", "created_at": f"2026-03-01T08:00:{i:02}.5Z", "response": t, "thinking": t, "done": True, "done_reason": "stop", "total_duration": 7 + i,
            "eval_count": 1} for i, t in enumerate(texts)]
    out += [{"model": "tiny:latest", "created_at": f"2026-03-01T09:00:{i:02}.5Z", "message": {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": t,
             "arguments": {"a": t}}}]}, "done": True, "total_duration": 900 + i} for i, t in enumerate(texts)]
    half = [(t[:len(t) // 2], t[len(t) // 2:]) for t in texts] # a stream that splits it
    out += [{"model": "tiny:latest", "created_at": f"2026-03-01T10:00:{i:02}.5Z", "response": p, "done": n == 1} for i, parts in enumerate(half) for n, p in enumerate(parts)]
    return lines(out + [{"error": t} for t in texts[:2]])


def ollama_lists(texts):
    return lines([{"models": [{"name": f"m{i}:latest", "model": t, "modified_at": "2026-03-01T08:00:00Z", "size": 5, "digest": f"{i:064x}", "details": {"parent_model": t,
                   "format": t, "family": t, "families": [t], "parameter_size": t, "quantization_level": t}} for i, t in enumerate(texts)]},
                  {"license": "\n".join(texts), "modelfile": "\n".join(texts), "parameters": texts[0], "template": texts[1], "system": texts[2], "details": {"family": texts[3]},
                   "model_info": {f"x.k{i}": t for i, t in enumerate(texts)} | {"general.architecture": "llama"}, "capabilities": texts, "modified_at": "2026-03-01T08:00:00Z"}])


def openai(texts):
    return lines([{"id": f"chatcmpl-{i}", "object": "chat.completion", "created": 1772352000 + i, "model": "tiny", "system_fingerprint": t, "choices": [{"index": 0, "finish_reason": "stop",
                   "message": {"role": "assistant", "content": t, "refusal": t, "tool_calls": [{"id": t, "type": "function", "function": {"name": "f", "arguments": json.dumps({"a": t})}}]}}],
                   "usage": {"prompt_tokens": 3, "completion_tokens": 1}} for i, t in enumerate(texts)] +
                 [{"object": "list", "data": [{"id": "/m/" + t, "object": "model", "created": 1, "owned_by": "llamacpp", "meta": {"x": t}} for t in texts]}])


def bom(texts):
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"authors": [{"name": t} for t in texts]}, "components": [
        {"type": "machine-learning-model", "bom-ref": f"m{i}", "name": f"tiny-{i}", "version": "1", "description": t, "publisher": t, "author": t, "purl": "pkg:huggingface/a/b?x=" + t,
         "hashes": [{"alg": "SHA-256", "content": f"{i:064x}"}], "externalReferences": [{"type": "vcs", "url": t}], "properties": [{"name": t, "value": t}],
         "licenses": [{"license": {"name": t}}], "modelCard": {"considerations": {"useCases": [t]}}} for i, t in enumerate(texts)]})


def write(directory):
    table = []

    def door(name):
        d = Door(name)
        table.extend(f"{name}\t{i + 1}\t{core}\n" for i, core in enumerate(d.cores))
        return d

    def put(name, content):
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())

    for agent, shape in (("claude-code", {"transcript_path": "/h/.claude/t.jsonl"}), ("codex", {"turn_id": "t1"}), ("gemini-cli", {"transcript_path": "/h/.gemini/t"})):
        put("hook/" + agent, hook(agent, door("hook " + agent).texts, shape))
    put("hook/opencode", opencode(door("hook opencode").texts))
    put("hook/acp", lines([{"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s", "update": {"sessionUpdate": "tool_call", "toolCallId": f"c{i}", "title": t,
        "kind": "execute", "status": "pending", "rawInput": {"command": t}, "content": [{"type": "content", "content": {"type": "text", "text": t}}]}}}
        for i, t in enumerate(door("hook acp").texts)]))
    put("hook/goose", json.dumps({"permissions": {"developer__shell:a": [{"tool_name": "developer__shell", "allowed": True, "context_hash": f"h{i}", "readable_context":
        f"Tool: developer__shell, Args: {{\"command\":\"{t}\"}}", "timestamp": 1788000000 + i, "expiry": None} for i, t in enumerate(door("hook goose").texts)]}, "version": 1}))
    put("otlp/all.jsonl", otlp_json(door("otlp json").texts))
    for i, part in enumerate(otlp_protobuf(door("otlp protobuf").texts)):
        put(f"otlp/{i}.pb", part)
    put("promptfoo/r.json", promptfoo(door("promptfoo").texts))
    put("inspect/l.json", inspect(door("inspect").texts))
    for name, text in lmeval(door("lm-eval").texts).items():
        put("lm-eval/" + name, text)
    d = door("llama-bench")
    put("llama-bench/b.jsonl", lines([{"build_commit": "abc", "build_number": 1, "cpu_info": t, "gpu_info": t, "backends": t, "model_filename": "/m/" + t, "model_type": t,
        "model_size": 1, "model_n_params": 1, "n_prompt": 512, "n_gen": 0, "test_time": f"2026-03-01T08:00:{i:02}Z", "avg_ns": 1, "stddev_ns": 1, "avg_ts": 1.0,
        "stddev_ts": 1.0, "samples_ns": [1], "samples_ts": [1.0]} for i, t in enumerate(d.texts)]))
    put("weights/m.gguf", gguf(door("gguf").texts))
    put("weights/m.safetensors", safetensors(door("safetensors").texts))
    put("bom/b.json", bom(door("bom").texts))
    put("journal/j.export", journal(door("journal").texts))
    put("kubernetes/a.log", kubernetes(door("kubernetes").texts))
    put("tailscale/s.json", tailscale(door("tailscale").texts))
    put("ollama/calls.jsonl", ollama(door("ollama calls").texts))
    put("ollama/lists.jsonl", ollama_lists(door("ollama lists").texts))
    put("openai/r.jsonl", openai(door("openai").texts))
    put("jsonl/e.jsonl", lines([{"kind": "x.test.note", "subject": "thing/1", "actor": "user:" + str(i), "body": {"text": t, "list": [t]} | ({t: 1} if i % 9 == 8 else {})} for i, t in enumerate(door("jsonl").texts)]))
    d = door("dpkg")
    put("dpkg/dpkg.log", "".join(f"2026-03-01 08:00:{i:02} status installed p{i}:amd64 {urllib.parse.quote(t, safe='')}\n" for i, t in enumerate(d.texts)))
    d = door("huggingface")
    for i, t in enumerate(d.texts):
        model = f"hub/models--org--m{i}"
        put(f"{model}/refs/main", f"{i:040x}")
        put(f"{model}/blobs/{i:040x}", json.dumps({"_name_or_path": t, "x": t}))
        put(f"{model}/blobs/{i:064x}", safetensors(d.texts))
        put(f"{model}/blobs/{i:039x}.incomplete", t)
        os.makedirs(os.path.join(directory, f"{model}/snapshots/{i:040x}"))
        for name, blob in (("config.json", f"{i:040x}"), ("model.safetensors", f"{i:064x}")) + (((t, f"{i:040x}"),) if t == d.core(i) else ()):
            os.symlink(f"../../blobs/{blob}", os.path.join(directory, f"{model}/snapshots/{i:040x}/{name}"))
    put("hub/token", d.core(12))
    put("hub/models--org--" + d.core(2) + "/refs/main", "0" * 40)

    # Broken: what is printed of an error must not quote a secret.
    d = door("broken")
    for i, t in enumerate(d.texts):
        put(f"broken/{i}.json", json.dumps({"hook_event_name": [t], "kind": t, "results": {"version": t}})[:-1] + f' "{t}" oops')
    d = door("settings")
    members = {f"K{i}": t for i, t in enumerate(d.texts)}
    put("settings/claude.json", json.dumps({"env": members, "model": "x"}, indent=1))
    put("settings/codex.toml", "".join(f"# {t}\nk{i} = \"{t}\"\n" for i, t in enumerate(d.texts)))
    put("settings/gemini.json", "{\n" + "".join(f"  // {t}\n" for t in d.texts) + "  \"x\": " + json.dumps(members) + "\n}\n")
    d = door("broken settings")
    put("settings/broken.json", "".join(f"{{\"a\": \"{t}\" {t}\n" for t in d.texts))
    put("settings/broken.toml", "".join(f"{t} = = \"{t}\n" for t in d.texts))
    d = door("sources.conf")
    put("conf/all", "".join(f"[s{i}]\nsource = ollama\nevery = 30s\nurl = http://x.example/{t}\n{t} = {t}\n" for i, t in enumerate(d.texts)))
    for i, t in enumerate(d.texts):
        put(f"conf/{i}", f"[s]\nsource = ollama\nevery = 30s\nurl = {t if '://' in t else 'http://u:' + d.cores[i] + '@h.example'}\n")
        put(f"conf/key{i}", f"[s]\nsource = ollama\n{t} = 1\n")
    for name in ("mcp arguments", "mcp results", "mcp command", "model request", "model answer", "otlp request", "arguments", "environment"):
        put("texts/" + name.replace(" ", "-"), json.dumps(door(name).texts))
    put("planted.tsv", "".join(table))


# ---- servers and clients --------------------------------------------------------------------------------------------------

def texts_of(directory, name):
    with open(os.path.join(directory, "texts", name), encoding="utf-8") as f:
        return json.load(f)


def mcp(directory):
    texts = texts_of(directory, "mcp-results")
    for line in sys.stdin:
        m = json.loads(line)
        if "id" not in m:
            continue
        if m["method"] == "initialize":
            r = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": texts[2], "version": texts[3]}, "instructions": texts[6]}
        elif m["method"] == "tools/list":
            r = {"tools": [{"name": "f", "description": "\n".join(texts), "inputSchema": {"type": "object", "default": texts}}]}
        else:
            t = texts[m["id"] % len(texts)]
            if m["id"] % 3 == 1:
                print(t, flush=True)  # what is no message of the protocol
            r = {"content": [{"type": "text", "text": t}], "structuredContent": {t: [t]}, "isError": m["id"] % 2 == 1}
            if m["id"] % 5 == 4:
                print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32000, "message": t, "data": t}}), flush=True)
                continue
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)


class Models(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    texts = []

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        i = int(self.headers["X-N"])
        t = self.texts[i % len(self.texts)]
        half = len(t) // 2
        if i % 4 == 0:
            status, kind, data = 401, "application/json", json.dumps({"error": {"message": "wrong key " + t, "code": t}})
        elif i % 4 == 1:
            status, kind = 200, "text/event-stream"
            data = "".join("data: " + json.dumps({"id": "c", "model": "tiny", "choices": [{"index": 0, "delta": {"content": part}}]}) + "\n\n" for part in (t[:half], t[half:]))
            data += "data: [DONE]\n\n"
        else:
            status, kind = 200, "application/json"
            data = json.dumps({"id": t, "model": "tiny", "choices": [{"index": 0, "finish_reason": t, "message": {"role": "assistant", "content": t}}], "usage": {"prompt_tokens": 1}})
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), ("Set-Cookie", "s=" + t[-12:]), ("X-Request-Id", t)):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data.encode())


def models(directory):
    Models.texts = texts_of(directory, "model-answer")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def post(url, directory, kind):
    parts = urllib.parse.urlsplit(url if "://" in url else "http://" + url)
    texts = texts_of(directory, "model-request" if kind == "model" else "otlp-request")
    bodies = [open(os.path.join(directory, "otlp", f"{i}.pb"), "rb").read() for i in (0, 1)] if kind == "otlp" else []
    for i, t in enumerate(texts):
        c = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        query = "?api_key=" + urllib.parse.quote(t, safe="")
        if kind == "otlp":
            target, body, mime = ["/v1/traces", "/v1/logs"][i % 2], bodies[i % 2] if i < 2 else (t.encode() if i % 3 else b"\x0a\x7f" + t.encode()), "application/x-protobuf"
        else:
            target, mime = "/v1/chat/completions", "application/json"
            body = json.dumps({"model": "tiny" if i % 5 else t, "stream": i % 4 == 1, "user": t, "messages": [{"role": "user", "content": t}], "metadata": {t: t}}).encode()
            if i % 7 == 6:
                body = body[:-2]
        c.request("POST", target + (query if kind == "model" or i % 4 == 3 else ""), body, {"Content-Type": mime, "Authorization": "Bearer " + t, "X-Api-Key": t, "Cookie": "s=" + t, "X-N": str(i), "User-Agent": t,
                  "traceparent": "00-" + ids(i)[0] + "-" + ids(i)[1] + "-01", "tracestate": "a=" + t})
        c.getresponse().read()
        c.close()


# ---- what was found ------------------------------------------------------------------------------------------------------

def look(directory, files):
    with open(os.path.join(directory, "planted.tsv"), encoding="utf-8") as f:
        planted = [line.rstrip("\n").split("\t") for line in f]
    found = 0
    needles = {}
    for name, number, core in planted:
        middle = core[len(core) // 2 - 6:len(core) // 2 + 6].encode()
        for form in (middle, urllib.parse.quote_from_bytes(middle, safe="").encode(), middle.hex().encode()) + tuple(
                base64.b64encode(b"\0" * pad + middle)[4 if pad else 0:16 if pad else 12] for pad in range(3)):
            needles[form] = (name, number)
    with open(os.path.join(directory, "needles"), "wb") as f: # one grep for all of them is faster than a regular expression
        f.write(b"".join(n + b"\n" for n in needles))
    looked = {path: path for path in files}
    for i, path in enumerate(files):
        with open(path, "rb") as f:
            packed = f.read(2) == b"\x1f\x8b"
        if packed:
            unpacked = os.path.join(directory, f"unpacked-{i}")
            with gzip.open(path) as f, open(unpacked, "wb") as to:
                to.write(f.read())
            looked[unpacked] = path
    said = subprocess.run(["grep", "-aoHZF", "-f", os.path.join(directory, "needles"), "--", *looked], capture_output=True, check=False)
    if said.returncode > 1:
        sys.exit(said.stderr.decode())
    hits = {tuple(line.split(b"\0", 1)) for line in said.stdout.split(b"\n") if line}
    for path, (name, number) in sorted({(looked[os.fsdecode(path)], needles[hit]) for path, hit in hits}):
        print(f"{os.path.basename(path)}: {name}, form {number}: {FORMS[int(number) - 1]}")
        found = 1
    return found


if __name__ == "__main__":
    commands = {"write": write, "mcp": lambda directory, *_: mcp(directory), "models": models, "post": post}
    if sys.argv[1] == "look":
        sys.exit(look(sys.argv[2], sys.argv[3:]))
    commands[sys.argv[1]](*sys.argv[2:])
