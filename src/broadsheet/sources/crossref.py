"""Fetch papers by DOI and retraction notices from Crossref, https://api.crossref.org."""

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
    parse_notices,
    parse_work,
    parse_works,
)
from broadsheet.sources.decoding import day_of
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "crossref"

_ADDRESS = "https://api.crossref.org/works"
_PAPERS_PER_REQUEST = 20
_BAD_REQUEST, _NOT_FOUND = 400, 404
_NOTICE_KINDS = ("retraction", "withdrawal", "removal")
# Crossref has about 70,000 notices in total.
_MAX_PAGES_PER_DAY = 400
_DAY = timedelta(days=1)
_DEFAULT_LOOKBACK = timedelta(days=7)
# Each paper is looked up monthly, which returns older notices.
_MAX_LOOKBACK = timedelta(days=30)


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the records of papers and new retraction notices, or one work.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        Either `papers` to look up, or in `argument` the DOI of one work. `since` and `until` apply
        to the day on which a notice was indexed; the default is all days since the cursor, at
        most 30, or 7 days without a cursor.

    Yields
    ------
    Batch
        One per 20 papers, then one per page of notices.

    Raises
    ------
    SourceError
        If the work is not found or a reply is malformed.
    """
    base = {"mailto": request.contact} if request.contact else {}
    if request.argument is not None:
        yield _single(client, request, request.argument, base)
        return
    yield from _look_up(client, request, base)
    yield from _notices(client, request, base)


def _single(client: Client, request: FetchRequest, argument: str, base: dict[str, str]) -> Batch:
    doi = parse_doi(argument)
    if doi is None:
        raise SourceError(
            f"{argument[:200]!r} is not a DOI: write 10.1000/182 or https://doi.org/10.1000/182"
        )
    reply = _get_one(client, doi, base)
    if reply is None:
        raise SourceError(
            f"Crossref has no work with the DOI {doi!r}: check it; DOIs of arXiv and of most "
            "datasets are registered elsewhere"
        )
    work = parse_work(reply, f"{NAME} {doi}")
    if isinstance(work, Malformed):
        return Batch(records=[work])
    return Batch(records=[work.paper], signals=_signals({work.paper.id: work.citations}, request))


def _get_one(client: Client, doi: str, base: dict[str, str]) -> Reply | None:
    address = f"{_ADDRESS}/{quote(doi, safe='')}"
    reply = client.get(address, base, allowed=(_BAD_REQUEST, _NOT_FOUND))
    return None if reply.status in (_BAD_REQUEST, _NOT_FOUND) else reply


def _look_up(client: Client, request: FetchRequest, base: dict[str, str]) -> Iterator[Batch]:
    for start in range(0, len(request.papers), _PAPERS_PER_REQUEST):
        papers = request.papers[start : start + _PAPERS_PER_REQUEST]
        dois = list(dict.fromkeys(paper.doi for paper in papers if paper.doi))
        yield _batch(papers, _works(client, dois, base), request)


def _works(client: Client, dois: list[str], base: dict[str, str]) -> list[Work | Malformed]:
    # A comma separates filters and cannot be escaped.
    plain = [doi for doi in dois if "," not in doi]
    works: list[Work | Malformed] = []
    if plain:
        filters = ",".join(f"doi:{doi}" for doi in plain)
        params = base | {"filter": filters, "rows": str(len(plain))}
        reply = client.get(_ADDRESS, params, allowed=(_BAD_REQUEST,))
        if reply.status == _BAD_REQUEST:
            # Crossref rejects the whole request for one invalid DOI: look up each DOI separately.
            plain = []
        else:
            works += parse_works(reply, NAME)
    for doi in dois:
        if doi not in plain and (single := _get_one(client, doi, base)):
            works.append(parse_work(single, f"{NAME} {doi}"))
    return works


def _batch(
    papers: Sequence[Paper], works: Sequence[Work | Malformed], request: FetchRequest
) -> Batch:
    by_doi = {paper.doi: paper.id for paper in papers if paper.doi}
    records: list[Paper | Malformed] = []
    citations: dict[str, int | None] = {}
    for work in works:
        if isinstance(work, Malformed):
            records.append(work)
        elif work.paper.doi not in by_doi:
            records.append(Malformed(work.place, "not one of the requested papers"))
        else:
            records.append(work.paper)
            citations[by_doi[work.paper.doi]] = work.citations
    return Batch(
        records=records,
        signals=_signals(citations, request),
        days={request.now.date(): len(citations)} if citations else {},
        queried=[paper.id for paper in papers],
    )


def _signals(citations: dict[str, int | None], request: FetchRequest) -> list[Signal]:
    return [
        Signal(paper_id, Kind.CITATIONS, float(count), request.now, NAME)
        for paper_id, count in citations.items()
        if count is not None
    ]


def _notices(client: Client, request: FetchRequest, base: dict[str, str]) -> Iterator[Batch]:
    """Fetch notices day by day, because the cursor of a page expires after minutes.

    `Batch.days` does not count notices: it counts the papers that were looked up.
    """
    today = request.now.date()
    before = day_of(request.cursor.get("notices"))
    if before and before > today:
        before = None
    day = request.since or max(before or today - _DEFAULT_LOOKBACK, today - _MAX_LOOKBACK)
    last = min(request.until or today, today)
    # The cursor moves only if no days are left out between it and this run.
    moves = last == today and (request.since is None or before is None or day <= before)
    while day <= last:
        for records, is_last in _pages(client, day, base):
            # An incomplete day is fetched again; today is always incomplete.
            reached = day + _DAY if is_last and day < today else day
            cursor: Cursor | None = {"notices": reached.isoformat()} if moves else None
            yield Batch(records=records, cursor=cursor, existing_only=True)
        day += _DAY


def _pages(
    client: Client, day: date, base: dict[str, str]
) -> Iterator[tuple[list[Paper | Malformed], bool]]:
    filters = [f"update-type:{kind}" for kind in _NOTICE_KINDS]
    filters += [f"from-index-date:{day}", f"until-index-date:{day}"]
    params = base | {"filter": ",".join(filters), "rows": str(PAGE_NOTICES)}
    token = "*"  # noqa: S105  # nosec B105 # a cursor
    read = 0
    previous: list[Paper] = []
    for number in range(1, _MAX_PAGES_PER_DAY + 1):
        reply = client.get(_ADDRESS, params | {"cursor": token})
        page = parse_notices(reply, f"{NAME} {day} page {number}")
        papers = [record for record in page.records if isinstance(record, Paper)]
        # The token can be the same on each page, so pages are compared by their papers.
        if papers and papers == previous:
            raise SourceError(
                f"{_ADDRESS} returned the same page of notices twice: the next fetch retries it"
            )
        read += page.size
        is_last = not page.size or not page.token or (page.total is not None and read >= page.total)
        yield page.records, is_last
        if is_last or not page.token:
            return
        token, previous = page.token, papers
    raise SourceError(
        f"{_ADDRESS} returned more than {_MAX_PAGES_PER_DAY} pages of notices for {day}, the limit"
    )


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
