"""How papers, hits and editions read on a page: pure, without clock, request or library."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import NamedTuple

from broadsheet.model import EditionItem, Hit, HitList, Kind, Paper, Signal, Tier
from broadsheet.rules.snippet import Piece, marked, snippet
from broadsheet.web.addresses import paper_path, plain, web_link

# Room for a pasted abstract.
QUERY_CHARS = 4_000
PAGE_SIZE = 20
MAX_PAGE = 500
AUTHORS_NAMED = 3


def clean_query(text: str) -> tuple[str, bool]:
    """Make one line of at most `QUERY_CHARS` characters out of what was asked.

    Returns
    -------
    query : str
        What is searched.
    cut : bool
        Whether the end was cut off.
    """
    query = plain(text)
    return query[:QUERY_CHARS].rstrip(), len(query) > QUERY_CHARS


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper in a list, ready for the template.

    Parameters
    ----------
    rank : int
        Place in the list, from 1.
    path : str
        The path of its page.
    title, excerpt, abstract : tuple of Piece
        `abstract` is empty where the excerpt says all there is.
    authors : tuple of str
        The first few.
    more_authors : int
        How many are not named.
    categories : tuple of str
        As in the paper.
    published, link : str or None
        As in the paper; the link only where it is http(s).
    why : str
        The reason it stands here.
    votes : int
        Votes now.
    voted : bool
        Whether this reader is among them.
    notice : str or None
        What was said against it.
    """

    rank: int
    path: str
    title: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]
    abstract: tuple[Piece, ...]
    authors: tuple[str, ...]
    more_authors: int
    categories: tuple[str, ...]
    published: str | None
    link: str | None
    why: str
    votes: int
    voted: bool
    notice: str | None

    @property
    def name(self) -> str:
        """The title as plain text."""
        return "".join(piece.text for piece in self.title)


def edition_entry(item: EditionItem, *, votes: int, voted: bool) -> Entry:
    """Shape one paper of an edition."""
    return _entry(item, item.paper_id, item.rank, item.reason, votes=votes, voted=voted)


def hit_entry(hit: Hit, *, votes: int, voted: bool) -> Entry:
    """Shape one result, with the words of the query marked."""
    return _entry(hit.paper, hit.paper.id, hit.rank, hit.why, hit.words, votes=votes, voted=voted)


def paper_entry(paper: Paper, *, votes: int, voted: bool) -> Entry:
    """Shape one paper that stands alone."""
    return _entry(paper, paper.id, 1, "", votes=votes, voted=voted)


def _entry(
    work: Paper | EditionItem,
    paper_id: str,
    rank: int,
    why: str,
    words: Collection[str] = (),
    *,
    votes: int,
    voted: bool,
) -> Entry:
    abstract = work.abstract or ""
    lines = snippet(abstract, words)
    return Entry(
        rank=rank,
        path=paper_path(paper_id),
        title=marked(work.title, words),
        excerpt=marked(lines, words),
        abstract=marked(abstract, words) if lines != abstract else (),
        authors=work.authors[:AUTHORS_NAMED],
        more_authors=len(work.authors[AUTHORS_NAMED:]),
        categories=work.categories,
        published=work.published,
        link=web_link(work.link),
        why=why,
        votes=votes,
        voted=voted,
        notice=work.notice,
    )


