"""The values of the trending formula that the ranking page shows, from the rules in use."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from broadsheet.model import Kind
from broadsheet.rules.edition import NEW_SHARE, SIMILARITY_THRESHOLD, TOPIC_PENALTY
from broadsheet.rules.gains import (
    HALF_LIFE_H,
    KINDS,
    WINDOW_H,
    decayed_attention,
    separate_gains,
)
from broadsheet.rules.trending import (
    BASELINE_PRIOR_PAPERS,
    DEFAULT_BASELINES,
    MAX_CATEGORY_FACTOR,
    PRIOR_WEIGHT,
    score,
)
from broadsheet.rules.vote_weight import (
    HALF_CREDIBLE_VOTERS,
    NEW_READER_WEIGHT,
    credibility,
)

_UPVOTES = 40
_VOTERS = (1, 30, 1_000)


@dataclass(frozen=True, slots=True)
class Term:
    """One kind of attention in the formula.

    Parameters
    ----------
    name : str
        Name of the kind.
    weight : float
        Factor of the square root, above 0.
    baseline : float
        Divisor in a library that has not calibrated its own.
    """

    name: str
    weight: float
    baseline: float


@dataclass(frozen=True, slots=True)
class Example:
    """The score of a paper that gained upvotes evenly until now.

    Parameters
    ----------
    upvotes : int
        Upvotes gained.
    hours : float
        Time in which it gained them.
    attention, score : float
        Decayed attention and score now.
    later : float
        Score a half-life later.
    """

    upvotes: int
    hours: float
    attention: float
    score: float
    later: float


@dataclass(frozen=True, slots=True)
class VoteWorth:
    """What one vote adds to the score of a paper without other attention, in upvotes.

    Parameters
    ----------
    voters : int
        Readers who voted recently.
    credibility : float
        The factor of all votes with so many voters.
    new, known : float
        Upvotes that add as much as the vote of a new reader, and of one known for a day.
    """

    voters: int
    credibility: float
    new: float
    known: float


def vote_worth(voters: int) -> VoteWorth:
    """Compute what one vote is worth with the rules in use and the initial baselines."""
    factor = credibility(voters)
    return VoteWorth(voters, factor, _in_upvotes(NEW_READER_WEIGHT * factor), _in_upvotes(factor))


def _in_upvotes(vote_weight: float) -> float:
    attention = np.zeros((1, len(KINDS)))
    attention[0, KINDS.index(Kind.VOTES)] = vote_weight
    gained = float(score(attention, DEFAULT_BASELINES)[0])
    return Kind.UPVOTES.baseline * (gained / Kind.UPVOTES.weight) ** 2


def terms() -> tuple[Term, ...]:
    """List the kinds that are scored, by descending weight."""
    scored = sorted((kind for kind in Kind if kind.weight), key=lambda kind: -kind.weight)
    return tuple(Term(kind.value, kind.weight, kind.baseline) for kind in scored)


def example() -> Example:
    """Compute an example with the rules in use."""
    upvotes = KINDS.index(Kind.UPVOTES)
    gains = separate_gains(
        np.array([0]),
        np.array([upvotes]),
        np.array([float(_UPVOTES)]),
        np.array([0.0]),
        np.array([HALF_LIFE_H]),
    )
    now, later = (decayed_attention(gains, 1, at_h) for at_h in (HALF_LIFE_H, 2 * HALF_LIFE_H))
    return Example(
        _UPVOTES,
        HALF_LIFE_H,
        float(now[0, upvotes]),
        float(score(now, DEFAULT_BASELINES)[0]),
        float(score(later, DEFAULT_BASELINES)[0]),
    )


def constants() -> dict[str, object]:
    """Return the values that the ranking page shows."""
    return {
        "kinds": terms(),
        "shared_kinds": _listed(kind for kind in Kind if kind.is_shared),
        "unscored_kinds": _listed(kind for kind in Kind if not kind.weight),
        "late_kinds": _listed(kind for kind in Kind if not kind.starts_at_zero),
        "example": example(),
        "half_life_h": f"{HALF_LIFE_H:g}",
        "baseline_prior_papers": BASELINE_PRIOR_PAPERS,
        "prior_percent": round(100 * PRIOR_WEIGHT),
        "max_category_factor": f"{MAX_CATEGORY_FACTOR:g}",
        "new_reader_weight": NEW_READER_WEIGHT,
        "half_credible_voters": f"{HALF_CREDIBLE_VOTERS:g}",
        "vote_worths": [vote_worth(voters) for voters in _VOTERS],
        "window_days": f"{WINDOW_H / 24:g}",
        "new_percent": round(100 * NEW_SHARE),
        "similarity_threshold": SIMILARITY_THRESHOLD,
        "topic_penalty": TOPIC_PENALTY,
    }


def _listed(kinds: Iterable[Kind]) -> str:
    """Join the names of kinds.

    Examples
    --------
    >>> _listed([Kind.STARS, Kind.LIKES, Kind.POSTS]), _listed([Kind.COMMENTS])
    ('stars, likes and posts', 'comments')
    """
    *first, last = [kind.value for kind in kinds] or [""]
    return f"{', '.join(first)} and {last}" if first else last
