"""Pagination of lists: pure."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from broadsheet.model import Signal

_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_CURSOR = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\.(\d{1,9})", re.ASCII)


def next_address(address: str, parameters: Iterable[tuple[str, str]], after: str) -> str:
    """Return the address of the next page of a list.

    Parameters
    ----------
    address : str
        Address of the list without a query string, not percent-encoded.
    parameters : iterable of (name, value)
        The parameters of this page.
    after : str
        The cursor that ends this page.

    Examples
    --------
    >>> next_address("https://paper.example/api/v1/trending", [("limit", "2")], "2.x")
    'https://paper.example/api/v1/trending?limit=2&after=2.x'
    """
    fields = [(name, value) for name, value in parameters if name != "after"]
    return f"{quote(address, safe=':/', errors='replace')}?" + urlencode(
        [*fields, ("after", after)], errors="replace"
    )


def signals_after(
    signals: Sequence[Signal], after: str | None, limit: int
) -> tuple[Sequence[Signal], str | None]:
    """Return one page of a paper's signals.

    A cursor is a time and the number of signals already returned for that time, so that a signal
    that is stored later does not shift the pages.

    Parameters
    ----------
    signals : sequence of Signal
        All signals in order of time.
    after : str or None
        The cursor that ended the previous page; None for the first page.
    limit : int
        Length of a page, 1 or more.

    Returns
    -------
    page : sequence of Signal
        At most `limit` signals.
    after : str or None
        The cursor that ends the page; None at the end of the list.

    Raises
    ------
    ValueError
        If `after` is not a cursor returned by this function.
    """
    start = 0 if after is None else _start(signals, after)
    page = signals[start : start + limit]
    if start + limit >= len(signals):
        return page, None
    last = page[-1].observed_at
    returned = sum(signal.observed_at == last for signal in signals[: start + limit])
    return page, f"{last.strftime(_TIME)}.{returned}"


def _start(signals: Sequence[Signal], after: str) -> int:
    cursor = _CURSOR.fullmatch(after)
    if cursor is None:
        raise ValueError(f"invalid cursor of a list of signals: {after!r}")
    # In this format, the order of texts is that of times.
    times = [signal.observed_at.strftime(_TIME) for signal in signals]
    earlier = sum(time < cursor[1] for time in times)
    return earlier + min(int(cursor[2]), times.count(cursor[1]))
