"""ledger: record what agents and models do on this machine, as signed, hash-chained events, and prove it.

    import ledger

    with ledger.open() as box, box.run("summarise the inbox", agent="inbox-bot") as run:
        with run.tool("pdf.read", {"path": "in.pdf"}) as call:
            call.result = read("in.pdf")

Everything is durable and sealed when the line that records it is over. Content (arguments, results, prompts, answers) is kept
as private fields: it stays on this machine unless its owner discloses it. The shared library does the work; docs/library.md
says what holds for threads and forks.
"""

from ledger._c import (
    BusyError,
    ConflictError,
    DamagedError,
    FullError,
    InvalidError,
    LedgerError,
    NotFoundError,
    RollbackError,
    SystemFault,
    VersionError,
)
from ledger._c import lib as _lib
from ledger._ledger import (
    Author,
    Batch,
    Events,
    Head,
    Ledger,
    Proof,
    Receipt,
    States,
    create,
    default_directory,
    ge,
    glob,
    gt,
    le,
    lt,
    match,
    open,
    prefix,
)
from ledger._logging import LedgerHandler
from ledger._run import ModelCall, Run, Step, ToolCall, current_run
from ledger._verify import verify, verify_bundle, verify_proof

__version__: str = _lib.ledger_version().decode()

__all__ = [
    "Author", "Batch", "BusyError", "ConflictError", "DamagedError", "Events", "FullError", "Head", "InvalidError", "Ledger",
    "LedgerError", "LedgerHandler", "ModelCall", "NotFoundError", "Proof", "Receipt", "RollbackError", "Run", "States", "Step",
    "SystemFault", "ToolCall", "VersionError", "create", "current_run", "default_directory", "ge", "glob", "gt", "le", "lt",
    "match", "open", "prefix", "verify", "verify_bundle", "verify_proof"]
