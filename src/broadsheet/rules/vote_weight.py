"""The weight of a reader's vote: votes from one network and votes of new readers weigh less."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A reader is new for a day after their first vote.
_NEW_READER_H = 24.0
NEW_READER_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote for one paper.

    Parameters
    ----------
    num : int
        The paper's number.
    cast_h : float
        When it was cast, in hours since 1970.
    network : str or None
        Pseudonym of the network it came from; None if unknown.
    reader_since_h : float
        When its reader first voted, for any paper, in hours since 1970.
    """

    num: int
    cast_h: float
    network: str | None
    reader_since_h: float


def weighted(votes: Iterable[Vote]) -> Iterator[tuple[Vote, float]]:
    """Weigh votes: the k-th vote for a paper from one network is worth 1/k, a new reader's 1/4.

    A hundred votes from one network are worth five; a hundred votes of new readers from a hundred
    networks are worth twenty-five.

    Parameters
    ----------
    votes : iterable of Vote
        In order of time.

    Yields
    ------
    tuple of Vote and float
        The vote and its weight, above 0 and at most 1.
    """
    from_network: Counter[tuple[int, str]] = Counter()
    for vote in votes:
        weight = 1.0
        if vote.network is not None:
            from_network[vote.num, vote.network] += 1
            weight /= from_network[vote.num, vote.network]
        if vote.cast_h - vote.reader_since_h < _NEW_READER_H:
            weight *= NEW_READER_WEIGHT
        yield vote, weight