class Section(NamedTuple):
    """One tier on a page of results."""

    heading: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest count of one kind of attention, as one source told it.

    Parameters
    ----------
    value, noun : str
        Such as ``1,240`` and ``stars``.
    source : str
        Who told.
    day : str
        ISO date of the reading.
    """

    value: str
    noun: str
    source: str
    day: str


def newest_readings(signals: Sequence[Signal]) -> list[Reading]:
    """Add up the newest readings of each kind by source, the largest sum first.

    Parameters
    ----------
    signals : sequence of Signal
        In order of time. A source may tell of threads, ``hn:1`` and ``hn:2``, each with its own
        count.
    """
    newest = {(signal.kind, signal.source): signal for signal in signals}
    told: dict[tuple[Kind, str], list[Signal]] = {}
    for one in newest.values():
        told.setdefault((one.kind, one.source.partition(":")[0]), []).append(one)
    sums = [(sum(one.value for one in of), kind, source, of) for (kind, source), of in told.items()]
    return [
        Reading(
            f"{value:,.0f}",
            kind.removesuffix("s") if value == 1 else kind,
            source,
            max(one.observed_at for one in of).date().isoformat(),
        )
        for value, kind, source, of in sorted(sums, key=lambda one: -one[0])
        if value > 0
    ]


def sections(found: HitList) -> list[Section]:
    """Part a page of hits by tier; hits of one list stay together."""
    if not found.tiers:
        return [Section("Nearest in words and meaning", found.hits)] if found.hits else []
    headings = {
        Tier.MATCH: f"{counted(found.matches, 'paper')} with every word",
        Tier.NEIGHBOUR: "Nearest in meaning",
    }
    return [Section(headings[t], tuple(of)) for t, of in groupby(found.hits, lambda hit: hit.tier)]


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a reader stands in an answer of many pages.

    Parameters
    ----------
    page, pages : int
        Which one, from 1, of how many.
    """

    page: int
    pages: int

    @property
    def shown(self) -> tuple[int | None, ...]:
        """The pages to offer: first, last and those around; None where some are left out."""
        every = range(1, self.pages + 1)
        near = [n for n in every if n in (1, self.pages) or abs(n - self.page) <= 1]
        row: list[int | None] = []
        for before, number in pairwise([0, *near]):
            row += [None, number] if number - before > 1 else [number]
        return tuple(row)


def pager(asked: int, total: int) -> Pager:
    """Find the page to show when page `asked` of `total` hits is wanted.

    Examples
    --------
    >>> pager(99, 45)
    Pager(page=3, pages=3)
    """
    pages = min(max(1, -(-total // PAGE_SIZE)), MAX_PAGE)
    return Pager(min(max(1, asked), pages), pages)


def offset(page: int) -> int:
    """Count the hits on the pages before one."""
    return (page - 1) * PAGE_SIZE


def page_number(text: str) -> int:
    """Read a page number out of an address; whatever is none is the first page."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return 1
    return min(max(1, int(digits[:9])), MAX_PAGE)


def sentence(words: str) -> str:
    """Make a sentence of an error's words.

    Examples
    --------
    >>> sentence("please give a mail address")
    'Please give a mail address.'
    """
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"


def counted(number: int, noun: str) -> str:
    """Say how many there are.

    Examples
    --------
    >>> counted(1, "paper"), counted(1740, "paper")
    ('1 paper', '1,740 papers')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def long_date(day: date) -> str:
    """Write a day as a masthead does.

    Examples
    --------
    >>> long_date(date(2025, 2, 20))
    'Thursday, 20 February 2025'
    """
    return f"{day:%A}, {short_date(day.isoformat())}"


def iso_date(published: str) -> str | None:
    """Let an ISO date of day, month or year precision through, and nothing else.

    Examples
    --------
    >>> iso_date("2025-02"), iso_date("in press")
    ('2025-02', None)
    """
    try:
        date.fromisoformat(f"{published}-01-01"[: len("2025-01-01")])
    except ValueError:
        return None
    return published if len(published) in (4, 7, 10) else None


def short_date(published: str) -> str:
    """Write an ISO date of day, month or year precision; what is none stays as it is.

    Examples
    --------
    >>> short_date("2025-02-20"), short_date("2025-02"), short_date("2025")
    ('20 February 2025', 'February 2025', '2025')
    """
    if iso_date(published) is None:
        return published
    year, month, day = f"{published}-01-01".split("-")[:3]
    named = f"{date(int(year), int(month), int(day)):%B}"
    return {4: year, 7: f"{named} {year}"}.get(len(published), f"{int(day)} {named} {year}")


def by_month(days: Sequence[date]) -> list[tuple[str, list[date]]]:
    """Part days by month, in the order they come in."""
    return [(month, list(of)) for month, of in groupby(days, lambda d: f"{d:%B} {d.year}")]


def beside(days: Sequence[date], day: date) -> tuple[date | None, date | None]:
    """Find the days next before and next after one.

    Returns
    -------
    older, newer : date or None
        None where `day` is the first or the last.
    """
    older = max((d for d in days if d < day), default=None)
    newer = min((d for d in days if d > day), default=None)
    return older, newer
