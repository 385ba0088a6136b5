"""The formula of what rises, as the page about ranking prints it: from the rules in use."""

from dataclasses import dataclass

import numpy as np

from broadsheet.model import Kind
from broadsheet.rules.edition import NEW_SHARE, SIMILARITY_THRESHOLD, TOPIC_PENALTY
from broadsheet.rules.gains import HALF_LIFE_H, KINDS, decayed_attention, separate_gains
from broadsheet.rules.trending import (
    BASELINE_PRIOR_PAPERS,
    DEFAULT_BASELINES,
    MAX_CATEGORY_FACTOR,
    PRIOR_WEIGHT,
    score,
)
from broadsheet.rules.vote_weight import NEW_READER_WEIGHT

_UPVOTES = 40


@dataclass(frozen=True, slots=True)
class Term:
    """One kind of attention in the sum.

    Parameters
    ----------
    name : str
        Of the kind.
    trust : float
        What the root is multiplied by, above 0.
    usual : float
        What the heat is divided by, in a library that has learnt nothing yet.
    """

    name: str
    trust: float
    usual: float


@dataclass(frozen=True, slots=True)
class Example:
    """A paper that gained upvotes evenly up to now.

    Parameters
    ----------
    upvotes : int
        How many.
    hours : float
        In how many hours.
    heat, score : float
        What they come to now.
    later : float
        The score a half-life later.
    """

    upvotes: int
    hours: float
    heat: float
    score: float
    later: float


def terms() -> tuple[Term, ...]:
    """List the kinds that count, the most trusted first."""
    scored = sorted((kind for kind in Kind if kind.weight), key=lambda kind: -kind.weight)
    return tuple(Term(kind.value, kind.weight, kind.baseline) for kind in scored)


def example() -> Example:
    """Reckon an example with the rules in use."""
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
    """Name the numbers that the page prints."""
    return {
        "kinds": terms(),
        "example": example(),
        "half_life_h": f"{HALF_LIFE_H:g}",
        "usual_papers": BASELINE_PRIOR_PAPERS,
        "promise_percent": round(100 * PRIOR_WEIGHT),
        "evened_at_most": f"{MAX_CATEGORY_FACTOR:g}",
        "new_reader_weight": NEW_READER_WEIGHT,
        "new_percent": round(100 * NEW_SHARE),
        "alike": SIMILARITY_THRESHOLD,
        "topic_again": TOPIC_PENALTY,
    }
