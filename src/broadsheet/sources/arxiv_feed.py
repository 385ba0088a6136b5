"""Fetch arXiv's latest announcement from its RSS feed.

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
from broadsheet.sources.arxiv_oai import ARXIV_RATE_LIMITS
from broadsheet.sources.arxiv_oai_records import split_authors
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.decoding import parse_moment
from broadsheet.sources.source import Batch, FetchRequest, Source
from broadsheet.sources.xml import (
    Element,
    iter_elements,
    local_name,
    repair_xml,
    text_content,
)

_ADDRESS = "https://rss.arxiv.org/rss/"
_ALL = (
    "astro-ph cond-mat cs econ eess gr-qc hep-ex hep-lat hep-ph hep-th math math-ph nlin nucl-ex "
    "nucl-th physics q-bio q-fin quant-ph stat"
)
_EASTERN = ZoneInfo("America/New_York")
# An arXiv feed has at most 2,000 items.
_MAX_ITEMS = 20_000
_MAX_FEED_BYTES = 32 << 20
_DATES = ("pubDate", "lastBuildDate")
_NEW, _REPLACED = "new", "replace"
_OPENING = re.compile(
    r"\s*arXiv:(?P<id>\S{1,60})\s+Announce Type:\s*(?P<kind>[a-z-]+)\s*(?:Abstract:)?\s*",
    re.IGNORECASE,
)
# The title format until 2024: "Of Kites. (arXiv:2401.00001v2 [cs.LG] UPDATED)".
_TITLE_END = re.compile(r"\.?\s*\(arXiv:[^()]{1,100}\)\s*$")
_GUID = re.compile(r"oai:arxiv\.org:", re.IGNORECASE)
_VERSION = re.compile(r"v([0-9]{1,5})$")
_MONTH = re.compile(r"([0-9]{2})([0-9]{2})\.")


@dataclass(frozen=True, slots=True)
class Feed:
    """A parsed feed.

    Parameters
    ----------
    records : sequence of Paper or Malformed
        New papers, papers cross-listed to a category, and new versions.
    announced : int
        Number of papers that are not new versions.
    day : date or None
        Day of the announcement in arXiv's time zone.
    is_complete : bool
        False if the XML is invalid or truncated.
    """

    records: Sequence[Paper | Malformed]
    announced: int
    day: date | None
    is_complete: bool


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the feed of some categories; yield one batch if it has changed.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `categories` such as ``cs.LG`` or a whole archive such as ``cs``; empty fetches all. With
        `since` an unchanged feed is fetched again.

    Raises
    ------
    SourceError
        If the reply is not a feed.
    UnavailableError
        If arXiv does not reply.
    """
    chosen = (
        dict.fromkeys(name.strip() for name in request.categories if name.strip()) or _ALL.split()
    )
    address = _ADDRESS + "+".join(quote(name, safe="") for name in chosen)
    is_same = request.since is None and request.cursor.get("address") == address
    unless = request.cursor if is_same else None
    reply = client.get(address, unless=unless, most_bytes=_MAX_FEED_BYTES)
    if reply.unchanged:
        return
    feed = parse_feed(reply.body, reply.address)
    if not _is_in_range(feed.day, request):
        return
    is_dated = feed.day is not None and feed.day <= _eastern_day(request.now)
    days = {feed.day: feed.announced} if is_dated and feed.day and feed.announced else {}
    # A truncated feed, or one with a future date, is fetched again.
    cursor = {"address": address, **reply.validators} if is_dated and feed.is_complete else None
    yield Batch(feed.records, days=days, cursor=cursor)


def parse_feed(body: bytes, place: str) -> Feed:
    """Parse a feed.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Address of the feed, used in `Malformed.place` and in errors.

    Raises
    ------
    SourceError
        If the reply is not an RSS feed.
    """
    items, day, is_complete = _parse_items(repair_xml(body), place)
    if not (items or is_complete):
        raise SourceError(_not_a_feed(place))
    records: list[Paper | Malformed] = []
    announced = 0
    for number, item in enumerate(items, 1):
        try:
            records.append(_paper(item, day))
        except ValueError as error:
            records.append(Malformed(f"{place} item {number}", str(error)))
            continue
        announced += not item.is_new_version
    return Feed(records, announced, day, is_complete)


def _not_a_feed(place: str) -> str:
    return f"{place} is not an RSS feed: the next fetch retries it"


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


def _parse_items(body: bytes, place: str) -> tuple[list[_Item], date | None, bool]:
    """Return the items, the day, and whether the XML is valid."""
    try:
        return *_read(body, place), True
    except etree.XMLSyntaxError:
        pass
    try:
        items, day = _read(body, place, recover=True)
    except etree.XMLSyntaxError as error:
        raise SourceError(_not_a_feed(place)) from error
    # The last item of a truncated feed can have half a title.
    complete_items = items if b"</rss" in body else items[:-1]
    return complete_items, day, False


def _read(body: bytes, place: str, *, recover: bool = False) -> tuple[list[_Item], date | None]:
    items: list[_Item] = []
    dates: dict[str, str] = {}
    for element in iter_elements(body, place, ("rss",), ("item", "channel"), recover=recover):
        is_item = local_name(element) == "item"
        # The channel's dates are released with the first item, so they are read before.
        for node in element.itersiblings(preceding=True) if is_item else element:
            if local_name(node) in _DATES:
                dates.setdefault(local_name(node), text_content(node))
        if is_item:
            items.append(_item(element))
        if len(items) > _MAX_ITEMS:
            raise SourceError(f"{place} returned more than {_MAX_ITEMS:,} items in one feed")
    return items, _day(dates)


def _item(element: Element) -> _Item:
    texts: dict[str, list[str]] = {}
    for part in element:
        if text := text_content(part).strip():
            texts.setdefault(local_name(part), []).append(text)
    first = {name: values[0] for name, values in texts.items()}
    description = plain_text(first.get("description")) or ""
    opening = _OPENING.match(description)
    guid = _GUID.sub("", first.get("guid", ""))
    candidates = [opening["id"] if opening else "", guid, first.get("link", "")]
    version = next((end for text in candidates if (end := _VERSION.search(text))), None)
    kind = first.get("announce_type") or (opening["kind"] if opening else None)
    return _Item(
        texts,
        next((found for text in candidates if (found := parse_arxiv_id(text))), None),
        int(version[1]) if version else None,
        kind.lower() if kind else None,
        description[opening.end() if opening else 0 :],
    )


def _paper(item: _Item, day: date | None) -> Paper:
    comment = item.text("comment")
    # Spaces are collapsed first: _TITLE_END takes 6 s in 80 kB of spaces.
    title = " ".join((item.text("title") or "").split())
    return make_paper(
        title=_TITLE_END.sub("", title),
        abstract=item.abstract,
        authors=[name for text in item.texts.get("creator", ()) for name in split_authors(text)],
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
    """Return the announcement day of a new paper, or the month in the id of an older one."""
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


def _is_in_range(day: date | None, request: FetchRequest) -> bool:
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
