"""Edition: the papers of a day, a week or a month, frozen when published."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from broadsheet.model.attention import Attention
from broadsheet.model.paper import Notice
from broadsheet.model.period import Period

SAMPLE_LABEL = "Sample edition from the starter library"


class Section(StrEnum):
    """A section of an edition."""

    TRENDING = "trending"
    NEW = "new"
    LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class EditionItem:
    """One paper of an edition, with its data at the time of publication.

    Parameters
    ----------
    rank : int
        Rank in the edition, from 1.
    paper_id : str
        Id of the paper at that time.
    title, abstract, authors, categories, published, link
        As in :class:`broadsheet.model.paper.Paper`.
    votes : int
        Local votes when it was published.
    reason : str
        Why it has this rank, as text for readers.
    section : Section
        ``TRENDING`` if it was selected by attention; else by its text: ``NEW`` if it appeared
        since the previous edition, or in the week before the first, and else ``LIBRARY``.
    score : float
        Trending score, 0 or more; see :class:`broadsheet.model.trend.Trend`.
    picked : bool
        Whether the editor placed it.
    comment : str or None
        Comment of the editor.
    notice : Notice or None
        Current notice on the paper; the only field that changes after publication.
    attention : Attention or None
        What it had and gained; None in editions of versions that did not store it.
    placing : str
        Why it stands above the next paper, where the attention alone does not say so; else empty.
    summary, venue, version
        As in :class:`broadsheet.model.paper.Paper`.
    artifacts : tuple of str
        URLs of its code, data and models.
    from_starter : bool
        Whether all records of the paper came from the starter library.
    """

    rank: int
    paper_id: str
    title: str
    abstract: str | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    published: str | None
    link: str | None
    votes: int
    reason: str
    section: Section = Section.TRENDING
    score: float = 0.0
    picked: bool = False
    comment: str | None = None
    notice: Notice | None = None
    attention: Attention | None = None
    placing: str = ""
    summary: str | None = None
    venue: str | None = None
    version: int | None = None
    artifacts: tuple[str, ...] = ()
    from_starter: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """One revision of an edition.

    Parameters
    ----------
    period : Period
        The day, week or month.
    revision : int
        1 for the first publication, one more for each further one.
    published_at : datetime
        Aware UTC.
    items : tuple of EditionItem
        In order of rank.
    note : str or None
        A sentence on missing data, as text for readers; None if none is missing.
    """

    period: Period
    revision: int
    published_at: datetime
    items: tuple[EditionItem, ...]
    note: str | None = None

    @property
    def is_sample(self) -> bool:
        """Whether all of its papers are from the starter library."""
        return bool(self.items) and all(item.from_starter for item in self.items)

    @property
    def date(self) -> date:
        """The first day of the period."""
        return self.period.first


@dataclass(frozen=True, slots=True)
class EditionOutline:
    """What the archive shows of an edition.

    Parameters
    ----------
    period : Period
        The day, week or month.
    count : int
        Papers of its newest revision.
    lead : str or None
        Title of its first paper.
    """

    period: Period
    count: int
    lead: str | None
