"""Make a paper of its records, give it its names, and log that it changed."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from broadsheet.model import Paper
from broadsheet.rules.identity import paper_id, title_key
from broadsheet.rules.merging import merge
from broadsheet.store.papers import nums_of, paper_by_num, records_of
from broadsheet.store.record import title_hash
from broadsheet.store.tables import changes, identifiers, papers

_FIELDS = tuple(field.name for field in fields(Paper))


def names_of(paper: Paper) -> list[str]:
    """List the ids that lead to a paper."""
    told = [paper.id, *paper.ids]
    if paper.arxiv_id:
        told.append(f"arxiv:{paper.arxiv_id}")
    if paper.doi:
        told.append(f"doi:{paper.doi}")
    return list(dict.fromkeys(told))


def store_names(connection: Connection, pairs: Sequence[tuple[str, int]]) -> None:
    """Give names to papers; a name that is taken stays with the paper that had it first."""
    make = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        make(identifiers).on_conflict_do_nothing(),
        [{"identifier": name, "num": num} for name, num in pairs],
    )


def recompute(connection: Connection, num: int) -> bool:
    """Merge a paper's records anew; tell whether that changed it."""
    before = paper_by_num(connection, num)
    told = merge([(source, paper) for source, paper, _ in records_of(connection, num)])
    after = _with_its_own(connection, num, told)
    if after == before:
        return False
    connection.execute(
        update(papers)
        .where(papers.c.num == num)
        .values(
            {name: getattr(after, name) for name in _FIELDS}
            | {"title_hash": title_hash(title_key(after.title))}
        )
    )
    store_names(connection, [(name, num) for name in names_of(after)])
    return True


def _with_its_own(connection: Connection, num: int, paper: Paper) -> Paper:
    """Leave out the identifiers that are another paper's: two may not go by the same."""
    wanted = names_of(paper)
    owners = nums_of(connection, wanted)
    others = {name for name, owner in owners.items() if owner != num}
    same_id = select(papers.c.id).where(papers.c.id.in_(wanted), papers.c.num != num)
    others |= set(connection.scalars(same_id))
    if not others:
        return paper
    arxiv_id = None if f"arxiv:{paper.arxiv_id}" in others else paper.arxiv_id
    doi = None if f"doi:{paper.doi}" in others else paper.doi
    ids = tuple(one for one in paper.ids if one not in others)
    own_id = paper_id(paper.title, next(iter(paper.authors), None), arxiv_id, doi, ids)
    if own_id in others:
        own_id = paper_id(f"{paper.title} {num}", None)
    return replace(
        paper,
        id=own_id,
        arxiv_id=arxiv_id,
        doi=doi,
        ids=ids,
    )


def log_changes(connection: Connection, nums: Iterable[int]) -> None:
    """Write into the change log that papers were added, changed or removed."""
    rows = [{"num": num} for num in nums]
    if rows:
        connection.execute(insert(changes), rows)
