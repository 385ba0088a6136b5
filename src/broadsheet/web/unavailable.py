"""What a visitor reads, and the log records, while the library cannot be used."""

import logging
import threading
import time

from broadsheet.errors import BroadsheetError, BusyError, DamagedError

_BUSY = "The site is answering too many requests; try again in a few seconds."
_DAMAGED = "The database of this site is damaged; its operator has to restore or repair it."
_OTHER = "Try again in a minute."
_BUSY_RETRY_S, _RETRY_S = 5, 60
_LOG_EVERY_S = 1.0

_log = logging.getLogger(__name__)


def answer_of(error: BroadsheetError) -> tuple[str, int]:
    """Return the sentence for a visitor, and the seconds after which a retry may succeed.

    The text of the error names files and servers; it is logged instead.
    """
    if isinstance(error, BusyError):
        return _BUSY, _BUSY_RETRY_S
    return (_DAMAGED if isinstance(error, DamagedError) else _OTHER), _RETRY_S


class UnavailableLog:
    """Logs the errors of requests, at most one line a second, with the number left out.

    Every request fails while the database does; a line for each would fill the disk.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logged_at = float("-inf")
        self._left_out = 0

    def record(self, request: str, error: BroadsheetError) -> None:
        """Log the error of a request, or count it."""
        now = time.monotonic()
        with self._lock:
            if now - self._logged_at < _LOG_EVERY_S:
                self._left_out += 1
                return
            left_out, self._left_out, self._logged_at = self._left_out, 0, now
        more = f" ({left_out} earlier errors are not logged)" if left_out else ""
        _log.error("%s: %s%s", request, error, more)
