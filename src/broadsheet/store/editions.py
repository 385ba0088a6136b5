"""Keep editions: frozen when published, a new revision each time one is published again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, time
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from broadsheet.errors import NotFoundError
from broadsheet.model import Edition, EditionItem, Period, Section, Span
from broadsheet.rules.edition import Printed
from broadsheet.store.papers import current_ids, notices_of
from broadsheet.store.tables import editions


def published_before(connection: Connection, period: Period) -> dict[str, Printed]:
    """Tell how each paper stood in earlier editions of the same span."""
    rows = connection.scalars(
        select(editions.c["items"]).where(
            editions.c.span == period.span, editions.c.date < period.first
        )
    )
    printed: dict[str, Printed] = {}
    for items in rows:
        for item in orjson.loads(items):
            before = printed.get(item["paper_id"], Printed(0.0, rose=False))
            rose = item.get("section", Section.TRENDING) == Section.TRENDING
            # An edition from before there were scores is not repeated.
            score = max(before.score, item.get("score", inf))
            printed[item["paper_id"]] = Printed(score, rose=before.rose or rose)
    return _by_todays_ids(connection, printed)


def _by_todays_ids(connection: Connection, printed: Mapping[str, Printed]) -> dict[str, Printed]:
    """Name papers as they are named now: one may have got another id, or gone into another."""
    ids = current_ids(connection, list(printed))
    told: dict[str, Printed] = {}
    for paper_id, one in printed.items():
        now = ids.get(paper_id, paper_id)
        other = told.get(now, one)
        told[now] = Printed(max(one.score, other.score), rose=one.rose or other.rose)
    return told


def previous_cutoff(connection: Connection, period: Period, zone: ZoneInfo) -> datetime | None:
    """Tell up to when the edition before a period's knew the papers; None where there is none.

    That is when it was printed, or for one that was printed later on the end of its last day.
    """
    row = connection.execute(
        select(editions.c.date, func.min(editions.c.published_at).label("at"))
        .where(editions.c.span == period.span, editions.c.date < period.first)
        .group_by(editions.c.date)
        .order_by(editions.c.date.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    end = datetime.combine(Period(row.date, period.span).after, time(), zone)
    printed_at: datetime = row.at
    return min(printed_at, end)


def insert_edition(
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


def periods_published(connection: Connection, span: Span, limit: int) -> list[Period]:
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
                "section": Section(item.get("section", Section.TRENDING)),
                "notice": notices.get(item["paper_id"]),
            }
        )
        for item in told
    )
    return Edition(
        Period(row.date, Span(row.span)), row.revision, row.published_at, items, row.note
    )
