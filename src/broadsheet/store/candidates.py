"""Find the existing papers that new records may belong to, by identifier or title."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from broadsheet.model import Paper
from broadsheet.rules.merging import conflicts, is_same_work
from broadsheet.store.merge_records import identifiers_of
from broadsheet.store.merges import distinct_pairs_of
from broadsheet.store.record import title_hash
from broadsheet.store.tables import identifiers, papers


@dataclass(slots=True)
class NewRecord:
    """A record that is not stored yet.

    Parameters
    ----------
    paper : Paper
        The record.
    key : str
        Its normalised title.
    digest : int
        See :func:`broadsheet.store.record.record_digest`.
    text : bytes
        The encoded record, not compressed.
    num : int
        Number of the paper that it belongs to; 0 until it is assigned.
    """

    paper: Paper
    key: str
    digest: int
    text: bytes
    num: int = 0


@dataclass(slots=True)
class Candidate:
    """The fields of a paper that decide whether a record belongs to it."""

    num: int
    arxiv_id: str | None = None
    doi: str | None = None
    first_author: str | None = None
    published: str | None = None
    ids: tuple[str, ...] = ()


@dataclass(slots=True)
class Candidates:
    """The papers that the records of one batch may belong to, those of the batch included."""

    by_identifier: dict[str, Candidate] = field(default_factory=dict)
    by_title: dict[int, list[Candidate]] = field(default_factory=dict)
    distinct_pairs: set[tuple[int, int]] = field(default_factory=set)

    def find(self, record: NewRecord, *, by_title: bool = True) -> list[Candidate]:
        """List the papers that a record belongs to, by ascending number.

        More than one result means that these papers are the same work and are to be merged.

        Parameters
        ----------
        record : NewRecord
            The record.
        by_title : bool
            False compares identifiers only.
        """
        found: dict[int, Candidate] = {}
        for identifier in identifiers_of(record.paper):
            candidate = self.by_identifier.get(identifier)
            if candidate and not conflicts(record.paper.arxiv_id, candidate.arxiv_id):
                found[candidate.num] = candidate
        for candidate in self.by_title.get(title_hash(record.key), ()) if by_title else ():
            if is_same_work(
                record.key,
                record.paper,
                candidate.arxiv_id,
                candidate.doi,
                candidate.first_author,
                candidate.published,
                candidate.ids,
            ):
                found[candidate.num] = candidate
        return self._without_conflicts(found[num] for num in sorted(found))

    def add(self, record: NewRecord, candidate: Candidate) -> None:
        """Assign a record to a paper: later records can match what it adds."""
        paper = record.paper
        record.num = candidate.num
        candidate.arxiv_id = candidate.arxiv_id or paper.arxiv_id
        candidate.doi = candidate.doi or paper.doi
        candidate.first_author = candidate.first_author or next(iter(paper.authors), None)
        candidate.published = candidate.published or paper.published
        candidate.ids = candidate.ids or paper.ids
        for identifier in identifiers_of(paper):
            self.by_identifier.setdefault(identifier, candidate)
        if paper.arxiv_id and paper.arxiv_id == candidate.arxiv_id:
            self.by_identifier[f"arxiv:{paper.arxiv_id}"] = candidate
        same_title = self.by_title.setdefault(title_hash(record.key), [])
        if candidate not in same_title:
            same_title.append(candidate)

    def merge(self, winner: Candidate, merged: Candidate) -> None:
        """Replace `merged` by `winner` everywhere."""
        winner.arxiv_id = winner.arxiv_id or merged.arxiv_id
        winner.doi = winner.doi or merged.doi
        for identifier, candidate in self.by_identifier.items():
            if candidate is merged:
                self.by_identifier[identifier] = winner
        for same_title in self.by_title.values():
            same_title[:] = [winner if one is merged else one for one in same_title]

    def _without_conflicts(self, found: Iterable[Candidate]) -> list[Candidate]:
        """Drop each candidate that cannot be the same work as one before it."""
        compatible: list[Candidate] = []
        for candidate in found:
            if not any(
                conflicts(candidate.arxiv_id, other.arxiv_id)
                or (candidate.num, other.num) in self.distinct_pairs
                for other in compatible
            ):
                compatible.append(candidate)
        return compatible


def load_candidates(connection: Connection, records: Sequence[NewRecord]) -> Candidates:
    """Read the papers that share an identifier or a normalised title with one of the records."""
    loaded: dict[int, Candidate] = {}

    def candidate_of(
        num: int,
        arxiv_id: str | None,
        doi: str | None,
        authors: tuple[str, ...],
        published: str | None,
        ids: tuple[str, ...],
    ) -> Candidate:
        first_author = next(iter(authors), None)
        return loaded.setdefault(num, Candidate(num, arxiv_id, doi, first_author, published, ids))

    columns = [papers.c[name] for name in ("num", "arxiv_id", "doi", "authors", "published", "ids")]
    wanted = [identifier for record in records for identifier in identifiers_of(record.paper)]
    by_identifier = (
        select(identifiers.c.identifier, *columns)
        .join(papers)
        .where(identifiers.c.identifier.in_(wanted))
    )
    # An identifier stays with the paper that had it first, but the id of a paper is its own.
    by_id = select(papers.c.id, *columns).where(papers.c.id.in_(wanted))
    candidates = Candidates()
    for query in (by_identifier, by_id):
        for identifier, *row in connection.execute(query):
            candidates.by_identifier[identifier] = candidate_of(*row)
    by_title = (
        select(papers.c.title_hash, *columns)
        .where(papers.c.title_hash.in_({title_hash(record.key) for record in records}))
        .order_by(papers.c.num)
    )
    for hashed, *row in connection.execute(by_title):
        candidates.by_title.setdefault(hashed, []).append(candidate_of(*row))
    candidates.distinct_pairs = distinct_pairs_of(connection, list(loaded))
    return candidates
