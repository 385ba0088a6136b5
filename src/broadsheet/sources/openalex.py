"""Fetch citations, references and venues of papers, and new works, from OpenAlex.

https://docs.openalex.org/how-to-use-the-api
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Paper, PaperFilter, Signal
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.decoding import day_of
from broadsheet.sources.openalex_works import PAGE_WORKS, Work, parse_page
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "openalex"

_ADDRESS = "https://api.openalex.org/works"
_FIELDS = (
    "id,doi,ids,title,display_name,publication_date,authorships,abstract_inverted_index,"
    "primary_location,best_oa_location,open_access,locations,topics,cited_by_count,is_retracted,"
    "referenced_works,related_works"
)
# A filter takes 100 values; a URL of more than about 4,000 characters is rejected.
_DOIS_PER_REQUEST = 50
_MAX_PAGES = 2_000
_BAD_REQUEST, _NOT_FOUND = 400, 404
# OpenAlex adds works days after their publication.
_LOOKBACK = timedelta(days=7)
_FIRST_TOKEN = "*"  # noqa: S105  # nosec B105 # a cursor
# Operators of the filter syntax, which has no escape for them.
_OPERATORS = re.compile(r"[,|+!]")


@dataclass(frozen=True, slots=True)
class _Window:
    """The days of a run, the cursor of its first page, and whether the stored cursor moves."""

    start: date
    end: date
    token: str
    moves: bool

    def cursor(self, token: str | None) -> Cursor | None:
        if not self.moves:
            return None
        if token is None:
            return {"reached": self.end.isoformat()}
        return {"from": self.start.isoformat(), "until": self.end.isoformat(), "token": token}


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the records of papers or, with a filter, the new works that match it.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        Either `papers` to look up, or in `argument` a filter such as
        ``primary_topic.field.id:fields/27``. A filter fetches the works of the last week and of
        all days since the cursor; `since` and `until` apply to the publication date.

    Yields
    ------
    Batch
        One per reply.

    Raises
    ------
    SourceError
        If the key is missing, OpenAlex rejects the key or the filter, or the reply is malformed.
    """
    if not request.key:
        raise SourceError(
            "OpenAlex requires an API key: create a free key at openalex.org and set 'openalex_key'"
        )
    base = {"api_key": request.key, "per_page": str(PAGE_WORKS), "select": _FIELDS}
    if request.contact:
        base["mailto"] = request.contact
    yield from (
        _new_works(client, request, base) if request.argument else _look_up(client, request, base)
    )


def _look_up(client: Client, request: FetchRequest, base: dict[str, str]) -> Iterator[Batch]:
    for papers in _groups(request.papers):
        works: list[Work | Malformed] = []
        dois = dict.fromkeys(doi for paper in papers for doi in _dois(paper))
        plain = [doi for doi in dois if not _OPERATORS.search(doi)]
        if plain:
            params = base | {"filter": f"doi:{'|'.join(plain)}"}
            works += parse_page(client.get(_ADDRESS, params), NAME).records
        for doi in dois:
            if _OPERATORS.search(doi):
                address = f"{_ADDRESS}/doi:{quote(doi, safe='')}"
                reply = client.get(address, base, allowed=(_NOT_FOUND,))
                if reply.status != _NOT_FOUND:
                    works += parse_page(reply, f"{NAME} {doi}").records
        yield _batch(papers, works, request)


def _groups(papers: Sequence[Paper]) -> Iterator[list[Paper]]:
    group: list[Paper] = []
    dois = 0
    for paper in papers:
        count = len(_dois(paper))
        if group and dois + count > _DOIS_PER_REQUEST:
            yield group
            group, dois = [], 0
        group.append(paper)
        dois += count
    if group:
        yield group


def _dois(paper: Paper) -> list[str]:
    """Return the DOIs to look up: preprint and published version can be separate works."""
    preprint = f"10.48550/arxiv.{paper.arxiv_id}" if paper.arxiv_id else None
    return [doi for doi in (preprint, paper.doi) if doi]


