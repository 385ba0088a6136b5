"""Keep the editor's word on papers of an edition."""

from sqlalchemy import Connection, delete, insert, select

from broadsheet.model import Period, Pick
from broadsheet.store.papers import num_of
from broadsheet.store.tables import papers, picks


def upsert_pick(connection: Connection, period: Period, pick: Pick) -> None:
    """Keep a pick, in place of an earlier word on the same paper.

    Raises
    ------
    NotFoundError
        Where there is no such paper.
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
    """Take the editor's word on a paper back; tells whether there was one.

    Raises
    ------
    NotFoundError
        Where there is no such paper.
    """
    num = num_of(connection, paper_id)
    mine = (picks.c.span == period.span, picks.c.date == period.first, picks.c.num == num)
    return bool(connection.execute(delete(picks).where(*mine)).rowcount)


def picks_of(connection: Connection, period: Period) -> list[Pick]:
    """List the editor's word on papers of an edition: those placed in order, then those dropped."""
    rows = connection.execute(
        select(papers.c.id, picks.c.place, picks.c.comment)
        .join(papers, papers.c.num == picks.c.num)
        .where(picks.c.span == period.span, picks.c.date == period.first)
        .order_by(picks.c.place.is_(None), picks.c.place, picks.c.num)
    )
    return [Pick(row.id, row.place, row.comment) for row in rows]
