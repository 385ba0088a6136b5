"""Enter records: those that tell of one work become one paper, and each record is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select

from broadsheet.model import Paper
from broadsheet.rules.identity import title_key
from broadsheet.rules.merging import conflicts, is_same_work
from broadsheet.store.merge_records import log_changes, names_of, recompute, store_names
from broadsheet.store.merges import distinct_pairs_of, merge
from broadsheet.store.metadata import reserve_paper_nums
from broadsheet.store.papers import PAPER_COLUMNS
from broadsheet.store.record import deflate, digest, pack, title_hash
from broadsheet.store.tables import identifiers, papers, records


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some records.

    Parameters
    ----------
    new : int
        Papers that were not known.
    merged : int
        Records that joined a known paper.
    unchanged : int
        Records that had been told before, word for word.
    unknown : int
        Records of papers the library does not have, where only known ones were wanted.
    """

    new: int = 0
    merged: int = 0
    unchanged: int = 0
    unknown: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Add two tallies."""
        return Tally(
            self.new + other.new,
            self.merged + other.merged,
            self.unchanged + other.unchanged,
            self.unknown + other.unknown,
        )


@dataclass(slots=True)
class _Known:
    """What identity needs to know of a paper."""

    num: int
    arxiv_id: str | None
    doi: str | None
    first_author: str | None
    published: str | None = None
    ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _Record:
    """A record that was not told before, on its way in."""

    paper: Paper
    key: str
    digest: int
    text: bytes
    num: int = 0


@dataclass(slots=True)
class _Catalogue:
    """The known papers that the records of one batch may tell of."""

    by_name: dict[str, _Known] = field(default_factory=dict)
    by_title: dict[int, list[_Known]] = field(default_factory=dict)
    apart: set[tuple[int, int]] = field(default_factory=set)

    def find(self, record: _Record, *, by_title: bool = True) -> list[_Known]:
        """List the papers that a record tells of, the oldest first; by their ids alone at will."""
        told = record.paper
        found: dict[int, _Known] = {}
        for name in names_of(told):
            known = self.by_name.get(name)
            if known and not conflicts(told.arxiv_id, known.arxiv_id):
                found[known.num] = known
        for known in self.by_title.get(title_hash(record.key), ()) if by_title else ():
            if is_same_work(
                record.key,
                told,
                known.arxiv_id,
                known.doi,
                known.first_author,
                known.published,
                known.ids,
            ):
                found[known.num] = known
        return self._without_contradiction(sorted(found.values(), key=lambda known: known.num))

    def enter(self, record: _Record, known: _Known) -> None:
        """Remember that a record tells of a paper."""
        told = record.paper
        known.arxiv_id = known.arxiv_id or told.arxiv_id
        known.doi = known.doi or told.doi
        known.first_author = known.first_author or (told.authors[0] if told.authors else None)
        known.published = known.published or told.published
        known.ids = known.ids or told.ids
        for name in names_of(told):
            self.by_name.setdefault(name, known)
        if told.arxiv_id and told.arxiv_id == known.arxiv_id:
            self.by_name[f"arxiv:{told.arxiv_id}"] = known
        shelf = self.by_title.setdefault(title_hash(record.key), [])
        if known not in shelf:
            shelf.append(known)

    def join(self, kept: _Known, gone: _Known) -> None:
        """Let one paper stand where two stood."""
        kept.arxiv_id = kept.arxiv_id or gone.arxiv_id
        kept.doi = kept.doi or gone.doi
        for name, known in self.by_name.items():
            if known is gone:
                self.by_name[name] = kept
        for shelf in self.by_title.values():
            shelf[:] = [kept if known is gone else known for known in shelf]

    def _without_contradiction(self, found: list[_Known]) -> list[_Known]:
        """Keep the first paper and those that can be the same work as all kept before."""
        kept: list[_Known] = []
        for known in found:
            if not any(
                conflicts(known.arxiv_id, one.arxiv_id) or (known.num, one.num) in self.apart
                for one in kept
            ):
                kept.append(known)
        return kept


def add(
    connection: Connection,
    source: str,
    told: Sequence[Paper],
    now: datetime,
    *,
    only_known: bool = False,
) -> Tally:
    """Enter a batch of records, all or nothing with the connection's transaction.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of the one writer.
    source : str
        Who told.
    told : sequence of Paper
        A few thousand at most; memory grows with it.
    now : datetime
        When, aware UTC.
    only_known : bool
        Whether to let go of papers that the library does not have under one of their ids.

    Returns
    -------
    Tally
        What became of them. Telling the same again changes nothing.
    """
    fresh = _untold(connection, source, told)
    if not fresh:
        return Tally(unchanged=len(told))
    catalogue = _look_up(connection, fresh)
    untold = len(fresh)
    if only_known:
        fresh = [record for record in fresh if catalogue.find(record, by_title=False)]
    numbers = reserve_paper_nums(connection, len(fresh))
    entered: list[_Record] = []
    touched: set[int] = set()
    joined: list[tuple[int, int]] = []
    for record, number in zip(fresh, numbers, strict=True):
        found = catalogue.find(record, by_title=not only_known)
        known = found[0] if found else _Known(number, None, None, None)
        for gone in found[1:]:
            catalogue.join(known, gone)
            joined.append((known.num, gone.num))
        record.num = known.num
        catalogue.enter(record, known)
        if found:
            touched.add(known.num)
        else:
            entered.append(record)
    _write(connection, source, entered, fresh, now)
    for kept, gone_num in joined:
        merge(connection, kept, gone_num, now)
    remade = touched - {gone_num for _, gone_num in joined}
    changed = {num for num in sorted(remade) if recompute(connection, num)}
    changed |= {num for pair in joined for num in pair}
    log_changes(connection, [*(record.num for record in entered), *sorted(changed)])
    return Tally(len(entered), len(fresh) - len(entered), len(told) - untold, untold - len(fresh))


def _untold(connection: Connection, source: str, told: Sequence[Paper]) -> list[_Record]:
    fresh: dict[int, _Record] = {}
    for paper in told:
        text = pack(paper)
        mark = digest(source, text)
        if mark not in fresh:
            fresh[mark] = _Record(paper, "", mark, text)
    before = select(records.c.digest).where(records.c.digest.in_(list(fresh)))
    for mark in connection.scalars(before).all():
        del fresh[mark]
    for record in fresh.values():
        record.key = title_key(record.paper.title)
    return list(fresh.values())


def _look_up(connection: Connection, fresh: Sequence[_Record]) -> _Catalogue:
    catalogue = _Catalogue()
    identity = (
        papers.c.num,
        papers.c.arxiv_id,
        papers.c.doi,
        papers.c.authors,
        papers.c.published,
        papers.c.ids,
    )
    known: dict[int, _Known] = {}

    def known_paper(
        num: int,
        arxiv: str | None,
        doi: str | None,
        authors: tuple[str, ...],
        published: str | None,
        ids: tuple[str, ...],
    ) -> _Known:
        first = authors[0] if authors else None
        return known.setdefault(num, _Known(num, arxiv, doi, first, published, ids))

    wanted = [name for record in fresh for name in names_of(record.paper)]
    by_name = (
        select(identifiers.c.identifier, *identity)
        .join(papers)
        .where(identifiers.c.identifier.in_(wanted))
    )
    # A name stays with the paper that had it first, but a paper's own id is its own.
    by_id = select(papers.c.id, *identity).where(papers.c.id.in_(wanted))
    for asked in (by_name, by_id):
        for name, *told in connection.execute(asked):
            catalogue.by_name[name] = known_paper(*told)
    hashes = {title_hash(record.key) for record in fresh}
    by_title = (
        select(papers.c.title_hash, *identity)
        .where(papers.c.title_hash.in_(hashes))
        .order_by(papers.c.num)
    )
    for hashed, *told in connection.execute(by_title):
        catalogue.by_title.setdefault(hashed, []).append(known_paper(*told))
    catalogue.apart = distinct_pairs_of(connection, list(known))
    return catalogue


def _write(
    connection: Connection,
    source: str,
    entered: Sequence[_Record],
    fresh: Sequence[_Record],
    now: datetime,
) -> None:
    if not fresh:
        return
    if entered:
        connection.execute(
            insert(papers),
            [
                {
                    **{c.name: getattr(record.paper, c.name) for c in PAPER_COLUMNS},
                    "num": record.num,
                    "title_hash": title_hash(record.key),
                    "added_at": now,
                }
                for record in entered
            ],
        )
    store_names(
        connection, [(name, record.num) for record in fresh for name in names_of(record.paper)]
    )
    connection.execute(
        insert(records),
        [
            {
                "num": record.num,
                "source": source,
                "received_at": now,
                "digest": record.digest,
                "body": deflate(record.text),
            }
            for record in fresh
        ],
    )
