"""What a visitor reads, and the log records, while the library cannot be used."""

import logging

from fastapi import Request

from broadsheet.errors import BroadsheetError, BusyError, DamagedError

_BUSY = "The site is answering too many requests; try again in a few seconds."
_DAMAGED = "The database of this site is damaged; its operator has to restore or repair it."
_OTHER = "Try again in a minute."
_BUSY_RETRY_S, _RETRY_S = 5, 60

_log = logging.getLogger(__name__)


def refusal(request: Request, error: BroadsheetError) -> tuple[str, dict[str, str]]:
    """Log why a request cannot be answered; return the sentence and headers of a response 503.

    The text of the error names files and servers, so that it is logged only. Every request fails
    while the database does: the log is limited by :mod:`broadsheet.serve.log_throttle`.
    """
    _log.error("%s %s: %s", request.method, request.scope["path"], error)
    if isinstance(error, BusyError):
        return _BUSY, {"Retry-After": str(_BUSY_RETRY_S)}
    reason = _DAMAGED if isinstance(error, DamagedError) else _OTHER
    return reason, {"Retry-After": str(_RETRY_S)}
