"""The search engine protocol: how papers are indexed, and candidates for a query are retrieved.

An engine matches, scores words by BM25 and finds near vectors. Everything above that (parsing,
fusion of both scores, feedback, reranking, explanations) is in :mod:`broadsheet.search`, so every
engine ranks alike. One query takes one call of :meth:`SearchEngine.search`, or two if its page is
deep.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.vectors import QuantizedVectors
from broadsheet.model import Mode, Paper
from broadsheet.rules.query import Query
from broadsheet.rules.words import QueryTerms

Changes = Mapping[int, Paper | None]
"""Each changed paper by its number, as it is now; None if it was deleted."""

ReadChanges = Callable[[int, int], tuple[int, dict[int, Paper | None]]]
"""Given a position and a limit, return the next changes and the position after them, as
:func:`broadsheet.store.changes.changes_since` does."""


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What to retrieve for a query.

    A paper *matches* if it satisfies the filters of the query and contains all of its plain words,
    each in singular or plural (or satisfies ``query.choice``, if they are in OR). A *neighbor*
    satisfies the filters and is near the query in words or in meaning. Phrases and fields are
    filters, so a query of these alone has matches and no neighbors.

    Parameters
    ----------
    query : Query
        The parsed query.
    match_limit : int
        The most matches listed; all are counted.
    depths : tuple of int
        For each depth, one list of neighbors: up to that many by BM25 and that many by vector.
        Each list contains the ones before it. Empty for no neighbors.
    mode : Mode
        ``lexical`` uses no vectors; ``semantic`` lists no neighbors by BM25.
    one_list : bool
        Whether the lists of neighbors include matches; no other matches are listed then.
    newest_first : bool
        Whether matches are ordered by date instead of BM25, undated ones last. Their BM25 sums
        are 0.
    enough_matches : int or None
        If at least so many papers match, neighbors are not listed.
    exhaustive : int
        If at most so many papers satisfy the filters, one list of all neighbors is returned,
        whatever `depths` and `enough_matches` are.
    facets : bool
        Whether to count the matches by category and by year.
    """

    query: Query
    match_limit: int
    depths: tuple[int, ...] = ()
    mode: Mode = Mode.HYBRID
    one_list: bool = False
    newest_first: bool = False
    enough_matches: int | None = None
    exhaustive: int = 0
    facets: bool = False


@dataclass(frozen=True, slots=True)
class Candidates:
    """Papers with what is needed to score them.

    Parameters
    ----------
    nums : ndarray of int64, shape (n,)
        Paper numbers, each once.
    bm25 : ndarray of float64, shape (n,)
        The BM25 sum over title, abstract and authors (k1 1.2, b 0.75; the title counts twice).
    vectors : QuantizedVectors, length n
        Zero for a paper without a vector.
    matched : ndarray of bool, shape (n,)
        Whether each paper matches.
    """

    nums: NDArray[np.int64]
    bm25: NDArray[np.float64]
    vectors: QuantizedVectors
    matched: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.nums)

    @staticmethod
    def empty(dim: int) -> "Candidates":
        """Return no candidates."""
        none = np.empty(0)
        return Candidates(
            none.astype(np.int64), none, QuantizedVectors.empty(dim), none.astype(np.bool_)
        )


@dataclass(frozen=True, slots=True)
class EngineResponse:
    """What an engine retrieved for a query.

    Parameters
    ----------
    papers : int
        The number of indexed papers.
    terms : QueryTerms
        The words that BM25 scored.
    vector : ndarray of float32, shape (dim,), or None
        The vector that papers were compared with; None in mode ``lexical``, and if the query has
        none.
    match_count : int
        The number of matches, including those not listed.
    matches : Candidates
        The first matches; empty for a request with `one_list`.
    neighbors : tuple of Candidates
        One list for each depth, unordered; empty if they were not needed.
    exhausted : bool
        Whether `neighbors` is one list of all neighbors.
    facets : mapping
        For ``"category"`` and ``"year"``, the most frequent values among the matches, each with
        its count; empty if not requested.
    bm25_limit : float
        What no BM25 sum for this query reaches: that of a paper which repeats each word endlessly.
    unknown_words : tuple of str
        Those of the scored words that no paper contains in any form; empty if papers match.
    encoder : str or None
        The name of the encoder of `vector`; None without a vector.
    encoder_error : str or None
        Why the query could not be encoded.
    in_any_order : tuple of str
        Phrases whose words were searched in any order, because they are too common.
    """

    papers: int
    terms: QueryTerms
    vector: NDArray[np.float32] | None
    match_count: int
    matches: Candidates
    neighbors: tuple[Candidates, ...] = ()
    exhausted: bool = False
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    bm25_limit: float = 0.0
    unknown_words: tuple[str, ...] = ()
    encoder: str | None = None
    encoder_error: str | None = None
    in_any_order: tuple[str, ...] = ()


class SearchEngine(Protocol):
    """An index of papers; safe to use from many threads.

    It is derived from the library: it can be deleted and filled again from the change log. It
    encodes papers and queries with the same encoder, so their vectors always compare.
    """

    @property
    def position(self) -> int:
        """The position in the library's change log up to which changes are applied."""

    def apply(self, changes: Changes, position: int) -> None:
        """Apply the changes up to `position`; durable and searchable when this returns.

        Idempotent: applying changes again, or older ones, leaves the same index.

        Raises
        ------
        SearchIndexError
            If a paper cannot be encoded or the index cannot be written. `position` is unchanged
            then, and the changes can be applied again.
        """

    def search(self, request: EngineRequest) -> EngineResponse:
        """Retrieve matches and neighbors of a query."""

    def similar(self, num: int, request: EngineRequest) -> EngineResponse:
        """Retrieve as :meth:`search` does, with the vector of a paper instead of the query's."""

    def categories(self) -> dict[str, int]:
        """Return the number of papers of each category; of very many, the largest."""

    def suggest(self, query: Query) -> str | None:
        """Return the text of a query with likely misspellings corrected, or None without any."""
