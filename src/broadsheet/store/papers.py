"""Read papers, by number, identifier or date."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    bindparam,
    case,
    func,
    or_,
    select,
    type_coerce,
)

from broadsheet.errors import NotFoundError
from broadsheet.model import Notice, Paper
from broadsheet.store.record import decode_record, title_hash
from broadsheet.store.tables import identifiers, papers, records

PAPER_COLUMNS = tuple(papers.c[field.name] for field in fields(Paper))
WITHDRAWN_OR_RETRACTED = (Notice.WITHDRAWN, Notice.RETRACTED)
_IDS_PER_QUERY = 5_000
_MAX_CATEGORY_CHARS = 100
# Built once: building the statement takes longer than executing it.
_BY_NUM = select(*PAPER_COLUMNS, papers.c.num).where(
    papers.c.num.in_(bindparam("nums", expanding=True))
)

_FACETS = select(papers.c.categories, papers.c.published).where(
    papers.c.num.in_(bindparam("nums", expanding=True))
)
_TITLES = select(papers.c.num, papers.c.title).where(
    or_(
        papers.c.num.in_(bindparam("nums", expanding=True)),
        papers.c.title_hash == bindparam("hash"),
    )
)


def paper_of(row: Sequence[Any]) -> Paper:
    """Return the paper of a row whose first columns are :data:`PAPER_COLUMNS`."""
    return Paper(*row[: len(PAPER_COLUMNS)])


def is_not_retracted() -> ColumnElement[bool]:
    """Return the condition that a paper is neither withdrawn nor retracted."""
    return or_(papers.c.notice.is_(None), papers.c.notice.not_in(WITHDRAWN_OR_RETRACTED))


def in_category(category: str) -> ColumnElement[bool]:
    """Return the condition that a paper has a category, primary or not."""
    # A lone surrogate cannot be encoded; its replacement matches no category.
    encodable = category[:_MAX_CATEGORY_CHARS].encode("utf-8", "replace").decode()
    quoted = orjson.dumps(encodable).decode()
    return type_coerce(papers.c.categories, Text).contains(quoted, autoescape=True)


def num_of(connection: Connection, paper_id: str) -> int:
    """Return the number of a paper, given any id that it has or had.

    Raises
    ------
    NotFoundError
        If no paper has that id.
    """
    num = connection.scalar(select(identifiers.c.num).where(identifiers.c.identifier == paper_id))
    if num is None:
        raise NotFoundError(
            f"no paper {paper_id!r} in this library: search for its title, or import it"
        )
    return int(num)


def nums_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of papers by id; unknown ids are omitted."""
    rows = connection.execute(
        select(identifiers.c.identifier, identifiers.c.num).where(
            identifiers.c.identifier.in_(paper_ids)
        )
    )
    return {row.identifier: row.num for row in rows}


def paper_by_num(connection: Connection, num: int) -> Paper:
    """Read the paper with this number, which must exist."""
    return paper_of(connection.execute(select(*PAPER_COLUMNS).where(papers.c.num == num)).one())


def papers_by_num(connection: Connection, nums: Sequence[int]) -> dict[int, Paper]:
    """Read papers by number; numbers of removed papers are omitted."""
    rows = connection.execute(_BY_NUM, {"nums": nums}).all()
    return {row[-1]: paper_of(row) for row in rows}


def categories_and_dates(
    connection: Connection, nums: Sequence[int]
) -> list[tuple[tuple[str, ...], str | None]]:
    """Read the categories and publication dates of papers, in any order."""
    rows = connection.execute(_FACETS, {"nums": nums})
    return [(row.categories, row.published) for row in rows]


def titles_of(connection: Connection, nums: Sequence[int], key: str) -> dict[int, str]:
    """Read the titles of papers by number, and of all papers with one normalised title.

    Parameters
    ----------
    connection : Connection
        The library.
    nums : sequence of int
        Paper numbers.
    key : str
        A title as :func:`broadsheet.rules.identity.title_key` returns it.
    """
    rows = connection.execute(_TITLES, {"nums": nums, "hash": title_hash(key)})
    return {row[0]: row[1] for row in rows}


