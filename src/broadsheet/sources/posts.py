"""Divide a fetch request into time windows, parse posts, and name the sources of their signals."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from broadsheet.model import Malformed
from broadsheet.sources.decoding import parse_moment
from broadsheet.sources.source import Cursor, FetchRequest

_CURSOR_KEY = "until"
_SHORT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DIGEST_BYTES = 10

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A time range that is fetched and stored as one batch.

    Parameters
    ----------
    start, end : datetime
        Aware UTC; `end` is exclusive.
    cursor : mapping of str to str, or None
        Cursor to store with the batch; None leaves the stored cursor unchanged.
    """

    start: datetime
    end: datetime
    cursor: Cursor | None


def time_windows(
    request: FetchRequest, lookback: timedelta, max_length: timedelta, first_day: date
) -> Iterator[TimeWindow]:
    """Divide the time range of a request into windows, oldest first.

    Parameters
    ----------
    request : FetchRequest
        Without `since`, the range starts at the cursor or `lookback` ago, whichever is earlier.
    lookback : timedelta
        Whole days before now that are fetched in each run, because counts of posts still change.
        These days are one window, so that an interrupted run counts none of them twice.
    max_length : timedelta
        Longest window, at least one day longer than `lookback`.
    first_day : date
        First day of the service.
    """
    reached = parse_moment(request.cursor.get(_CURSOR_KEY))
    start = _midnight(max(request.since or _default_start(request, lookback, reached), first_day))
    last = request.now.replace(microsecond=0)
    if request.until and request.until < last.date():
        last = _midnight(request.until + timedelta(days=1))
    recent = _midnight((request.now - lookback).date())
    while start < last:
        end = min(start + max_length, last, recent if start < recent else last)
        # The cursor moves only if no time is left out between it and this window.
        moves = reached is None or start <= reached < end
        reached = end if moves else reached
        yield TimeWindow(start, end, {_CURSOR_KEY: end.isoformat()} if moves else None)
        start = end


def _default_start(request: FetchRequest, lookback: timedelta, reached: datetime | None) -> date:
    oldest = request.now - lookback
    return (min(oldest, reached) if reached else oldest).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def parse_post(shape: type[Shape], raw: object, place: str) -> Shape | Malformed:
    """Validate a post, or return Malformed with the first invalid field."""
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        reason = f"{field}: {first['msg'].lower()}" if field else "not a JSON object"
        return Malformed(place, reason)


def thread_source(name: str, thread: str) -> str:
    """Return the signal source of one thread, so that counts of threads are kept apart.

    Parameters
    ----------
    name : str
        Name of the source.
    thread : str
        Id of the thread. An id that is long or has other characters than letters, digits, ``_``
        and ``-`` is replaced by a digest.

    Examples
    --------
    >>> thread_source("hn", "12684980")
    'hn:12684980'
    """
    if not _SHORT_ID.fullmatch(thread):
        thread = blake2b(thread.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{name}:{thread}"
