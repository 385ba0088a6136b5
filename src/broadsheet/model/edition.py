"""Edition: the list for a day, a week or a month, frozen when published."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from broadsheet.model.paper import Notice
from broadsheet.model.period import Period


class Section(StrEnum):
    """Which part of an edition a paper stands in."""

    RISING = "rising"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class EditionItem:
    """One paper of an edition, as it read when the edition was published.

    Parameters
    ----------
    rank : int
        Place in the edition, from 1.
    paper_id : str
        Id of the paper at that time.
    title, abstract, authors, categories, published, link
        As in :class:`broadsheet.model.paper.Paper`.
    votes : int
        Local votes when it was published.
    reason : str
        Why it stands at this rank, for a person to read.
    section : Section
        Whether attention brought it here, or it is new and was chosen by its text.
    score : float
        Its score then; see :class:`broadsheet.model.trend.Trend`.
    picked : bool
        Whether the editor put it here.
    comment : str or None
        What the editor said of it.
    notice : Notice or None
        What has been said against the paper by now; the one part of an edition that changes.
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
    section: Section = Section.RISING
    score: float = 0.0
    picked: bool = False
    comment: str | None = None
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """One newspaper.

    Parameters
    ----------
    period : Period
        The day, week or month it is for.
    revision : int
        1 for the first, one more each time it is published again.
    published_at : datetime
        When it was frozen, aware UTC.
    items : tuple of EditionItem
        In order of rank.
    note : str or None
        What it lacks, for a person to read.
    """

    period: Period
    revision: int
    published_at: datetime
    items: tuple[EditionItem, ...]
    note: str | None = None

    @property
    def date(self) -> date:
        """Its day, or the first of its days."""
        return self.period.first
