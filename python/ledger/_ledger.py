"""A ledger: opened, appended to, read, queried, judged, proven, exported."""

from __future__ import annotations

import ctypes as c
import datetime
import json
import os
import threading
import weakref
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Sequence, Type, Union

from ledger import _c
from ledger._c import NO_SEQ, InvalidError, NotFoundError, lib

if TYPE_CHECKING:
    from ledger._run import Run

Path_ = Union[str, "os.PathLike[str]"]
Scalar = Union[str, int, float, bool, datetime.datetime]


class Receipt(NamedTuple):
    """What an append returns. duplicate: an event with this source and key was there; seq and leaf are its own."""

    seq: int
    leaf: bytes
    duplicate: bool = False
    masked: int = 0


class Head(NamedTuple):
    """All events, and what seals them: how many, when the newest was recorded, the root over their leaves."""

    events: int
    time: datetime.datetime
    root: bytes


class Proof(NamedTuple):
    """Three files for a stranger: the C2SP tlog-proof, the leaf, and salt and payload (empty: erased)."""

    note: bytes
    leaf: bytes
    payload: bytes


class match(NamedTuple):
    """A condition other than equality, made by prefix(), glob(), lt(), le(), gt(), ge()."""

    op: int
    value: Scalar


def prefix(text: str) -> match:
    """Texts that begin with this."""
    return match(1, text)


def glob(pattern: str) -> match:
    """Texts that match a shell pattern of * ? [...]."""
    return match(2, pattern)


def lt(value: Scalar) -> match:
    return match(3, value)


def le(value: Scalar) -> match:
    return match(4, value)


def gt(value: Scalar) -> match:
    return match(5, value)


def ge(value: Scalar) -> match:
    return match(6, value)


Condition = Union[Scalar, match, Sequence[Scalar]]


def default_directory() -> Path:
    """Where the command looks too: $LEDGER_DIR, else $XDG_STATE_HOME/ledger, else ~/.local/state/ledger."""
    named = os.environ.get("LEDGER_DIR")
    if named:
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "ledger"


