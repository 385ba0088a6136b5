"""List papers by date, one page at a time, and all papers by their numbers."""

import re

from sqlalchemy import Connection, func, or_, select

from broadsheet.model import Paper
from broadsheet.store.papers import PAPER_COLUMNS, in_category, paper_of
from broadsheet.store.tables import papers

_UNDATED = "-"
_CURSOR = re.compile(r"(-|[0-9]{4}(?:-[0-9]{2}){0,2})\.([0-9]{1,18})")


def newest(
    connection: Connection, limit: int, after: str | None = None, category: str | None = None
) -> tuple[list[Paper], str | None]:
    """List papers, newest first; papers without a date are last.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A read transaction.
    limit : int
        Maximum number of papers, at least 1.
    after : str or None
        Cursor of the previous page; None for the first page.
    category : str or None
        Only papers that have this category, primary or not.

    Returns
    -------
    list of Paper
        Fewer than `limit` only on the last page.
    str or None
        Cursor of the next page; None on the last page.

    Raises
    ------
    ValueError
        If `after` is not a cursor.
    """
    published, num = papers.c.published, papers.c.num
    query = (
        select(*PAPER_COLUMNS, num).order_by(published.desc().nulls_last(), num).limit(limit + 1)
    )
    if category is not None:
        query = query.where(in_category(category))
    if after is not None:
        day, last = _parse_cursor(after)
        if day is None:
            query = query.where(published.is_(None), num > last)
        else:
            same_day = (published == day) & (num > last)
            query = query.where(or_(published < day, same_day, published.is_(None)))
    rows = connection.execute(query).all()
    page = [paper_of(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return page, None
    return page, f"{page[-1].published or _UNDATED}.{rows[limit - 1][-1]}"


def last_num(connection: Connection) -> int:
    """Return the highest number of a paper; 0 without papers."""
    return connection.scalar(select(func.max(papers.c.num))) or 0


def ids_between(connection: Connection, first: int, last: int) -> list[str]:
    """List the ids of the papers whose numbers are from `first` to `last`."""
    query = select(papers.c.id).where(papers.c.num.between(first, last)).order_by(papers.c.num)
    return list(connection.scalars(query))


def _parse_cursor(after: str) -> tuple[str | None, int]:
    match = _CURSOR.fullmatch(after)
    if match is None:
        raise ValueError(
            "invalid cursor: 'after' must be the value that the previous page returned"
        )
    day, num = match.groups()
    return (None if day == _UNDATED else day), int(num)
