"""What publishers registered with Crossref: papers by DOI, and notices of retractions."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from urllib.parse import quote

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.rules.identity import parse_doi
from broadsheet.sources.crossref_works import (
    PAGE_NOTICES,
    Work,
    read_notices,
    read_work,
    read_works,
)
from broadsheet.sources.decoding import day_of
from broadsheet.sources.source import Asked, Batch, Cursor

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


def fetch(client: Client, asked: Asked, contact: str | None) -> Iterator[Batch]:
    """Read what Crossref knows of papers, and which works were retracted; or one work.

    Parameters
    ----------
    client : Client
        Asks ``api.crossref.org``.
    asked : Asked
        Tells the papers. `since` and `until` are honoured by the day on which a notice was
        indexed; by default those of a week, and all since the cursor but none older than a
        month. Or, in `what`, the DOI of one work.
    contact : str or None
        Mail address that Crossref may write to; it serves those better who name one.

    Yields
    ------
    Batch
        One for each twenty papers, and one for each page of notices.

    Raises
    ------
    SourceError
        Where the one work is not known, or something else than works comes.
    """
    given = {"mailto": contact} if contact else {}
    if asked.what is not None:
        yield _one(client, asked, asked.what, given)
        return
    yield from _about(client, asked, given)
    yield from _notices(client, asked, given)


def _one(client: Client, asked: Asked, what: str, given: dict[str, str]) -> Batch:
    doi = parse_doi(what)
    if doi is None:
        raise SourceError(
            f"{what[:200]!r} is no DOI: write it as 10.1000/182 or https://doi.org/10.1000/182"
        )
    reply = _ask_one(client, doi, given)
    if reply is None:
        raise SourceError(
            f"Crossref knows no work with the DOI {doi!r}: check it; those of arXiv and of most "
            "data are registered elsewhere"
        )
    work = read_work(reply, f"{NAME} {doi}")
    if isinstance(work, Malformed):
        return Batch(told=[work])
    return Batch(told=[work.paper], signals=_signals({work.paper.id: work.citations}, asked))


def _ask_one(client: Client, doi: str, given: dict[str, str]) -> Reply | None:
    address = f"{_ADDRESS}/{quote(doi, safe='')}"
    reply = client.get(address, given, allowed=(_BAD_REQUEST, _NOT_FOUND))
    return None if reply.status in (_BAD_REQUEST, _NOT_FOUND) else reply


def _about(client: Client, asked: Asked, given: dict[str, str]) -> Iterator[Batch]:
    for start in range(0, len(asked.about), _ASKED_AT_ONCE):
        papers = asked.about[start : start + _ASKED_AT_ONCE]
        dois = list(dict.fromkeys(paper.doi for paper in papers if paper.doi))
        yield _answer(papers, _ask_about(client, dois, given), asked)


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


def _answer(papers: Sequence[Paper], told: Sequence[Work | Malformed], asked: Asked) -> Batch:
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
        told=kept,
        signals=_signals(citations, asked),
        days={asked.now.date(): len(citations)} if citations else {},
        answered=[paper.id for paper in papers],
    )


def _signals(citations: dict[str, int | None], asked: Asked) -> list[Signal]:
    return [
        Signal(paper, Kind.CITATIONS, float(count), asked.now, NAME)
        for paper, count in citations.items()
        if count is not None
    ]


def _notices(client: Client, asked: Asked, given: dict[str, str]) -> Iterator[Batch]:
    """Read notices day by day; the pages of a day hang together for minutes only.

    They are not counted on any day, as the days are those of the answers about papers.
    """
    today = asked.now.date()
    before = day_of(asked.cursor.get("notices"))
    if before and before > today:
        before = None
    day = asked.since or max(before or today - _FIRST_BACK, today - _FARTHEST_BACK)
    last = min(asked.until or today, today)
    # The cursor moves only where nothing is left out between what was read before and this.
    moves = last == today and (asked.since is None or before is None or day <= before)
    while day <= last:
        for told, is_last in _pages(client, day, given):
            # A day that is read in part is read again, today's above all.
            reached = day + _DAY if is_last and day < today else day
            cursor: Cursor | None = {"notices": reached.isoformat()} if moves else None
            yield Batch(told=told, cursor=cursor, only_known=True)
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
        papers = [one for one in page.told if isinstance(one, Paper)]
        # The token may well stay the same from page to page.
        if papers and papers == previous:
            raise SourceError(f"{_ADDRESS} gave the same page of notices twice")
        read += page.size
        done = not page.size or not page.token or (page.total is not None and read >= page.total)
        yield page.told, done
        if done or not page.token:
            return
        token, previous = page.token, papers
    raise SourceError(f"{_ADDRESS} gave more than {_PAGES_A_DAY} pages of notices of {day}")
