"""Feed: a list of papers for feed readers."""

from dataclasses import dataclass
from datetime import UTC, datetime

from broadsheet.web.markup import tex

# Date of a feed without items; the current time would change every response.
FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One paper in a feed. All text is on one line and valid in XML.

    Parameters
    ----------
    id : str
        A URI that never changes and is the same in every format.
    title : str
        Never empty.
    page : str
        Absolute address of the paper's page on this site.
    work : str or None
        Absolute address of the paper itself.
    authors, categories : tuple of str
        As in the paper.
    published : datetime or None
        Publication date, aware UTC; of a year or month its first moment. None if it is unknown,
        before 1970 or after `updated`.
    updated : datetime
        Aware UTC, to the second; in an edition soon before its publication, else on the day of
        the paper's. Differs from those of all other items, in the past, not before 1970.
    paragraphs : tuple of str
        Notice, comment of the editor, contribution, reason for its rank and abstract, in this
        order; missing ones are left out.
    summary : str or None
        The contribution in one sentence; the reason for its rank if there is no abstract.
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
    summary: str | None

    @property
    def html(self) -> str:
        """The paragraphs as HTML; formulas are MathML."""
        return "".join(f"<p>{tex(text)}</p>" for text in self.paragraphs)


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of papers, independent of the format.

    Parameters
    ----------
    id : str
        A URI that never changes and is the same in every format.
    title : str
        Title in a feed reader.
    publisher : str
        Name of the site.
    home : str
        Absolute address of the page with the same content.
    atom, json : str
        Absolute addresses of the feed in both formats.
    icon : str
        Absolute address of a square picture.
    items : tuple of FeedItem
        In order of rank or date.
    subtitle : str or None
        What its readers should know of it.
    """

    id: str
    title: str
    publisher: str
    home: str
    atom: str
    json: str
    icon: str
    items: tuple[FeedItem, ...]
    subtitle: str | None = None

    @property
    def updated(self) -> datetime:
        """Date of the most recently updated item, aware UTC."""
        return max((item.updated for item in self.items), default=FOUNDED)


def stamp(when: datetime) -> str:
    """Return a time in the format of RFC 3339, to the second.

    Examples
    --------
    >>> stamp(datetime(2026, 2, 20, 6, 0, tzinfo=UTC))
    '2026-02-20T06:00:00Z'
    """
    return f"{when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
