"""Feed: a list of papers that goes on, for programs that look by themselves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

# When what a feed lists has no date; never the clock, or every answer would be a new one.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One paper in a feed. All text is on one line and holds nothing that XML cannot.

    Parameters
    ----------
    id : str
        A URI, the same for ever and in every format.
    title : str
        Never empty.
    page : str
        Absolute address of the paper's page in this newspaper.
    work : str or None
        Absolute address of the work itself.
    authors, categories : tuple of str
        As in the paper.
    published : datetime or None
        When the paper came out, aware UTC; the first moment of a year or month.
    updated : datetime
        When it was last printed here, else when it came out; aware UTC.
    paragraphs : tuple of str
        What was said against it, what the editor says, why it is here, and the abstract:
        those that there are, in this order.
    reason : str or None
        Why it is here.
    """

    id: str
    title: str
    page: str
    work: str | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    published: datetime | None
    updated: datetime
    paragraphs: tuple[str, ...]
    reason: str | None

    @property
    def html(self) -> str:
        """The paragraphs as HTML."""
        return "".join(f"<p>{escape(text)}</p>" for text in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of papers, in whatever format it is written.

    Parameters
    ----------
    id : str
        A URI, the same for ever and in every format.
    title : str
        What a reader sees among other feeds.
    publisher : str
        Name of the newspaper.
    home : str
        Absolute address of the page that shows the same.
    atom, json : str
        Absolute addresses of the feed in both formats.
    icon : str
        Absolute address of a square picture.
    items : tuple of FeedItem
        In the order they are told in.
    """

    id: str
    title: str
    publisher: str
    home: str
    atom: str
    json: str
    icon: str
    items: tuple[FeedItem, ...]

    @property
    def updated(self) -> datetime:
        """When its newest item was; aware UTC."""
        return max((item.updated for item in self.items), default=LONG_AGO)


def stamp(when: datetime) -> str:
    """Write a moment as RFC 3339 does, to the second.

    Examples
    --------
    >>> stamp(datetime(2026, 2, 20, 6, 0, tzinfo=UTC))
    '2026-02-20T06:00:00Z'
    """
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
