"""What trending is made of, read as arrays, and the levels it comes to.

The levels are derived: they can be made anew at any time from signals, votes and texts.
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
from broadsheet.rules.trending import KINDS, Floats, Ints, Readings, appeared, began
from broadsheet.rules.vote_weight import Ballot
from broadsheet.store.papers import PAPER_COLUMNS, in_category, is_not_retracted, paper_of
from broadsheet.store.sql_time import hours_of
from broadsheet.store.tables import changes, papers, signals, submissions, trends, votes

# Rows of more papers fall out of the processor's cache before they are arrays.
_DAY_CHARS = len("2026-02-20")
_PAPERS_AT_ONCE = 2_000
_CODE = {kind.value: code for code, kind in enumerate(KINDS)}
_READING = np.dtype(
    [("num", "i8"), ("kind", "i8"), ("source", "O"), ("value", "f8"), ("at_h", "f8")]
)


@dataclass(frozen=True, slots=True)
class Subjects:
    """Papers that may rise, and when each appeared.

    Parameters
    ----------
    nums : ndarray of int64, shape (papers,)
        Their numbers, in order.
    appeared_h : ndarray of float64, shape (papers,)
        Hours since 1970; NaN where nobody knows.
    began_h : ndarray of float64, shape (papers,)
        Since when their attention may have come, likewise.
    category : ndarray of int64, shape (papers,)
        The first category of each, as an index into `categories`.
    categories : tuple of str
        Empty for those that have none.
    """

    nums: Ints
    appeared_h: Floats
    began_h: Floats
    category: Ints
    categories: tuple[str, ...]


def newest(connection: Connection) -> tuple[int, int]:
    """Give the positions of the newest reading and the newest change, 0 where there is none."""
    signal = connection.scalar(select(func.max(signals.c.id)))
    change = connection.scalar(select(func.max(changes.c.seq)))
    return int(signal or 0), int(change or 0)


def changed_since(connection: Connection, signal: int, change: int) -> list[int]:
    """List the papers with readings or changes after two positions.

    Positions are given out under the lock that all writers share, until they have committed: once
    one is seen, none before it is still to come.
    """
    read = select(signals.c.num).where(signals.c.id > signal)
    changed = select(changes.c.num).where(changes.c.seq > change)
    return list(connection.scalars(union(read, changed)))


def subjects(
    connection: Connection, since: datetime, until: datetime, nums: Sequence[int] | None = None
) -> Subjects:
    """List the papers that got attention or appeared between two moments.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    since, until : datetime
        Aware UTC.
    nums : sequence of int, optional
        Only these papers, whether or not anything came of them.
    """
    forward = (
        select(submissions.c.num, func.min(submissions.c.submitted_at).label("at"))
        .where(submissions.c.submitted_at <= until)
        .group_by(submissions.c.num)
        .subquery()
    )
    wanted = (
        select(
            papers.c.num,
            papers.c.published,
            papers.c.categories,
            hours_of(papers.c.added_at),
            hours_of(forward.c.at),
        )
        .select_from(papers.outerjoin(forward, forward.c.num == papers.c.num))
        .where(is_not_retracted())
        .order_by(papers.c.num)
    )
    chosen = (
        papers.c.num.in_(_moving(since, until))
        if nums is None
        else _among(connection, papers.c.num, nums)
    )
    return _subjects_of(_plain_rows(connection, wanted.where(chosen)))


def _moving(since: datetime, until: datetime) -> Select[Any]:
    read = select(signals.c.num).where(signals.c.observed_at.between(since, until))
    cast = select(votes.c.num).where(votes.c.voted_at.between(since, until))
    first, last = since.date().isoformat(), until.date().isoformat()
    # A date is that of the work, and it may be announced days later.
    dated = select(papers.c.num).where(papers.c.published.between(first, last))
    put = select(submissions.c.num).where(submissions.c.submitted_at.between(since, until))
    return select(union(read, cast, dated, put).subquery().c.num)


def _subjects_of(rows: Sequence[tuple[Any, ...]]) -> Subjects:
    num, date, told, added, submitted = zip(*rows, strict=True) if rows else [()] * 5
    # A date that names no day says too little of when attention began.
    days = [one if one and len(one) == _DAY_CHARS else "NaT" for one in date]
    dates = np.array(days, dtype="datetime64[h]")
    published = dates.astype(np.float64)
    published[np.isnat(dates)] = np.nan
    names: dict[str, int] = {}

    @cache
    def code_of(categories: str) -> int:
        first = next(iter(orjson.loads(categories)), "")
        return names.setdefault(first, len(names))

    added_h, submitted_h = (np.array(one, dtype=np.float64) for one in (added, submitted))
    return Subjects(
        np.array(num, dtype=np.int64),
        appeared(published, added_h, submitted_h),
        began(published, added_h, submitted_h),
        np.fromiter(map(code_of, told), np.int64, len(told)),
        tuple(names),
    )


def readings(
    connection: Connection, nums: Ints, until: datetime
) -> Iterator[tuple[slice, Readings]]:
    """Read the attention that papers got, but for local votes, some papers at a time.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    nums : ndarray of int64, shape (papers,)
        Which, in order.
    until : datetime
        Later readings are left out. Aware UTC.

    Yields
    ------
    slice
        Of `nums`: the papers these readings are of.
    Readings
        `paper` counts from the first of them.
    """
    # With the value, as two may be of one moment, and the order is that of an index.
    order = [signals.c[name] for name in ("num", "kind", "source", "observed_at", "value")]
    wanted = (
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
    for start in range(0, len(nums), _PAPERS_AT_ONCE):
        part = slice(start, min(start + _PAPERS_AT_ONCE, len(nums)))
        some = _among(connection, signals.c.num, nums[part].tolist())
        rows = np.array(_plain_rows(connection, wanted.where(some)), dtype=_READING)
        yield part, _readings_of(rows, nums[part])


def _readings_of(rows: NDArray[np.void], nums: Ints) -> Readings:
    starts = np.ones(len(rows), dtype=np.bool_)
    starts[1:] = False
    for name in ("num", "kind", "source"):
        starts[1:] |= rows[name][1:] != rows[name][:-1]
    paper = np.searchsorted(nums, rows["num"])
    return Readings(paper, rows["kind"], starts, rows["value"], rows["at_h"])


def _plain_rows(connection: Connection, statement: Select[Any]) -> list[tuple[Any, ...]]:
    """Give what the driver gives: to make rows of it takes as long as to read it."""
    cursor = connection.execute(statement).cursor
    assert cursor is not None
    return list(cursor.fetchall())


def ballots(
    connection: Connection, since: datetime, until: datetime, nums: Sequence[int] | None = None
) -> list[Ballot]:
    """Read the local votes cast between two moments, in order of time."""
    first = aliased(votes)
    known = (
        select(func.min(first.c.voted_at))
        .where(first.c.reader_id == votes.c.reader_id)
        .scalar_subquery()
    )
    wanted = (
        select(votes.c.num, hours_of(votes.c.voted_at), votes.c.network, hours_of(known))
        .where(votes.c.voted_at.between(since, until))
        .order_by(votes.c.voted_at, votes.c.reader_id)
    )
    if nums is not None:
        wanted = wanted.where(_among(connection, votes.c.num, nums))
    return [Ballot(*row) for row in connection.execute(wanted)]


def replace_scores(connection: Connection, nums: Ints, levels: Floats) -> None:
    """Keep these levels and no others."""
    connection.execute(delete(trends))
    _insert(connection, nums, levels)


def update_scores(connection: Connection, asked: Sequence[int], nums: Ints, levels: Floats) -> None:
    """Keep the levels of some of the papers asked about; the rest of these have none."""
    connection.execute(delete(trends).where(_among(connection, trends.c.num, asked)))
    _insert(connection, nums, levels)


def _insert(connection: Connection, nums: Ints, levels: Floats) -> None:
    rows = list(zip(levels.tolist(), nums.tolist(), strict=True))
    # Written for the driver: of a million rows, half the time would go into naming parameters. A
    # paper may have gone into another since it was scored.
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    keep = f"INSERT INTO trends (num, log_score) SELECT num, {mark} FROM papers WHERE num = {mark}"  # noqa: S608
    if rows:
        connection.exec_driver_sql(keep, rows)


def highest(
    connection: Connection,
    limit: int,
    after: tuple[float, int] | None = None,
    category: str | None = None,
) -> list[tuple[int, float, Paper]]:
    """List the papers that stand highest.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    limit : int
        How many at most.
    after : (level, number) or None
        Only those that come after this one.
    category : str or None
        Only papers of this category.

    Returns
    -------
    list of (number, level, Paper)
        The highest first.
    """
    wanted = (
        select(*PAPER_COLUMNS, trends.c.num, trends.c.log_score)
        .join(papers, papers.c.num == trends.c.num)
        .where(is_not_retracted())
        .order_by(trends.c.log_score.desc(), trends.c.num)
        .limit(limit)
    )
    if after is not None:
        level, num = after
        # The first condition lets the index begin there.
        wanted = wanted.where(
            trends.c.log_score <= level, or_(trends.c.log_score < level, trends.c.num > num)
        )
    if category is not None:
        wanted = wanted.where(in_category(category))
    rows = connection.execute(wanted).all()
    return [(row[-2], row[-1], paper_of(row)) for row in rows]


def scores_of(connection: Connection, nums: Sequence[int]) -> dict[int, float]:
    """Read the levels of papers; those without one are left out."""
    rows = connection.execute(
        select(trends.c.num, trends.c.log_score).where(_among(connection, trends.c.num, nums))
    )
    return {row.num: row.log_score for row in rows}


def _among(connection: Connection, column: Column[int], nums: Sequence[int]) -> ColumnElement[bool]:
    """Choose rows by any number of numbers, given as one parameter.

    A parameter for each takes longer to write than its rows to read, and there is a limit to them.
    """
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, list(nums), ARRAY(BigInteger)))
    told = func.json_each(orjson.dumps(list(nums)).decode()).table_valued("value")
    return column.in_(select(told.c.value))
