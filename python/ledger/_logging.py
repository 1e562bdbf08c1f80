"""A handler for Python's logging: its records become events."""

from __future__ import annotations

import logging
import threading
import traceback
from typing import Any

from ledger._ledger import Ledger
from ledger._run import _storable, current_run

# What a record has of itself; the rest was given by `extra`.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# OpenTelemetry's number of the first severity of each range.
_SEVERITIES = ((logging.CRITICAL, 21), (logging.ERROR, 17), (logging.WARNING, 13), (logging.INFO, 9), (logging.DEBUG, 5), (0, 1))


class LedgerHandler(logging.Handler):
    """Records become run.logged: of the run whose `with` they are in, otherwise of the service. Text and attributes are
    private fields, in which secrets are masked. A record that cannot be written goes to handleError, as everywhere in
    logging; one that writing itself causes is left out."""

    def __init__(self, box: Ledger, service: str = "python", level: int = logging.NOTSET):
        super().__init__(level)
        self._box, self._service = box, service
        self._writing = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(self._writing, "now", False):
            return
        self._writing.now = True
        try:
            self._write(record)
        except Exception:
            self.handleError(record)
        finally:
            self._writing.now = False

    def _write(self, record: logging.LogRecord) -> None:
        run = current_run()
        attributes = {name: _storable(value) for name, value in vars(record).items() if name not in _OWN}
        attributes.update({"logger": record.name, "place": f"{record.pathname}:{record.lineno}"})
        fields: dict[str, Any] = {
            "severity_number": next(number for level, number in _SEVERITIES if record.levelno >= level),
            "severity_text": record.levelname, "text": (self.format(record) if self.formatter else record.getMessage())[:65536], "attributes": attributes}
        if record.exc_info and record.exc_info[0] is not None:
            fields["error"] = record.exc_info[0].__name__
            attributes["trace"] = "".join(traceback.format_exception(*record.exc_info))[-16384:]
        if run is not None:
            run._append("run.logged", fields)
        else:
            self._box.append("run.logged", f"service/{self._service}", fields, actor=f"service:{self._service}")