def as_json(fields: Mapping[str, Any], what: str = "fields") -> bytes:
    try:
        return json.dumps(fields, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidError(f"{what}: {error}; expected what JSON can hold", -6) from None


def _time_ns(moment: datetime.datetime) -> int:
    if moment.tzinfo is None:
        raise InvalidError(f"{moment} has no time zone; expected one, such as datetime.timezone.utc", -6)
    passed = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return ((passed.days * 86400 + passed.seconds) * 1000000 + passed.microseconds) * 1000


def _time(ns: int) -> datetime.datetime:
    """To the microsecond, which is what datetime holds."""
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=ns // 1000)


def _value(of: Scalar) -> tuple[_c.Value, bytes]:
    """And the bytes that it borrows."""
    if isinstance(of, datetime.datetime):
        of = _time_ns(of)
    if isinstance(of, bool):
        return _c.Value(type=_c.TYPE_BOOL, boolean=of), b""
    if isinstance(of, int):
        if not -(2**63) <= of < 2**63:
            raise InvalidError(f"{of} has more than 64 bits", -5)
        return _c.Value(type=_c.TYPE_INT, integer=of), b""
    if isinstance(of, float):
        return _c.Value(type=_c.TYPE_REAL, real=of), b""
    if isinstance(of, str):
        data = of.encode("utf-8", "surrogateescape")
        return _c.Value(type=_c.TYPE_TEXT, text=_c.borrowed(data)), data
    raise InvalidError(f"{of!r} is no value of a condition; expected a text, a number, a boolean or a datetime", -6)


class _Query:
    """Options of a query, with everything that they point to."""

    def __init__(self, conditions: Mapping[str, Condition], **members: Any):
        self._kept: list[Any] = []
        terms = (_c.Term * len(conditions))()
        for term, (field, condition) in zip(terms, conditions.items()):
            op, wanted = 0, condition
            if isinstance(condition, match):
                op, wanted = condition
            several = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
            values = (_c.Value * len(several))()
            for i, one in enumerate(several):
                values[i], data = _value(one)
                self._kept.append(data)
            term.field, term.op, term.values, term.n_values = _c.chars(field.rstrip("_")), op, values, len(several)
            self._kept.append(values)
        self.options = _c.options(_c.QueryOptions, terms=terms, n_terms=len(conditions), **members)


class _Handle:
    """Something that was opened from a ledger and must be closed before it."""

    _free: Any = None

    def __init__(self, box: Ledger):
        self._box = box
        self._h = c.c_void_p()
        box._opened.add(self)

    def close(self) -> None:
        if self._h:
            self._free(self._h)
            self._h = c.c_void_p()

    def _get(self) -> c.c_void_p:
        if not self._h:
            raise InvalidError("it is closed", -6)
        return self._h

    def __del__(self) -> None:
        self.close()


class Events(_Handle, Iterator["dict[str, Any]"]):
    """Events one after another, each recomputed up to its leaf. DamagedError: some are damaged; iterate again to go on
    after them."""

    _free = staticmethod(lib.ledger_query_close)

    def __init__(self, box: Ledger, query: _Query, private: bool):
        super().__init__(box)
        self._flags = _c.JSON_PRIVATE if private else 0
        _c.call(lib.ledger_query_open, box._get(), c.byref(query.options), c.byref(self._h))

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> dict[str, Any]:
        if not self._h:
            raise StopIteration
        event = c.c_void_p()
        if _c.call(lib.ledger_query_next, self._h, c.byref(event)) == 1:
            self.close()
            raise StopIteration
        return _c.parsed(lib.ledger_event_json, event, self._flags)


class States(_Handle):
    """All states as of one moment. For one thread at a time."""

    _free = staticmethod(lib.ledger_states_close)

    def __init__(self, box: Ledger, at: int | datetime.datetime | None, base: str):
        super().__init__(box)
        bases = ("stored", "attested", "events")
        if base not in bases:
            raise InvalidError(f"base {base!r} is unknown; expected one of {', '.join(bases)}", -6)
        options = _c.options(_c.StatesOptions, base=bases.index(base))
        if isinstance(at, datetime.datetime):
            options.at_time = _time_ns(at)
        elif at is not None:
            options.at = at
        _c.call(lib.ledger_states_open, box._get(), c.byref(options), c.byref(self._h))

    def __enter__(self) -> States:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def at(self) -> int:
        """How many events count."""
        return int(lib.ledger_states_at(self._get()))

    @property
    def tables(self) -> list[str]:
        h = self._get()
        return [lib.ledger_states_table_name(h, i).decode() for i in range(lib.ledger_states_tables(h))]

    def _find(self, table: str) -> int:
        found = int(lib.ledger_states_table_find(self._get(), _c.chars(table)))
        if found == _c.NO_TABLE:
            raise NotFoundError(f"there is no table {table!r}; expected one of {', '.join(self.tables)}", -7)
        return found

    def get(self, table: str, *key: str) -> dict[str, Any]:
        """One row by its key, with since when it has its state. NotFoundError: there is none."""
        keys = (c.c_char_p * len(key))(*(_c.chars(k) for k in key))
        return _c.parsed(lib.ledger_states_get_json, self._get(), self._find(table), keys, len(key), 0)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, in the order of their keys."""
        found, rows, row = [], c.c_void_p(), c.c_void_p()
        _c.call(lib.ledger_state_rows_open, self._get(), self._find(table), c.byref(rows))
        try:
            while _c.call(lib.ledger_state_rows_next, rows, c.byref(row)) == 0:
                found.append(_c.parsed(lib.ledger_state_row_json, row, 0))
        finally:
            lib.ledger_state_rows_close(rows)
        return found


class Author:
    """The signing key of a person or a service, from its file."""

    def __init__(self, path: Path_, passphrase: bytes = b""):
        self._h = c.c_void_p()
        _c.call(lib.ledger_author_load, _c.chars(path), _c.borrowed(passphrase), c.byref(self._h))

    def __del__(self) -> None:
        if getattr(self, "_h", None):
            lib.ledger_author_free(self._h)


class Draft(NamedTuple):
    """An event to be appended; Ledger.append and Batch.append take the same by name."""

    kind: str
    subject: str
    fields: Mapping[str, Any] = {}
    private: Mapping[str, Any] = {}
    open: Sequence[str] = ()
    actor: str | None = None
    source: str | None = None
    grade: str | None = None
    run: str | None = None
    key: str | None = None
    cause: int | None = None
    cause_key: str | None = None
    none_after: int | None = None
    author: Author | None = None


def _as_c(draft: Draft, cause_type: int) -> _c.Draft:
    made = _c.options(
        _c.Draft, kind=_c.chars(draft.kind), subject=_c.chars(draft.subject), actor=_c.chars(draft.actor),
        source=_c.chars(draft.source), grade=_c.chars(draft.grade), run=_c.chars(draft.run), key=_c.chars(draft.key),
        json=as_json(draft.fields) if draft.fields else None,
        json_private=as_json(draft.private, "private") if draft.private else None,
        json_open=json.dumps(list(draft.open)).encode() if draft.open else None)
    if draft.cause is not None and draft.cause_key is not None:
        raise InvalidError("an event has one cause: expected 'cause' or 'cause_key', not both", -6)
    if draft.cause is not None:
        made.cause_type, made.cause = cause_type, draft.cause
    elif draft.cause_key is not None:
        made.cause_type, made.cause_key = 3, _c.chars(draft.cause_key)
    if draft.none_after is not None:
        made.none_after = draft.none_after
    if draft.author is not None:
        made.author = draft.author._h
    return made


def _receipt(of: _c.Receipt) -> Receipt:
    return Receipt(of.seq, bytes(of.leaf), bool(of.duplicate), of.masked)


class Batch(_Handle):
    """Events that are appended together, all or none: at the end of the `with`, unless that is left by an exception. For one
    thread at a time."""

    _free = staticmethod(lib.ledger_batch_free)

    def __init__(self, box: Ledger):
        super().__init__(box)
        self.receipts: list[Receipt] = []
        _c.call(lib.ledger_batch_new, box._get(), c.byref(self._h))

    def __len__(self) -> int:
        return int(lib.ledger_batch_count(self._get()))

    def append(self, kind: str, subject: str, fields: Mapping[str, Any] = {}, *, cause_in_batch: int | None = None,
               **rest: Any) -> int:
        """Adds an event and returns its index. What else there is: see Ledger.append. cause_in_batch: the index of an
        earlier one that caused it."""
        if cause_in_batch is None:
            made = _as_c(Draft(kind, subject, fields, **rest), 1)
        else:
            made = _as_c(Draft(kind, subject, fields, cause=cause_in_batch, **rest), 2)
        _c.call(lib.ledger_batch_add, self._get(), c.byref(made))
        return len(self) - 1

    def commit(self) -> list[Receipt]:
        """Durable and sealed when it returns."""
        receipts = (_c.Receipt * len(self))()
        _c.call(lib.ledger_batch_commit, self._get(), receipts)
        self.receipts = [_receipt(r) for r in receipts]
        return self.receipts

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: Type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and len(self) > 0:
                self.commit()
        finally:
            self.close()


class Ledger:
    """An open ledger; a context manager. Threads may share it. A process opens a directory once; after a fork the child
    opens its own."""

    def __init__(self, directory: Path_ | None = None, *, passphrase: bytes = b"", read_only: bool = False,
                 wait: float | None = None):
        """Opens the ledger in `directory` (see default_directory). passphrase: of its keys, needed to append. wait: seconds
        to wait for other processes, then BusyError; None: as long as it takes."""
        self._h = c.c_void_p()
        self._opened: weakref.WeakSet[_Handle] = weakref.WeakSet()
        self._closing = threading.Lock()
        options = _c.options(_c.OpenOptions, passphrase=_c.borrowed(passphrase), read_only=read_only,
                             wait_ns=0 if wait is None else max(1, int(wait * 1e9)))
        _c.call(lib.ledger_open, _c.chars(default_directory() if directory is None else directory), c.byref(options),
                c.byref(self._h))

    def _get(self) -> c.c_void_p:
        if not self._h:
            raise InvalidError("the ledger is closed", -6)
        return self._h

    def close(self) -> None:
        """Closes what was opened from it, and the ledger. No other thread may be using it."""
        with self._closing:
            for handle in list(self._opened):
                handle.close()
            h, self._h = self._h, c.c_void_p()
            lib.ledger_close(h)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: Type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_h", None):
            self.close()

    @property
    def origin(self) -> str:
        return str(lib.ledger_origin(self._get()).decode())

    @property
    def directory(self) -> Path:
        return Path(os.fsdecode(lib.ledger_dir(self._get())))

    @property
    def verifier_key(self) -> str:
        """The log's key, by which others verify; they should get it from a source that they trust."""
        return str(lib.ledger_vkey(self._get()).decode())

    @property
    def head(self) -> Head:
        made = _c.Head()
        _c.call(lib.ledger_get_head, self._get(), c.byref(made))
        return Head(made.events, _time(made.time), bytes(made.root))

    # ---- recording ----

    def append(self, kind: str, subject: str, fields: Mapping[str, Any] = {}, *, private: Mapping[str, Any] = {},
               open: Sequence[str] = (), actor: str | None = None, source: str | None = None, grade: str | None = None,
               run: str | None = None, key: str | None = None, cause: int | None = None, cause_key: str | None = None,
               none_after: int | None = None, author: Author | None = None) -> Receipt:
        """One event; durable and sealed when it returns.

        fields: those that the kind does not list as open become private. private: private whatever the kind says. open: of
        x.* kinds, the names of fields that stay open. key: of events with the same source and key only the first is
        written. cause, cause_key: the event that led to it. none_after: ConflictError if the subject has an event after
        that one. author: signs it."""
        made = _as_c(Draft(kind, subject, fields, private, open, actor, source, grade, run, key, cause, cause_key, none_after,
                           author), 1)
        receipt = _c.Receipt()
        _c.call(lib.ledger_append, self._get(), c.byref(made), c.byref(receipt))
        return _receipt(receipt)

    def batch(self) -> Batch:
        """with box.batch() as batch: batch.append(...)"""
        return Batch(self)

    def run(self, task: str, *, agent: str | None = None, **rest: Any) -> Run:
        """A run of an agent, recorded from its beginning to its end; see Run."""
        from ledger._run import Run
        return Run(self, task, agent=agent, **rest)

    def correct(self, seq: int, reason: str, *, replaced_by: int | None = None, actor: str | None = None,
                note: str | None = None) -> Receipt:
        """From then on no state counts that event, which stays. reason: public, a few words."""
        options = _c.options(_c.CorrectOptions, seq=seq, reason=_c.chars(reason), actor=_c.chars(actor), note=_c.chars(note))
        if replaced_by is not None:
            options.replaced_by = replaced_by
        receipt = _c.Receipt()
        _c.call(lib.ledger_correct, self._get(), c.byref(options), c.byref(receipt))
        return _receipt(receipt)

    def store(self, path: Path_) -> tuple[str, int]:
        """Stores a file by its content; returns its id, "artifact:sha256:...", and its size."""
        name, size = c.create_string_buffer(81), c.c_uint64()
        _c.call(lib.ledger_artifact_put, self._get(), _c.chars(path), name, c.byref(size))
        return name.value.decode(), size.value

    # ---- reading ----

    def read(self, seq: int, *, private: bool = False) -> dict[str, Any]:
        """One event, as `ledger show --json` prints it. NotFoundError: there is none."""
        if not 0 <= seq < NO_SEQ:
            raise NotFoundError(f"there is no event {seq}", -7)
        return _c.parsed(lib.ledger_read_json, self._get(), seq, _c.JSON_PRIVATE if private else 0)

    def events(self, *, start: int = 0, stop: int | None = None, limit: int = 0, newest_first: bool = False,
               private: bool = False, proven: bool = False, **conditions: Condition) -> Events:
        """Events that fulfil all conditions, in order: box.events(kind=prefix("run."), model=["a", "b"], latency_ms=gt(100)).

        The names are those of `ledger query`. A list means any of these. start, stop: sequence numbers. limit: at most so
        many; 0: all. proven: only by indexes that the log key vouches for."""
        query = _Query(conditions, from_=start, to=NO_SEQ if stop is None else stop, limit=limit, descending=newest_first,
                       proven=proven)
        return Events(self, query, private)

    def count(self, *by: str, start: int = 0, stop: int | None = None,
              **conditions: Condition) -> dict[tuple[Any, ...], int]:
        """The number of events for each combination of values of at most four fields; without any, {(): n}."""
        query = _Query(conditions, from_=start, to=NO_SEQ if stop is None else stop)
        names = (c.c_char_p * len(by))(*(_c.chars(name) for name in by))
        found: dict[tuple[Any, ...], int] = {}

        def each(_: object, values: Any, n: int, count: int) -> int:
            found[tuple(_plain(values[i]) for i in range(n))] = count
            return 0

        _c.call(lib.ledger_query_count, self._get(), c.byref(query.options), names, len(by), _c.COUNT_ROW(each),
                None)
        return found

    def sql(self, statement: str, *, private: bool = False, rows: int = 0, seconds: float = 0,
            proven: bool = False) -> list[dict[str, Any]]:
        """The rows of one read-only statement over the table `events` and the states. Limits: rows, seconds; 0: none."""
        options = _c.options(_c.SqlOptions, no_private=not private, rows=rows, time_ns=int(seconds * 1e9), proven=proven)
        sql = c.c_void_p()
        _c.call(lib.ledger_sql_open, self._get(), c.byref(options), c.byref(sql))
        try:
            return [json.loads(line) for line in _c.text(lib.ledger_sql_json, sql, _c.chars(statement)).splitlines()]
        finally:
            lib.ledger_sql_close(sql)

    def states(self, *, at: int | datetime.datetime | None = None, base: str = "stored") -> States:
        """What is true, or was: at a number of events, or a moment. base: stored rows, those that are attested, or the
        events alone."""
        return States(self, at, base)

    def state(self, table: str, *key: str, at: int | datetime.datetime | None = None) -> dict[str, Any]:
        """One row of a table: box.state("pack", "pdf-ops")."""
        with self.states(at=at) as states:
            return states.get(table, *key)

    # ---- evidence ----

    def checkpoint(self) -> str:
        """The newest signed checkpoint (C2SP tlog-checkpoint)."""
        return _c.text(lib.ledger_checkpoint, self._get())

    def prove(self, seq: int) -> Proof:
        """That an event is in the log, for strangers; see verify_proof."""
        proof = c.c_void_p()
        _c.call(lib.ledger_prove, self._get(), seq, c.byref(proof))
        try:
            return Proof(*(_c.copied(part(proof)) for part in (
                lib.ledger_proof_note, lib.ledger_proof_leaf, lib.ledger_proof_payload)))
        finally:
            lib.ledger_proof_free(proof)

    def export(self, path: Path_, *, run: str | None = None, kind: str | None = None, subject: str | None = None,
               private: Sequence[str] = (), states: Sequence[str] = (), recipient: str | None = None,
               note: str | None = None, actor: str | None = None) -> dict[str, int]:
        """Writes an evidence bundle to a new file, and records that. Without conditions: everything. Returns what left."""
        wanted = [(f, v) for f, v in (("run", run), ("kind", kind), ("subject", subject)) if v is not None]
        terms = (_c.ExportTerm * len(wanted))(*(_c.ExportTerm(_c.chars(f), _c.chars(v), 0) for f, v in wanted))
        fields, tables = ((c.c_char_p * len(n))(*(_c.chars(x) for x in n)) for n in (private, states))
        options = _c.options(
            _c.ExportOptions, terms=terms, n_terms=len(wanted), private_fields=fields, n_private_fields=len(private),
            states=tables, n_states=len(states), recipient=_c.chars(recipient), note=_c.chars(note), actor=_c.chars(actor))
        result = _c.options(_c.ExportResult)
        _c.call(lib.ledger_export, self._get(), c.byref(options), _c.chars(path), c.byref(result))
        return {name.rstrip("_"): getattr(result, name) for name, *_ in _c.ExportResult._fields_[1:-1]}


def _plain(value: _c.Value) -> Any:
    if value.type == _c.TYPE_TEXT:
        return _c.copied(value.text).decode("utf-8", "surrogateescape")
    if value.type == _c.TYPE_MSGPACK:
        return _c.copied(value.text)
    return {_c.TYPE_NULL: None, _c.TYPE_INT: value.integer, _c.TYPE_REAL: value.real, _c.TYPE_BOOL: bool(value.boolean)}[
        value.type]


def create(directory: Path_ | None = None, *, origin: str, actor: str | None = None, passphrase: bytes = b"") -> Path:
    """Makes a ledger in a directory that is absent or empty; its origin is a URL without scheme, "example.org/box-1"."""
    where = Path(default_directory() if directory is None else directory)
    options = _c.options(_c.CreateOptions, origin=_c.chars(origin), actor=_c.chars(actor), passphrase=_c.borrowed(passphrase))
    _c.call(lib.ledger_create, _c.chars(where), c.byref(options))
    return where


def open(directory: Path_ | None = None, *, passphrase: bytes = b"", read_only: bool = False,
         wait: float | None = None) -> Ledger:
    """Opens a ledger; see Ledger."""
    return Ledger(directory, passphrase=passphrase, read_only=read_only, wait=wait)
