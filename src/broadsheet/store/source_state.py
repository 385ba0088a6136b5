"""State of sources: cursors, day counts, gaps, daily request counts and looked-up papers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
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
    """Return the cursor of a source's last stored batch; empty before the first."""
    cursor = connection.scalar(select(sources.c.cursor).where(sources.c.name == name))
    return dict(orjson.loads(cursor)) if cursor else {}


def forget_sources(connection: Connection, names: Collection[str]) -> None:
    """Delete the state of sources that are not fetched again."""
    for table, column in ((source_days, "source"), (gaps, "source"), (sources, "name")):
        connection.execute(delete(table).where(table.c[column].in_(names)))


def store_cursor(connection: Connection, name: str, cursor: Mapping[str, str]) -> None:
    """Store the cursor of a batch, in the transaction that stores the batch."""
    text = orjson.dumps(dict(cursor)).decode()
    connection.execute(update(sources).where(sources.c.name == name).values(cursor=text))


def begin(connection: Connection, name: str, scope: str, now: datetime) -> None:
    """Record the start of a run.

    After a run that failed but moved the cursor, the counts of that run continue. If the scope
    changed, the day counts and gaps are deleted, as they are not comparable.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction.
    name : str
        Name of the source.
    scope : str
        What is fetched from it, such as arXiv categories.
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
    succeeded = state.error is None and state.next_at is not None
    if succeeded or state.cursor == state.run_start_cursor:
        connection.execute(
            update(source_days).where(source_days.c.source == name).values(this_run=0)
        )
        values["run_start_cursor"] = state.cursor
    connection.execute(update(sources).where(sources.c.name == name).values(values))


def ensure_source(connection: Connection, name: str, scope: str) -> None:
    """Insert a source if it is missing, for a run that does not count towards its days."""
    existing = select(sources.c.name).where(sources.c.name == name)
    if connection.scalar(existing) is None:
        connection.execute(insert(sources).values(name=name, scope=scope, failures=0))


def finish(
    connection: Connection, name: str, now: datetime, error: str | None, next_at: datetime
) -> None:
    """Record the end of a run and the time of the next."""
    # PostgreSQL text cannot contain NUL.
    text = None if error is None else error.replace("\0", "")
    values: dict[str, object] = {"error": text, "next_at": next_at}
    if error is None:
        values |= {"succeeded_at": now, "failures": 0}
    else:
        values["failures"] = sources.c.failures + 1
    connection.execute(update(sources).where(sources.c.name == name).values(values))


def failures_of(connection: Connection, name: str) -> int:
    """Return the number of failed runs since the last success."""
    failures = connection.scalar(select(sources.c.failures).where(sources.c.name == name))
    return int(failures or 0)


def count_day(
    connection: Connection,
    name: str,
    day: date,
    records: int,
    *,
    reread: int = 0,
    queried: int | None = None,
) -> None:
    """Add to the record count of a day; the highest count of any run is stored.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A write transaction.
    name, day : str, date
        The source and its day.
    records : int
        Records of a batch with a cursor; a resumed run does not receive them again.
    reread : int
        Records of this run's batches without a cursor; a resumed run receives them again.
    queried : int or None
        Number of papers looked up.
    """
    is_day = (source_days.c.source == name, source_days.c.day == day)
    row = connection.execute(select(source_days).where(*is_day)).one_or_none()
    this_run = (row.this_run if row else 0) + records
    counts = {"records": max(row.records if row else 0, this_run + reread), "this_run": this_run}
    if queried is not None:
        counts["queried"] = max(queried, (row.queried or 0) if row else 0)
    if row:
        connection.execute(update(source_days).where(*is_day).values(counts))
    else:
        connection.execute(insert(source_days).values(source=name, day=day, **counts))


def days_of(connection: Connection, name: str) -> dict[date, DayCount]:
    """Return the counts of a source by day."""
    rows = connection.execute(
        select(source_days.c.day, source_days.c.records, source_days.c.queried).where(
            source_days.c.source == name
        )
    )
    return {row.day: DayCount(row.records, row.queried) for row in rows}


def open_gaps(connection: Connection, name: str | None = None) -> list[Gap]:
    """List the open gaps of one source or all, the oldest first."""
    query = select(gaps).where(gaps.c.filled_at.is_(None)).order_by(gaps.c.day, gaps.c.source)
    if name is not None:
        query = query.where(gaps.c.source == name)
    return [Gap(*row) for row in connection.execute(query)]


def gaps_of(connection: Connection, name: str) -> dict[date, Gap]:
    """Return all gaps of a source, open and closed, by day."""
    rows = connection.execute(select(gaps).where(gaps.c.source == name))
    return {row.day: Gap(*row) for row in rows}


def upsert_gap(connection: Connection, gap: Gap) -> None:
    """Insert a gap, or update its reason."""
    is_gap = (gaps.c.source == gap.source, gaps.c.day == gap.day)
    updated = connection.execute(update(gaps).where(*is_gap).values(reason=gap.reason))
    if not updated.rowcount:
        connection.execute(insert(gaps).values(asdict(gap)))


def close_gap(connection: Connection, gap: Gap, now: datetime) -> None:
    """Close a gap whose records arrived or that is abandoned."""
    is_gap = (gaps.c.source == gap.source, gaps.c.day == gap.day)
    values = {"filled_at": now, "abandoned": gap.abandoned}
    connection.execute(update(gaps).where(*is_gap).values(values))


def spend(connection: Connection, site: str, day: date) -> int:
    """Count one request to a site and return the day's total."""
    is_day = (request_counts.c.site == site, request_counts.c.day == day)
    count = int(connection.scalar(select(request_counts.c.count).where(*is_day)) or 0)
    if count:
        connection.execute(update(request_counts).where(*is_day).values(count=count + 1))
    else:
        connection.execute(insert(request_counts).values(site=site, day=day, count=1))
    return count + 1


