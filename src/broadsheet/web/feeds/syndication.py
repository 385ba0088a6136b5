"""Feeds from papers and editions: pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import quote, urlsplit
from zlib import crc32

from broadsheet.model import SAMPLE_LABEL, Edition, EditionItem, Notice, Paper
from broadsheet.rules.attention_line import rank_line
from broadsheet.rules.contribution import contribution
from broadsheet.rules.dates import first_day
from broadsheet.rules.tex import to_unicode
from broadsheet.web.addresses import paper_path, plain, web_link
from broadsheet.web.feeds.feed import FOUNDED, Feed, FeedItem
from broadsheet.web.page_size import fitted_items

MAX_AUTHORS = 100

# A tag URI contains a date on which its host belonged to the site: for an edition its day.
_FOUNDED = str(FOUNDED.year)
# Validators object to earlier dates.
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
# Not allowed in XML.
_NONCHARACTERS = re.compile(r"[\ufffe\uffff]+")
_NOT_IN_A_HOST = re.compile(r"[^a-z0-9.-]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Scheme, authority, path and query, fragment.
_PARTS = re.compile(r"([^:/?#]+://)([^/?#]*)([^#]*)(#.*)?", re.DOTALL)
# Brackets are allowed in the authority only, "#" once.
_URI_CHARACTERS = ":/@!$&'()*+,;=~%"
_NOTICES = {
    Notice.CORRECTED: "Corrected: a correction was published.",
    Notice.WITHDRAWN: "Withdrawn by its authors.",
    Notice.RETRACTED: "Retracted by its publisher.",
}


@dataclass(frozen=True, slots=True)
class Publisher:
    """Builds the feeds of a site.

    Parameters
    ----------
    name : str
        Name of the site.
    base_url : str
        Public address of the site, without a trailing slash.
    """

    name: str
    base_url: str

    def feed(
        self,
        about: str,
        items: Iterable[FeedItem],
        *,
        name: str,
        path: str,
        home: str,
        query: str = "",
        subtitle: str | None = None,
    ) -> Feed:
        """Return a feed.

        Parameters
        ----------
        about : str
            Subject of the feed; empty for the daily editions.
        items : iterable of FeedItem
            Its items.
        name : str
            Permanent name of the feed in its id, whatever its path becomes.
        path : str
            Path without the extension, percent-encoded.
        home : str
            Path of the page with the same content, percent-encoded.
        query : str
            Query string of the feed with its question mark, or empty.
        subtitle : str, optional
            What readers should know of the feed.
        """
        site = clean(self.name)
        return Feed(
            id=self._tag(_FOUNDED, f"{name}{query}"),
            title=f"{site}: {clean(about)}" if about else site,
            publisher=site,
            home=_uri(f"{self.base_url}{home}"),
            atom=_uri(f"{self.base_url}{path}.atom{query}"),
            json=_uri(f"{self.base_url}{path}.json{query}"),
            icon=_uri(f"{self.base_url}/static/favicon.svg"),
            items=tuple(distinct(fitted_items(items))),
            subtitle=subtitle,
        )

    def edition(self, edition: Edition) -> list[FeedItem]:
        """Return the items of an edition; a new revision keeps their ids.

        The first item has the time of publication, each further one a second less: readers sort
        by time, and validators object to equal times.
        """
        published_at = edition.published_at.replace(microsecond=0)
        day = edition.date.isoformat()
        return [
            self._item(
                item,
                item.paper_id,
                tag=self._tag(day, f"{edition.period}/{_quoted(item.paper_id)}"),
                comment=item.comment,
                label=f"{SAMPLE_LABEL}." if edition.is_sample else None,
                reason=rank_line(item),
                updated=published_at - (item.rank - 1) * _SECOND,
            )
            for item in edition.items
        ]

    def paper(self, paper: Paper, added_at: datetime, reason: str | None = None) -> FeedItem:
        """Return the item of a paper outside of an edition; it depends on the paper alone.

        Parameters
        ----------
        paper : Paper
            The paper.
        added_at : datetime
            When it came into the library, aware UTC; bounds the dates of the item.
        reason : str, optional
            Reason for its rank.
        """
        tag = self._tag(_FOUNDED, f"papers/{_quoted(paper.id)}")
        updated = _time_of_day(paper, added_at.replace(microsecond=0))
        return self._item(paper, paper.id, tag=tag, reason=reason, updated=updated)

    def _item(
        self,
        work: Paper | EditionItem,
        paper_id: str,
        *,
        tag: str,
        updated: datetime,
        comment: str | None = None,
        reason: str | None = None,
        label: str | None = None,
    ) -> FeedItem:
        notice = _NOTICES[work.notice] if work.notice else None
        published, link = moment(work.published), web_link(work.link)
        stated = work.summary or contribution(work.abstract or "")
        lead = stated if stated != work.abstract else None
        return FeedItem(
            id=tag,
            title=clean(to_unicode(work.title)) or "Untitled",
            page=_uri(f"{self.base_url}{paper_path(paper_id)}"),
            work=_uri(link) if link else None,
            authors=_cleaned([to_unicode(name) for name in work.authors[:MAX_AUTHORS]]),
            categories=_cleaned(work.categories),
            published=published if published and _EARLIEST <= published <= updated else None,
            updated=updated,
            paragraphs=_cleaned([label, notice, comment, lead, reason, work.abstract]),
            summary=clean(to_unicode(stated)) or clean(reason or "") or None,
        )

    def _tag(self, day: str, name: str) -> str:
        """Return a tag URI (RFC 4151), which stays the same if the page moves."""
        host = quote(urlsplit(self.base_url).hostname or "")
        authority = _NOT_IN_A_HOST.sub("-", host.lower()).strip("-.")
        return f"tag:{authority or 'localhost'},{day}:{name}"


def distinct(items: Iterable[FeedItem]) -> list[FeedItem]:
    """Return items of which no two have the same time; an earlier one keeps its time.

    Parameters
    ----------
    items : iterable of FeedItem
        Newest first.
    """
    taken: set[datetime] = set()
    kept = []
    for item in reversed(list(items)):
        updated = item.updated
        while updated in taken:
            updated -= _SECOND
        taken.add(updated)
        published = item.published if item.published and item.published <= updated else None
        kept.append(replace(item, updated=updated, published=published))
    return kept[::-1]


def clean(text: str) -> str:
    r"""Return a text on one line, without characters that are invalid in XML or JSON.

    Examples
    --------
    >>> clean("a\x00 \ud800b\uffff")
    'a b'
    """
    return plain(_NONCHARACTERS.sub(" ", text))


def moment(published: str | None) -> datetime | None:
    """Return the first moment of a date of any precision, None if `published` is not a date.

    Examples
    --------
    >>> moment("2025-02")
    datetime.datetime(2025, 2, 1, 0, 0, tzinfo=datetime.timezone.utc)
    >>> moment("in press") is None
    True
    """
    try:
        return datetime.combine(first_day(published or ""), time(), UTC)
    except (ValueError, OverflowError):
        return None


def _time_of_day(paper: Paper, added_at: datetime) -> datetime:
    """Return a time on the day of a paper's publication, before it was added.

    The day is all that is known. The time is derived from the id, so that papers of one day have
    different times. Without a usable date, it is within the day before the paper was added.
    """
    first = moment(paper.published)
    if first is None or not _EARLIEST <= first <= added_at:
        first = max(added_at - _DAY, _EARLIEST)
    seconds = max(1, int(min(added_at - first, _DAY).total_seconds()))
    return first + crc32(paper.id.encode("utf-8", "replace")) % seconds * _SECOND


def _cleaned(texts: Sequence[str | None]) -> tuple[str, ...]:
    """Clean texts and leave out the empty ones."""
    return tuple(cleaned for text in texts if (cleaned := clean(text or "")))


def _quoted(paper_id: str) -> str:
    return quote(paper_id, safe=":/", errors="replace")


def _uri(address: str) -> str:
    """Percent-encode all characters that are not allowed in a URI, or not at their place."""
    parts = _PARTS.fullmatch(address)
    before, authority, after, fragment = parts.groups("") if parts else ("", "", address, "")
    encoded = (
        _encoded(before, _URI_CHARACTERS),
        _encoded(authority, f"{_URI_CHARACTERS}[]"),
        _encoded(after, f"{_URI_CHARACTERS}?"),
        f"#{_encoded(fragment[1:], f'{_URI_CHARACTERS}?')}" if fragment else "",
    )
    return "".join(encoded)


def _encoded(text: str, allowed: str) -> str:
    return _BROKEN_ESCAPE.sub("%25", quote(text, safe=allowed, errors="replace"))
