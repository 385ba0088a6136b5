"""Format the log: one line an event, with the time in UTC; no text from outside adds a line."""

import logging
from datetime import UTC, datetime
from types import TracebackType

from broadsheet.serve.log_throttle import LogThrottle


def configure_logging() -> None:
    """Log warnings, and the events of `broadsheet.security`, to the standard error stream."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter())
    handler.addFilter(LogThrottle())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("broadsheet.security").setLevel(logging.INFO)


class LineFormatter(logging.Formatter):
    """Formats a record as ``TIME LEVEL LOGGER: MESSAGE``; a traceback follows, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(  # noqa: N802 - the base class's name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the time of a record in UTC, as in RFC 3339."""
        when = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        return f"{when.isoformat(timespec='milliseconds')}Z"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as above
        """Return the line of a record."""
        record.message = escaped(record.message)
        return super().formatMessage(record)

    def formatException(  # noqa: N802 - as above
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Return the traceback, indented: a line at the margin is a record."""
        return "\n".join(f"    {escaped(line)}" for line in super().formatException(ei).split("\n"))


def escaped(text: str) -> str:
    r"""Return a text with its control characters and line separators escaped.

    Examples
    --------
    >>> print(escaped("Zoë\n2026 WARNING forged\x1b[2J"))
    Zoë\n2026 WARNING forged\x1b[2J
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
