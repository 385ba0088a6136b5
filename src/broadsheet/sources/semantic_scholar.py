"""Fetch summaries, citations, references and related papers from Semantic Scholar.

https://api.semanticscholar.org/api-docs/
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply, retry_after_s
from broadsheet.model import Kind, Malformed, Paper, PaperFilter, Signal
from broadsheet.rules.identity import parse_any_id, parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.decoding import text_of, texts_of
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "semanticscholar"

_BATCH = "https://api.semanticscholar.org/graph/v1/paper/batch"
_RELATED = "https://api.semanticscholar.org/recommendations/v1/papers/forpaper"
_FIELDS = (
    "externalIds,title,abstract,venue,year,publicationDate,authors.name,fieldsOfStudy,tldr,"
    "openAccessPdf,citationCount,references.paperId,references.externalIds"
)
_PAPERS_PER_REQUEST = 100
_PAPERS_WITH_RELATED, _RELATED_PER_PAPER = 20, 10
_BAD_REQUEST, _NOT_FOUND = 400, 404
_REJECTED = (401, 403, 429)
_NONE_FOUND = "no valid paper ids"
_MAX_REFERENCES = 1_000
_MAX_CITATIONS = 10**9
_S2_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Found:
    """The record of a requested paper.

    Parameters
    ----------
    requested_id : str
        Id of the requested paper.
    paper : Paper
        The record.
    s2_id : str or None
        Semantic Scholar's id, 40 hex digits.
    citations : int or None
        Number of papers that cite it.
    """

    requested_id: str
    paper: Paper
    s2_id: str | None
    citations: int | None


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the records of papers.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `papers` are looked up. Related papers are fetched for the first 20 that are found.

    Yields
    ------
    Batch
        One per 100 papers.

    Raises
    ------
    SourceError
        If Semantic Scholar rejects the request or the reply is malformed.
    UnavailableError
        If the rate limit is reached.
    """
    headers = {"x-api-key": request.key} if request.key else {}
    # Without a key most requests are rejected, and the client must not retry them.
    allowed = (_BAD_REQUEST,) if request.key else (_BAD_REQUEST, *_REJECTED)
    related = _RelatedPapers(client, headers, allowed)
    for start in range(0, len(request.papers), _PAPERS_PER_REQUEST):
        papers = request.papers[start : start + _PAPERS_PER_REQUEST]
        named = [(paper, name) for paper in papers if (name := _name(paper))]
        records: list[Found | Malformed] = []
        if named:
            body = {"ids": [name for _, name in named]}
            params = {"fields": _FIELDS}
            reply = client.post(_BATCH, body, params, headers=headers, allowed=allowed)
            _raise_if_rejected(reply)
            records = parse_papers(reply, [paper for paper, _ in named])
        yield _batch(papers, [related.add(record) for record in records], request)


def _name(paper: Paper) -> str | None:
    if paper.arxiv_id:
        return f"ARXIV:{paper.arxiv_id}"
    return f"DOI:{paper.doi}" if paper.doi else None


def _raise_if_rejected(reply: Reply) -> None:
    """Raise UnavailableError for a rejected request, which the client returns without a key."""
    if reply.status in _REJECTED:
        raise UnavailableError(
            f"Semantic Scholar rejected the request without an API key (status {reply.status}): "
            "request a free key and set 'semanticscholar_key'",
            retry_after_s(reply.headers),
        )


def _batch(
    papers: Sequence[Paper], records: Sequence[Found | Malformed], request: FetchRequest
) -> Batch:
    found = [record for record in records if isinstance(record, Found)]
    return Batch(
        records=[r.paper if isinstance(r, Found) else r for r in records],
        signals=[
            Signal(one.requested_id, Kind.CITATIONS, float(one.citations), request.now, NAME)
            for one in found
            if one.citations is not None
        ],
        days={request.now.date(): len(found)} if found else {},
        queried=[paper.id for paper in papers],
    )


class _RelatedPapers:
    """Adds related papers to the first records of a run; the first failure ends this step only."""

    def __init__(self, client: Client, headers: dict[str, str], allowed: tuple[int, ...]) -> None:
        self._client = client
        self._headers = headers
        self._allowed = (*allowed, _NOT_FOUND)
        self._remaining = _PAPERS_WITH_RELATED

    def add(self, record: Found | Malformed) -> Found | Malformed:
        if isinstance(record, Malformed) or not record.s2_id or not self._remaining:
            return record
        self._remaining -= 1
        params = {"fields": "externalIds", "limit": str(_RELATED_PER_PAPER)}
        address = f"{_RELATED}/{record.s2_id}"
        try:
            reply = self._client.get(address, params, headers=self._headers, allowed=self._allowed)
            _raise_if_rejected(reply)
            related = parse_related(reply)
        except SourceError:
            self._remaining = 0
            return record
        return replace(record, paper=replace(record.paper, related=related))