def _batch(
    papers: Sequence[Paper], works: Sequence[Work | Malformed], request: FetchRequest
) -> Batch:
    by_name = {name: paper.id for paper in papers for name in _names(paper)}
    records: list[Paper | Malformed] = []
    citations: dict[str, int] = {}
    found: set[str] = set()
    for work in works:
        if isinstance(work, Malformed):
            records.append(work)
            continue
        matching = {by_name[name] for name in _names(work.paper) if name in by_name}
        if not matching:
            records.append(Malformed(work.place, "not one of the requested papers"))
            continue
        records.append(work.paper)
        found |= matching
        if work.citations is not None:
            for paper_id in matching:
                citations[paper_id] = max(work.citations, citations.get(paper_id, 0))
    return Batch(
        records=records,
        signals=[
            Signal(paper_id, Kind.CITATIONS, float(count), request.now, NAME)
            for paper_id, count in citations.items()
        ],
        days={request.now.date(): len(found)} if found else {},
        queried=[paper.id for paper in papers],
    )


def _names(paper: Paper) -> list[str]:
    arxiv = f"arxiv:{paper.arxiv_id}" if paper.arxiv_id else None
    return [name for name in (arxiv, f"doi:{paper.doi}" if paper.doi else None) if name]


def _new_works(client: Client, request: FetchRequest, base: dict[str, str]) -> Iterator[Batch]:
    window = _window(request)
    if window.start > window.end:
        return
    span = f"from_publication_date:{window.start},to_publication_date:{window.end}"
    params = base | {"filter": f"{request.argument},{span}"}
    token, seen = window.token, {window.token}
    for number in range(1, _MAX_PAGES + 1):
        page = parse_page(_get_page(client, params, token), f"{NAME} {window.start} page {number}")
        works = [work for work in page.records if isinstance(work, Work)]
        # An empty page can have a token.
        following = page.token if page.records else None
        yield Batch(
            records=[work.paper if isinstance(work, Work) else work for work in page.records],
            days=Counter(w.day for w in works if w.day and w.day <= request.now.date()),
            cursor=window.cursor(following),
        )
        if following is None:
            return
        if following in seen:
            raise SourceError(
                f"{_ADDRESS} returned the same cursor twice: the next fetch retries it"
            )
        token = following
        seen.add(token)
    raise SourceError(
        f"{_ADDRESS} returned more than {_MAX_PAGES} pages: the next fetch continues; use a "
        "narrower filter for fewer works"
    )


def _get_page(client: Client, params: dict[str, str], token: str) -> Reply:
    reply = client.get(_ADDRESS, params | {"cursor": token}, allowed=(_BAD_REQUEST,))
    if reply.status == _BAD_REQUEST and token != _FIRST_TOKEN:
        # The token of an earlier run can have expired.
        first = params | {"cursor": _FIRST_TOKEN}
        reply = client.get(_ADDRESS, first, allowed=(_BAD_REQUEST,))
    if reply.status == _BAD_REQUEST:
        raise SourceError(
            f"OpenAlex rejected the filter {params['filter'][:200]!r}: check the text after "
            "'openalex:'"
        )
    return reply


def _window(request: FetchRequest) -> _Window:
    today = request.now.date()
    stored = request.cursor
    token, start, end = stored.get("token"), day_of(stored.get("from")), day_of(stored.get("until"))
    if token and start and end and request.since is None and request.until is None:
        return _Window(start, end, token, moves=True)
    # All days before the first day of an interrupted run are complete.
    reached = day_of(stored.get("reached")) or start
    first = request.since or min(reached or today, today) - _LOOKBACK
    last = min(request.until or today, today)
    # The cursor moves only if no days are left out between it and this run.
    moves = last == today and (reached is None or first <= reached)
    return _Window(first, last, _FIRST_TOKEN, moves)


SOURCE = Source(
    NAME,
    fetch,
    Schedule.PER_QUERY,
    interval=timedelta(days=1),
    rate_limits={"openalex.org": 0.15},
    argument=Argument.OPTIONAL,
    key="openalex_key",
    paper_filter=PaperFilter.IDENTIFIED,
    papers_per_run=1_000,
)
