"""A run of an agent, recorded as it happens: what begins is written when it begins, so a crash leaves a run that has not
ended, not one that never was."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import json
import math
import os
import secrets
import threading
import time
from types import TracebackType
from typing import Any, Mapping, Type, TypeVar, Union

from ledger import _c
from ledger._ledger import Ledger, Receipt

CONTENT_MAX = 256 << 10  # bytes of one field of content, as JSON; of larger ones the digest is kept
ABORTED = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)

_current: contextvars.ContextVar[Run | None] = contextvars.ContextVar("ledger_run", default=None)
_span: contextvars.ContextVar[str | None] = contextvars.ContextVar("ledger_span", default=None)


def current_run() -> Run | None:
    """The run whose `with` this is in, of this thread or task."""
    return _current.get()


def _storable(value: Any) -> Any:
    """As JSON can hold it: content of an agent is recorded whatever it is."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(name): _storable(of) for name, of in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_storable(of) for of in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    return str(value)


def _outcome(error: BaseException | None) -> dict[str, Any]:
    if error is None:
        return {"ok": True, "outcome": "ok"}
    said = {"ok": False, "outcome": "aborted" if isinstance(error, ABORTED) else "error", "error": type(error).__name__}
    if isinstance(error, TimeoutError):
        said["outcome"] = "timeout"
    if str(error):
        said["detail"] = str(error)[:4096]
    return said


