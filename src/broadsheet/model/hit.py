"""Hit: one search result, with its tier and the reason that it was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broadsheet.model.paper import Paper


class Tier(StrEnum):
    """One of the two parts of a result list."""

    MATCH = "match"
    NEIGHBOUR = "neighbour"


class Mode(StrEnum):
    """How a search finds papers: by words, by vectors, or by both."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    SEMANTIC = "semantic"


class Sort(StrEnum):
    """The order of the hits in each tier."""

    RELEVANCE = "relevance"
    DATE = "date"
    TRENDING = "trending"


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result.

    Parameters
    ----------
    rank : int
        Rank in the complete list, from 1.
    paper : Paper
        The paper.
    tier : Tier
        ``match`` contains all words of the query; ``neighbour`` is similar in meaning.
    score : float
        Relevance in [0, 1], on one scale for both tiers; see
        :func:`broadsheet.rules.fusion.fuse`.
    reason : str
        Why the paper was found, as text for readers.
    words : frozenset of str
        The words of the query in the forms that the paper contains, in lower case and without
        accents.
    """

    rank: int
    paper: Paper
    tier: Tier
    score: float
    reason: str
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class HitList:
    """One page of search results.

    Parameters
    ----------
    query : str
        The query as entered.
    total : int
        Number of hits on all pages.
    matches : int
        Number of papers that contain all words and satisfy all filters of the query.
    hits : tuple of Hit
        The hits of this page.
    offset : int
        Number of hits on the pages before it.
    tiers : bool
        True if all matches precede all neighbours; False if one list is ordered by score.
    has_words : bool
        False if the query consists of filters only, such as ``year:2024``.
    note : str or None
        How the query was interpreted, as text for readers; None if it was taken as entered.
    suggestion : str or None
        The query with corrected spelling; None if no word seems misspelled.
    facets : mapping
        The number of papers by value, most frequent first, for ``"category"`` and ``"year"``;
        empty unless requested.
    faceted : int or None
        How many of the first hits `facets` counts; None if it counts all matches.
    is_plain : bool
        Whether the query consists of words alone, without filters, phrases and operators.
    unknown_words : tuple of str
        Words of the query that no paper contains in any form; empty if papers match.
    """

    query: str
    total: int
    matches: int
    hits: tuple[Hit, ...]
    offset: int = 0
    tiers: bool = True
    has_words: bool = True
    note: str | None = None
    suggestion: str | None = None
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    faceted: int | None = None
    is_plain: bool = True
    unknown_words: tuple[str, ...] = ()

    @property
    def neighbours(self) -> int:
        """Number of hits that are not matches; of one list, matches among the hits count too."""
        return self.total - self.matches if self.tiers else self.total
