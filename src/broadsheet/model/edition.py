"""Edition: the list for one day, frozen when published."""

from dataclasses import dataclass
from datetime import date, datetime

from broadsheet.model.paper import Notice


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
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """One day's newspaper.

    Parameters
    ----------
    date : date
        The day it is for.
    revision : int
        1 for the first, one more each time the day is published again.
    published_at : datetime
        When it was frozen, aware UTC.
    items : tuple of EditionItem
        In order of rank.
    note : str or None
        What it lacks, for a person to read.
    """

    date: date
    revision: int
    published_at: datetime
    items: tuple[EditionItem, ...]
    note: str | None = None