def existing_papers(connection: Connection, paper_ids: Sequence[str], limit: int) -> list[Paper]:
    """Read at most `limit` papers in the order of their ids; skip unknown ids and duplicates."""
    nums = nums_of(connection, paper_ids)
    ordered = list(dict.fromkeys(nums[paper_id] for paper_id in paper_ids if paper_id in nums))
    found = papers_by_num(connection, ordered[:limit])
    return [found[num] for num in ordered[:limit] if num in found]


def notices_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, Notice]:
    """Read the notices of papers by id; papers without a notice are omitted."""
    rows = connection.execute(
        select(identifiers.c.identifier, papers.c.notice)
        .join(papers, papers.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids), papers.c.notice.is_not(None))
    )
    return {row.identifier: row.notice for row in rows}


def newest_until(connection: Connection, day: date, limit: int) -> dict[int, Paper]:
    """Read the newest papers published on or before a day; papers without a date are last."""
    until = or_(papers.c.published.is_(None), papers.c.published <= day.isoformat())
    rows = connection.execute(
        select(*PAPER_COLUMNS, papers.c.num)
        .where(until, is_not_retracted())
        .order_by(papers.c.published.desc().nulls_last(), papers.c.num)
        .limit(limit)
    )
    return {row[-1]: paper_of(row) for row in rows}


def current_ids(connection: Connection, paper_ids: Sequence[str]) -> dict[str, str]:
    """Return the current id of the paper of each id; unknown ids are omitted."""
    found: dict[str, str] = {}
    for start in range(0, len(paper_ids), _IDS_PER_QUERY):
        rows = connection.execute(
            select(identifiers.c.identifier, papers.c.id)
            .join(papers, papers.c.num == identifiers.c.num)
            .where(identifiers.c.identifier.in_(paper_ids[start : start + _IDS_PER_QUERY]))
        )
        found |= {row.identifier: row.id for row in rows}
    return found


def added_at_of_ids(connection: Connection, paper_ids: Sequence[str]) -> dict[str, datetime]:
    """Read when papers came into the library, by current id; others are omitted."""
    rows = connection.execute(
        select(papers.c.id, papers.c.added_at).where(papers.c.id.in_(paper_ids))
    )
    return {row.id: row.added_at for row in rows}


def added_at(connection: Connection, nums: Sequence[int]) -> dict[int, datetime]:
    """Return when each of these papers was added to the library (aware UTC)."""
    rows = connection.execute(select(papers.c.num, papers.c.added_at).where(papers.c.num.in_(nums)))
    return {row.num: row.added_at for row in rows}


def nums_only_from(connection: Connection, nums: Sequence[int], source: str) -> set[int]:
    """Return those of the papers whose records all came from one source."""
    of_source = func.sum(case((records.c.source == source, 0), else_=1))
    rows = connection.scalars(
        select(records.c.num)
        .where(records.c.num.in_(nums))
        .group_by(records.c.num)
        .having(of_source == 0)
    )
    return set(rows)


def nums_newest_first(connection: Connection) -> list[int]:
    """List the numbers of all papers, newest first; papers without a date are last."""
    newest = select(papers.c.num).order_by(papers.c.published.desc().nulls_last(), papers.c.num)
    return list(connection.scalars(newest))


def records_of(connection: Connection, num: int) -> list[tuple[str, Paper, datetime]]:
    """Read the records of a paper, oldest first: source, record, and time of receipt (UTC)."""
    rows = connection.execute(
        select(records.c.source, records.c.body, records.c.received_at)
        .where(records.c.num == num)
        .order_by(records.c.id)
    )
    return [(row.source, decode_record(row.body), row.received_at) for row in rows]


def count(connection: Connection) -> int:
    """Count the papers."""
    return int(connection.scalar(select(func.count()).select_from(papers)) or 0)
