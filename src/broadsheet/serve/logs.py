"""Format the log: one line an event, with the time in UTC; no text from outside adds a line.

A line of text ends with the id of the request that caused it; a line of JSON has it as ``request``.
"""

import logging
import sys
from datetime import UTC, datetime
from types import TracebackType

import orjson

from broadsheet.serve.log_throttle import LogThrottle
from broadsheet.serve.request_log import ACCESS_LOG, current_request_id


def configure_logging(log_format: str = "text", *, access_log: bool = False) -> None:
    """Log warnings, and the events of `broadsheet.security`, to the standard error stream.

    Parameters
    ----------
    log_format : str
        ``text`` or ``json``.
    access_log : bool
        Whether each request is logged, to the standard output.
    """
    handler = logging.StreamHandler()
    formatter = JsonFormatter() if log_format == "json" else LineFormatter()
    handler.setFormatter(formatter)
    handler.addFilter(LogThrottle())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("broadsheet.security").setLevel(logging.INFO)
    if access_log:
        requests = logging.StreamHandler(sys.stdout)
        requests.setFormatter(formatter)
        access = logging.getLogger(ACCESS_LOG)
        access.addHandler(requests)
        access.setLevel(logging.INFO)
        access.propagate = False


class LineFormatter(logging.Formatter):
    """Formats a record as ``TIME LEVEL LOGGER: MESSAGE``; a traceback follows, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(  # noqa: N802 - the base class's name
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the time of a record in UTC, as in RFC 3339."""
        return _time_of(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as above
        """Return the line of a record."""
        record.message = escaped(record.message)
        request_id = current_request_id()
        line = super().formatMessage(record)
        return line if request_id is None else f"{line} request={request_id}"

    def formatException(  # noqa: N802 - as above
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Return the traceback, indented: a line at the margin is a record."""
        return "\n".join(f"    {escaped(line)}" for line in super().formatException(ei).split("\n"))


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, request, traceback.

    What a record has as ``fields`` is added, such as the status of a request.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        document: dict[str, object] = {
            "time": _time_of(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if request_id := current_request_id():
            document["request"] = request_id
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        # A lone surrogate is not JSON.
        texts = {
            name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for name, value in document.items()
        }
        return orjson.dumps(texts).decode()


def _time_of(record: logging.LogRecord) -> str:
    when = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
    return f"{when.isoformat(timespec='milliseconds')}Z"


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
