"""The C side: structs, functions, errors, as <ledger/*.h> declares them.

Nothing here is for users of the package. Structs of options begin with their size, so that a newer library takes those of
an older binding. A test compares offsets and sizes with what a C compiler makes of the headers.
"""

from __future__ import annotations

import ctypes as c
import ctypes.util
import json
import os
from typing import Any, Callable, Sequence, Type, TypeVar

NO_SEQ = 2**64 - 1
NO_TABLE = c.c_size_t(-1).value
JSON_PRIVATE = 2
TYPE_NULL, TYPE_INT, TYPE_REAL, TYPE_TEXT, TYPE_BOOL, TYPE_MSGPACK = range(6)


def _load() -> c.CDLL:
    """libledger.so.0, or the file that LEDGER_LIBRARY names."""
    name = os.environ.get("LEDGER_LIBRARY") or "libledger.so.0"
    try:
        return c.CDLL(name)
    except OSError as error:
        raise ImportError(f"cannot load {name}: {error}; install libledger0, or name the file in LEDGER_LIBRARY") from error


lib = _load()
lib.ledger_version.restype = c.c_char_p


# ---- structs ---------------------------------------------------------------------------------------------------------


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("at", c.c_int64), ("message", c.c_char * 1024)]


class Bytes(c.Structure):
    _fields_ = [("p", c.c_void_p), ("n", c.c_size_t)]


class Value(c.Structure):
    _fields_ = [("type", c.c_int), ("boolean", c.c_int), ("integer", c.c_int64), ("real", c.c_double), ("text", Bytes)]


class Receipt(c.Structure):
    _fields_ = [("seq", c.c_uint64), ("leaf", c.c_uint8 * 32), ("duplicate", c.c_uint32), ("masked", c.c_uint32)]


class Head(c.Structure):
    _fields_ = [("events", c.c_uint64), ("time", c.c_uint64), ("root", c.c_uint8 * 32)]


class Term(c.Structure):
    _fields_ = [("field", c.c_char_p), ("op", c.c_int), ("values", c.POINTER(Value)), ("n_values", c.c_size_t)]


class ExportTerm(c.Structure):
    _fields_ = [("field", c.c_char_p), ("value", c.c_char_p), ("is_prefix", c.c_int)]


class CreateOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("origin", c.c_char_p), ("actor", c.c_char_p), ("passphrase", Bytes),
                ("map_bytes", c.c_uint64)]


class OpenOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("passphrase", Bytes), ("read_only", c.c_int), ("no_index", c.c_int),
                ("map_bytes", c.c_uint64), ("wait_ns", c.c_uint64), ("waiting", c.c_void_p), ("waiting_ctx", c.c_void_p)]


class Draft(c.Structure):
    _fields_ = [("size", c.c_size_t), ("kind", c.c_char_p), ("subject", c.c_char_p), ("actor", c.c_char_p),
                ("source", c.c_char_p), ("grade", c.c_char_p), ("run", c.c_char_p), ("key", c.c_char_p),
                ("json", c.c_char_p), ("json_private", c.c_char_p), ("json_open", c.c_char_p), ("cause_type", c.c_int),
                ("keep_unknown", c.c_int), ("cause", c.c_uint64), ("cause_key", c.c_char_p), ("none_after", c.c_uint64),
                ("author", c.c_void_p)]


class QueryOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("terms", c.POINTER(Term)), ("n_terms", c.c_size_t), ("from_", c.c_uint64),
                ("to", c.c_uint64), ("limit", c.c_uint64), ("descending", c.c_int), ("no_index", c.c_int),
                ("proven", c.c_int), ("stop", c.c_void_p)]


class SqlOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("time_ns", c.c_uint64), ("memory", c.c_uint64), ("rows", c.c_uint64),
                ("no_private", c.c_int), ("no_index", c.c_int), ("proven", c.c_int), ("stop", c.c_void_p)]


class StatesOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("at", c.c_uint64), ("at_time", c.c_uint64), ("base", c.c_int),
                ("no_write", c.c_int), ("stop", c.c_void_p), ("progress", c.c_void_p), ("progress_ctx", c.c_void_p)]


class CorrectOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("seq", c.c_uint64), ("replaced_by", c.c_uint64), ("reason", c.c_char_p),
                ("actor", c.c_char_p), ("note", c.c_char_p)]


class VerifyOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("trust", c.c_void_p), ("derived", c.c_int), ("since_verified", c.c_int),
                ("threads", c.c_uint32), ("stop", c.c_void_p), ("progress", c.c_void_p), ("progress_ctx", c.c_void_p),
                ("wait_ns", c.c_uint64)]


class VerifyBundleOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("trust", c.c_void_p), ("each", c.c_void_p), ("each_ctx", c.c_void_p),
                ("stop", c.c_void_p), ("progress", c.c_void_p), ("progress_ctx", c.c_void_p)]


class ExportOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("terms", c.POINTER(ExportTerm)), ("n_terms", c.c_size_t), ("from_", c.c_uint64),
                ("to", c.c_uint64), ("since", c.c_uint64), ("until", c.c_uint64), ("bodies", c.c_int),
                ("artifacts", c.c_int), ("plain", c.c_int), ("private_fields", c.POINTER(c.c_char_p)),
                ("n_private_fields", c.c_size_t), ("states", c.POINTER(c.c_char_p)), ("n_states", c.c_size_t),
                ("seqs", c.POINTER(c.c_uint64)), ("n_seqs", c.c_size_t), ("actor", c.c_char_p), ("recipient", c.c_char_p),
                ("note", c.c_char_p), ("stop", c.c_void_p), ("progress", c.c_void_p), ("progress_ctx", c.c_void_p)]


class ExportResult(c.Structure):
    _fields_ = [("size", c.c_size_t), ("from_", c.c_uint64), ("to", c.c_uint64), ("headers", c.c_uint64),
                ("matching", c.c_uint64), ("disclosed", c.c_uint64), ("withheld", c.c_uint64), ("erased", c.c_uint64),
                ("private_fields", c.c_uint64), ("artifacts", c.c_uint64), ("secrets", c.c_uint64), ("bytes", c.c_uint64),
                ("recorded", c.c_uint64), ("digest", c.c_uint8 * 32)]


COUNT_ROW = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Value), c.c_size_t, c.c_uint64)

S = TypeVar("S", bound=c.Structure)


def options(kind: Type[S], /, **members: Any) -> S:
    """A struct of options with its size set; what is not named is 0, which INIT has for all but sequence numbers."""
    made = kind(size=c.sizeof(kind))
    for name in ("to", "at", "replaced_by", "none_after"):
        if hasattr(made, name) and kind is not ExportResult:
            setattr(made, name, NO_SEQ)
    for name, value in members.items():
        setattr(made, name, value)
    return made


# ---- errors ----------------------------------------------------------------------------------------------------------


class LedgerError(Exception):
    """A call of the library failed. `code` is the number of its LEDGER_ERR_*, `name` the word, `at` which of several inputs
    it is about (an index), else None."""

    code: int = 0

    def __init__(self, message: str, code: int = 0, at: int | None = None):
        super().__init__(message)
        self.code, self.at = code or self.code, at

    @property
    def name(self) -> str:
        return str(lib.ledger_error_name(self.code).decode())


class SystemFault(LedgerError, OSError):
    """The system refused or the medium failed (IO), memory ran out (NOMEM), or a remote end failed (NET)."""


class BusyError(LedgerError):
    """Held by another process or thread: try again later (BUSY)."""


class FullError(SystemFault):
    """The disk or the quota is full; nothing was stored, later calls may succeed (FULL)."""


class InvalidError(LedgerError, ValueError):
    """The input is wrong, or larger than the documented maximum; the message says what is expected (INVALID, LIMIT)."""


class NotFoundError(LedgerError, LookupError):
    """It does not exist (NOTFOUND)."""


class VersionError(LedgerError):
    """Written in a newer format than this library reads (VERSION)."""


class DamagedError(LedgerError):
    """Bytes do not parse, or parse and do not verify (CORRUPT, TAMPERED)."""


class ConflictError(LedgerError):
    """A condition failed, or it contradicts what is known (CONFLICT)."""


class RollbackError(LedgerError):
    """Older than a state known to be sealed, or of another history (ROLLBACK)."""


_CLASSES: dict[int, Type[LedgerError]] = {
    -1: SystemFault, -2: SystemFault, -3: BusyError, -4: FullError, -5: InvalidError, -6: InvalidError, -7: NotFoundError,
    -8: VersionError, -9: DamagedError, -10: DamagedError, -11: ConflictError, -12: SystemFault, -13: RollbackError}


# ---- calls -----------------------------------------------------------------------------------------------------------

