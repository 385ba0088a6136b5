"""Compute a paper from its records, store its identifiers, and log the change."""

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


def identifiers_of(paper: Paper) -> list[str]:
    """List the identifiers of a paper, its id first, without duplicates."""
    found = [paper.id, *paper.ids]
    if paper.arxiv_id:
        found.append(f"arxiv:{paper.arxiv_id}")
    if paper.doi:
        found.append(f"doi:{paper.doi}")
    return list(dict.fromkeys(found))


def insert_identifiers(connection: Connection, pairs: Sequence[tuple[str, int]]) -> None:
    """Store (identifier, paper number) pairs; skip identifiers that are already stored."""
    insert_row = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(
        insert_row(identifiers).on_conflict_do_nothing(),
        [{"identifier": identifier, "num": num} for identifier, num in pairs],
    )


def recompute(connection: Connection, num: int) -> bool:
    """Merge the records of a paper and store the result; return whether the paper changed."""
    before = paper_by_num(connection, num)
    merged = merge([(source, paper) for source, paper, _ in records_of(connection, num)])
    after = _without_taken_identifiers(connection, num, merged)
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
    insert_identifiers(connection, [(identifier, num) for identifier in identifiers_of(after)])
    return True


def _without_taken_identifiers(connection: Connection, num: int, paper: Paper) -> Paper:
    """Remove the identifiers that belong to other papers, and compute the id again."""
    own = identifiers_of(paper)
    owners = nums_of(connection, own)
    taken = {identifier for identifier, owner in owners.items() if owner != num}
    same_id = select(papers.c.id).where(papers.c.id.in_(own), papers.c.num != num)
    taken |= set(connection.scalars(same_id))
    if not taken:
        return paper
    arxiv_id = None if f"arxiv:{paper.arxiv_id}" in taken else paper.arxiv_id
    doi = None if f"doi:{paper.doi}" in taken else paper.doi
    ids = tuple(identifier for identifier in paper.ids if identifier not in taken)
    new_id = paper_id(paper.title, next(iter(paper.authors), None), arxiv_id, doi, ids)
    if new_id in taken:
        new_id = paper_id(f"{paper.title} {num}", None)
    return replace(paper, id=new_id, arxiv_id=arxiv_id, doi=doi, ids=ids)


def log_changes(connection: Connection, nums: Iterable[int]) -> None:
    """Append papers that were added, changed or removed to the change log."""
    rows = [{"num": num} for num in nums]
    if rows:
        connection.execute(insert(changes), rows)
