"""Feeds from papers and editions: pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from urllib.parse import quote, urlsplit

from broadsheet.model import Edition, EditionItem, Notice, Paper
from broadsheet.rules.dates import first_day
from broadsheet.web.addresses import paper_path, plain, web_link
from broadsheet.web.feeds.feed import LONG_AGO, Feed, FeedItem

MAX_AUTHORS = 100

# A tag URI contains a date on which its host belonged to the site: for an edition its day.
_FOUNDED = "2026"
# Not allowed in XML.
_NONCHARACTERS = re.compile(r"[\ufffe\uffff]+")
_NOT_IN_A_HOST = re.compile(r"[^a-z0-9.-]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URI_CHARACTERS = ":/?#[]@!$&'()*+,;=~%"
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
            items=tuple(items),
        )

    def edition(self, edition: Edition) -> list[FeedItem]:
        """Return the items of an edition; a new revision keeps their ids."""
        day = edition.date.isoformat()
        return [
            self._item(
                item,
                item.paper_id,
                tag=self._tag(day, f"{edition.period}/{_quoted(item.paper_id)}"),
                comment=item.comment,
                reason=item.reason,
                published_at=edition.published_at,
            )
            for item in edition.items
        ]

    def paper(self, paper: Paper, reason: str | None = None) -> FeedItem:
        """Return the item of a paper outside of an edition; its id depends on the paper alone."""
        tag = self._tag(_FOUNDED, f"papers/{_quoted(paper.id)}")
        return self._item(paper, paper.id, tag=tag, reason=reason)

    def _item(
        self,
        work: Paper | EditionItem,
        paper_id: str,
        *,
        tag: str,
        comment: str | None = None,
        reason: str | None = None,
        published_at: datetime | None = None,
    ) -> FeedItem:
        notice = _NOTICES[work.notice] if work.notice else None
        published, link = moment(work.published), web_link(work.link)
        return FeedItem(
            id=tag,
            title=clean(work.title) or "Untitled",
            page=_uri(f"{self.base_url}{paper_path(paper_id)}"),
            work=_uri(link) if link else None,
            authors=_cleaned(work.authors[:MAX_AUTHORS]),
            categories=_cleaned(work.categories),
            published=published,
            updated=published_at or published or LONG_AGO,
            paragraphs=_cleaned([notice, comment, reason, work.abstract]),
            reason=clean(reason or "") or None,
        )

    def _tag(self, day: str, name: str) -> str:
        """Return a tag URI (RFC 4151), which stays the same if the page moves."""
        host = quote(urlsplit(self.base_url).hostname or "")
        authority = _NOT_IN_A_HOST.sub("-", host.lower()).strip("-.")
        return f"tag:{authority or 'localhost'},{day}:{name}"


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


def _cleaned(texts: Sequence[str | None]) -> tuple[str, ...]:
    """Clean texts and leave out the empty ones."""
    return tuple(cleaned for text in texts if (cleaned := clean(text or "")))


def _quoted(paper_id: str) -> str:
    return quote(paper_id, safe=":/", errors="replace")


def _uri(address: str) -> str:
    """Percent-encode all characters that are not allowed in a URI."""
    return _BROKEN_ESCAPE.sub("%25", quote(address, safe=_URI_CHARACTERS, errors="replace"))
