"""A reply of a service, and the wait that a service requests."""

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
# No service means more, and a longer wait overflows the calendar when added to a date.
_MAX_WAIT_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of a service.

    Parameters
    ----------
    address : str
        Final address after redirects, without query.
    status : int
        200 to 299, 304, or an allowed error status.
    headers : mapping of str to str
        Names in lower case.
    body : bytes
        Decompressed.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def unchanged(self) -> bool:
        """Whether nothing changed since the validators that were sent (status 304)."""
        return self.status == httpx2.codes.NOT_MODIFIED

    @property
    def validators(self) -> dict[str, str]:
        """ETag and Last-Modified, to store in a cursor and send with the next request."""
        values = {"etag": self.headers.get("etag"), "modified": self.headers.get("last-modified")}
        # Other characters can be received in a header, but not sent.
        return {name: value for name, value in values.items() if value and value.isascii()}

    def json(self) -> object:
        """Parse the body as JSON.

        Raises
        ------
        SourceError
            If it is not JSON.
        """
        try:
            return json_value(self.body)
        except ValueError as error:
            kind = "HTML" if self.body.lstrip()[:1] == b"<" else "other data"
            raise SourceError(
                f"{self.address} returned {kind} instead of JSON: the next fetch retries it"
            ) from error

    def read(self, shape: type[Shape]) -> Shape:
        """Parse the body as JSON and validate it.

        Raises
        ------
        SourceError
            If it is not JSON, or not valid.
        """
        value = self.json()
        try:
            return shape.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "top level"
            raise SourceError(
                f"{self.address} returned JSON of an unexpected format ({place}: "
                f"{first['msg'].lower()}): the next fetch retries it"
            ) from error


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the wait in seconds that a service requests, at most a week; None if none.

    RFC 9110 section 10.2.3 (``Retry-After``, seconds or a date), and GitHub's
    ``x-ratelimit-reset`` if nothing remains.
    """
    wait_s = _retry_after_s(headers)
    return None if wait_s is None else min(wait_s, _MAX_WAIT_S)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after")
    if value is not None and value.strip().isdecimal():
        return float(value)
    if value is not None:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None
