"""How far each source was read: cursors, days, gaps, budgets, and whom it was asked about."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import orjson
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from broadsheet.model import Gap, Paper, PaperFilter, SourceState
from broadsheet.rules.gaps import DayCount
from broadsheet.store.papers import PAPER_COLUMNS, nums_of, paper_of
from broadsheet.store.tables import (
    gaps,
    papers,
    request_counts,
    source_days,
    source_queries,
    sources,
    votes,
)


def cursor_of(connection: Connection, name: str) -> dict[str, str]:
    """Read where a source's last kept batch ended; empty before the first."""
    told = connection.scalar(select(sources.c.cursor).where(sources.c.name == name))
    return dict(orjson.loads(told)) if told else {}


def store_cursor(connection: Connection, name: str, cursor: Mapping[str, str]) -> None:
    """Note where a batch ended, in the transaction that keeps the batch."""
    told = orjson.dumps(dict(cursor)).decode()
    connection.execute(update(sources).where(sources.c.name == name).values(cursor=told))


def begin(connection: Connection, name: str, scope: str, now: datetime) -> None:
    """Note that a run begins.

    A run that did not end well is gone on with where it moved the cursor, and so are its counts.
    Where a source is asked for other things than before, its days tell nothing any more.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    name, scope : str
        The source, and what it is asked for, such as arXiv's categories.
    now : datetime
        Aware UTC.
    """
    state = connection.execute(select(sources).where(sources.c.name == name)).one_or_none()
    if state is None:
        row = {"name": name, "scope": scope, "attempted_at": now, "failures": 0}
        connection.execute(insert(sources).values(row))
        return
    if state.scope != scope:
        for table in (source_days, gaps):
            connection.execute(delete(table).where(table.c.source == name))
    values = {"scope": scope, "attempted_at": now, "next_at": None}
    ended_well = state.error is None and state.next_at is not None
    if ended_well or state.cursor == state.run_start_cursor:
        connection.execute(
            update(source_days).where(source_days.c.source == name).values(this_run=0)
        )
        values["run_start_cursor"] = state.cursor
    connection.execute(update(sources).where(sources.c.name == name).values(values))


def ensure_source(connection: Connection, name: str, scope: str) -> None:
    """Note that there is such a source, for a run that is not one of its regular ones."""
    known = select(sources.c.name).where(sources.c.name == name)
    if connection.scalar(known) is None:
        connection.execute(insert(sources).values(name=name, scope=scope, failures=0))


def finish(
    connection: Connection, name: str, now: datetime, error: str | None, next_at: datetime
) -> None:
    """Note how a run ended, and when the next is due."""
    # PostgreSQL keeps no NUL.
    told = None if error is None else error.replace("\0", "")
    values: dict[str, object] = {"error": told, "next_at": next_at}
    if error is None:
        values |= {"succeeded_at": now, "failures": 0}
    else:
        values["failures"] = sources.c.failures + 1
    connection.execute(update(sources).where(sources.c.name == name).values(values))


def failures_of(connection: Connection, name: str) -> int:
    """Count how often a source failed since it last went well."""
    told = connection.scalar(select(sources.c.failures).where(sources.c.name == name))
    return int(told or 0)


def count_day(
    connection: Connection,
    name: str,
    day: date,
    records: int,
    *,
    reread: int = 0,
    wanted: int | None = None,
) -> None:
    """Count what came of a day; it keeps the most that a run brought.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    name, day : str, date
        Whose day.
    records : int
        What came now, and will not come again where the run is gone on with.
    reread : int
        What came so far in this process, and will come again.
    wanted : int or None
        How many papers were asked about.
    """
    here = (source_days.c.source == name, source_days.c.day == day)
    had = connection.execute(select(source_days).where(*here)).one_or_none()
    this_run = (had.this_run if had else 0) + records
    counts = {"records": max(had.records if had else 0, this_run + reread), "this_run": this_run}
    if wanted is not None:
        counts["queried"] = max(wanted, (had.queried or 0) if had else 0)
    if had:
        connection.execute(update(source_days).where(*here).values(counts))
    else:
        connection.execute(insert(source_days).values(source=name, day=day, **counts))


def days_of(connection: Connection, name: str) -> dict[date, DayCount]:
    """Read what a source brought of each of its days."""
    rows = connection.execute(
        select(source_days.c.day, source_days.c.records, source_days.c.queried).where(
            source_days.c.source == name
        )
    )
    return {row.day: DayCount(row.records, row.queried) for row in rows}


def open_gaps(connection: Connection, name: str | None = None) -> list[Gap]:
    """List the gaps that were not filled yet, of one source or all, the oldest first."""
    wanted = select(gaps).where(gaps.c.filled_at.is_(None)).order_by(gaps.c.day, gaps.c.source)
    if name is not None:
        wanted = wanted.where(gaps.c.source == name)
    return [Gap(*row) for row in connection.execute(wanted)]


