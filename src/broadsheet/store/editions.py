"""Keep editions: frozen when published, a new revision each time one is published again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from math import inf
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from broadsheet.errors import NotFoundError
from broadsheet.model import Edition, EditionItem, Period, Section, Span
from broadsheet.store.papers import notices_of
from broadsheet.store.tables import editions


def printed_before(connection: Connection, period: Period) -> dict[str, float]:
    """Tell the highest score each paper had in an earlier edition of the same span."""
    rows = connection.scalars(
        select(editions.c["items"]).where(
            editions.c.span == period.span, editions.c.date < period.first
        )
    )
    highest: dict[str, float] = {}
    for items in rows:
        for item in orjson.loads(items):
            # An edition from before there were scores is not repeated.
            score = item.get("score", inf)
            highest[item["paper_id"]] = max(score, highest.get(item["paper_id"], 0.0))
    return highest


def freeze(
    connection: Connection,
    period: Period,
    items: Sequence[EditionItem],
    now: datetime,
    note: str | None = None,
) -> Edition:
    """Keep an edition; a period that has one gets a further revision."""
    newest = connection.scalar(select(func.max(editions.c.revision)).where(*_of(period)))
    edition = Edition(period, (newest or 0) + 1, now, tuple(items), note)
    connection.execute(
        insert(editions).values(
            span=period.span,
            date=period.first,
            revision=edition.revision,
            published_at=now,
            items=orjson.dumps([asdict(item) for item in items]).decode(),
            note=note,
        )
    )
    return edition


def edition(
    connection: Connection, period: Period | None = None, revision: int | None = None
) -> Edition:
    """Read an edition, the newest day's where no period is named.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    period : Period or None
        Which.
    revision : int or None
        Which printing of it; the newest by default.

    Raises
    ------
    NotFoundError
        Where there is none.
    """
    wanted = (
        select(editions)
        .where(*(_of(period) if period else [editions.c.span == Span.DAY]))
        .order_by(editions.c.date.desc(), editions.c.revision.desc())
        .limit(1)
    )
    if revision is not None:
        wanted = wanted.where(editions.c.revision == revision)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        which = f"of {period}" if period else "yet"
        printing = f", printing {revision}" if revision is not None else ""
        raise NotFoundError(
            f"there is no edition {which}{printing}: run 'broadsheet publish' to make one"
        )
    return _edition_of(connection, row)


def periods_printed(connection: Connection, span: Span, limit: int) -> list[Period]:
    """List the periods of a span that have an edition, newest first."""
    rows = connection.scalars(
        select(editions.c.date)
        .where(editions.c.span == span)
        .distinct()
        .order_by(editions.c.date.desc())
        .limit(limit)
    )
    return [Period(first, span) for first in rows]


def _of(period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (editions.c.span == period.span, editions.c.date == period.first)


def _edition_of(connection: Connection, row: Row[Any]) -> Edition:
    told = orjson.loads(row._mapping["items"])
    notices = notices_of(connection, [item["paper_id"] for item in told])
    items = tuple(
        EditionItem(
            **{
                **item,
                "authors": tuple(item["authors"]),
                "categories": tuple(item["categories"]),
                "section": Section(item.get("section", Section.RISING)),
                "notice": notices.get(item["paper_id"]),
            }
        )
        for item in told
    )
    return Edition(
        Period(row.date, Span(row.span)), row.revision, row.published_at, items, row.note
    )
