#!/usr/bin/env python3
"""The library from Python with nothing but ctypes: ledger_ctypes.py DIRECTORY makes a ledger there and uses it.

Structs of options are declared as far as they are used: their first member is their size, and the library takes what
the size covers."""

import ctypes as c
import json
import sys

lib = c.CDLL("libledger.so.0")
lib.ledger_version.restype = c.c_char_p
lib.ledger_vkey.restype = c.c_char_p
lib.ledger_report_verdict_name.restype = c.c_char_p
lib.ledger_free.argtypes = [c.c_void_p]
lib.ledger_free.restype = None
lib.ledger_states_table_find.restype = c.c_size_t


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("at", c.c_int64), ("message", c.c_char * 1024)]


class CreateOptions(c.Structure):
    _fields_ = [("size", c.c_size_t), ("origin", c.c_char_p), ("actor", c.c_char_p)]


class Receipt(c.Structure):
    _fields_ = [("seq", c.c_uint64), ("leaf", c.c_uint8 * 32), ("duplicate", c.c_uint32), ("masked", c.c_uint32)]


class LedgerError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def call(function, *args):
    error = Error()
    if function(*args, c.byref(error)) < 0:
        raise LedgerError(error.code, error.message.decode())


def chars(text):
    """A text as C takes it. It ends at a NUL there, so one that has a NUL inside would be cut."""
    if text is not None and "\0" in text:
        raise ValueError("%r has a NUL character" % text)
    return text if text is None else text.encode()


def text(function, *args):
    """Of a call that hands out a text."""
    out, n = c.c_void_p(), c.c_size_t()
    call(function, *args, c.byref(out), c.byref(n))
    try:
        return c.string_at(out, n.value).decode()
    finally:
        lib.ledger_free(out)


class Ledger:
    def __init__(self, directory):
        self.handle = c.c_void_p()
        call(lib.ledger_open, chars(directory), None, c.byref(self.handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.ledger_close(self.handle)

    def append(self, kind, subject, fields, actor=None, key=None):
        receipt = Receipt()
        call(lib.ledger_append_json, self.handle, chars(kind), chars(subject), chars(actor),
             chars(key), json.dumps(fields).encode(), c.byref(receipt))
        return receipt.seq

    def read(self, seq, private=False):
        return json.loads(text(lib.ledger_read_json, self.handle, c.c_uint64(seq), 2 if private else 0))

    def sql(self, statement):
        sql = c.c_void_p()
        call(lib.ledger_sql_open, self.handle, None, c.byref(sql))
        try:
            return [json.loads(line) for line in text(lib.ledger_sql_json, sql, chars(statement)).splitlines()]
        finally:
            lib.ledger_sql_close(sql)

    def state(self, table, *key):
        states = c.c_void_p()
        call(lib.ledger_states_open, self.handle, None, c.byref(states))
        try:
            number = lib.ledger_states_table_find(states, chars(table))
            if number == c.c_size_t(-1).value:
                raise LookupError("there is no table %r" % table)
            keys = (c.c_char_p * len(key))(*(chars(k) for k in key))
            return json.loads(text(lib.ledger_states_get_json, states, c.c_size_t(number), keys, c.c_size_t(len(key)), 0))
        finally:
            lib.ledger_states_close(states)


def create(directory, origin):
    options = CreateOptions(c.sizeof(CreateOptions), chars(origin), None)
    call(lib.ledger_create, chars(directory), c.byref(options))


def verify(directory):
    """In a child process: no damage to the ledger can end Python."""
    report = c.c_void_p()
    call(lib.ledger_verify_isolated, chars(directory), None, c.byref(report))
    try:
        return json.loads(text(lib.ledger_report_json, report, 0))
    finally:
        lib.ledger_report_free(report)


def main(directory):
    print("libledger", lib.ledger_version().decode())
    create(directory, "example.org/box-3")
    with Ledger(directory) as ledger:
        seq = ledger.append("permission.granted", "pack/pdf-ops",
                            {"group": "filesystem.read", "scope": "inbox/**", "tier": "T0"}, actor="user:me")
        print("event", seq, "is sealed:", ledger.read(seq)["body"]["group"])
        print(ledger.sql("SELECT count(*) AS n, max(kind) AS kind FROM events"))
        print(ledger.state("permissions", "pack/pdf-ops", "filesystem.read", "inbox/**")["state"])
        try:
            ledger.append("run.strated", "run/1", {})
        except LedgerError as error:
            print("refused:", error)
        try:
            ledger.append("x.acme.note", "host/he\0re", {})
        except ValueError as error:
            print("refused:", error)
        try:
            ledger.state("nosuch", "pack/pdf-ops")
        except LookupError as error:
            print("refused:", error)
        print("verified while it is open:", verify(directory)["verdict"])


if __name__ == "__main__":
    main(sys.argv[1])