def _without(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


P = TypeVar("P", bound="_Part")


class _Part:
    """Something within a run that begins and ends: a step, a call of a tool or a model."""

    def __init__(self, run: Run):
        self._of = run
        self.span = secrets.token_hex(8)
        self._began = 0.0
        self._began_at: Receipt | None = None
        self._tokens: list[contextvars.Token[Any]] = []

    def _begin(self) -> tuple[str, dict[str, Any]]:
        raise NotImplementedError

    def _end(self, error: BaseException | None, took_ms: float) -> tuple[str, dict[str, Any]]:
        raise NotImplementedError

    def __enter__(self: P) -> P:
        kind, fields = self._begin()
        fields.update(_without({"span": self.span, "parent": _span.get()}))
        self._began_at = self._of._append(kind, fields)
        self._began = time.monotonic()
        self._tokens = [_span.set(self.span)]
        return self

    def __exit__(self, _kind: Type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        kind, fields = self._end(error, round((time.monotonic() - self._began) * 1000, 3))
        fields.update(_without({"span": self.span}))
        _reset(_span, self._tokens.pop())
        assert self._began_at is not None
        with _not_hiding(error):
            self._of._append(kind, fields, cause=self._began_at.seq)


def _reset(var: contextvars.ContextVar[Any], token: contextvars.Token[Any]) -> None:
    try:
        var.reset(token)
    except ValueError:  # left in another context than it was entered in, as generators do
        var.set(None)


class _not_hiding:
    """A fault of the recorder is raised, unless an exception of the program is already on its way: then it becomes a note of
    that one."""

    def __init__(self, error: BaseException | None):
        self._error = error

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> bool:
        if self._error is None or not isinstance(fault, _c.LedgerError):
            return False
        note = f"and the ledger did not record it: {fault}"
        if hasattr(self._error, "add_note"):  # Python 3.11
            self._error.add_note(note)
        return True


class Step(_Part):
    """A named step of a run."""

    def __init__(self, run: Run, name: str, fields: Mapping[str, Any]):
        super().__init__(run)
        self.name, self._fields = name, dict(fields)

    def _begin(self) -> tuple[str, dict[str, Any]]:
        self._index = self._of._count("steps") - 1
        return "run.step", {"step": self.name, "index": self._index, "status": "started", **self._fields}

    def _end(self, error: BaseException | None, took_ms: float) -> tuple[str, dict[str, Any]]:
        said = _outcome(error)
        fields = _without({"error": said.get("error"), "detail": said.get("detail")})
        return "run.step", {"step": self.name, "index": self._index, "status": said["outcome"], "duration_ms": took_ms,
                            **fields}


class ToolCall(_Part):
    """A call of a tool. Set `result` to what it returned; `outcome` if that is an error or a refusal although nothing was
    raised."""

    def __init__(self, run: Run, tool: str, arguments: Any, server: str | None, fields: Mapping[str, Any]):
        super().__init__(run)
        self.tool, self.arguments, self.server, self._fields = tool, arguments, server, dict(fields)
        self.result: Any = None
        self.outcome: str | None = None

    def _names(self) -> dict[str, Any]:
        return _without({"tool": self.tool, "server": self.server, "agent": self._of.agent, "session": self._of.session})

    def _begin(self) -> tuple[str, dict[str, Any]]:
        self._of._count("tool_calls")
        return "run.tool_called", {**self._names(), **self._of._content("arguments", self.arguments), **self._fields}

    def _end(self, error: BaseException | None, took_ms: float) -> tuple[str, dict[str, Any]]:
        said = _outcome(error)
        if error is None and self.outcome is not None:
            said = {"ok": self.outcome == "ok", "outcome": self.outcome}
        return "run.tool_returned", {**self._names(), **said, "duration_ms": took_ms,
                                     **self._of._content("result", self.result)}


class ModelCall(_Part):
    """A call of a model. Say what came back with answer()."""

    def __init__(self, run: Run, model: str, fields: Mapping[str, Any]):
        super().__init__(run)
        self.model, self._fields, self._said = model, dict(fields), {}  # type: ignore[var-annotated]
        self._first: float | None = None

    def first_token(self) -> None:
        """The first token arrived just now."""
        if self._first is None:
            self._first = round((time.monotonic() - self._began) * 1000, 3)

    def answer(self, output: str | None = None, *, tokens_in: int | None = None, tokens_out: int | None = None,
               finish: str | None = None, **fields: Any) -> None:
        """What came back; what is not known is left out. Other fields are those of run.model_returned."""
        self._said = _without({"output": output, "tokens_in": tokens_in, "tokens_out": tokens_out, "finish": finish, **fields})

    def _names(self) -> dict[str, Any]:
        return {"model": self.model}

    def _begin(self) -> tuple[str, dict[str, Any]]:
        self._of._count("model_calls")
        fields = dict(self._fields)
        prompt, messages = fields.pop("prompt", None), fields.pop("messages", None)
        for name, value in (("prompt", prompt), ("messages", messages)):
            if value is not None and self._of.content:
                fields[name] = _storable(value)
        return "run.model_called", {**self._names(), **_without({"agent": self._of.agent, "session": self._of.session}), **fields}

    def _end(self, error: BaseException | None, took_ms: float) -> tuple[str, dict[str, Any]]:
        said = dict(self._said)
        for name in ("tokens_in", "tokens_out"):
            self._of._add(name, said.get(name))
        if not self._of.content:
            said.pop("output", None), said.pop("reasoning", None)
        return "run.model_returned", {**self._names(), "latency_ms": took_ms, **_without({"first_token_ms": self._first}),
                                      **_outcome(error), **said}


class Run:
    """A run, from the beginning of its `with` to the end. An exception that leaves it is its outcome, and goes on.

    agent: who acts; also the actor, "agent:<name>". session, route, parent: see run.started. content: with arguments,
    results, prompts and answers, as private fields (secrets in them are masked); False: without. id: its name, by default a
    random one. Other fields are those of run.started."""

    def __init__(self, box: Ledger, task: str, *, agent: str | None = None, agent_version: str | None = None,
                 session: str | None = None, parent: str | None = None, id: str | None = None, actor: str | None = None,
                 content: bool = True, **fields: Any):
        self._box, self.task, self.agent, self.session, self.content = box, task, agent, session, content
        self.id = id or secrets.token_hex(8)
        self._actor = actor or (f"agent:{agent}" if agent else None)
        enclosing = current_run()
        self._fields = _without({
            "task": task, "agent": agent, "agent_version": agent_version, "session": session,
            "parent": parent or (enclosing.id if enclosing is not None else None), **fields})
        self._sums: dict[str, int] = {}
        self._lock = threading.Lock()
        self._began = 0.0
        self._began_at: Receipt | None = None
        self._tokens: list[contextvars.Token[Any]] = []
        self.output: str | None = None

    @property
    def subject(self) -> str:
        return f"run/{self.id}"

    def _append(self, kind: str, fields: Mapping[str, Any], cause: int | None = None) -> Receipt:
        if cause is None and self._began_at is not None:
            cause = self._began_at.seq
        return self._box.append(kind, self.subject, fields, actor=self._actor, run=self.id, cause=cause)

    def _count(self, name: str) -> int:
        return self._add(name, 1)

    def _add(self, name: str, n: int | None) -> int:
        with self._lock:
            if n is not None:
                self._sums[name] = self._sums.get(name, 0) + n
            return self._sums.get(name, 0)

    def _content(self, name: str, value: Any) -> dict[str, Any]:
        """Content and its size; of what is too large, the digest."""
        if value is None:
            return {}
        stored = _storable(value)
        data = json.dumps(stored, ensure_ascii=False).encode("utf-8", "replace")
        if not self.content:
            return {f"{name}_bytes": len(data)}
        if len(data) > CONTENT_MAX:
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            return {f"{name}_bytes": len(data), f"{name}_digest": digest, "left_out": [name]}
        return {name: stored, f"{name}_bytes": len(data)}

    def __enter__(self) -> Run:
        self._began_at = self._append("run.started", self._fields)
        self._began = time.monotonic()
        self._tokens = [_current.set(self), _span.set(None)]
        return self

    def __exit__(self, _kind: Type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None) -> None:
        _reset(_span, self._tokens.pop())
        _reset(_current, self._tokens.pop())
        took_ms = round((time.monotonic() - self._began) * 1000, 3)
        output = {"output": self.output} if self.content and self.output is not None else {}
        with _not_hiding(error):
            self._append("run.finished", {**_outcome(error), "duration_ms": took_ms, **self._sums, **output})

    # ---- what happens in it ----

    def step(self, name: str, **fields: Any) -> Step:
        """with run.step("read"): ..."""
        return Step(self, name, fields)

    def tool(self, tool: str, arguments: Any = None, *, server: str | None = None, **fields: Any) -> ToolCall:
        """with run.tool("pdf.read", {"path": p}) as call: call.result = read(p)"""
        return ToolCall(self, tool, arguments, server, fields)

    def model(self, model: str, **fields: Any) -> ModelCall:
        """with run.model("llama3.2:3b", prompt=p) as call: call.answer(text, tokens_in=n, tokens_out=m)"""
        return ModelCall(self, model, fields)

    def log(self, text: str, *, event: str | None = None, severity: int = 9, **attributes: Any) -> Receipt:
        """A line of its log; severity: 1 to 24, as OpenTelemetry counts."""
        return self._append("run.logged", _without({
            "event": event, "severity_number": severity, "text": text, "span": _span.get(),
            "attributes": _storable(attributes) or None}))

    def artifact(self, path: Union[str, "os.PathLike[str]"], role: str = "output", media_type: str | None = None) -> Receipt:
        """Stores a file that it created or used. role: input, output, log, report, manifest, unfinished."""
        name, size = self._box.store(path)
        return self._append("run.artifact", _without({
            "digest": name[len("artifact:"):], "bytes": size, "role": role, "stored": True, "media_type": media_type,
            "name": os.path.basename(os.fspath(path)), "path": os.path.abspath(os.fspath(path))}))
