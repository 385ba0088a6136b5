"""Inputs of the trending score as arrays, and the stored scores.

The scores are derived: they can be computed again at any time from signals, votes and papers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Select,
    any_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from broadsheet.model import Kind, Paper
from broadsheet.rules.gains import KINDS, Floats, Ints, Observations
from broadsheet.rules.totals import is_shared
from broadsheet.rules.trending import appearance_h, attention_start_h
from broadsheet.rules.vote_weight import Vote
from broadsheet.store.papers import PAPER_COLUMNS, in_category, is_not_retracted, paper_of
from broadsheet.store.sql_time import hours_of
from broadsheet.store.tables import changes, papers, signals, submissions, trends, votes

_DAY_CHARS = len("2026-02-20")
# Rows of more papers fall out of the processor's cache before they are arrays.
_BATCH_PAPERS = 2_000
_CODE = {kind.value: code for code, kind in enumerate(KINDS)}
_OBSERVATION = np.dtype(
    [("num", "i8"), ("kind", "i8"), ("source", "O"), ("value", "f8"), ("at_h", "f8")]
)


@dataclass(frozen=True, slots=True)
class PaperArrays:
    """The properties of papers that the score needs.

    Parameters
    ----------
    nums : ndarray of int64, shape (papers,)
        Paper numbers, ascending.
    appeared_h : ndarray of float64, shape (papers,)
        As :func:`broadsheet.rules.trending.appearance_h` returns it.
    started_h : ndarray of float64, shape (papers,)
        As :func:`broadsheet.rules.trending.attention_start_h` returns it.
    category : ndarray of int64, shape (papers,)
        Index of each paper's first category in `categories`.
    categories : tuple of str
        Names; the empty name stands for papers without a category.
    """

    nums: Ints
    appeared_h: Floats
    started_h: Floats
    category: Ints
    categories: tuple[str, ...]


def newest_positions(connection: Connection) -> tuple[int, int]:
    """Return the positions of the newest signal and of the newest change, 0 if there is none."""
    signal = connection.scalar(select(func.max(signals.c.id)))
    change = connection.scalar(select(func.max(changes.c.seq)))
    return int(signal or 0), int(change or 0)


def changed_since(connection: Connection, signal: int, change: int) -> list[int]:
    """List the numbers of papers with signals or changes after two positions.

    Positions are assigned under the lock that all writers share, until they have committed: once a
    position is visible, no lower one can appear.
    """
    observed = select(signals.c.num).where(signals.c.id > signal)
    changed = select(changes.c.num).where(changes.c.seq > change)
    return list(connection.scalars(union(observed, changed)))


def active_papers(connection: Connection, since: datetime, until: datetime) -> PaperArrays:
    """Read the papers that got attention or appeared between two moments.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    since, until : datetime
        Aware UTC.
    """
    return _paper_arrays(connection, papers.c.num.in_(_active(since, until)), until)


def numbered_papers(connection: Connection, nums: Sequence[int], until: datetime) -> PaperArrays:
    """Read papers by number, with or without attention; unknown numbers are skipped.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    nums : sequence of int
        Paper numbers, in any order.
    until : datetime
        Later submissions are skipped. Aware UTC.
    """
    return _paper_arrays(connection, _among(connection, papers.c.num, nums), until)


def _active(since: datetime, until: datetime) -> Select[Any]:
    observed = select(signals.c.num).where(signals.c.observed_at.between(since, until))
    voted = select(votes.c.num).where(votes.c.voted_at.between(since, until))
    # The date is that of the work, which may be announced days later.
    first, last = since.date().isoformat(), until.date().isoformat()
    dated = select(papers.c.num).where(papers.c.published.between(first, last))
    submitted = select(submissions.c.num).where(submissions.c.submitted_at.between(since, until))
    return select(union(observed, voted, dated, submitted).subquery().c.num)


def _paper_arrays(
    connection: Connection, is_chosen: ColumnElement[bool], until: datetime
) -> PaperArrays:
    first_submission = (
        select(submissions.c.num, func.min(submissions.c.submitted_at).label("at"))
        .where(submissions.c.submitted_at <= until)
        .group_by(submissions.c.num)
        .subquery()
    )
    rows = _plain_rows(
        connection,
        select(
            papers.c.num,
            papers.c.published,
            papers.c.categories,
            hours_of(papers.c.added_at),
            hours_of(first_submission.c.at),
        )
        .select_from(papers.outerjoin(first_submission, first_submission.c.num == papers.c.num))
        .where(is_not_retracted(), is_chosen)
        .order_by(papers.c.num),
    )
    num, published, categories, added, submitted = zip(*rows, strict=True) if rows else [()] * 5
    published_h = _day_hours(published)
    added_h, submitted_h = (np.array(times, dtype=np.float64) for times in (added, submitted))
    category, names = _first_categories(categories)
    return PaperArrays(
        np.array(num, dtype=np.int64),
        appearance_h(published_h, added_h, submitted_h),
        attention_start_h(published_h, added_h, submitted_h),
        category,
        names,
    )


def _day_hours(published: Sequence[str | None]) -> Floats:
    """Return the start of each date in hours since 1970; NaN for a date that names no day."""
    days = [date if date and len(date) == _DAY_CHARS else "NaT" for date in published]
    moments = np.array(days, dtype="datetime64[h]")
    hours = moments.astype(np.float64)
    hours[np.isnat(moments)] = np.nan
    return hours


def _first_categories(categories: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    """Return the index of the first category of each JSON list, and the names."""
    index: dict[str, int] = {}

    @cache
    def index_of(names: str) -> int:
        return index.setdefault(next(iter(orjson.loads(names)), ""), len(index))

    first = np.fromiter(map(index_of, categories), np.int64, len(categories))
    return first, tuple(index)


def observations(
    connection: Connection, nums: Ints, until: datetime
) -> Iterator[tuple[slice, Observations]]:
    """Read the observations of papers in batches; votes of readers are left out.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    nums : ndarray of int64, shape (papers,)
        Paper numbers, ascending.
    until : datetime
        Later observations are skipped. Aware UTC.

    Yields
    ------
    slice
        The papers of this batch in `nums`.
    Observations
        `paper` counts from the first of them.
    """
    # The order is that of an index. It includes the value for observations of one moment.
    order = [signals.c[name] for name in ("num", "kind", "source", "observed_at", "value")]
    query = (
        select(
            signals.c.num,
            case(_CODE, value=signals.c.kind),
            signals.c.source,
            signals.c.value,
            hours_of(signals.c.observed_at),
        )
        .where(signals.c.observed_at <= until, signals.c.kind != Kind.VOTES.value)
        .order_by(*order)
    )
    for start in range(0, len(nums), _BATCH_PAPERS):
        batch = slice(start, min(start + _BATCH_PAPERS, len(nums)))
        is_chosen = _among(connection, signals.c.num, nums[batch].tolist())
        rows = np.array(_plain_rows(connection, query.where(is_chosen)), dtype=_OBSERVATION)
        yield batch, _observations_of(rows, nums[batch])


def _observations_of(rows: NDArray[np.void], nums: Ints) -> Observations:
    starts = np.ones(len(rows), dtype=np.bool_)
    starts[1:] = False
    for name in ("num", "kind", "source"):
        starts[1:] |= rows[name][1:] != rows[name][:-1]
    first = rows[starts]
    shared = np.array(
        [
            is_shared(KINDS[kind], source)
            for kind, source in zip(first["kind"].tolist(), first["source"].tolist(), strict=True)
        ],
        dtype=np.bool_,
    )
    return Observations(
        paper=np.searchsorted(nums, rows["num"]),
        kind=rows["kind"],
        starts=starts,
        shared=shared[np.cumsum(starts) - 1],
        value=rows["value"],
        at_h=rows["at_h"],
    )


def _plain_rows(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """Return the driver's own rows: wrapping them takes as long as reading them."""
    cursor = connection.execute(statement).cursor
    assert cursor is not None
    return list(cursor.fetchall())


