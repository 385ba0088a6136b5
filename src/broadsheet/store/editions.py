"""Editions: frozen when published; publishing a period again stores a further revision."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from broadsheet.errors import NotFoundError
from broadsheet.model import (
    Attention,
    Count,
    Edition,
    EditionItem,
    EditionOutline,
    Kind,
    Period,
    Section,
    Span,
)
from broadsheet.rules.edition import PastSelection
from broadsheet.store.papers import current_ids, notices_of
from broadsheet.store.tables import editions

_KINDS = frozenset(Kind)
_LONGEST_SPAN = timedelta(days=31)
# Names of sections in editions that an earlier version published.
_OLD_SECTIONS = {"rising": Section.TRENDING}


def published_before(connection: Connection, period: Period) -> dict[str, PastSelection]:
    """Return the papers of earlier editions of the same span, by their present id."""
    rows = connection.scalars(
        select(editions.c["items"]).where(
            editions.c.span == period.span, editions.c.date < period.first
        )
    )
    past: dict[str, PastSelection] = {}
    for items in rows:
        for item in orjson.loads(items):
            # An item without a score is older than the score, and is not selected again.
            selection = PastSelection(
                item.get("score", inf), was_trending=_section_of(item) is Section.TRENDING
            )
            past[item["paper_id"]] = _joined(past.get(item["paper_id"]), selection)
    return _by_present_id(connection, past)


def _by_present_id(
    connection: Connection, past: Mapping[str, PastSelection]
) -> dict[str, PastSelection]:
    """Rename papers that have another id now or were merged into another paper."""
    ids = current_ids(connection, list(past))
    renamed: dict[str, PastSelection] = {}
    for paper_id, selection in past.items():
        present_id = ids.get(paper_id, paper_id)
        renamed[present_id] = _joined(renamed.get(present_id), selection)
    return renamed


def _joined(first: PastSelection | None, second: PastSelection) -> PastSelection:
    if first is None:
        return second
    return PastSelection(
        max(first.score, second.score), was_trending=first.was_trending or second.was_trending
    )


def previous_cutoff(connection: Connection, period: Period, zone: ZoneInfo) -> datetime | None:
    """Return the time up to which the previous edition covers papers; None if there is none.

    That is the time of its first publication, or the end of its last day if that is earlier.
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
    published_at: datetime = row.at
    return min(published_at, end)


def insert_edition(
    connection: Connection,
    period: Period,
    items: Sequence[EditionItem],
    now: datetime,
    note: str | None = None,
) -> Edition:
    """Store an edition as the next revision of its period."""
    revision = newest_revision(connection, period) + 1
    edition = Edition(period, revision, now, tuple(items), note)
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


def newest_revision(connection: Connection, period: Period) -> int:
    """Return the newest revision of a period's edition; 0 if it has none."""
    newest = connection.scalar(select(func.max(editions.c.revision)).where(*_of(period)))
    return newest or 0


def edition(
    connection: Connection, period: Period | None = None, revision: int | None = None
) -> Edition:
    """Read an edition.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    period : Period or None
        The day, week or month; None is the newest day that has an edition.
    revision : int or None
        The revision; None is the newest.

    Raises
    ------
    NotFoundError
        If there is no such edition.
    """
    query = (
        select(editions)
        .where(*(_of(period) if period else [editions.c.span == Span.DAY]))
        .order_by(editions.c.date.desc(), editions.c.revision.desc())
        .limit(1)
    )
    if revision is not None:
        query = query.where(editions.c.revision == revision)
    row = connection.execute(query).one_or_none()
    if row is None:
        name = f" of {period}" if period else ""
        number = f", revision {revision}" if revision is not None else ""
        raise NotFoundError(
            f"there is no edition{name}{number}: run 'broadsheet publish' to publish one"
        )
    return _edition_of(connection, row)


def has_edition(connection: Connection, period: Period) -> bool:
    """Return whether a period has an edition."""
    query = select(editions.c.id).where(*_of(period)).limit(1)
    return connection.scalar(query) is not None


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


def outlines(connection: Connection, span: Span, first: date, last: date) -> list[EditionOutline]:
    """List the editions of a span that begin from `first` to `last`, oldest first."""
    newest = (
        select(editions.c.date, func.max(editions.c.revision).label("revision"))
        .where(editions.c.span == span, editions.c.date.between(first, last))
        .group_by(editions.c.date)
        .subquery()
    )
    rows = connection.execute(
        select(editions.c.date, editions.c["items"])
        .join(
            newest,
            (editions.c.date == newest.c.date) & (editions.c.revision == newest.c.revision),
        )
        .where(editions.c.span == span)
        .order_by(editions.c.date)
    )
    return [_outline(Period(day, span), orjson.loads(items)) for day, items in rows]


def _outline(period: Period, items: Sequence[Mapping[str, Any]]) -> EditionOutline:
    return EditionOutline(period, len(items), items[0]["title"] if items else None)


def neighbors(connection: Connection, period: Period) -> tuple[Period | None, Period | None]:
    """Return the nearest periods before and after a period that have an edition of its span."""
    of_span = select(editions.c.date).where(editions.c.span == period.span).limit(1)
    first = editions.c.date
    before = connection.scalar(of_span.where(first < period.first).order_by(first.desc()))
    after = connection.scalar(of_span.where(first > period.first).order_by(first))
    return (
        Period(before, period.span) if before else None,
        Period(after, period.span) if after else None,
    )


def overlapping(connection: Connection, period: Period) -> list[Period]:
    """List the periods of the other spans that have an edition and share a day with a period.

    Longer spans come first; within a span the order is by date.
    """
    earliest = max(period.first, date.min + _LONGEST_SPAN) - _LONGEST_SPAN
    rows = connection.execute(
        select(editions.c.span, editions.c.date)
        .where(
            editions.c.span != period.span,
            editions.c.date.between(earliest, period.last),
        )
        .distinct()
    )
    found = [Period(row.date, Span(row.span)) for row in rows]
    longest_first = list(reversed(Span))
    return sorted(
        (other for other in found if other.after > period.first),
        key=lambda other: (longest_first.index(other.span), other.first),
    )


def _of(period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (editions.c.span == period.span, editions.c.date == period.first)


def _edition_of(connection: Connection, row: Row[Any]) -> Edition:
    stored = orjson.loads(row._mapping["items"])
    notices = notices_of(connection, [item["paper_id"] for item in stored])
    items = tuple(
        EditionItem(
            **{
                **item,
                "authors": tuple(item["authors"]),
                "categories": tuple(item["categories"]),
                "section": _section_of(item),
                "attention": _attention_of(item.get("attention")),
                "artifacts": tuple(item.get("artifacts", ())),
                "notice": notices.get(item["paper_id"]),
            }
        )
        for item in stored
    )
    return Edition(
        Period(row.date, Span(row.span)), row.revision, row.published_at, items, row.note
    )


def _section_of(item: Mapping[str, Any]) -> Section:
    name = item.get("section", Section.TRENDING)
    return _OLD_SECTIONS.get(name) or Section(name)


def _attention_of(stored: Mapping[str, Any] | None) -> Attention | None:
    if stored is None:
        return None
    counts = tuple(
        Count(Kind(one["kind"]), one["total"], one["gained"], one["since"], tuple(one["places"]))
        for one in stored["counts"]
        # A kind of a source that was removed since.
        if one["kind"] in _KINDS
    )
    return Attention(counts, tuple((hours, total) for hours, total in stored["course"]))
