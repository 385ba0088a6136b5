"""Errors of the HTTP client. Messages contain no query, header or body, as these hold keys."""

from broadsheet.errors import SourceError


class UnavailableError(SourceError):
    """There is no reply, the service is overloaded, or its rate limit or quota is exhausted.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    wait_s : float or None
        Seconds until the next request is allowed, if the service stated it.
    reason : str
        What happened, without the address; for callers that word their own message.
    """

    def __init__(self, message: str, wait_s: float | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.reason = reason or message


class StatusError(SourceError):
    """The service replied with an error status.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    status : int
        300 or above.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class ReplyTooLargeError(SourceError):
    """The decompressed reply exceeds its size limit."""
