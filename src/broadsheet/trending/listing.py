"""List the trending papers, page by page."""

import re
from datetime import date, datetime

from broadsheet.model import Trend, Trending
from broadsheet.rules.trend_reason import reason
from broadsheet.rules.trending import score_at
from broadsheet.store.database import Database
from broadsheet.store.trends import highest
from broadsheet.trending.scoring import gained_by, hours

# Limits the digits so that no number is too large to read; every issued cursor fits.
_AFTER = re.compile(r"([0-9]{1,9})\.(-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,3})\.([0-9]{1,18})")


def trending(
    database: Database,
    now: datetime,
    today: date,
    limit: int,
    after: str | None = None,
    category: str | None = None,
) -> Trending:
    """List the papers that rise, by the levels as they were last followed.

    Parameters
    ----------
    database : Database
        The library.
    now : datetime
        Aware UTC.
    today : date
        The newspaper's day.
    limit : int
        How many at most, from 1.
    after : str or None
        Where an earlier list ended: its `after`.
    category : str or None
        Only papers of this category.

    Raises
    ------
    ValueError
        Where `after` was not given out by this function.
    """
    rank, place = _place(after)
    with database.read() as connection:
        found = highest(connection, limit + 1, place, category)
        listed = found[:limit]
        gained = gained_by(connection, [num for num, _, _ in listed], now)
    trends = tuple(
        Trend(
            rank + index,
            paper,
            score_at(height, hours(now)),
            reason(gained[num], paper.published, today),
        )
        for index, (num, height, paper) in enumerate(listed, start=1)
    )
    more = len(found) > limit
    last = f"{rank + len(listed)}.{listed[-1][1].hex()}.{listed[-1][0]}" if more else None
    return Trending(trends, last)


def _place(after: str | None) -> tuple[int, tuple[float, int] | None]:
    """Read where a list goes on: ranks given, level and number of the last paper."""
    if after is None:
        return 0, None
    told = _AFTER.fullmatch(after)
    if told is None:
        raise ValueError("'after' is what an earlier answer gave as the place to go on")
    rank, height, num = told.groups()
    return int(rank), (float.fromhex(height), int(num))