def papers_to_query(
    connection: Connection, name: str, before: datetime, limit: int, paper_filter: PaperFilter
) -> list[Paper]:
    """List the papers that a source looks up next: those with votes first, then the newest.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A read transaction.
    name : str
        Name of the source.
    before : datetime
        Papers looked up since then are left out.
    limit : int
        Most papers returned.
    paper_filter : PaperFilter
        Which papers the source looks up.
    """
    if paper_filter is PaperFilter.NONE:
        return []
    recent = select(source_queries.c.num).where(
        source_queries.c.source == name, source_queries.c.queried_at >= before
    )
    vote_count = select(func.count()).where(votes.c.num == papers.c.num).scalar_subquery()
    rows = connection.execute(
        select(*PAPER_COLUMNS)
        .where(papers.c.num.not_in(recent), _matches(paper_filter))
        .order_by(vote_count.desc(), papers.c.published.desc().nulls_last(), papers.c.num)
        .limit(limit)
    )
    return [paper_of(row) for row in rows]


def mark_queried(
    connection: Connection, name: str, paper_ids: Sequence[str], now: datetime
) -> None:
    """Record that papers were looked up."""
    nums = sorted(set(nums_of(connection, paper_ids).values()))
    if nums:
        clear_queried(connection, name, source_queries.c.num.in_(nums))
        rows = [{"source": name, "num": num, "queried_at": now} for num in nums]
        connection.execute(insert(source_queries), rows)


def clear_queried(connection: Connection, name: str, condition: ColumnElement[bool]) -> None:
    """Delete look-ups of a source, so that the papers are looked up again."""
    connection.execute(delete(source_queries).where(source_queries.c.source == name, condition))


def requeue_since(connection: Connection, name: str, since: datetime) -> None:
    """Delete the look-ups since a time, so that the papers are looked up again."""
    clear_queried(connection, name, source_queries.c.queried_at >= since)


def states(connection: Connection, closed_since: datetime) -> dict[str, SourceState]:
    """Return the state of each source that was ever fetched, by name.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A read transaction.
    closed_since : datetime
        Gaps closed before that are left out.
    """
    newest_days = select(source_days.c.source, func.max(source_days.c.day)).where(
        source_days.c.records > 0
    )
    newest = {
        row[0]: row[1] for row in connection.execute(newest_days.group_by(source_days.c.source))
    }
    recent = or_(gaps.c.filled_at.is_(None), gaps.c.filled_at >= closed_since)
    listed = [
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
            tuple(gap for gap in listed if gap.source == row.name and gap.filled_at is None),
            tuple(gap for gap in listed if gap.source == row.name and gap.filled_at is not None),
        )
        for row in connection.execute(select(sources).order_by(sources.c.name))
    }


def _matches(paper_filter: PaperFilter) -> ColumnElement[bool]:
    has_doi = papers.c.doi.is_not(None)
    if paper_filter is PaperFilter.WITH_DOI:
        return has_doi
    if paper_filter is PaperFilter.IDENTIFIED:
        return or_(papers.c.arxiv_id.is_not(None), has_doi)
    texts = (papers.c.code_url, papers.c.comment, papers.c.abstract)
    sites = (
        ("github.com/",) if paper_filter is PaperFilter.WITH_CODE else ("huggingface.co/", "hf.co/")
    )
    return or_(*(and_(text.is_not(None), text.contains(site)) for text in texts for site in sites))