_P = c.c_void_p
_SIGNATURES: dict[str, tuple[Any, Sequence[Any]]] = {
    "ledger_error_name": (c.c_char_p, [c.c_int]),
    "ledger_free": (None, [_P]),
    "ledger_create": (c.c_int, [c.c_char_p, _P, _P]),
    "ledger_open": (c.c_int, [c.c_char_p, _P, _P, _P]),
    "ledger_close": (None, [_P]),
    "ledger_origin": (c.c_char_p, [_P]),
    "ledger_dir": (c.c_char_p, [_P]),
    "ledger_vkey": (c.c_char_p, [_P]),
    "ledger_append": (c.c_int, [_P, _P, _P, _P]),
    "ledger_author_load": (c.c_int, [c.c_char_p, Bytes, _P, _P]),
    "ledger_author_free": (None, [_P]),
    "ledger_batch_new": (c.c_int, [_P, _P, _P]),
    "ledger_batch_add": (c.c_int, [_P, _P, _P]),
    "ledger_batch_count": (c.c_size_t, [_P]),
    "ledger_batch_commit": (c.c_int, [_P, _P, _P]),
    "ledger_batch_free": (None, [_P]),
    "ledger_get_head": (c.c_int, [_P, _P, _P]),
    "ledger_read_json": (c.c_int, [_P, c.c_uint64, c.c_uint, _P, _P, _P]),
    "ledger_event_json": (c.c_int, [_P, c.c_uint, _P, _P, _P]),
    "ledger_query_open": (c.c_int, [_P, _P, _P, _P]),
    "ledger_query_next": (c.c_int, [_P, _P, _P]),
    "ledger_query_close": (None, [_P]),
    "ledger_query_count": (c.c_int, [_P, _P, _P, c.c_size_t, COUNT_ROW, _P, _P]),
    "ledger_sql_open": (c.c_int, [_P, _P, _P, _P]),
    "ledger_sql_close": (None, [_P]),
    "ledger_sql_json": (c.c_int, [_P, c.c_char_p, _P, _P, _P]),
    "ledger_states_open": (c.c_int, [_P, _P, _P, _P]),
    "ledger_states_close": (None, [_P]),
    "ledger_states_at": (c.c_uint64, [_P]),
    "ledger_states_tables": (c.c_size_t, [_P]),
    "ledger_states_table_name": (c.c_char_p, [_P, c.c_size_t]),
    "ledger_states_table_find": (c.c_size_t, [_P, c.c_char_p]),
    "ledger_states_get_json": (c.c_int, [_P, c.c_size_t, _P, c.c_size_t, c.c_uint, _P, _P, _P]),
    "ledger_state_rows_open": (c.c_int, [_P, c.c_size_t, _P, _P]),
    "ledger_state_rows_next": (c.c_int, [_P, _P, _P]),
    "ledger_state_rows_close": (None, [_P]),
    "ledger_state_row_json": (c.c_int, [_P, c.c_uint, _P, _P, _P]),
    "ledger_checkpoint": (c.c_int, [_P, _P, _P, _P]),
    "ledger_prove": (c.c_int, [_P, c.c_uint64, _P, _P]),
    "ledger_proof_note": (Bytes, [_P]),
    "ledger_proof_leaf": (Bytes, [_P]),
    "ledger_proof_payload": (Bytes, [_P]),
    "ledger_proof_free": (None, [_P]),
    "ledger_correct": (c.c_int, [_P, _P, _P, _P]),
    "ledger_artifact_put": (c.c_int, [_P, c.c_char_p, c.c_char * 81, _P, _P]),
    "ledger_export": (c.c_int, [_P, _P, c.c_char_p, _P, _P]),
    "ledger_trust_new": (c.c_int, [_P, _P]),
    "ledger_trust_free": (None, [_P]),
    "ledger_trust_key": (c.c_int, [_P, c.c_char_p, _P]),
    "ledger_trust_file": (c.c_int, [_P, c.c_char_p, _P]),
    "ledger_verify_isolated": (c.c_int, [c.c_char_p, _P, _P, _P]),
    "ledger_verify_bundle": (c.c_int, [c.c_int, _P, _P, _P]),
    "ledger_verify_proof": (c.c_int, [Bytes, Bytes, Bytes, _P, _P, _P]),
    "ledger_report_json": (c.c_int, [_P, c.c_uint, _P, _P, _P]),
    "ledger_report_free": (None, [_P]),
}
for _name, (_result, _arguments) in _SIGNATURES.items():
    _function = getattr(lib, _name)
    _function.restype, _function.argtypes = _result, list(_arguments)


def call(function: Callable[..., int], *arguments: Any) -> int:
    """Calls, with a struct of errors at the end; returns 0 or 1 (the end of an iteration), or raises."""
    error = Error()
    code = function(*arguments, c.byref(error))
    if code < 0:
        raise _CLASSES.get(code, LedgerError)(error.message.decode("utf-8", "replace"), code, None if error.at < 0 else error.at)
    return code


def chars(text: str | os.PathLike[str] | None) -> bytes | None:
    """A text as C takes it. It ends at a NUL there, so one that has a NUL inside would be cut."""
    if text is None:
        return None
    text = os.fspath(text)
    if "\0" in text:
        raise InvalidError(f"{text!r} has a NUL character", -6)
    return text.encode("utf-8", "surrogateescape")


def required(text: str | os.PathLike[str]) -> bytes:
    made = chars(text)
    assert made is not None
    return made


def borrowed(data: bytes) -> Bytes:
    """Of bytes that the caller keeps."""
    return Bytes(c.cast(c.c_char_p(data), c.c_void_p), len(data))


def copied(data: Bytes) -> bytes:
    return c.string_at(data.p, data.n) if data.n else b""


def text(function: Callable[..., int], *arguments: Any) -> str:
    """Of a call that hands out a text."""
    out, n = c.c_void_p(), c.c_size_t()
    call(function, *arguments, c.byref(out), c.byref(n))
    try:
        return c.string_at(out, n.value).decode()
    finally:
        lib.ledger_free(out)


def parsed(function: Callable[..., int], *arguments: Any) -> dict[str, Any]:
    made = json.loads(text(function, *arguments))
    assert isinstance(made, dict)
    return made