def votes_between(
    connection: Connection, since: datetime, until: datetime, nums: Sequence[int] | None = None
) -> list[Vote]:
    """Read the votes of readers cast between two moments, in order of time.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    since, until : datetime
        Aware UTC.
    nums : sequence of int, optional
        Only votes for these papers.
    """
    other = aliased(votes)
    reader_since = (
        select(func.min(other.c.voted_at))
        .where(other.c.reader_id == votes.c.reader_id)
        .scalar_subquery()
    )
    query = (
        select(
            votes.c.num,
            hours_of(votes.c.voted_at),
            votes.c.network,
            hours_of(reader_since),
            votes.c.reader_id,
        )
        .where(votes.c.voted_at.between(since, until))
        .order_by(votes.c.voted_at, votes.c.reader_id)
    )
    if nums is not None:
        query = query.where(_among(connection, votes.c.num, nums))
    return [Vote(*row) for row in connection.execute(query)]


def replace_scores(connection: Connection, nums: Ints, log_scores: Floats) -> None:
    """Store these scores and delete all others."""
    connection.execute(delete(trends))
    _insert(connection, nums, log_scores)


def update_scores(
    connection: Connection, rescored: Sequence[int], nums: Ints, log_scores: Floats
) -> None:
    """Store scores of some papers that were scored again; the others of these have none."""
    connection.execute(delete(trends).where(_among(connection, trends.c.num, rescored)))
    _insert(connection, nums, log_scores)


