"""Keep editions: frozen when published, a new revision each time a day is published again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select

from broadsheet.errors import NotFoundError
from broadsheet.model import Edition, EditionItem, Notice
from broadsheet.rules.edition import Candidate
from broadsheet.store.papers import PAPER_COLUMNS, notices_of, paper_of
from broadsheet.store.tables import editions, papers, votes


def candidates(connection: Connection, day: date, newest: int) -> list[Candidate]:
    """List the papers that may stand in a day's edition.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    day : date
        Papers dated after it are left out.
    newest : int
        How many of the newest papers to consider; those with votes are considered at any age.

    Returns
    -------
    list of Candidate
        Papers with their votes and when each was last voted for.
    """
    counted = (
        select(
            votes.c.num,
            func.count().label("votes"),
            func.max(votes.c.voted_at).label("last_vote_at"),
        )
        .group_by(votes.c.num)
        .subquery()
    )
    recent = (
        select(papers.c.num)
        .where(or_(papers.c.published.is_(None), papers.c.published <= day.isoformat()), _stands())
        .order_by(papers.c.published.desc().nulls_last(), papers.c.num)
        .limit(newest)
    )
    rows = connection.execute(
        select(*PAPER_COLUMNS, func.coalesce(counted.c.votes, 0), counted.c.last_vote_at)
        .select_from(papers.outerjoin(counted, counted.c.num == papers.c.num))
        .where(or_(papers.c.num.in_(recent), counted.c.votes > 0), _stands())
    ).all()
    return [Candidate(paper_of(row), row[-2], row[-1]) for row in rows]


def _stands() -> ColumnElement[bool]:
    """Leave out what was withdrawn or retracted: it is no news to recommend."""
    gone = (Notice.WITHDRAWN, Notice.RETRACTED)
    return or_(papers.c.notice.is_(None), papers.c.notice.not_in(gone))


def last_printed(connection: Connection, before: date) -> dict[str, datetime]:
    """Tell when each paper last stood in an edition of a day before `before`."""
    rows = connection.execute(
        select(editions.c.published_at, editions.c["items"])
        .where(editions.c.date < before)
        .order_by(editions.c.published_at)
    )
    return {item["paper_id"]: at for at, items in rows for item in orjson.loads(items)}


def freeze(
    connection: Connection,
    day: date,
    items: Sequence[EditionItem],
    now: datetime,
    note: str | None = None,
) -> Edition:
    """Keep an edition; a day that has one gets a further revision."""
    newest = connection.scalar(select(func.max(editions.c.revision)).where(editions.c.date == day))
    edition = Edition(day, (newest or 0) + 1, now, tuple(items), note)
    connection.execute(
        insert(editions).values(
            date=day,
            revision=edition.revision,
            published_at=now,
            items=orjson.dumps([asdict(item) for item in items]).decode(),
            note=note,
        )
    )
    return edition


def edition(connection: Connection, day: date | None = None) -> Edition:
    """Read the newest revision of a day's edition, or of the newest day.

    Raises
    ------
    NotFoundError
        Where that day, or any, has none.
    """
    wanted = select(editions).order_by(editions.c.date.desc(), editions.c.revision.desc()).limit(1)
    if day is not None:
        wanted = wanted.where(editions.c.date == day)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        which = f"of {day}" if day else "yet"
        raise NotFoundError(f"there is no edition {which}: run 'broadsheet publish' to make one")
    return _edition_of(connection, row)


def edition_dates(connection: Connection, limit: int) -> list[date]:
    """List the days that have an edition, newest first."""
    rows = connection.scalars(
        select(editions.c.date).distinct().order_by(editions.c.date.desc()).limit(limit)
    )
    return list(rows)


def _edition_of(connection: Connection, row: Row[Any]) -> Edition:
    told = orjson.loads(row._mapping["items"])
    notices = notices_of(connection, [item["paper_id"] for item in told])
    items = tuple(
        EditionItem(
            **{
                **item,
                "authors": tuple(item["authors"]),
                "categories": tuple(item["categories"]),
                "notice": notices.get(item["paper_id"]),
            }
        )
        for item in told
    )
    return Edition(row.date, row.revision, row.published_at, items, row.note)
