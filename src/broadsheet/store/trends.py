"""What trending is made of, read as arrays, and the levels it comes to.

The levels are derived: they can be made anew at any time from signals, votes and texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, union
from sqlalchemy.orm import aliased

from broadsheet.model import Kind, Paper
from broadsheet.rules.ballot import Ballot
from broadsheet.rules.trending import KINDS, Floats, Ints, Readings, appeared
from broadsheet.store.moments import hours_of
from broadsheet.store.papers import PAPER_COLUMNS, in_category, paper_of, stands
from broadsheet.store.tables import changes, papers, signals, submissions, trends, votes

_ROWS = 100_000
_NUMS = 500
_CODE = {kind.value: code for code, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Subjects:
    """Papers that may rise, and when each appeared.

    Parameters
    ----------
    nums : ndarray of int64, shape (papers,)
        Their numbers, in order.
    appeared_h : ndarray of float64, shape (papers,)
        Hours since 1970; NaN where nobody knows.
    category : tuple of str
        The first category of each, empty where it has none.
    """

    nums: Ints
    appeared_h: Floats
    category: tuple[str, ...]


def moved_since(connection: Connection, signal: int, change: int) -> tuple[list[int], int, int]:
    """List the papers with readings or changes after two positions, and the newest positions."""
    newest_signal = int(connection.scalar(select(func.max(signals.c.id))) or 0)
    newest_change = int(connection.scalar(select(func.max(changes.c.seq))) or 0)
    read = select(signals.c.num).where(signals.c.id > signal)
    changed = select(changes.c.num).where(changes.c.seq > change)
    nums = connection.scalars(union(read, changed)) if signal or change else ()
    return list(nums), newest_signal, newest_change


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
        .where(stands())
        .order_by(papers.c.num)
    )
    if nums is None:
        wanted = wanted.where(papers.c.num.in_(_moving(since, until)))
        return _subjects_of(connection.execute(wanted).all())
    rows = [
        row
        for some in _some_by_some(sorted(nums))
        for row in connection.execute(wanted.where(papers.c.num.in_(some)))
    ]
    return _subjects_of(rows)


def _moving(since: datetime, until: datetime) -> Select[Any]:
    read = select(signals.c.num).where(signals.c.observed_at.between(since, until))
    cast = select(votes.c.num).where(votes.c.voted_at.between(since, until))
    first, last = since.date().isoformat(), until.date().isoformat()
    # A date is that of the work, and it may be announced days later.
    dated = select(papers.c.num).where(papers.c.published.between(first, last))
    put = select(submissions.c.num).where(submissions.c.submitted_at.between(since, until))
    return select(union(read, cast, dated, put).subquery().c.num)


def _subjects_of(rows: Sequence[Row[Any]]) -> Subjects:
    dates = np.array([row.published or "NaT" for row in rows], dtype="datetime64[h]")
    published = dates.astype(np.float64)
    published[np.isnat(dates)] = np.nan
    added, submitted = (np.array([row[at] for row in rows], dtype=np.float64) for at in (3, 4))
    return Subjects(
        np.array([row.num for row in rows], dtype=np.int64),
        appeared(published, added, submitted),
        tuple(row.categories[0] if row.categories else "" for row in rows),
    )


def readings(
    connection: Connection,
    nums: Ints,
    since: datetime | None,
    until: datetime,
) -> Readings:
    """Read the attention that papers got, but for local votes.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    nums : ndarray of int64, shape (papers,)
        Which, in order.
    since : datetime or None
        Where given, the papers are those with a reading since then, among others; it is what
        they are found by. Else they are found by number.
    until : datetime
        Later readings are left out. Aware UTC.

    Returns
    -------
    Readings
        `paper` is an index into `nums`.
    """
    order = (signals.c.num, signals.c.kind, signals.c.source, signals.c.observed_at)
    wanted = (
        select(*order[:3], signals.c.value, hours_of(signals.c.observed_at))
        .where(signals.c.observed_at <= until, signals.c.kind != Kind.VOTES.value)
        .order_by(*order)
    )
    if since is None:
        some = [wanted.where(signals.c.num.in_(part)) for part in _some_by_some(nums.tolist())]
    else:
        moving = aliased(signals)
        read = select(moving.c.num).where(moving.c.observed_at.between(since, until))
        some = [wanted.where(signals.c.num.in_(read))]
    parts = [part for statement in some for part in _parts(connection, statement)]
    if not parts:
        none: Ints = np.zeros(0, dtype=np.int64)
        return Readings(none, none, none.astype(np.bool_), np.zeros(0), np.zeros(0))
    num, kind, starts, value, at_h = (np.concatenate(column) for column in zip(*parts, strict=True))
    place = np.searchsorted(nums, num)
    known = np.isin(num, nums)
    return Readings(place[known], kind[known], starts[known], value[known], at_h[known])


def _parts(connection: Connection, statement: Select[Any]) -> Iterator[tuple[Any, ...]]:
    """Give rows as columns of arrays, some at a time, so that few are held as objects."""
    rows = connection.execution_options(yield_per=_ROWS).execute(statement)
    before: tuple[Any, ...] | None = None
    for part in rows.partitions():
        num, kind, source, value, at_h = zip(*part, strict=True)
        nums = np.array(num, dtype=np.int64)
        kinds = np.array([_CODE[one] for one in kind], dtype=np.int64)
        sources = np.array(source, dtype=object)
        starts = np.ones(len(nums), dtype=np.bool_)
        starts[1:] = (
            (nums[1:] != nums[:-1]) | (kinds[1:] != kinds[:-1]) | (sources[1:] != sources[:-1])
        )
        starts[0] = before != (num[0], kind[0], source[0])
        before = (num[-1], kind[-1], source[-1])
        yield (
            nums,
            kinds,
            starts,
            np.array(value, dtype=np.float64),
            np.array(at_h, dtype=np.float64),
        )


def ballots(
    connection: Connection, since: datetime, until: datetime, nums: Sequence[int] | None = None
) -> list[Ballot]:
    """Read the local votes cast between two moments, in order of time."""
    first = aliased(votes)
    known = (
        select(func.min(first.c.voted_at)).where(first.c.reader == votes.c.reader).scalar_subquery()
    )
    wanted = (
        select(votes.c.num, hours_of(votes.c.voted_at), votes.c.network, hours_of(known))
        .where(votes.c.voted_at.between(since, until))
        .order_by(votes.c.voted_at, votes.c.reader)
    )
    if nums is None:
        return [Ballot(*row) for row in connection.execute(wanted)]
    return [
        Ballot(*row)
        for some in _some_by_some(nums)
        for row in connection.execute(wanted.where(votes.c.num.in_(some)))
    ]


def replace_levels(connection: Connection, nums: Ints, levels: Floats) -> None:
    """Keep these levels and no others."""
    connection.execute(delete(trends))
    _insert(connection, nums, levels)


def change_levels(connection: Connection, asked: Sequence[int], nums: Ints, levels: Floats) -> None:
    """Keep the levels of some of the papers asked about; the rest of these have none."""
    for some in _some_by_some(asked):
        connection.execute(delete(trends).where(trends.c.num.in_(some)))
    _insert(connection, nums, levels)


def _insert(connection: Connection, nums: Ints, levels: Floats) -> None:
    rows = [
        {"num": num, "level": level}
        for num, level in zip(nums.tolist(), levels.tolist(), strict=True)
    ]
    if rows:
        connection.execute(insert(trends), rows)


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
        select(*PAPER_COLUMNS, trends.c.num, trends.c.level)
        .join(papers, papers.c.num == trends.c.num)
        .where(stands())
        .order_by(trends.c.level.desc(), trends.c.num)
        .limit(limit)
    )
    if after is not None:
        level, num = after
        same = (trends.c.level == level) & (trends.c.num > num)
        wanted = wanted.where(or_(trends.c.level < level, same))
    if category is not None:
        wanted = wanted.where(in_category(category))
    rows = connection.execute(wanted).all()
    return [(row[-2], row[-1], paper_of(row)) for row in rows]


def levels_of(connection: Connection, nums: Sequence[int]) -> dict[int, float]:
    """Read the levels of papers; those without one are left out."""
    rows = connection.execute(select(trends.c.num, trends.c.level).where(trends.c.num.in_(nums)))
    return {row.num: row.level for row in rows}


def _some_by_some(nums: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(nums), _NUMS):
        yield nums[start : start + _NUMS]