def _insert(connection: Connection, nums: Ints, log_scores: Floats) -> None:
    rows = list(zip(log_scores.tolist(), nums.tolist(), strict=True))
    # Written for the driver: for a million rows, half of the time would go into naming parameters.
    # A paper may have been merged into another since it was scored.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    insert = (
        f"INSERT INTO trends (num, log_score) SELECT num, {mark} FROM papers WHERE num = {mark}"  # noqa: S608
    )
    if rows:
        connection.exec_driver_sql(insert, rows)


def top_scored(
    connection: Connection,
    limit: int,
    after: tuple[float, int] | None = None,
    category: str | None = None,
) -> list[tuple[int, float, Paper]]:
    """List the papers with the highest scores, the highest first; ties in order of number.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    limit : int
        Maximum number of papers.
    after : (log_score, number) or None
        Only papers after this one.
    category : str or None
        Only papers of this category.

    Returns
    -------
    list of (number, log_score, Paper)
    """
    query = (
        select(*PAPER_COLUMNS, trends.c.num, trends.c.log_score)
        .join(papers, papers.c.num == trends.c.num)
        .where(is_not_retracted())
        .order_by(trends.c.log_score.desc(), trends.c.num)
        .limit(limit)
    )
    if after is not None:
        log_score, num = after
        # The first condition lets the index seek to the place.
        query = query.where(
            trends.c.log_score <= log_score, or_(trends.c.log_score < log_score, trends.c.num > num)
        )
    if category is not None:
        query = query.where(in_category(category))
    rows = connection.execute(query).all()
    return [(row[-2], row[-1], paper_of(row)) for row in rows]


def scores_of(connection: Connection, nums: Sequence[int]) -> dict[int, float]:
    """Read the log scores of papers; papers without one are left out."""
    rows = connection.execute(
        select(trends.c.num, trends.c.log_score).where(_among(connection, trends.c.num, nums))
    )
    return {row.num: row.log_score for row in rows}


def _among(connection: Connection, column: Column[int], nums: Sequence[int]) -> ColumnElement[bool]:
    """Match a column against any number of numbers, passed as one parameter.

    Writing a parameter for each takes longer than reading its rows, and their number is limited.
    """
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(nums), ARRAY(BigInteger)))
    values = func.json_each(orjson.dumps(list(nums)).decode()).table_valued("value")
    return column.in_(select(values.c.value))
