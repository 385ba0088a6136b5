"""The editor's picks for an edition."""

from sqlalchemy import Connection, delete, insert, select

from broadsheet.model import Period, Pick
from broadsheet.store.papers import num_of
from broadsheet.store.tables import papers, picks


def upsert_pick(connection: Connection, period: Period, pick: Pick) -> None:
    """Store a pick; it replaces an earlier pick of the same paper.

    Raises
    ------
    NotFoundError
        If there is no such paper.
    """
    delete_pick(connection, period, pick.paper_id)
    connection.execute(
        insert(picks).values(
            span=period.span,
            date=period.first,
            num=num_of(connection, pick.paper_id),
            place=pick.place,
            comment=pick.comment,
        )
    )


def delete_pick(connection: Connection, period: Period, paper_id: str) -> bool:
    """Delete the pick of a paper; return whether there was one.

    Raises
    ------
    NotFoundError
        If there is no such paper.
    """
    num = num_of(connection, paper_id)
    is_pick = (picks.c.span == period.span, picks.c.date == period.first, picks.c.num == num)
    return bool(connection.execute(delete(picks).where(*is_pick)).rowcount)


def picks_of(connection: Connection, period: Period) -> list[Pick]:
    """List the picks of an edition: placed papers in order of place, then dropped papers."""
    rows = connection.execute(
        select(papers.c.id, picks.c.place, picks.c.comment)
        .join(papers, papers.c.num == picks.c.num)
        .where(picks.c.span == period.span, picks.c.date == period.first)
        .order_by(picks.c.place.is_(None), picks.c.place, picks.c.num)
    )
    return [Pick(row.id, row.place, row.comment) for row in rows]
