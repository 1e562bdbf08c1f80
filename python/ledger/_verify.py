"""Verifying ledgers, bundles and proofs: reports, as `ledger verify --json` prints them."""

from __future__ import annotations

import ctypes as c
import os
from typing import Any, Union

from ledger import _c
from ledger._c import lib
from ledger._ledger import Proof, default_directory

Path_ = Union[str, "os.PathLike[str]"]


class _Trust:
    def __init__(self, key: str | None, trust_file: Path_ | None):
        self.h = c.c_void_p()
        _c.call(lib.ledger_trust_new, c.byref(self.h))
        if key is not None:
            _c.call(lib.ledger_trust_key, self.h, _c.chars(key))
        if trust_file is not None:
            _c.call(lib.ledger_trust_file, self.h, _c.chars(trust_file))

    def __del__(self) -> None:
        lib.ledger_trust_free(self.h)


def _report(function: Any, *arguments: Any) -> dict[str, Any]:
    report = c.c_void_p()
    _c.call(function, *arguments, c.byref(report))
    try:
        return _c.parsed(lib.ledger_report_json, report, 0)
    finally:
        lib.ledger_report_free(report)


def verify(directory: Path_ | None = None, *, key: str | None = None, trust_file: Path_ | None = None,
           derived: bool = False) -> dict[str, Any]:
    """Reads every byte of the evidence, in a child process, which no damage can make fatal to this one. key: the log's
    verifier key that the caller trusts. derived: also replay and compare indexes and states."""
    trust = _Trust(key, trust_file)
    options = _c.options(_c.VerifyOptions, trust=trust.h, derived=derived)
    return _report(lib.ledger_verify_isolated, _c.chars(default_directory() if directory is None else directory),
                   c.byref(options))


def verify_bundle(path: Path_, *, key: str | None = None, trust_file: Path_ | None = None) -> dict[str, Any]:
    """Checks an evidence bundle, without its ledger."""
    trust = _Trust(key, trust_file)
    options = _c.options(_c.VerifyBundleOptions, trust=trust.h)
    with open(path, "rb") as file:
        return _report(lib.ledger_verify_bundle, file.fileno(), c.byref(options))


def verify_proof(proof: Proof, *, key: str | None = None, trust_file: Path_ | None = None) -> dict[str, Any]:
    """Checks what Ledger.prove returned, without its ledger."""
    trust = _Trust(key, trust_file)
    note, leaf, payload = (_c.borrowed(part) for part in proof)
    return _report(lib.ledger_verify_proof, note, leaf, payload, trust.h)
