"""Hit: one result of a query, with its tier and the reason it is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broadsheet.model.paper import Paper


class Tier(StrEnum):
    """Which of the two parts of a result list a hit stands in."""

    MATCH = "match"
    NEIGHBOUR = "neighbour"


class Mode(StrEnum):
    """What a search goes by."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"


class Sort(StrEnum):
    """What puts the hits of each tier in order."""

    RELEVANCE = "relevance"
    DATE = "date"
    TRENDING = "trending"


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
    words : frozenset of str
        The query's words in the forms in which the paper holds them, in lower case and without
        accents.
    """

    rank: int
    paper: Paper
    tier: Tier
    score: float
    why: str
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HitList:
    """A page of hits out of a whole answer.

    Parameters
    ----------
    query : str
        What was asked, as it was asked.
    total : int
        Length of the whole list.
    matches : int
        How many papers hold every word, or satisfy what else was asked for.
    hits : tuple of Hit
        The page asked for.
    tiers : bool
        Whether all matches come before all neighbours; else both stand in one list by score.
    note : str or None
        A sentence for people where the query was not read as written.
    meant : str or None
        The query with its likely misspellings put right, where there are any.
    facets : mapping
        Where they were asked for: ``"category"`` and ``"year"``, each with how many of the
        matches have each value, the commonest first.
    """

    query: str
    total: int
    matches: int
    hits: tuple[Hit, ...]
    tiers: bool = True
    note: str | None = None
    meant: str | None = None
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
