"""Citations, references and venues of papers, and new works of any field, from OpenAlex."""

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
from broadsheet.sources.openalex_works import PAGE_WORKS, Work, read_page
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "openalex"

_ADDRESS = "https://api.openalex.org/works"
_FIELDS = (
    "id,doi,ids,title,display_name,publication_date,authorships,abstract_inverted_index,"
    "primary_location,best_oa_location,open_access,locations,topics,cited_by_count,is_retracted,"
    "referenced_works,related_works"
)
# A filter takes a hundred values; an address of more than some 4,000 characters is refused.
_DOIS_AT_ONCE = 50
_PAGES = 2_000
_BAD_REQUEST, _UNKNOWN = 400, 404
# Works are entered days after they came out, so that the last days are read again.
_AGAIN = timedelta(days=7)
_FIRST_TOKEN = "*"  # noqa: S105
# Signs that mean something in a filter, and cannot be written there otherwise.
_SIGNS = re.compile(r"[,|+!]")


@dataclass(frozen=True, slots=True)
class _Window:
    """The days that a run reads, from which page on, and whether the cursor goes along."""

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
    """Read what OpenAlex knows of papers or, where a filter is given, the new works of it.

    Parameters
    ----------
    client : Client
        Asks ``api.openalex.org``.
    request : FetchRequest
        Tells the papers; or, in `argument`, a filter such as ``primary_topic.field.id:fields/27``,
        whose works of the last week and of all days since the cursor are read. `since` and
        `until` are honoured by the day on which works came out.

    Yields
    ------
    Batch
        One for each reply.

    Raises
    ------
    SourceError
        Where there is no key, it or the filter is refused, or something else than works comes.
    """
    if not request.key:
        raise SourceError(
            "OpenAlex answers to nobody without a key: get one for free at openalex.org and name "
            "it in the setting 'openalex_key'"
        )
    given = {"api_key": request.key, "per_page": str(PAGE_WORKS), "select": _FIELDS}
    if request.contact:
        given["mailto"] = request.contact
    yield from (
        _new_works(client, request, given) if request.argument else _about(client, request, given)
    )


def _about(client: Client, request: FetchRequest, given: dict[str, str]) -> Iterator[Batch]:
    for papers in _portions(request.papers):
        told: list[Work | Malformed] = []
        dois = dict.fromkeys(doi for paper in papers for doi in _dois(paper))
        plain = [doi for doi in dois if not _SIGNS.search(doi)]
        if plain:
            question = given | {"filter": f"doi:{'|'.join(plain)}"}
            told += read_page(client.get(_ADDRESS, question), NAME).records
        for doi in dois:
            if _SIGNS.search(doi):
                address = f"{_ADDRESS}/doi:{quote(doi, safe='')}"
                reply = client.get(address, given, allowed=(_UNKNOWN,))
                told += (
                    read_page(reply, f"{NAME} {doi}").records if reply.status != _UNKNOWN else []
                )
        yield _answer(papers, told, request)


def _portions(papers: Sequence[Paper]) -> Iterator[list[Paper]]:
    portion: list[Paper] = []
    dois = 0
    for paper in papers:
        more = len(_dois(paper))
        if portion and dois + more > _DOIS_AT_ONCE:
            yield portion
            portion, dois = [], 0
        portion.append(paper)
        dois += more
    if portion:
        yield portion


def _dois(paper: Paper) -> list[str]:
    """List the DOIs to ask for: preprint and printed version may be two works, or one of them."""
    preprint = f"10.48550/arxiv.{paper.arxiv_id}" if paper.arxiv_id else None
    return [doi for doi in (preprint, paper.doi) if doi]


def _answer(
    papers: Sequence[Paper], told: Sequence[Work | Malformed], request: FetchRequest
) -> Batch:
    by_name = {name: paper.id for paper in papers for name in _names(paper)}
    kept: list[Paper | Malformed] = []
    citations: dict[str, int] = {}
    known: set[str] = set()
    for one in told:
        if isinstance(one, Malformed):
            kept.append(one)
            continue
        meant = {by_name[name] for name in _names(one.paper) if name in by_name}
        if not meant:
            kept.append(Malformed(one.place, "it is none of the papers that were asked about"))
            continue
        kept.append(one.paper)
        known |= meant
        if one.citations is not None:
            for paper in meant:
                citations[paper] = max(one.citations, citations.get(paper, 0))
    return Batch(
        records=kept,
        signals=[
            Signal(paper, Kind.CITATIONS, float(count), request.now, NAME)
            for paper, count in citations.items()
        ],
        days={request.now.date(): len(known)} if known else {},
        queried=[paper.id for paper in papers],
    )


def _names(paper: Paper) -> list[str]:
    arxiv = f"arxiv:{paper.arxiv_id}" if paper.arxiv_id else None
    return [name for name in (arxiv, f"doi:{paper.doi}" if paper.doi else None) if name]


def _new_works(client: Client, request: FetchRequest, given: dict[str, str]) -> Iterator[Batch]:
    window = _window(request)
    if window.start > window.end:
        return
    span = f"from_publication_date:{window.start},to_publication_date:{window.end}"
    question = given | {"filter": f"{request.argument},{span}"}
    token, seen = window.token, {window.token}
    for number in range(1, _PAGES + 1):
        page = read_page(_ask(client, question, token), f"{NAME} {window.start} page {number}")
        works = [one for one in page.records if isinstance(one, Work)]
        # An empty page may still carry a token.
        following = page.token if page.records else None
        yield Batch(
            records=[one.paper if isinstance(one, Work) else one for one in page.records],
            days=Counter(one.day for one in works if one.day and one.day <= request.now.date()),
            cursor=window.cursor(following),
        )
        if following is None:
            return
        if following in seen:
            raise SourceError(f"{_ADDRESS} leads back to a page that it gave before")
        token = following
        seen.add(token)
    raise SourceError(
        f"{_ADDRESS} gave more than {_PAGES} pages: it goes on from there at the next fetch; "
        "narrow the filter if it asks for too much"
    )


def _ask(client: Client, question: dict[str, str], token: str) -> Reply:
    reply = client.get(_ADDRESS, question | {"cursor": token}, allowed=(_BAD_REQUEST,))
    if reply.status == _BAD_REQUEST and token != _FIRST_TOKEN:
        # The token of an earlier run may be worth nothing by now.
        first = question | {"cursor": _FIRST_TOKEN}
        reply = client.get(_ADDRESS, first, allowed=(_BAD_REQUEST,))
    if reply.status == _BAD_REQUEST:
        raise SourceError(
            f"OpenAlex does not take the filter {question['filter'][:200]!r}: check what stands "
            "after 'openalex:'"
        )
    return reply


def _window(request: FetchRequest) -> _Window:
    today = request.now.date()
    told = request.cursor
    token, start, end = told.get("token"), day_of(told.get("from")), day_of(told.get("until"))
    if token and start and end and request.since is None and request.until is None:
        return _Window(start, end, token, moves=True)
    # All before the first day of a run that was cut short had been read.
    reached = day_of(told.get("reached")) or start
    first = request.since or min(reached or today, today) - _AGAIN
    last = min(request.until or today, today)
    # The cursor moves only where nothing is left out between what was read before and this.
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
