"""The words of all papers in tantivy: matching, BM25 sums, counts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Order

from broadsheet.index.analyzer import bm25_limit, query_terms, required_words, unknown_words
from broadsheet.index.local import clauses
from broadsheet.index.local.postings import LexicalWriter, make_schema, register_analyzers
from broadsheet.rules.query import Phrase, Query, Within
from broadsheet.rules.words import QueryTerms

_FACETS = {name: {"terms": {"field": name, "size": 12}} for name in ("category", "year")}
_CATEGORIES = {"category": {"terms": {"field": "category", "size": 5_000}}}
# Up to so many matches are looked up by number to be counted, which is faster than by their words.
_FEW_MATCHES = 32
# The fewest papers that the phrases of a query may be in before they are searched in any order.
_MIN_PHRASE_PAPERS = 20_000
_CLAUSE = tuple[Occur, tantivy.Query]


@dataclass(frozen=True, slots=True)
class Scored:
    """Papers with their BM25 sums, best first.

    Parameters
    ----------
    total : int
        The number of all such papers, or of those listed if they were not counted.
    nums : ndarray of int64, shape (n,)
        Paper numbers.
    bm25 : ndarray of float64, shape (n,)
        The BM25 sum over title, abstract and authors (k1 1.2, b 0.75).
    """

    total: int
    nums: NDArray[np.int64]
    bm25: NDArray[np.float64]

    @staticmethod
    def empty() -> "Scored":
        """Return no papers."""
        return _scored(0, [], [])

    def first(self, limit: int) -> "Scored":
        """Return the first of these papers."""
        nums = self.nums[:limit]
        return Scored(len(nums), nums, self.bm25[:limit])


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query as queries of tantivy.

    Parameters
    ----------
    terms : QueryTerms
        The words that are scored.
    scoring : list of clauses
        One for each stem; each adds to the BM25 sum.
    filters : tantivy.Query or None
        What every result satisfies; None without filters.
    all_words : tantivy.Query or None
        What a match satisfies besides the filters; None if the query has no plain words.
    in_any_order : tuple of str
        Phrases of words so common that they are searched in any order.
    """

    terms: QueryTerms
    scoring: list[_CLAUSE]
    filters: tantivy.Query | None
    all_words: tantivy.Query | None
    in_any_order: tuple[str, ...] = ()

    @property
    def matching(self) -> tantivy.Query | None:
        """What a match satisfies; None for an empty query."""
        both = [query for query in (self.filters, self.all_words) if query is not None]
        return clauses.all_of(both) if both else None