def parse_related(reply: Reply) -> tuple[str, ...]:
    """Parse the ids of related papers; return none if the paper is not found.

    Raises
    ------
    SourceError
        If the reply is not a list of papers.
    """
    payload = _object(reply.json())
    if reply.status in (_BAD_REQUEST, _NOT_FOUND):
        return ()
    papers = payload.get("recommendedPapers")
    if not isinstance(papers, list):
        raise SourceError(f"{reply.address} returned no list of papers: the next fetch retries it")
    return tuple(dict.fromkeys(_ids_of(papers[:_RELATED_PER_PAPER])))


def parse_papers(reply: Reply, papers: Sequence[Paper]) -> list[Found | Malformed]:
    """Parse the records of the requested papers that were found.

    Parameters
    ----------
    reply : Reply
        Has one item for each of `papers`, null if it is not found.
    papers : sequence of Paper
        The requested papers in order.

    Raises
    ------
    SourceError
        If the reply does not have one item for each paper.
    """
    payload = reply.json()
    if reply.status == _BAD_REQUEST:
        if _NONE_FOUND in (text_of(_object(payload).get("error")) or "").lower():
            return []
        raise SourceError(f"{reply.address} rejected the request: the next fetch retries it")
    if not isinstance(payload, list) or len(payload) != len(papers):
        raise SourceError(
            f"{reply.address} did not return one item for each of {len(papers)} papers: the next "
            "fetch retries it"
        )
    records: list[Found | Malformed] = []
    for paper, raw in zip(papers, payload, strict=True):
        if raw is None:
            continue
        try:
            records.append(_found(paper, raw))
        except ValueError as error:
            records.append(Malformed(f"{NAME} {paper.id}", str(error)))
    return records


def _found(requested: Paper, raw: object) -> Found:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    ids = _object(raw.get("externalIds"))
    raw_arxiv = text_of(ids.get("ArXiv"))
    if requested.arxiv_id and raw_arxiv and parse_arxiv_id(raw_arxiv) != requested.arxiv_id:
        raise ValueError("not the requested paper")
    # Several publications can share one record. The record keeps the requested DOI.
    doi = text_of(ids.get("DOI")) if requested.arxiv_id else requested.doi
    arxiv = requested.arxiv_id or raw_arxiv
    s2_id = text_of(raw.get("paperId")) or ""
    count = raw.get("citationCount")
    return Found(
        requested.id,
        _paper(raw, arxiv, doi, [f"s2:{s2_id}", f"acl:{text_of(ids.get('ACL'))}"]),
        s2_id if _S2_ID.fullmatch(s2_id) else None,
        count if type(count) is int and 0 <= count <= _MAX_CITATIONS else None,
    )


def _paper(raw: dict[str, object], arxiv: str | None, doi: str | None, ids: list[str]) -> Paper:
    year = raw.get("year")
    venue = text_of(raw.get("venue")) or ""
    authors = raw.get("authors")
    references = raw.get("references")
    return make_paper(
        title=text_of(raw.get("title")),
        abstract=text_of(raw.get("abstract")),
        authors=[text_of(_object(author).get("name")) or "" for author in authors]
        if isinstance(authors, list)
        else (),
        # arXiv's categories are more specific.
        categories=() if arxiv else texts_of(raw.get("fieldsOfStudy")),
        published=text_of(raw.get("publicationDate")) or (str(year) if type(year) is int else None),
        arxiv=arxiv,
        doi=doi,
        venue=None if venue.casefold().startswith("arxiv") else venue,
        ids=ids,
        summary=text_of(_object(raw.get("tldr")).get("text")),
        open_url=text_of(_object(raw.get("openAccessPdf")).get("url")),
        references=_ids_of(references[:_MAX_REFERENCES]) if isinstance(references, list) else (),
    )


def _ids_of(papers: Sequence[object]) -> list[str]:
    """Return one id per paper: arXiv, else DOI, else ACL, else Semantic Scholar."""
    found: list[str] = []
    for paper in papers:
        ids = _object(_object(paper).get("externalIds"))
        names = (
            *(ids.get(kind) for kind in ("ArXiv", "DOI", "ACL")),
            _object(paper).get("paperId"),
        )
        parsed = (parse_any_id(name) for name in names if isinstance(name, str))
        if paper_id := next((name for name in parsed if name), None):
            found.append(paper_id)
    return found


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


SOURCE = Source(
    NAME,
    fetch,
    Schedule.PER_QUERY,
    interval=timedelta(days=1),
    rate_limits={"semanticscholar.org": 1.1},
    key="semanticscholar_key",
    paper_filter=PaperFilter.IDENTIFIED,
    papers_per_run=500,
)