def gaps_of(connection: Connection, name: str) -> dict[date, Gap]:
    """Read all gaps of a source, filled ones too, by day."""
    rows = connection.execute(select(gaps).where(gaps.c.source == name))
    return {row.day: Gap(*row) for row in rows}


def upsert_gap(connection: Connection, gap: Gap) -> None:
    """Note that a day is a gap, or what is seen of it now."""
    here = (gaps.c.source == gap.source, gaps.c.day == gap.day)
    known = connection.execute(update(gaps).where(*here).values(reason=gap.why))
    if not known.rowcount:
        connection.execute(insert(gaps).values(_row_of(gap)))


def close_gap(connection: Connection, gap: Gap, now: datetime) -> None:
    """Note that what was missing of a day has come, or is given up."""
    here = (gaps.c.source == gap.source, gaps.c.day == gap.day)
    values = {"filled_at": now, "abandoned": gap.given_up}
    connection.execute(update(gaps).where(*here).values(values))


def spend(connection: Connection, site: str, day: date) -> int:
    """Count one more request to a site; gives the requests of that day."""
    here = (request_counts.c.site == site, request_counts.c.day == day)
    had = int(connection.scalar(select(request_counts.c.count).where(*here)) or 0)
    if had:
        connection.execute(update(request_counts).where(*here).values(count=had + 1))
    else:
        connection.execute(insert(request_counts).values(site=site, day=day, count=1))
    return had + 1


def papers_to_query(
    connection: Connection, name: str, before: datetime, limit: int, about: PaperFilter
) -> list[Paper]:
    """List papers to ask a source about: those with votes first, then the newest.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    name : str
        The source.
    before : datetime
        Those it was asked about since are left out.
    limit : int
        At most how many.
    about : About
        Which it can be asked about.
    """
    if about is PaperFilter.NONE:
        return []
    lately = select(source_queries.c.num).where(
        source_queries.c.source == name, source_queries.c.queried_at >= before
    )
    voted = select(func.count()).where(votes.c.num == papers.c.num).scalar_subquery()
    rows = connection.execute(
        select(*PAPER_COLUMNS)
        .where(papers.c.num.not_in(lately), _can_be_asked(about))
        .order_by(voted.desc(), papers.c.published.desc().nulls_last(), papers.c.num)
        .limit(limit)
    )
    return [paper_of(row) for row in rows]


def mark_queried(
    connection: Connection, name: str, paper_ids: Sequence[str], now: datetime
) -> None:
    """Note that a source was asked about papers."""
    nums = sorted(set(nums_of(connection, paper_ids).values()))
    if nums:
        clear_queried(connection, name, source_queries.c.num.in_(nums))
        rows = [{"source": name, "num": num, "queried_at": now} for num in nums]
        connection.execute(insert(source_queries), rows)


def clear_queried(connection: Connection, name: str, which: ColumnElement[bool]) -> None:
    """Let a source be asked again about papers."""
    connection.execute(delete(source_queries).where(source_queries.c.source == name, which))


def requeue_since(connection: Connection, name: str, since: datetime) -> None:
    """Let a source be asked again about what it was asked about since a time."""
    clear_queried(connection, name, source_queries.c.queried_at >= since)


def states(connection: Connection, mended_since: datetime) -> dict[str, SourceState]:
    """Read how each source fares that was ever asked.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    mended_since : datetime
        From when on filled gaps are told of.
    """
    brought = select(source_days.c.source, func.max(source_days.c.day)).where(
        source_days.c.records > 0
    )
    newest = {row[0]: row[1] for row in connection.execute(brought.group_by(source_days.c.source))}
    recent = or_(gaps.c.filled_at.is_(None), gaps.c.filled_at >= mended_since)
    told = [
        Gap(*row) for row in connection.execute(select(gaps).where(recent).order_by(gaps.c.day))
    ]
    return {
        row.name: SourceState(
            row.name,
            row.attempted_at,
            row.succeeded_at,
            row.failures,
            row.error,
            row.next_at,
            newest.get(row.name),
            tuple(gap for gap in told if gap.source == row.name and gap.filled_at is None),
            tuple(gap for gap in told if gap.source == row.name and gap.filled_at is not None),
        )
        for row in connection.execute(select(sources).order_by(sources.c.name))
    }


def _row_of(gap: Gap) -> dict[str, object]:
    return {
        "source": gap.source,
        "day": gap.day,
        "reason": gap.why,
        "found_at": gap.found_at,
        "filled_at": gap.filled_at,
        "abandoned": gap.given_up,
    }


def _can_be_asked(about: PaperFilter) -> ColumnElement[bool]:
    has_doi = papers.c.doi.is_not(None)
    if about is PaperFilter.WITH_DOI:
        return has_doi
    if about is PaperFilter.IDENTIFIED:
        return or_(papers.c.arxiv_id.is_not(None), has_doi)
    told = (papers.c.code_url, papers.c.comment, papers.c.abstract)
    sites = ("github.com/",) if about is PaperFilter.WITH_CODE else ("huggingface.co/", "hf.co/")
    return or_(*(and_(text.is_not(None), text.contains(site)) for text in told for site in sites))
