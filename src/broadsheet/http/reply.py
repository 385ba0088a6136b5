"""What a service replies, and how it says that it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from broadsheet.errors import SourceError
from broadsheet.http.decoding import json_value

Shape = TypeVar("Shape", bound=BaseModel)
# No service means more; and what is added to a date must not leave the calendar.
_LONGEST_WAIT_S = 7 * 86_400.0


class UnavailableError(SourceError):
    """A service that cannot be asked now.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    wait_s : float or None
        After how many seconds it may be asked again, where it told.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service replied.

    Parameters
    ----------
    address : str
        Where it came from in the end, without query.
    status : int
        200 to 299, 304, or one that was allowed for.
    headers : mapping of str to str
        Names in lower case.
    body : bytes
        Unpacked.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def unchanged(self) -> bool:
        """Whether the service said that nothing is new since the validators it was sent."""
        return self.status == httpx2.codes.NOT_MODIFIED

    @property
    def validators(self) -> dict[str, str]:
        """What to keep in a cursor and to send along the next time."""
        told = {"etag": self.headers.get("etag"), "modified": self.headers.get("last-modified")}
        # Other letters can come in a header, but cannot be sent in one.
        return {name: value for name, value in told.items() if value and value.isascii()}

    def json(self) -> object:
        """Read the body as JSON.

        Raises
        ------
        SourceError
            Where it is something else.
        """
        try:
            return json_value(self.body)
        except ValueError as error:
            kind = "HTML" if self.body.lstrip()[:1] == b"<" else "no JSON"
            raise SourceError(
                f"{self.address} gave {kind} where JSON was expected: it is tried again at the "
                "next fetch"
            ) from error

    def read(self, shape: type[Shape]) -> Shape:
        """Read the body as JSON of a known shape.

        Raises
        ------
        SourceError
            Where it is something else.
        """
        told = self.json()
        try:
            return shape.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise SourceError(
                f"{self.address} gave JSON of another shape than expected ({place}: "
                f"{first['msg'].lower()}): it is tried again at the next fetch"
            ) from error


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a service asks to wait, in any of the ways in use; at most a week.

    RFC 9110 section 10.2.3 (``Retry-After``, seconds or a date), and GitHub's
    ``x-ratelimit-reset`` where nothing remains.
    """
    wait_s = _retry_after_s(headers)
    return None if wait_s is None else min(wait_s, _LONGEST_WAIT_S)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    told = headers.get("retry-after")
    if told is not None and told.strip().isdecimal():
        return float(told)
    if told is not None:
        try:
            moment = parsedate_to_datetime(told)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None