class Lexical:
    """The postings of one index folder; safe to read from many threads.

    Parameters
    ----------
    path : Path
        The folder; an empty one becomes an index.

    Raises
    ------
    ValueError
        If the folder contains something else, or a damaged index.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._schema = make_schema()
        self._index = tantivy.Index(self._schema, path=str(path))
        register_analyzers(self._index)
        self._index.config_reader("manual")

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """Open the newest commit."""
        self._index.reload()

    @contextmanager
    def writing(self) -> Iterator[LexicalWriter]:
        """Open the only writer; changes that were not committed are discarded."""
        writer = LexicalWriter(self._index)
        try:
            yield writer
        finally:
            writer.close()

    def compile(self, query: Query) -> CompiledQuery:
        """Translate a query to queries of tantivy."""
        terms = query_terms(query.plain, self.stem_frequency)
        common = self._common_phrases(query)
        filters = [clauses.compiled(self._schema, clause, common) for clause in query.filters]
        all_words = None
        if query.choice is not None:
            all_words = clauses.compiled(self._schema, query.choice, common)
        elif words := required_words(query, terms):
            all_words = clauses.all_of([clauses.word(self._schema, word) for word in words])
        return CompiledQuery(
            terms=terms,
            scoring=self._scoring(terms),
            filters=clauses.all_of(filters) if filters else None,
            all_words=all_words,
            in_any_order=tuple(phrase.text for phrase in common),
        )

    def matches(self, query: CompiledQuery, limit: int) -> Scored:
        """List and count the matches by BM25."""
        if query.matching is None or limit < 1:
            return Scored.empty()
        must = (Occur.Must, clauses.unscored(query.matching))
        return self._search([must, *query.scoring], limit, count=True)

    def unscored_matches(self, query: CompiledQuery, limit: int) -> Scored:
        """List and count the matches in any order; cheaper than :meth:`matches`."""
        if query.matching is None or limit < 1:
            return Scored.empty()
        return self._search([(Occur.Must, clauses.unscored(query.matching))], limit, count=True)

    def newest_matches(self, query: CompiledQuery, limit: int) -> Scored:
        """List and count the matches by date, newest first, then those without a date."""
        if query.matching is None or limit < 1:
            return Scored.empty()
        searcher = self._index.searcher()
        dated = clauses.dated(self._schema)
        result = searcher.search(
            clauses.all_of([query.matching, dated]),
            limit=limit,
            count=True,
            order_by_field="day",
            order=Order.Desc,
        )
        addresses = [address for _, address in result.hits]
        nums = searcher.fast_field_values("num", addresses) if addresses else []
        undated = self._search(
            [(Occur.Must, clauses.unscored(query.matching)), (Occur.MustNot, dated)],
            max(1, limit - len(nums)),
            count=True,
        )
        nums = [*nums, *undated.nums.tolist()][:limit]
        total = int(result.count) + undated.total  # type: ignore[attr-defined]
        return _scored(total, nums, [0.0] * len(nums))

    def partial_matches(self, query: CompiledQuery, limit: int, matches: Scored) -> Scored:
        """List the papers that contain some but not all of the words, by BM25.

        Parameters
        ----------
        query : CompiledQuery
            The query.
        limit : int
            The most papers listed.
        matches : Scored
            The matches. If all are listed, they are removed from the result afterwards, which is
            cheaper than excluding them: an exclusion makes tantivy score every paper.
        """
        if not query.scoring or query.all_words is None or limit < 1:
            return Scored.empty()
        if matches.total > len(matches.nums):
            return self.any_word(query, limit, [(Occur.MustNot, query.all_words)])
        found = self.any_word(query, limit + matches.total)
        partial = np.flatnonzero(~np.isin(found.nums, matches.nums))[:limit]
        return Scored(len(partial), found.nums[partial], found.bm25[partial])

    def any_word(self, query: CompiledQuery, limit: int, also: Sequence[_CLAUSE] = ()) -> Scored:
        """List the papers that contain any of the words, by BM25."""
        if not query.scoring or limit < 1:
            return Scored.empty()
        if query.filters is None and not also:
            return self._search(query.scoring, limit, count=False)
        must = [] if query.filters is None else [(Occur.Must, clauses.unscored(query.filters))]
        any_word = (Occur.Must, tantivy.Query.boolean_query(query.scoring))
        return self._search([any_word, *must, *also], limit, count=False)

    def score(
        self, query: CompiledQuery, nums: NDArray[np.int64], excluded: Scored | None = None
    ) -> Scored:
        """Compute the BM25 sums of those of `nums` that satisfy the filters.

        Parameters
        ----------
        query : CompiledQuery
            The query.
        nums : ndarray of int64
            Paper numbers. A paper that contains no word gets 0.
        excluded : Scored, optional
            The matches, if they are left out.
        """
        must_not = []
        if excluded is not None and query.all_words is not None:
            if excluded.total <= len(excluded.nums):
                nums = nums[~np.isin(nums, excluded.nums)]
            else:
                must_not = [(Occur.MustNot, query.all_words)]
        if not len(nums):
            return Scored.empty()
        among = self._papers(nums)
        must = [among] if query.filters is None else [among, query.filters]
        among_filtered = (Occur.Must, clauses.unscored(clauses.all_of(must)))
        return self._search([among_filtered, *query.scoring, *must_not], len(nums), count=False)

    def eligible(self, query: CompiledQuery, limit: int) -> NDArray[np.int64] | None:
        """List the papers that satisfy the filters; None without filters or beyond `limit`."""
        if query.filters is None:
            return None
        found = self._search([(Occur.Must, clauses.unscored(query.filters))], limit, count=True)
        return found.nums if found.total <= limit else None

    def facets(self, query: CompiledQuery, matches: Scored) -> dict[str, dict[str, int]]:
        """Count the matches by category and by year, the most frequent values of each."""
        if query.matching is None:
            return {}
        if not matches.total:
            return {name: {} for name in _FACETS}
        counted_papers = query.matching
        if matches.total == len(matches.nums) <= _FEW_MATCHES:
            counted_papers = self._papers(matches.nums)
        counted = self._index.searcher().aggregate(counted_papers, _FACETS)
        return {
            name: {_value(each["key"]): each["doc_count"] for each in counted[name]["buckets"]}
            for name in _FACETS
        }

    def categories(self) -> dict[str, int]:
        """Return the number of papers of each category; of very many, the largest."""
        found = self._index.searcher().aggregate(tantivy.Query.all_query(), _CATEGORIES)
        return {_value(each["key"]): each["doc_count"] for each in found["category"]["buckets"]}

    def bm25_limit(self, terms: QueryTerms) -> float:
        """Return what no BM25 sum reaches; see :func:`broadsheet.index.analyzer.bm25_limit`."""
        return bm25_limit(terms, len(self), self.stem_frequency)

    def unknown_words(self, terms: QueryTerms) -> tuple[str, ...]:
        """Return the words that no paper contains in any form."""
        return unknown_words(terms, self.stem_frequency)

    def stem_frequency(self, stem: str) -> int:
        """Count the papers that contain a stem."""
        return int(self._index.searcher().doc_freq("text", stem))

    def word_frequency(self, word: str) -> int:
        """Count the papers that contain a word in this spelling."""
        return int(self._index.searcher().doc_freq("words", word))

    def words_with_prefix(self, prefix: str) -> dict[str, int]:
        """List the words that start with `prefix`, each with the number of papers."""
        return dict(self._index.searcher().terms_with_prefix("words", prefix))

    def _papers(self, nums: NDArray[np.int64]) -> tantivy.Query:
        # Single terms, because a term set takes three times as long: it visits all numbers.
        term = tantivy.Query.term_query
        return clauses.any_of([term(self._schema, "num", num) for num in nums.tolist()])

    def _common_phrases(self, query: Query) -> list[Phrase | Within]:
        """List the phrases that are left once the others may be in every paper.

        The papers that contain a phrase's rarest word bound its cost, which is fifteen times that
        of its words in any order: 35 ms for "of the" in 300,000 papers, in each pass of a query.
        """
        searcher = self._index.searcher()
        left = max(_MIN_PHRASE_PAPERS, len(self))
        common = []
        for phrase in clauses.phrases_in(query.clauses):
            field, terms = clauses.phrase_terms(phrase)
            papers = min(searcher.doc_freq(field, term) for term in terms)
            if papers > left:
                common.append(phrase)
            else:
                left -= papers
        return common

    def _scoring(self, terms: QueryTerms) -> list[_CLAUSE]:
        counts: Counter[str] = Counter()
        for stem, count in zip(terms.stems, terms.counts, strict=True):
            counts[stem] += count
        return [
            (
                Occur.Should,
                clauses.boosted(tantivy.Query.term_query(self._schema, "text", stem), float(count)),
            )
            for stem, count in counts.items()
        ]

    def _search(self, parts: Sequence[_CLAUSE], limit: int, *, count: bool) -> Scored:
        searcher = self._index.searcher()
        query = tantivy.Query.boolean_query(parts)
        result = searcher.search(query, limit=limit, count=count)
        addresses = [address for _, address in result.hits]
        nums = searcher.fast_field_values("num", addresses) if addresses else []
        total = int(result.count) if count else len(nums)  # type: ignore[attr-defined]
        return _scored(total, nums, [score for score, _ in result.hits])


def _value(key: object) -> str:
    return str(int(key)) if isinstance(key, float) else str(key)


def _scored(total: int, nums: Sequence[object], scores: Sequence[float]) -> Scored:
    return Scored(
        total=total,
        nums=np.asarray(nums, dtype=np.int64),
        bm25=np.asarray(scores, dtype=np.float64),
    )
