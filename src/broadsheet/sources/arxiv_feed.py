"""arXiv's announcement feed: what was announced last, and nothing from before (RSS).

https://info.arxiv.org/help/rss_specifications.html
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from lxml import etree

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Malformed, Paper
from broadsheet.rules.identity import parse_arxiv_id
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.notice import notice_of
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.arxiv_oai_records import author_names
from broadsheet.sources.arxiv_xml import (
    ARXIV_RATE_LIMITS,
    Element,
    elements,
    mended,
    name_of,
    text_in,
)
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.mentions import parse_moment
from broadsheet.sources.source import Batch, FetchRequest, Source

_ADDRESS = "https://rss.arxiv.org/rss/"
_ALL = (
    "astro-ph cond-mat cs econ eess gr-qc hep-ex hep-lat hep-ph hep-th math math-ph nlin nucl-ex "
    "nucl-th physics q-bio q-fin quant-ph stat"
)
_EASTERN = ZoneInfo("America/New_York")
# arXiv puts 2,000 in a feed at most.
_ITEMS = 20_000
_FEED_BYTES = 32 << 20
_DATES = ("pubDate", "lastBuildDate")
_NEW, _REPLACED = "new", "replace"
_OPENING = re.compile(
    r"\s*arXiv:(?P<id>\S{1,60})\s+Announce Type:\s*(?P<kind>[a-z-]+)\s*(?:Abstract:)?\s*",
    re.IGNORECASE,
)
# As feeds had it until 2024: "Of Kites. (arXiv:2401.00001v2 [cs.LG] UPDATED)".
_TITLE_END = re.compile(r"\.?\s*\(arXiv:[^()]{1,100}\)\s*$")
_GUID = re.compile(r"oai:arxiv\.org:", re.IGNORECASE)
_VERSION = re.compile(r"v([0-9]{1,5})$")
_MONTH = re.compile(r"([0-9]{2})([0-9]{2})\.")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed told.

    Parameters
    ----------
    records : sequence of Paper or Malformed
        New papers, papers new to a category, and new versions.
    announced : int
        How many of them are no new versions.
    day : date or None
        On which it was announced, in arXiv's own time zone.
    is_complete : bool
        Whether it was read without a flaw; one that breaks off is not.
    """

    records: Sequence[Paper | Malformed]
    announced: int
    day: date | None
    is_complete: bool


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read the feed of some categories, in one batch where there is something new.

    Parameters
    ----------
    client : Client
        Through which arXiv is asked.
    request : FetchRequest
        Without `since` nothing comes where the feed is as it was.

    Raises
    ------
    SourceError
        Where the reply is no feed.
    UnavailableError
        Where there is no reply.
    """
    chosen = dict.fromkeys(one.strip() for one in request.categories if one.strip()) or _ALL.split()
    address = _ADDRESS + "+".join(quote(one, safe="") for one in chosen)
    is_same = request.since is None and request.cursor.get("address") == address
    unless = request.cursor if is_same else None
    reply = client.get(address, unless=unless, most_bytes=_FEED_BYTES)
    if reply.unchanged:
        return
    feed = parse_feed(reply.body, reply.address)
    if not _is_wanted(feed.day, request):
        return
    is_dated = feed.day is not None and feed.day <= _eastern_day(request.now)
    days = {feed.day: feed.announced} if is_dated and feed.day and feed.announced else {}
    # What came in part, or of a day to come, is to be asked for again.
    cursor = {"address": address, **reply.validators} if is_dated and feed.is_complete else None
    yield Batch(feed.records, days=days, cursor=cursor)


def parse_feed(body: bytes, place: str) -> Feed:
    """Read a feed.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Where it came from.

    Raises
    ------
    SourceError
        Where it is none.
    """
    items, day, is_complete = _parsed(mended(body), place)
    if not (items or is_complete):
        raise SourceError(_no_feed(place))
    told: list[Paper | Malformed] = []
    announced = 0
    for number, item in enumerate(items, 1):
        try:
            told.append(_paper(item, day))
        except ValueError as error:
            told.append(Malformed(f"{place} item {number}", str(error)))
            continue
        announced += not item.is_new_version
    return Feed(told, announced, day, is_complete)


def _no_feed(place: str) -> str:
    return f"{place} gave no feed that can be read: it is tried again at the next fetch"


@dataclass(frozen=True, slots=True)
class _Item:
    texts: dict[str, list[str]]
    arxiv: str | None
    version: int | None
    kind: str | None
    abstract: str

    @property
    def is_new_version(self) -> bool:
        if self.kind is None:
            return self.version is not None and self.version > 1
        return self.kind.startswith(_REPLACED)

    def text(self, name: str) -> str | None:
        return next(iter(self.texts.get(name, ())), None)


def _parsed(body: bytes, place: str) -> tuple[list[_Item], date | None, bool]:
    """Read the items and the day, and say whether it was without a flaw."""
    try:
        return *_read(body, place), True
    except etree.XMLSyntaxError:
        pass
    try:
        items, day = _read(body, place, is_broken=True)
    except etree.XMLSyntaxError as error:
        raise SourceError(_no_feed(place)) from error
    # The half of a title would become a paper of its own.
    whole_items = items if b"</rss" in body else items[:-1]
    return whole_items, day, False


def _read(body: bytes, place: str, *, is_broken: bool = False) -> tuple[list[_Item], date | None]:
    items: list[_Item] = []
    dates: dict[str, str] = {}
    for element in elements(body, place, ("rss",), ("item", "channel"), is_broken=is_broken):
        is_item = name_of(element) == "item"
        # What stands before an item is forgotten with it, the dates of the channel too.
        for one in element.itersiblings(preceding=True) if is_item else element:
            if name_of(one) in _DATES:
                dates.setdefault(name_of(one), text_in(one))
        if is_item:
            items.append(_item(element))
        if len(items) > _ITEMS:
            raise SourceError(f"{place} gave more than {_ITEMS:,} items in one feed")
    return items, _day(dates)


def _item(element: Element) -> _Item:
    texts: dict[str, list[str]] = {}
    for part in element:
        if text := text_in(part).strip():
            texts.setdefault(name_of(part), []).append(text)
    first = {name: told[0] for name, told in texts.items()}
    description = plain_text(first.get("description")) or ""
    opening = _OPENING.match(description)
    guid = _GUID.sub("", first.get("guid", ""))
    named = [opening["id"] if opening else "", guid, first.get("link", "")]
    version = next((end for text in named if (end := _VERSION.search(text))), None)
    kind = first.get("announce_type") or (opening["kind"] if opening else None)
    return _Item(
        texts,
        next((found for text in named if (found := parse_arxiv_id(text))), None),
        int(version[1]) if version else None,
        kind.lower() if kind else None,
        description[opening.end() if opening else 0 :],
    )


def _paper(item: _Item, day: date | None) -> Paper:
    comment = item.text("comment")
    # Collapsed first, as the search for its end takes 6 s in 80 kB of spaces.
    title = " ".join((item.text("title") or "").split())
    return make_paper(
        title=_TITLE_END.sub("", title),
        abstract=item.abstract,
        authors=[name for text in item.texts.get("creator", ()) for name in author_names(text)],
        categories=item.texts.get("category", ()),
        published=_published(item, day),
        arxiv=item.arxiv,
        doi=next(iter((item.text("DOI") or "").split()), None),
        url=None if item.arxiv else item.text("link"),
        venue=item.text("journal_reference"),
        comment=comment,
        version=item.version,
        notice=notice_of(comment, item.abstract),
    )


def _published(item: _Item, day: date | None) -> str | None:
    """Give the day of a new paper; of an older one its id tells the month."""
    if item.kind == _NEW and day is not None:
        return day.isoformat()
    month = _MONTH.match(item.arxiv or "")
    return f"20{month[1]}-{month[2]}" if month else None


def _day(dates: dict[str, str]) -> date | None:
    for name in _DATES:
        try:
            if moment := parse_moment(dates.get(name)):
                return _eastern_day(moment)
        except OverflowError:
            continue
    return None


def _eastern_day(moment: datetime) -> date:
    return moment.astimezone(_EASTERN).date()


def _is_wanted(day: date | None, request: FetchRequest) -> bool:
    if day is None:
        return True
    return (request.since is None or day >= request.since) and (
        request.until is None or day <= request.until
    )


SOURCE = Source(
    "arxiv-feed",
    fetch,
    Schedule.ARXIV,
    interval=timedelta(hours=2),
    rate_limits=ARXIV_RATE_LIMITS,
    backfilled_by="arxiv",
    by_category=True,
    blocks_edition=True,
)
