"""Hit: one result of a query, with its tier and the reason it is there."""

from dataclasses import dataclass
from enum import StrEnum

from broadsheet.model.paper import Paper


class Tier(StrEnum):
    """Which of the two parts of a result list a hit stands in."""

    MATCH = "match"
    NEIGHBOUR = "neighbour"


@dataclass(frozen=True, slots=True)
class Hit:
    """One result.

    Parameters
    ----------
    rank : int
        Place in the whole list, from 1.
    paper : Paper
        What was found.
    tier : Tier
        ``match`` holds every word of the query, ``neighbour`` is near in meaning.
    score : float
        Relevance in [0, 1], one unit for both tiers: the fused score of
        :func:`broadsheet.rules.fusion.fuse`.
    why : str
        The reason, for a person to read.
    """

    rank: int
    paper: Paper
    tier: Tier
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class HitList:
    """A page of hits out of a whole answer.

    Parameters
    ----------
    query : str
        What was asked, as it was asked.
    total : int
        Length of the whole list, both tiers.
    matches : int
        How many of `total` are matches; they come first.
    hits : tuple of Hit
        The page asked for.
    """

    query: str
    total: int
    matches: int
    hits: tuple[Hit, ...]
