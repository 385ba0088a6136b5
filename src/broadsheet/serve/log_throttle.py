"""Limit the log to one line a second for each kind of message that clients can cause."""

import logging
import time

# The loggers whose messages a client can cause, and those below them.
_CAUSED_BY_CLIENTS = (
    "asyncio",
    "uvicorn",
    "broadsheet.search",
    "broadsheet.serve.connections",
    "broadsheet.web",
)
_MAX_KINDS = 1_000


class LogThrottle(logging.Filter):
    """Filter for a handler: of similar records within a second, only the first is logged.

    Records are similar if they have the same logger, level, format and type of exception. The next
    record that is logged reports how many were omitted. Records of other loggers pass.

    Parameters
    ----------
    every_s : float
        Seconds between two similar records.
    """

    def __init__(self, every_s: float = 1.0) -> None:
        super().__init__()
        self._every_s = every_s
        # Time of the last record logged, and records omitted since, by kind.
        self._kinds: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged."""
        if not any(
            record.name == name or record.name.startswith(f"{name}.") for name in _CAUSED_BY_CLIENTS
        ):
            return True
        error = record.exc_info[0] if record.exc_info else None
        # asyncio appends the repr of the socket or task to the first line.
        kind = (record.name, record.levelno, str(record.msg).partition("\n")[0], error)
        now = time.monotonic()
        logged_at, omitted = self._kinds.get(kind, (-self._every_s, 0))
        if now - logged_at < self._every_s:
            self._kinds[kind] = (logged_at, omitted + 1)
            return False
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        if omitted:
            record.msg = f"{record.msg} ({omitted} similar messages omitted)"
        return True
