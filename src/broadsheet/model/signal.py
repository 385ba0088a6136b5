"""Signal: one dated observation of attention."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What is counted."""

    VOTES = "votes"
    UPVOTES = "upvotes"
    COMMENTS = "comments"
    STARS = "stars"
    LIKES = "likes"
    POINTS = "points"
    POSTS = "posts"
    CITATIONS = "citations"


@dataclass(frozen=True, slots=True)
class Signal:
    """One observation, kept as it was made and never overwritten.

    Parameters
    ----------
    paper_id : str
        The paper that got the attention, by any id it has.
    kind : Kind
        What was counted: votes of readers here, upvotes on the hub, comments on either, stars of
        a repository, likes of a model or post, points in a forum, posts that link to it,
        citations.
    value : float
        The count at that moment (a total, not a gain).
    observed_at : datetime
        When it was read, aware UTC.
    source : str
        Where it was read, for example ``local``; of a forum with the thread, ``hn:12684980``, as
        the threads of a paper are counted one by one and added up where they are read.
    """

    paper_id: str
    kind: Kind
    value: float
    observed_at: datetime
    source: str
