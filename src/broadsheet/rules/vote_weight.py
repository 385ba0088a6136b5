"""The weight of a reader's vote, and of all votes of a site.

A vote weighs less if others came from the same network, and if its reader is new. All votes of a
site are multiplied by the credibility of its voters, n / (n + 50): with few voters, a vote says
more about the voter than about the paper. The formula is the credibility factor of Bühlmann
("Experience rating and credibility", ASTIN Bulletin 4, 1967); 50 is judged.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A reader is new for a day after their first vote.
_NEW_READER_H = 24.0
NEW_READER_WEIGHT = 0.25
# With this many voters, votes count half.
HALF_CREDIBLE_VOTERS = 50.0


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
    reader : int
        The reader's number.
    """

    num: int
    cast_h: float
    network: str | None
    reader_since_h: float
    reader: int

    @property
    def is_of_new_reader(self) -> bool:
        """Whether its reader had first voted less than a day before."""
        return self.cast_h - self.reader_since_h < _NEW_READER_H


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
        if vote.is_of_new_reader:
            weight *= NEW_READER_WEIGHT
        yield vote, weight


def voters(votes: Iterable[Vote], now_h: float) -> float:
    """Count who voted: the k-th reader of one network counts 1/k, a new reader 1/4.

    Parameters
    ----------
    votes : iterable of Vote
        The votes of a period, in order of time.
    now_h : float
        The moment at which readers are new or not, in hours since 1970.

    Examples
    --------
    >>> known = [Vote(7, 100.0, f"network {n}", 0.0, n) for n in range(3)]
    >>> voters(known, 101.0), voters([*known, Vote(7, 100.0, None, 100.0, 3)], 101.0)
    (3.0, 3.25)
    """
    from_network: Counter[str] = Counter()
    total = 0.0
    for vote in {vote.reader: vote for vote in votes}.values():
        weight = NEW_READER_WEIGHT if now_h - vote.reader_since_h < _NEW_READER_H else 1.0
        if vote.network is not None:
            from_network[vote.network] += 1
            weight /= from_network[vote.network]
        total += weight
    return total


def credibility(voters: float) -> float:
    """Return the factor of all votes of a site, 0 to 1.

    Parameters
    ----------
    voters : float
        As :func:`voters` returns it.

    Examples
    --------
    >>> [round(credibility(count), 3) for count in (1, 50, 1_000)]
    [0.02, 0.5, 0.952]
    """
    return voters / (voters + HALF_CREDIBLE_VOTERS)
