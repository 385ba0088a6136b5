"""What publishers registered with Crossref: papers by DOI, and notices of retractions."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import quote

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Paper, PaperFilter, Signal
from broadsheet.rules.identity import parse_doi
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.crossref_works import (
    PAGE_NOTICES,
    Work,
    read_notices,
    read_work,
    read_works,
)
from broadsheet.sources.decoding import day_of
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "crossref"

_ADDRESS = "https://api.crossref.org/works"
_ASKED_AT_ONCE = 20
_BAD_REQUEST, _NOT_FOUND = 400, 404
_NOTICE_KINDS = ("retraction", "withdrawal", "removal")
# There are some 70,000 notices in all.
_PAGES_A_DAY = 400
_DAY = timedelta(days=1)
_FIRST_BACK = timedelta(days=7)
# A paper is asked about once a month in any case, which tells of older notices.
_FARTHEST_BACK = timedelta(days=30)


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read what Crossref knows of papers, and which works were retracted; or one work.

    Parameters
    ----------
    client : Client
        Asks ``api.crossref.org``.
    request : FetchRequest
        Tells the papers. `since` and `until` are honoured by the day on which a notice was
        indexed; by default those of a week, and all since the cursor but none older than a
        month. Or, in `argument`, the DOI of one work.

    Yields
    ------
    Batch
        One for each twenty papers, and one for each page of notices.

    Raises
    ------
    SourceError
        Where the one work is not known, or something else than works comes.
    """
    given = {"mailto": request.contact} if request.contact else {}
    if request.argument is not None:
        yield _one(client, request, request.argument, given)
        return
    yield from _about(client, request, given)
    yield from _notices(client, request, given)


def _one(client: Client, request: FetchRequest, argument: str, given: dict[str, str]) -> Batch:
    doi = parse_doi(argument)
    if doi is None:
        raise SourceError(
            f"{argument[:200]!r} is no DOI: write it as 10.1000/182 or https://doi.org/10.1000/182"
        )
    reply = _ask_one(client, doi, given)
    if reply is None:
        raise SourceError(
            f"Crossref knows no work with the DOI {doi!r}: check it; those of arXiv and of most "
            "data are registered elsewhere"
        )
    work = read_work(reply, f"{NAME} {doi}")
    if isinstance(work, Malformed):
        return Batch(records=[work])
    return Batch(records=[work.paper], signals=_signals({work.paper.id: work.citations}, request))


def _ask_one(client: Client, doi: str, given: dict[str, str]) -> Reply | None:
    address = f"{_ADDRESS}/{quote(doi, safe='')}"
    reply = client.get(address, given, allowed=(_BAD_REQUEST, _NOT_FOUND))
    return None if reply.status in (_BAD_REQUEST, _NOT_FOUND) else reply


def _about(client: Client, request: FetchRequest, given: dict[str, str]) -> Iterator[Batch]:
    for start in range(0, len(request.papers), _ASKED_AT_ONCE):
        papers = request.papers[start : start + _ASKED_AT_ONCE]
        dois = list(dict.fromkeys(paper.doi for paper in papers if paper.doi))
        yield _answer(papers, _ask_about(client, dois, given), request)


def _ask_about(client: Client, dois: list[str], given: dict[str, str]) -> list[Work | Malformed]:
    # A comma ends a filter, and cannot be written within one.
    plain = [doi for doi in dois if "," not in doi]
    told: list[Work | Malformed] = []
    if plain:
        named = ",".join(f"doi:{doi}" for doi in plain)
        question = given | {"filter": named, "rows": str(len(plain))}
        reply = client.get(_ADDRESS, question, allowed=(_BAD_REQUEST,))
        if reply.status == _BAD_REQUEST:
            # One of them is not to Crossref's liking: the others shall not suffer for it.
            plain = []
        else:
            told += read_works(reply, NAME)
    for doi in dois:
        if doi not in plain and (reply_of_one := _ask_one(client, doi, given)):
            told.append(read_work(reply_of_one, f"{NAME} {doi}"))
    return told


def _answer(
    papers: Sequence[Paper], told: Sequence[Work | Malformed], request: FetchRequest
) -> Batch:
    by_doi = {paper.doi: paper.id for paper in papers if paper.doi}
    kept: list[Paper | Malformed] = []
    citations: dict[str, int | None] = {}
    for one in told:
        if isinstance(one, Malformed):
            kept.append(one)
        elif one.paper.doi not in by_doi:
            kept.append(Malformed(one.place, "it is none of the papers that were asked about"))
        else:
            kept.append(one.paper)
            citations[by_doi[one.paper.doi]] = one.citations
    return Batch(
        records=kept,
        signals=_signals(citations, request),
        days={request.now.date(): len(citations)} if citations else {},
        queried=[paper.id for paper in papers],
    )


def _signals(citations: dict[str, int | None], request: FetchRequest) -> list[Signal]:
    return [
        Signal(paper, Kind.CITATIONS, float(count), request.now, NAME)
        for paper, count in citations.items()
        if count is not None
    ]


def _notices(client: Client, request: FetchRequest, given: dict[str, str]) -> Iterator[Batch]:
    """Read notices day by day; the pages of a day hang together for minutes only.

    They are not counted on any day, as the days are those of the answers about papers.
    """
    today = request.now.date()
    before = day_of(request.cursor.get("notices"))
    if before and before > today:
        before = None
    day = request.since or max(before or today - _FIRST_BACK, today - _FARTHEST_BACK)
    last = min(request.until or today, today)
    # The cursor moves only where nothing is left out between what was read before and this.
    moves = last == today and (request.since is None or before is None or day <= before)
    while day <= last:
        for told, is_last in _pages(client, day, given):
            # A day that is read in part is read again, today's above all.
            reached = day + _DAY if is_last and day < today else day
            cursor: Cursor | None = {"notices": reached.isoformat()} if moves else None
            yield Batch(records=told, cursor=cursor, existing_only=True)
        day += _DAY


def _pages(
    client: Client, day: date, given: dict[str, str]
) -> Iterator[tuple[list[Paper | Malformed], bool]]:
    filters = [f"update-type:{kind}" for kind in _NOTICE_KINDS]
    filters += [f"from-index-date:{day}", f"until-index-date:{day}"]
    question = given | {"filter": ",".join(filters), "rows": str(PAGE_NOTICES)}
    token = "*"  # noqa: S105
    read = 0
    previous: list[Paper] = []
    for number in range(1, _PAGES_A_DAY + 1):
        reply = client.get(_ADDRESS, question | {"cursor": token})
        page = read_notices(reply, f"{NAME} {day} page {number}")
        papers = [one for one in page.records if isinstance(one, Paper)]
        # The token may well stay the same from page to page.
        if papers and papers == previous:
            raise SourceError(f"{_ADDRESS} gave the same page of notices twice")
        read += page.size
        done = not page.size or not page.token or (page.total is not None and read >= page.total)
        yield page.records, done
        if done or not page.token:
            return
        token, previous = page.token, papers
    raise SourceError(f"{_ADDRESS} gave more than {_PAGES_A_DAY} pages of notices of {day}")


SOURCE = Source(
    NAME,
    fetch,
    Schedule.PER_QUERY,
    interval=timedelta(days=1),
    # Three list requests a second are allowed only with a contact, which is optional here.
    rate_limits={"crossref.org": 1.0},
    argument=Argument.OPTIONAL,
    paper_filter=PaperFilter.WITH_DOI,
    papers_per_run=500,
    requery_after=timedelta(days=30),
)
