"""Where a list goes on: pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

from broadsheet.model import Signal

_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_SIGNAL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\.(\d{1,9})", re.ASCII)


def next_address(here: str, asked: Iterable[tuple[str, str]], after: str) -> str:
    """Give the address of the next stretch of a list.

    Parameters
    ----------
    here : str
        Address of the list, without parameters and not quoted.
    asked : iterable of (name, value)
        The parameters of this stretch.
    after : str
        Where it ended.

    Examples
    --------
    >>> next_address("https://paper.example/api/v1/trending", [("limit", "2")], "2.x")
    'https://paper.example/api/v1/trending?limit=2&after=2.x'
    """
    fields = [(name, value) for name, value in asked if name != "after"]
    return f"{quote(here, safe=':/', errors='replace')}?" + urlencode(
        [*fields, ("after", after)], errors="replace"
    )


def signals_after(
    signals: Sequence[Signal], after: str | None, limit: int
) -> tuple[Sequence[Signal], str | None]:
    """Cut a stretch out of a paper's signals.

    A place in the list is a moment and how many signals of that very moment were told, so that
    one that comes in late moves nothing.

    Parameters
    ----------
    signals : sequence of Signal
        In order of time.
    after : str or None
        Where an earlier stretch ended.
    limit : int
        How many at most, from 1.

    Returns
    -------
    sequence of Signal
        The stretch.
    str or None
        Where it ended; None where there are no more.

    Raises
    ------
    ValueError
        Where `after` was not given out by this function.
    """
    begin = 0 if after is None else _told_until(signals, after)
    stretch = signals[begin : begin + limit]
    if begin + limit >= len(signals):
        return stretch, None
    last = stretch[-1].observed_at
    told = sum(one.observed_at == last for one in signals[: begin + limit])
    return stretch, f"{last.strftime(_MOMENT)}.{told}"


def _told_until(signals: Sequence[Signal], after: str) -> int:
    place = _SIGNAL.fullmatch(after)
    if place is None:
        raise ValueError(f"{after!r} is no place in a list of signals")
    moment, told = datetime.fromisoformat(place[1]), int(place[2])
    earlier = sum(one.observed_at < moment for one in signals)
    return earlier + min(told, sum(one.observed_at == moment for one in signals))
