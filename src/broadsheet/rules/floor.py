"""Whether a library has anything relevant to a query that no paper matches."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, log10

# The papers whose cosines are averaged.
NEAREST = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a search found for a query.

    Parameters
    ----------
    coverage : float
        The best BM25 sum of a paper, as a share of the largest that is possible for the query.
    cosine : float
        The mean cosine of the :data:`NEAREST` papers nearest to the query.
    papers : int
        The number of papers among which they are nearest.
    words : int
        The number of different words of the query that are scored.
    rarity : float
        The mean inverse document frequency of these words; 0 without words.
    is_sentence : bool
        Whether the results are one list.
    has_code : bool
        Whether papers contain a word of the query with letters and digits, such as CCL19.
    """

    coverage: float
    cosine: float
    papers: int
    words: int
    rarity: float
    is_sentence: bool = False
    has_code: bool = False


@dataclass(frozen=True, slots=True)
class Floor:
    """A logistic model of relevance: the weight of each part of :class:`Evidence`, and a bias."""

    coverage: float
    cosine: float
    papers: float
    words: float
    rarity: float
    sentence: float
    bias: float


# By the name of the encoder: cosines of different encoders do not compare. Learnt by
# ``bench/floor.py --fit`` on four libraries (295,526, 5,180, 2,958 and 620 papers), with a bias
# raised by 0.6, and by 0.8 more for sentences, until SciFact's judged claims kept their results.
FLOORS: Mapping[str, Floor] = {
    "broadsheet-static-1-c8ebab05": Floor(
        coverage=8.60,
        cosine=22.81,
        papers=-2.30,
        words=2.22,
        rarity=-1.57,
        sentence=0.80,
        bias=3.72,
    ),
}


def is_above_floor(evidence: Evidence, encoder: str | None) -> bool:
    """Return whether the papers nearest to a query are relevant to it.

    Parameters
    ----------
    evidence : Evidence
        What the search found.
    encoder : str or None
        The name of the encoder that computed the cosines.

    Returns
    -------
    bool
        True for an encoder without a floor, and for names such as CCL19 that papers contain:
        neither cosines nor other words say much about them.
    """
    floor = FLOORS.get(encoder or "")
    return floor is None or evidence.has_code or score(evidence, floor) >= 0.0


def score(evidence: Evidence, floor: Floor) -> float:
    """Return the logit of relevance, less the threshold: positive above the floor."""
    return (
        floor.coverage * evidence.coverage
        + floor.cosine * evidence.cosine
        + floor.papers * log10(max(1, evidence.papers))
        + floor.words * log(max(1, evidence.words))
        + floor.rarity * evidence.rarity
        + floor.sentence * evidence.is_sentence
        + floor.bias
    )
