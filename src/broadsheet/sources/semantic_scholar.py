"""Summaries, citations, references and neighbours of papers, from Semantic Scholar."""

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
_ASKED_AT_ONCE = 100
_RELATED_PAPERS, _RELATED_A_PAPER = 20, 10
_BAD_REQUEST, _NOT_FOUND = 400, 404
_REFUSALS = (401, 403, 429)
_NONE_KNOWN = "no valid paper ids"
_REFERENCES = 1_000
_MOST_CITATIONS = 10**9
_S2_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Found:
    """A paper that was asked about, as Semantic Scholar knows it.

    Parameters
    ----------
    asked_id : str
        The id of the paper that was asked about.
    paper : Paper
        What was told of it.
    s2_id : str or None
        How Semantic Scholar names it, 40 hex digits.
    citations : int or None
        How many papers cite it.
    """

    asked_id: str
    paper: Paper
    s2_id: str | None
    citations: int | None


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read what Semantic Scholar knows of papers.

    Parameters
    ----------
    client : Client
        Asks ``api.semanticscholar.org``.
    request : FetchRequest
        Tells the papers; for the first twenty that it knows its neighbours are asked for too.

    Yields
    ------
    Batch
        One for each hundred papers.

    Raises
    ------
    SourceError
        Where it refuses, or gives something else than papers.
    UnavailableError
        Where it is not to be asked for a while.
    """
    headers = {"x-api-key": request.key} if request.key else {}
    # Without a key most questions are refused, and asking again at once makes it worse.
    allowed = (_BAD_REQUEST,) if request.key else (_BAD_REQUEST, *_REFUSALS)
    neighbours = _Neighbours(client, headers, allowed)
    for start in range(0, len(request.papers), _ASKED_AT_ONCE):
        papers = request.papers[start : start + _ASKED_AT_ONCE]
        named = [(paper, name) for paper in papers if (name := _name(paper))]
        told: list[Found | Malformed] = []
        if named:
            body = {"ids": [name for _, name in named]}
            question = {"fields": _FIELDS}
            reply = client.post(_BATCH, body, question, headers=headers, allowed=allowed)
            _refuse_without_key(reply)
            told = read_papers(reply, [paper for paper, _ in named])
        yield _answer(papers, [neighbours.added(one) for one in told], request)


def _name(paper: Paper) -> str | None:
    if paper.arxiv_id:
        return f"ARXIV:{paper.arxiv_id}"
    return f"DOI:{paper.doi}" if paper.doi else None


def _refuse_without_key(reply: Reply) -> None:
    """Raise where a refusal was let through, which is done only without a key."""
    if reply.status in _REFUSALS:
        raise UnavailableError(
            f"Semantic Scholar hardly serves without a key (status {reply.status}): ask it for a "
            "free one and name it in the setting 'semanticscholar_key'",
            retry_after_s(reply.headers),
        )


def _answer(
    papers: Sequence[Paper], told: Sequence[Found | Malformed], request: FetchRequest
) -> Batch:
    found = [one for one in told if isinstance(one, Found)]
    return Batch(
        records=[one.paper if isinstance(one, Found) else one for one in told],
        signals=[
            Signal(one.asked_id, Kind.CITATIONS, float(one.citations), request.now, NAME)
            for one in found
            if one.citations is not None
        ],
        days={request.now.date(): len(found)} if found else {},
        queried=[paper.id for paper in papers],
    )


class _Neighbours:
    """Asks what is near to the first papers of a run; a failure ends that, and nothing else."""

    def __init__(self, client: Client, headers: dict[str, str], allowed: tuple[int, ...]) -> None:
        self._client = client
        self._headers = headers
        self._allowed = (*allowed, _NOT_FOUND)
        self._left = _RELATED_PAPERS

    def added(self, one: Found | Malformed) -> Found | Malformed:
        if isinstance(one, Malformed) or not one.s2_id or not self._left:
            return one
        self._left -= 1
        question = {"fields": "externalIds", "limit": str(_RELATED_A_PAPER)}
        address = f"{_RELATED}/{one.s2_id}"
        try:
            reply = self._client.get(
                address, question, headers=self._headers, allowed=self._allowed
            )
            _refuse_without_key(reply)
            related = read_related(reply)
        except SourceError:
            self._left = 0
            return one
        return replace(one, paper=replace(one.paper, related=related))


def read_related(reply: Reply) -> tuple[str, ...]:
    """Read the ids of the papers that are near to one; none where it is not known.

    Raises
    ------
    SourceError
        Where the reply is something else.
    """
    told = _part(reply.json())
    if reply.status in (_BAD_REQUEST, _NOT_FOUND):
        return ()
    near = told.get("recommendedPapers")
    if not isinstance(near, list):
        raise SourceError(f"{reply.address} gave no list of papers: it is tried again later")
    return tuple(dict.fromkeys(_ids_of(near[:_RELATED_A_PAPER])))


def read_papers(reply: Reply, papers: Sequence[Paper]) -> list[Found | Malformed]:
    """Read the papers that are known of those that were asked about.

    Parameters
    ----------
    reply : Reply
        Has an entry for each of `papers`, null for one that is not known.
    papers : sequence of Paper
        In the order in which they were asked about.

    Raises
    ------
    SourceError
        Where it is not so.
    """
    told = reply.json()
    if reply.status == _BAD_REQUEST:
        if _NONE_KNOWN in (text_of(_part(told).get("error")) or "").lower():
            return []
        raise SourceError(f"{reply.address} does not take the question: it is tried again later")
    if not isinstance(told, list) or len(told) != len(papers):
        raise SourceError(
            f"{reply.address} did not give an entry for each of {len(papers)} papers: it is tried "
            "again later"
        )
    read: list[Found | Malformed] = []
    for paper, raw in zip(papers, told, strict=True):
        if raw is None:
            continue
        try:
            read.append(_found(paper, raw))
        except ValueError as error:
            read.append(Malformed(f"{NAME} {paper.id}", str(error)))
    return read


def _found(queried: Paper, raw: object) -> Found:
    if not isinstance(raw, dict):
        raise ValueError("not a JSON object")
    ids = _part(raw.get("externalIds"))
    told_arxiv = text_of(ids.get("ArXiv"))
    if queried.arxiv_id and told_arxiv and parse_arxiv_id(told_arxiv) != queried.arxiv_id:
        raise ValueError("it is of another paper than the one that was asked about")
    # Journal and conference may have printed the same work: it is told of the one asked about.
    doi = text_of(ids.get("DOI")) if queried.arxiv_id else queried.doi
    arxiv = queried.arxiv_id or told_arxiv
    s2_id = text_of(raw.get("paperId")) or ""
    count = raw.get("citationCount")
    return Found(
        queried.id,
        _paper(raw, arxiv, doi, [f"s2:{s2_id}", f"acl:{text_of(ids.get('ACL'))}"]),
        s2_id if _S2_ID.fullmatch(s2_id) else None,
        count if type(count) is int and 0 <= count <= _MOST_CITATIONS else None,
    )


def _paper(raw: dict[str, object], arxiv: str | None, doi: str | None, ids: list[str]) -> Paper:
    year = raw.get("year")
    venue = text_of(raw.get("venue")) or ""
    authors = raw.get("authors")
    references = raw.get("references")
    return make_paper(
        title=text_of(raw.get("title")),
        abstract=text_of(raw.get("abstract")),
        authors=[text_of(_part(one).get("name")) or "" for one in authors]
        if isinstance(authors, list)
        else (),
        # arXiv's own categories say more.
        categories=() if arxiv else texts_of(raw.get("fieldsOfStudy")),
        published=text_of(raw.get("publicationDate")) or (str(year) if type(year) is int else None),
        arxiv=arxiv,
        doi=doi,
        venue=None if venue.casefold().startswith("arxiv") else venue,
        ids=ids,
        summary=text_of(_part(raw.get("tldr")).get("text")),
        open_url=text_of(_part(raw.get("openAccessPdf")).get("url")),
        references=_ids_of(references[:_REFERENCES]) if isinstance(references, list) else (),
    )


def _ids_of(papers: Sequence[object]) -> list[str]:
    """Name each paper by the id under which a library is likeliest to have it."""
    told: list[str] = []
    for one in papers:
        ids = _part(_part(one).get("externalIds"))
        names = (*(ids.get(kind) for kind in ("ArXiv", "DOI", "ACL")), _part(one).get("paperId"))
        read = (parse_any_id(name) for name in names if isinstance(name, str))
        if found := next((name for name in read if name), None):
            told.append(found)
    return told


def _part(value: object) -> dict[str, object]:
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
