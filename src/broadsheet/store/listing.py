"""List all papers in order of date, a page at a time."""

import re

from sqlalchemy import Connection, or_, select

from broadsheet.model import Paper
from broadsheet.store.papers import PAPER_COLUMNS, in_category, paper_of
from broadsheet.store.tables import papers

_UNDATED = "-"
_AFTER = re.compile(r"(-|[0-9]{4}(?:-[0-9]{2}){0,2})\.([0-9]{1,18})")


def newest(
    connection: Connection, limit: int, after: str | None = None, category: str | None = None
) -> tuple[list[Paper], str | None]:
    """List papers, the newest first; those of unknown date come last.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    limit : int
        How many at most.
    after : str or None
        Where an earlier list ended.
    category : str or None
        Only papers of this category, the first or another.

    Returns
    -------
    list of Paper
        Fewer than `limit` only where there are no more.
    str or None
        What to ask with for those that come next; None where there are none.

    Raises
    ------
    ValueError
        Where `after` was not given out by this function.
    """
    published, num = papers.c.published, papers.c.num
    wanted = (
        select(*PAPER_COLUMNS, num).order_by(published.desc().nulls_last(), num).limit(limit + 1)
    )
    if category is not None:
        wanted = wanted.where(in_category(category))
    if after is not None:
        day, last = _place(after)
        if day is None:
            wanted = wanted.where(published.is_(None), num > last)
        else:
            same = (published == day) & (num > last)
            wanted = wanted.where(or_(published < day, same, published.is_(None)))
    rows = connection.execute(wanted).all()
    listed = [paper_of(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return listed, None
    return listed, f"{listed[-1].published or _UNDATED}.{rows[limit - 1][-1]}"


def _place(after: str) -> tuple[str | None, int]:
    told = _AFTER.fullmatch(after)
    if told is None:
        raise ValueError("'after' is what an earlier answer gave as the place to go on")
    day, num = told.groups()
    return (None if day == _UNDATED else day), int(num)
