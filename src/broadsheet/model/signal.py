"""Signal: one dated observation of attention, and the table of what signals count."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """What a signal counts."""

    # One row for each kind, in the order in which charts show them. A new kind is a new row: the
    # score, the reason line, totals, charts, the ranking page and the API read this table, and
    # nothing else lists kinds. The columns:
    #
    # value     plural noun; the name in the library and in the API
    # noun      singular, with what qualifies it
    # weight    factor in the score; 0 is shown and not scored
    # baseline  decayed attention of a typical paper that has any, until a library measures its own
    # at zero   whether the count is 0 when the paper appears, so that the first observation is a
    #           gain; a repository's stars may be older than its paper
    # shared    whether all sources count the same thing, such as one repository's stars: the total
    #           is the largest count; otherwise the counts are added
    #
    # The weights of upvotes and comments are measured (docs/trending.md): the first comment is
    # usually the submitter's own. The others are judged; readers of this library count most.

    #             value       noun           weight baseline at zero shared
    VOTES = "votes", "vote by readers", 1.5, 2.0, True, True
    UPVOTES = "upvotes", "upvote", 1.0, 10.0, True, True
    STARS = "stars", "star", 0.5, 30.0, False, True
    POINTS = "points", "point", 0.5, 20.0, True, False
    CITATIONS = "citations", "citation", 0.3, 2.0, False, True
    LIKES = "likes", "like", 0.3, 10.0, False, True
    POSTS = "posts", "post", 0.3, 2.0, True, False
    COMMENTS = "comments", "comment", 0.0, 1.5, True, False

    noun: str
    weight: float
    baseline: float
    starts_at_zero: bool
    is_shared: bool

    # The defaults let a type checker accept the look-up ``Kind("stars")``.
    def __new__(
        cls,
        value: str,
        noun: str = "",
        weight: float = 0.0,
        baseline: float = 1.0,
        starts_at_zero: bool = True,
        is_shared: bool = False,
    ) -> Self:
        """Make a member of a row."""
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.noun = noun
        kind.weight = weight
        kind.baseline = baseline
        kind.starts_at_zero = starts_at_zero
        kind.is_shared = is_shared
        return kind


@dataclass(frozen=True, slots=True)
class Signal:
    """One observation of a count; it is stored once and never overwritten.

    Parameters
    ----------
    paper_id : str
        The paper, by any id it has.
    kind : Kind
        What was counted.
    value : float
        The count at that moment: a total, not a gain.
    observed_at : datetime
        Time of the observation, aware UTC.
    source : str
        Name of the source, such as ``local``. The source of a forum thread names the thread,
        ``hn:12684980``: each thread of a paper is its own series.
    """

    paper_id: str
    kind: Kind
    value: float
    observed_at: datetime
    source: str
