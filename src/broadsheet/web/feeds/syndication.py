"""How papers and editions read in a feed: pure, without clock, request or library."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from urllib.parse import quote, urlsplit

from broadsheet.model import Edition, EditionItem, Notice, Paper
from broadsheet.rules.dates import first_day
from broadsheet.web.addresses import paper_path, plain, web_link
from broadsheet.web.feeds.feed import LONG_AGO, Feed, FeedItem

AUTHORS_TOLD = 100

# A tag URI bears a date on which its host was ours: that of an edition where there is one.
_FOUNDED = "2026"
# Not allowed in XML, and no page minds them.
_NONCHARACTERS = re.compile(r"[\ufffe\uffff]+")
_NOT_OF_A_HOST = re.compile(r"[^a-z0-9.-]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_URI_CHARACTERS = ":/?#[]@!$&'()*+,;=~%"
_SAID_AGAINST = {
    Notice.CORRECTED: "Corrected: a correction was published.",
    Notice.WITHDRAWN: "Withdrawn by its authors.",
    Notice.RETRACTED: "Retracted: its publisher took it back.",
}


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes the feeds.

    Parameters
    ----------
    name : str
        Of the newspaper.
    base_url : str
        Its public address, without a slash at the end.
    """

    name: str
    base_url: str

    def feed(
        self, about: str, items: Iterable[FeedItem], *, path: str, home: str, query: str = ""
    ) -> Feed:
        """Put a feed together.

        Parameters
        ----------
        about : str
            What it is about; empty for the newspaper itself.
        items : iterable of FeedItem
            What is in it.
        path : str
            Its path without a suffix, percent-encoded.
        home : str
            Path of the page that shows the same, percent-encoded.
        query : str
            What follows the suffix: empty, or from the question mark on.
        """
        name = clean(self.name)
        return Feed(
            id=self._tag(_FOUNDED, f"{path.lstrip('/')}{query}"),
            title=f"{name}: {clean(about)}" if about else name,
            publisher=name,
            home=_uri(f"{self.base_url}{home}"),
            atom=_uri(f"{self.base_url}{path}.atom{query}"),
            json=_uri(f"{self.base_url}{path}.json{query}"),
            icon=_uri(f"{self.base_url}/static/favicon.svg"),
            items=tuple(items),
        )

    def printed(self, edition: Edition) -> list[FeedItem]:
        """Shape the papers of an edition; printing it again changes no id."""
        day = edition.date.isoformat()
        return [
            self._item(
                item,
                item.paper_id,
                tag=self._tag(day, f"{edition.period}/{_quoted(item.paper_id)}"),
                comment=item.comment,
                reason=item.reason,
                printed_at=edition.published_at,
            )
            for item in edition.items
        ]

    def paper(self, paper: Paper, reason: str | None = None) -> FeedItem:
        """Shape a paper that is listed by itself: its id is of the paper alone."""
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
        printed_at: datetime | None = None,
    ) -> FeedItem:
        against = _SAID_AGAINST[work.notice] if work.notice else None
        published, link = moment(work.published), web_link(work.link)
        return FeedItem(
            id=tag,
            title=clean(work.title) or "Untitled",
            page=_uri(f"{self.base_url}{paper_path(paper_id)}"),
            work=_uri(link) if link else None,
            authors=_cleaned(work.authors[:AUTHORS_TOLD]),
            categories=_cleaned(work.categories),
            published=published,
            updated=printed_at or published or LONG_AGO,
            paragraphs=_cleaned([against, comment, reason, work.abstract]),
            reason=clean(reason or "") or None,
        )

    def _tag(self, day: str, name: str) -> str:
        """Name a thing for ever (RFC 4151), wherever its page moves."""
        host = quote(urlsplit(self.base_url).hostname or "")
        authority = _NOT_OF_A_HOST.sub("-", host.lower()).strip("-.")
        return f"tag:{authority or 'localhost'},{day}:{name}"


def clean(text: str) -> str:
    r"""Take out of a text what XML or JSON cannot bear.

    Examples
    --------
    >>> clean("a\x00 \ud800b\uffff")
    'a b'
    """
    return plain(_NONCHARACTERS.sub(" ", text))


def moment(published: str | None) -> datetime | None:
    """Read a date of any precision as the first moment it covers.

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
    """Clean texts, and leave out those of which nothing is left."""
    return tuple(kept for text in texts if (kept := clean(text or "")))


def _quoted(paper_id: str) -> str:
    return quote(paper_id, safe=":/", errors="replace")


def _uri(address: str) -> str:
    """Write an address in the few characters that every reader takes."""
    return _BROKEN_ESCAPE.sub("%25", quote(address, safe=_URI_CHARACTERS, errors="replace"))
