"""Read papers."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Text, bindparam, func, or_, select, type_coerce

from broadsheet.errors import NotFoundError
from broadsheet.model import Notice, Paper
from broadsheet.store.record import unpack
from broadsheet.store.tables import identifiers, papers, records

PAPER_COLUMNS = tuple(papers.c[field.name] for field in fields(Paper))
GONE = (Notice.WITHDRAWN, Notice.RETRACTED)
_IDS_AT_ONCE = 5_000
_CATEGORY_CHARS = 100
# Built once: making the statement takes longer than its answer.
_BY_NUM = select(*PAPER_COLUMNS, papers.c.num).where(
    papers.c.num.in_(bindparam("nums", expanding=True))
)


def paper_of(row: Sequence[Any]) -> Paper:
    """Make a paper of a row that holds :data:`PAPER_COLUMNS` first."""
    return Paper(*row[: len(PAPER_COLUMNS)])


def stands() -> ColumnElement[bool]:
    """Leave out what was withdrawn or retracted: it is no news to recommend."""
    return or_(papers.c.notice.is_(None), papers.c.notice.not_in(GONE))


def in_category(category: str) -> ColumnElement[bool]:
    """Choose papers that are in a category, the first or another."""
    # A name with half a character in it is that of no category.
    plain = category[:_CATEGORY_CHARS].encode("utf-8", "replace").decode()
    told = orjson.dumps(plain).decode()
    return type_coerce(papers.c.categories, Text).contains(told, autoescape=True)


def num_of(connection: Connection, paper_id: str) -> int:
    """Find the number of a paper by any id it has or had.

    Raises
    ------
    NotFoundError
        Where no paper has that id.
    """
    num = connection.scalar(select(identifiers.c.num).where(identifiers.c.identifier == paper_id))
    if num is None:
        raise NotFoundError(
            f"no paper {paper_id!r} in this library: search for its title, or import it"
        )
    return int(num)


def nums_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, int]:
    """Find the numbers of those of `paper_ids` that are known."""
    found = connection.execute(
        select(identifiers.c.identifier, identifiers.c.num).where(
            identifiers.c.identifier.in_(paper_ids)
        )
    )
    return {row.identifier: row.num for row in found}


def paper_by_num(connection: Connection, num: int) -> Paper:
    """Read one paper that exists."""
    return paper_of(connection.execute(select(*PAPER_COLUMNS).where(papers.c.num == num)).one())


def papers_by_num(connection: Connection, nums: Sequence[int]) -> dict[int, Paper]:
    """Read those of the numbered papers that still exist."""
    rows = connection.execute(_BY_NUM, {"nums": nums}).all()
    return {row[-1]: paper_of(row) for row in rows}


def existing_papers(connection: Connection, paper_ids: Sequence[str], limit: int) -> list[Paper]:
    """Read those of some papers that are here, in the order they are named, none twice."""
    nums = nums_of(connection, paper_ids)
    wanted = list(dict.fromkeys(nums[one] for one in paper_ids if one in nums))[:limit]
    found = papers_by_num(connection, wanted)
    return [found[num] for num in wanted if num in found]


def notices_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, Notice]:
    """Read what was said against papers; those in good standing are left out."""
    rows = connection.execute(
        select(identifiers.c.identifier, papers.c.notice)
        .join(papers, papers.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids), papers.c.notice.is_not(None))
    )
    return {row.identifier: row.notice for row in rows}


def newest_until(connection: Connection, day: date, limit: int) -> dict[int, Paper]:
    """Read the newest papers of a day and before it; those of unknown date come last."""
    rows = connection.execute(
        select(*PAPER_COLUMNS, papers.c.num)
        .where(or_(papers.c.published.is_(None), papers.c.published <= day.isoformat()), stands())
        .order_by(papers.c.published.desc().nulls_last(), papers.c.num)
        .limit(limit)
    )
    return {row[-1]: paper_of(row) for row in rows}


def ids_now(connection: Connection, paper_ids: Sequence[str]) -> dict[str, str]:
    """Tell the ids that papers go by now; those of no paper are left out."""
    told: dict[str, str] = {}
    for start in range(0, len(paper_ids), _IDS_AT_ONCE):
        some = paper_ids[start : start + _IDS_AT_ONCE]
        rows = connection.execute(
            select(identifiers.c.identifier, papers.c.id)
            .join(papers, papers.c.num == identifiers.c.num)
            .where(identifiers.c.identifier.in_(some))
        )
        told |= {row.identifier: row.id for row in rows}
    return told


def added_at(connection: Connection, nums: Sequence[int]) -> dict[int, datetime]:
    """Tell when each of these papers came into the library."""
    rows = connection.execute(select(papers.c.num, papers.c.added_at).where(papers.c.num.in_(nums)))
    return {row.num: row.added_at for row in rows}


def nums_newest_first(connection: Connection) -> list[int]:
    """List the numbers of all papers, newest first; those of unknown date come last."""
    newest = select(papers.c.num).order_by(papers.c.published.desc().nulls_last(), papers.c.num)
    return list(connection.scalars(newest))


def records_of(connection: Connection, num: int) -> list[tuple[str, Paper, datetime]]:
    """Read what each source said of a paper, in the order it was told."""
    rows = connection.execute(
        select(records.c.source, records.c.body, records.c.received_at)
        .where(records.c.num == num)
        .order_by(records.c.id)
    )
    return [(row.source, unpack(row.body), row.received_at) for row in rows]


def count(connection: Connection) -> int:
    """Count the papers."""
    return int(connection.scalar(select(func.count()).select_from(papers)) or 0)
