"""Why a paper stands above the next one, where the numbers on their cards do not say so.

A score begins with what a paper gained. Gains decay, so that newer ones weigh more; votes of
readers and predicted interest are added; scores are normalised by field; papers on a topic that
ranks higher already count for less. Each of these steps changes the ratio of two scores by a
factor. Where the shown gains speak for the lower paper, the largest factors that together outweigh
them are the reason. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from broadsheet.model import Attention, EditionItem
from broadsheet.rules.edition import SIMILARITY_THRESHOLD, TOPIC_PENALTY, TRENDING_AGAIN, Candidate

_TODAY, _DAYS_A_PERIOD = "today", 7
# Stands in for nothing, so that every ratio has a logarithm.
_LEAST = 1e-3
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Standing:
    """What the place of a paper is computed from.

    Parameters
    ----------
    shown : float
        The score that the gains on its card would give.
    observed : float
        The score of its decayed attention and votes.
    score : float
        With predicted interest, normalised by field.
    field_factor : float
        The factor of its field.
    votes : float
        Votes of readers.
    topic_factor : float
        The factor for papers on its topic that rank higher.
    """

    shown: float
    observed: float
    score: float
    field_factor: float = 1.0
    votes: float = 0.0
    topic_factor: float = 1.0


def shown_score(attention: Attention) -> float:
    """Return the score that the gains on a card would give; those of a longer period by the day."""
    return sum(
        count.kind.weight * sqrt(round(count.gained) / count.kind.baseline / _days_of(count.since))
        for count in attention.counts
    )


def _days_of(since: str) -> int:
    return 1 if since == _TODAY else _DAYS_A_PERIOD


def placing(above: Standing, below: Standing, rank: int) -> str:
    """Return why a paper stands above the next one, which has this rank; empty if it shows.

    Examples
    --------
    >>> placing(Standing(0.3, 0.3, 0.9), Standing(0.7, 0.5, 0.6), 4)
    'Above no. 4: higher predicted interest'
    >>> placing(Standing(0.7, 0.5, 0.6), Standing(0.3, 0.3, 0.5), 4)
    ''
    """
    missing = _ratio(below.shown, above.shown)
    if missing <= _ROUNDING:
        return ""
    causes = []
    for name, factor in sorted(_steps(above, below), key=lambda step: -step[1]):
        if factor <= 0 or missing <= 0:
            break
        causes.append(name)
        missing -= factor
    return f"Above no. {rank}: {', '.join(causes)}" if causes else ""


def _ratio(first: float, second: float) -> float:
    return log(max(first, _LEAST) / max(second, _LEAST))


def _steps(above: Standing, below: Standing) -> list[tuple[str, float]]:
    """List what changed the ratio of two scores, each with the logarithm of its factor."""
    by_attention = _ratio(above.observed, above.shown) - _ratio(below.observed, below.shown)
    before_field = [one.score / one.field_factor for one in (above, below)]
    by_prediction = _ratio(before_field[0], above.observed) - _ratio(
        before_field[1], below.observed
    )
    attention = "votes of readers" if above.votes > below.votes else "newer attention"
    return [
        (attention, by_attention),
        ("higher predicted interest", by_prediction),
        ("scores are normalised by field", _ratio(above.field_factor, below.field_factor)),
        ("varied topics", _ratio(above.topic_factor, below.topic_factor)),
    ]


def with_placings(
    items: Sequence[EditionItem],
    ranked: Sequence[Candidate],
    similarity: NDArray[np.float32],
) -> list[EditionItem]:
    """Return the items of an edition with the reasons for their places.

    A pick of the editor says so itself, and sections are not compared.

    Parameters
    ----------
    items : sequence of EditionItem
        In order of rank, with their attention.
    ranked : sequence of Candidate
        The candidates that they were selected from.
    similarity : ndarray of float32, shape (len(ranked), len(ranked))
        Cosine of each two candidates.
    """
    row_of = {one.paper.id: row for row, one in enumerate(ranked)}
    rows = [row_of[item.paper_id] for item in items]
    placed = []
    for at, (item, after) in enumerate(pairwise(items)):
        is_free = not (item.picked or after.picked) and item.section is after.section
        taken = rows[:at]
        above, below = (
            _standing(one, ranked[row_of[one.paper_id]], similarity[row_of[one.paper_id], taken])
            for one in (item, after)
        )
        placed.append(placing(above, below, after.rank) if is_free else "")
    again = ["Trending again" if item.reason.endswith(TRENDING_AGAIN) else "" for item in items]
    return [
        replace(item, placing=". ".join(filter(None, (why, returned))))
        for item, why, returned in zip(items, [*placed, ""], again, strict=True)
    ]


def _standing(item: EditionItem, candidate: Candidate, similar: NDArray[np.float32]) -> Standing:
    on_topic = int((similar >= SIMILARITY_THRESHOLD).sum())
    return Standing(
        shown=shown_score(item.attention) if item.attention else 0.0,
        observed=candidate.observed_score,
        score=candidate.score,
        field_factor=candidate.field_factor,
        votes=candidate.votes,
        topic_factor=TOPIC_PENALTY**on_topic,
    )


def trend_placings(standings: Mapping[int, Standing], first_rank: int) -> dict[int, str]:
    """Return why each trending paper stands above the next, by paper number.

    Parameters
    ----------
    standings : mapping of int to Standing
        In order of rank.
    first_rank : int
        Rank of the first.
    """
    return {
        num: placing(above, below, rank)
        for rank, ((num, above), (_, below)) in enumerate(
            pairwise(standings.items()), start=first_rank + 1
        )
    }
