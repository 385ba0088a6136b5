"""What a reader's vote weighs: one reader, one vote, and little where many come from one place."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A reader is new until a day after their first vote.
_NEW_H = 24.0
NEW_READER_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Ballot:
    """One vote for one paper.

    Parameters
    ----------
    num : int
        The paper's number.
    at_h : float
        When it was cast, in hours since 1970.
    network : str or None
        The network it came from, under a name that tells nothing of it.
    known_h : float
        When its reader voted for the first time, for any paper.
    """

    num: int
    at_h: float
    network: str | None
    known_h: float


def weighed(ballots: Iterable[Ballot]) -> Iterator[tuple[Ballot, float]]:
    """Weigh votes: the k-th for a paper from one network is worth 1/k, a new reader's a quarter.

    So a hundred votes from one network are worth five, and a hundred from new readers of a hundred
    networks twenty-five.

    Parameters
    ----------
    ballots : iterable of Ballot
        In order of time.
    """
    come: Counter[tuple[int, str]] = Counter()
    for ballot in ballots:
        weight = 1.0
        if ballot.network is not None:
            come[ballot.num, ballot.network] += 1
            weight /= come[ballot.num, ballot.network]
        if ballot.at_h - ballot.known_h < _NEW_H:
            weight *= NEW_READER_WEIGHT
        yield ballot, weight
