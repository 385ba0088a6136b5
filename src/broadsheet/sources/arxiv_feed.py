"""arXiv's announcement feed: what was announced last, and nothing from before (RSS).

https://info.arxiv.org/help/rss_specifications.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from time import struct_time
from urllib.parse import quote
from zoneinfo import ZoneInfo

import feedparser  # type: ignore[import-untyped]

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Paper
from broadsheet.rules.identity import arxiv_id
from broadsheet.rules.intake import make_paper
from broadsheet.rules.notice import notice_of
from broadsheet.sources.arxiv_oai_records import author_names
from broadsheet.sources.arxiv_xml import mended
from broadsheet.sources.client import Client
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.source import Asked, Batch
from broadsheet.sources.wire import text_of

_ADDRESS = "https://rss.arxiv.org/rss/"
_ALL = (
    "astro-ph cond-mat cs econ eess gr-qc hep-ex hep-lat hep-ph hep-th math math-ph nlin nucl-ex "
    "nucl-th physics q-bio q-fin quant-ph stat"
)
_EASTERN = ZoneInfo("America/New_York")
# arXiv puts 2,000 in a feed at most.
_ITEMS = 20_000
_FEED_BYTES = 32 << 20
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
    told : sequence of Paper or Malformed
        New papers, papers new to a category, and new versions.
    announced : int
        How many of them are no new versions.
    day : date or None
        On which it was announced, in arXiv's own time zone.
    is_whole : bool
        Whether it was read without a flaw; one that breaks off is not.
    """

    told: Sequence[Paper | Malformed]
    announced: int
    day: date | None
    is_whole: bool


def fetch(client: Client, asked: Asked, categories: Sequence[str]) -> Iterator[Batch]:
    """Read the feed of some categories, in one batch where there is something new.

    Parameters
    ----------
    client : Client
        Through which arXiv is asked.
    asked : Asked
        Without `since` nothing comes where the feed is as it was.
    categories : sequence of str
        Such as ``cs.LG`` or a whole archive, ``cs``; none are all.

    Raises
    ------
    SourceError
        Where the reply is no feed.
    OutOfReachError
        Where there is no reply.
    """
    chosen = dict.fromkeys(one.strip() for one in categories if one.strip()) or _ALL.split()
    address = _ADDRESS + "+".join(quote(one, safe="") for one in chosen)
    is_same = asked.since is None and asked.cursor.get("address") == address
    unless = asked.cursor if is_same else None
    reply = client.get(address, unless=unless, most_bytes=_FEED_BYTES)
    if reply.unchanged:
        return
    feed = read_feed(reply.body, reply.address)
    if not _is_wanted(feed.day, asked):
        return
    is_dated = feed.day is not None and feed.day <= _eastern_day(asked.now)
    days = {feed.day: feed.announced} if is_dated and feed.day and feed.announced else {}
    # What came in part, or of a day to come, is to be asked for again.
    cursor = {"address": address, **reply.validators} if is_dated and feed.is_whole else None
    yield Batch(feed.told, days=days, cursor=cursor)


def read_feed(body: bytes, place: str) -> Feed:
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
    whole = _parsed(body, place)
    items = [item for item in _list(whole.get("entries")) if isinstance(item, dict)]
    is_whole = not whole.get("bozo")
    if not whole.get("version") or not (items or is_whole):
        raise SourceError(
            f"{place} gave no feed that can be read: it is tried again at the next fetch"
        )
    if len(items) > _ITEMS:
        raise SourceError(f"{place} gave more than {_ITEMS:,} items in one feed")
    head = whole.get("feed")
    day = _day(head) if isinstance(head, dict) else None
    told: list[Paper | Malformed] = []
    announced = 0
    for number, raw in enumerate(items, 1):
        item = _item(raw)
        try:
            told.append(_paper(item, day))
        except ValueError as error:
            told.append(Malformed(f"{place} item {number}", str(error)))
            continue
        announced += not item.is_new_version
    return Feed(told, announced, day, is_whole)


def _parsed(body: bytes, place: str) -> Mapping[str, object]:
    try:
        # Bytes by themselves it would take for an address or the name of a file.
        whole: object = feedparser.parse(
            BytesIO(mended(body)), sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        # Broken feeds fail in it in many ways: of keys, of letters, of attributes.
        raise SourceError(
            f"{place} gave a feed that is broken ({type(error).__name__}): it is tried again at "
            "the next fetch"
        ) from error
    return whole if isinstance(whole, dict) else {}


@dataclass(frozen=True, slots=True)
class _Item:
    raw: Mapping[str, object]
    arxiv: str | None
    version: int | None
    kind: str | None
    abstract: str | None

    @property
    def is_new_version(self) -> bool:
        if self.kind is None:
            return self.version is not None and self.version > 1
        return self.kind.startswith(_REPLACED)


def _item(raw: Mapping[str, object]) -> _Item:
    description = plain_text(text_of(raw.get("summary"))) or ""
    opening = _OPENING.match(description)
    guid = _GUID.sub("", text_of(raw.get("id")) or "")
    named = [opening["id"] if opening else "", guid, text_of(raw.get("link")) or ""]
    version = next((end for text in named if (end := _VERSION.search(text.strip()))), None)
    kind = text_of(raw.get("arxiv_announce_type")) or (opening["kind"] if opening else None)
    return _Item(
        raw,
        next((found for text in named if (found := arxiv_id(text))), None),
        int(version[1]) if version else None,
        kind.strip().lower() if kind else None,
        description[opening.end() if opening else 0 :],
    )


def _paper(item: _Item, day: date | None) -> Paper:
    raw = item.raw
    comment = text_of(raw.get("arxiv_comment"))
    authors = [one.get("name") for one in _list(raw.get("authors")) if isinstance(one, dict)]
    tags = [one.get("term") for one in _list(raw.get("tags")) if isinstance(one, dict)]
    return make_paper(
        title=_TITLE_END.sub("", text_of(raw.get("title")) or ""),
        abstract=item.abstract,
        authors=[
            name for told in authors if (text := text_of(told)) for name in author_names(text)
        ],
        categories=[text for told in tags if (text := text_of(told))],
        published=_published(item, day),
        arxiv=item.arxiv,
        doi=next(iter((text_of(raw.get("arxiv_doi")) or "").split()), None),
        url=None if item.arxiv else text_of(raw.get("link")),
        venue=text_of(raw.get("arxiv_journal_reference")),
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


def _day(head: dict[str, object]) -> date | None:
    for name in ("published_parsed", "updated_parsed"):
        # Its own way to look up takes the one for the other, with a warning.
        told = dict.get(head, name)
        if isinstance(told, struct_time):
            try:
                return _eastern_day(datetime(*told[:5], tzinfo=UTC))
            except (ValueError, OverflowError):
                continue
    return None


def _eastern_day(moment: datetime) -> date:
    return moment.astimezone(_EASTERN).date()


def _is_wanted(day: date | None, asked: Asked) -> bool:
    if day is None:
        return True
    return (asked.since is None or day >= asked.since) and (
        asked.until is None or day <= asked.until
    )


def _list(told: object) -> list[object]:
    return told if isinstance(told, list) else []
