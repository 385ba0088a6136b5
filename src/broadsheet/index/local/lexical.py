"""The words of all papers: BM25 by tantivy."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Order

from broadsheet.index.local import clauses
from broadsheet.index.local.postings import LexicalWriter, make_schema
from broadsheet.index.local.words import Words, register, words_asked
from broadsheet.rules.query import Clause

_FACET_VALUES = 12
_CLAUSE = tuple[Occur, tantivy.Query]


@dataclass(frozen=True, slots=True)
class Found:
    """Papers found, best first.

    Parameters
    ----------
    total : int
        How many there are, beyond those listed too; as many as are listed where it was not asked.
    nums : ndarray of int64, shape (n,)
        The papers' numbers.
    bm25 : ndarray of float64, shape (n,)
        The BM25 sum over title, abstract and authors (k1 1.2, b 0.75).
    """

    total: int
    nums: NDArray[np.int64]
    bm25: NDArray[np.float64]

    @staticmethod
    def none() -> "Found":
        """Give an empty list."""
        return _found(0, [], [])


@dataclass(frozen=True, slots=True)
class Asked:
    """A query in the form in which postings are asked.

    Parameters
    ----------
    words : Words
        What is weighed.
    weighed : list of clauses
        One for each stem, each adding to the BM25 sum.
    must : tantivy.Query or None
        What every hit satisfies; None where that is nothing.
    every : tantivy.Query or None
        What a match satisfies besides; None where no words were asked.
    """

    words: Words
    weighed: list[_CLAUSE]
    must: tantivy.Query | None
    every: tantivy.Query | None

    @property
    def matching(self) -> tantivy.Query | None:
        """What a match satisfies, all in all; None where nothing was asked."""
        both = [clause for clause in (self.must, self.every) if clause is not None]
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
        Where the folder holds something else, or a damaged index.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._schema = make_schema()
        self._index = tantivy.Index(self._schema, path=str(path))
        register(self._index)
        self._index.config_reader("manual")

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """See what has been committed since."""
        self._index.reload()

    @contextmanager
    def writing(self) -> Iterator[LexicalWriter]:
        """Give the one writer; what it did not commit is forgotten."""
        writer = LexicalWriter(self._index)
        try:
            yield writer
        finally:
            writer.close()

    def asked(
        self, text: str, filters: Sequence[Clause] = (), choice: Clause | None = None
    ) -> Asked:
        """Bring a query into the form in which postings are asked.

        Parameters
        ----------
        text : str
            The words that are weighed.
        filters : sequence of Clause
            What every hit satisfies.
        choice : Clause or None
            What a match satisfies in place of holding every word.
        """
        words = words_asked(text, self.commonness)
        must = [clauses.compiled(self._schema, clause) for clause in filters]
        every = None
        if choice is not None:
            every = clauses.compiled(self._schema, choice)
        elif words.exact:
            every = clauses.all_of([clauses.word(self._schema, word) for word in words.exact])
        return Asked(
            words=words,
            weighed=self._weighed(words),
            must=clauses.all_of(must) if must else None,
            every=every,
        )

    def matches(self, asked: Asked, limit: int) -> Found:
        """Find the papers that hold every word, in singular or plural, by BM25."""
        if asked.matching is None or limit < 1:
            return Found.none()
        must = (Occur.Must, clauses.weightless(asked.matching))
        return self._ask([must, *asked.weighed], limit, count=True)

    def holding(self, asked: Asked, limit: int) -> Found:
        """Find papers that hold every word, unweighed: which of many is left to chance."""
        if asked.matching is None or limit < 1:
            return Found.none()
        return self._ask([(Occur.Must, clauses.weightless(asked.matching))], limit, count=True)

    def newest(self, asked: Asked, limit: int) -> Found:
        """Find the papers that hold every word, newest first, then those of unknown date."""
        if asked.matching is None or limit < 1:
            return Found.none()
        searcher = self._index.searcher()
        dated = clauses.dated(self._schema)
        result = searcher.search(
            clauses.all_of([asked.matching, dated]),
            limit=limit,
            count=True,
            order_by_field="day",
            order=Order.Desc,
        )
        addresses = [address for _, address in result.hits]
        nums = searcher.fast_field_values("num", addresses) if addresses else []
        undated = self._ask(
            [(Occur.Must, clauses.weightless(asked.matching)), (Occur.MustNot, dated)],
            max(1, limit - len(nums)),
            count=True,
        )
        nums = [*nums, *undated.nums.tolist()][:limit]
        total = int(result.count) + undated.total  # type: ignore[attr-defined]
        return _found(total, nums, [0.0] * len(nums))

    def others(self, asked: Asked, limit: int, matches: Found) -> Found:
        """Find the papers that hold some but not all of the words, by BM25.

        Parameters
        ----------
        asked : Asked
            The query.
        limit : int
            How many at most.
        matches : Found
            Those that hold every word. Where all are listed they are passed over, which is cheaper
            than to leave them out: leaving out makes tantivy weigh every paper.
        """
        if not asked.weighed or asked.every is None or limit < 1:
            return Found.none()
        if matches.total > len(matches.nums):
            return self.best(asked, limit, [(Occur.MustNot, asked.every)])
        found = self.best(asked, limit + matches.total)
        other = np.flatnonzero(~np.isin(found.nums, matches.nums))[:limit]
        return Found(len(other), found.nums[other], found.bm25[other])

    def best(self, asked: Asked, limit: int, also: Sequence[_CLAUSE] = ()) -> Found:
        """Find the papers that hold any of the words, by BM25."""
        if not asked.weighed or limit < 1:
            return Found.none()
        if asked.must is None and not also:
            return self._ask(asked.weighed, limit, count=False)
        must = [] if asked.must is None else [(Occur.Must, clauses.weightless(asked.must))]
        any_word = (Occur.Must, tantivy.Query.boolean_query(asked.weighed))
        return self._ask([any_word, *must, *also], limit, count=False)

    def weigh(
        self, asked: Asked, nums: NDArray[np.int64], *, matches_too: bool
    ) -> Mapping[int, float]:
        """Give the BM25 sums of those of `nums` that satisfy the filters; 0 for no word held.

        Parameters
        ----------
        asked : Asked
            The query.
        nums : ndarray of int64
            Which papers.
        matches_too : bool
            Whether those that hold every word are wanted as well.
        """
        if not len(nums):
            return {}
        # Single terms: a term set takes three times as long, as it walks all numbers there are.
        among = clauses.any_of(
            [tantivy.Query.term_query(self._schema, "num", num) for num in nums.tolist()]
        )
        listed = [among] if asked.must is None else [among, asked.must]
        parts = [(Occur.Must, clauses.weightless(clauses.all_of(listed))), *asked.weighed]
        if asked.every is not None and not matches_too:
            parts.append((Occur.MustNot, asked.every))
        found = self._ask(parts, len(nums), count=False)
        return dict(zip(found.nums.tolist(), found.bm25.tolist(), strict=True))

    def passing(self, asked: Asked, limit: int) -> NDArray[np.int64] | None:
        """List the papers that satisfy the filters; None where more than `limit` do."""
        if asked.must is None:
            return None
        found = self._ask([(Occur.Must, clauses.weightless(asked.must))], limit, count=True)
        return found.nums if found.total <= limit else None

    def facets(self, asked: Asked) -> dict[str, dict[str, int]]:
        """Count the matches by category and by year, the commonest values of each."""
        if asked.matching is None:
            return {}
        wanted = {
            name: {"terms": {"field": name, "size": _FACET_VALUES}} for name in ("category", "year")
        }
        told = self._index.searcher().aggregate(asked.matching, wanted)
        return {
            name: {_value(bucket["key"]): bucket["doc_count"] for bucket in told[name]["buckets"]}
            for name in wanted
        }

    def commonness(self, stem: str) -> int:
        """Count the papers that hold a stem."""
        return int(self._index.searcher().doc_freq("text", stem))

    def spelt_so(self, word: str) -> int:
        """Count the papers that hold a word as it is written."""
        return int(self._index.searcher().doc_freq("words", word))

    def spellings(self, beginning: str) -> dict[str, int]:
        """List the words that begin so, with the number of papers that hold each."""
        return dict(self._index.searcher().terms_with_prefix("words", beginning))

    def _weighed(self, words: Words) -> list[_CLAUSE]:
        counts: Counter[str] = Counter()
        for stem, count in zip(words.stems, words.counts, strict=True):
            counts[stem] += count
        return [
            (Occur.Should, clauses.boosted(self._term("text", stem), float(count)))
            for stem, count in counts.items()
        ]

    def _term(self, field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value)

    def _ask(self, parts: Sequence[_CLAUSE], limit: int, *, count: bool) -> Found:
        searcher = self._index.searcher()
        query = tantivy.Query.boolean_query(parts)
        result = searcher.search(query, limit=limit, count=count)
        addresses = [address for _, address in result.hits]
        nums = searcher.fast_field_values("num", addresses) if addresses else []
        total = int(result.count) if count else len(nums)  # type: ignore[attr-defined]
        return _found(total, nums, [score for score, _ in result.hits])


def _value(key: object) -> str:
    return str(int(key)) if isinstance(key, float) else str(key)


def _found(total: int, nums: Sequence[object], scores: Sequence[float]) -> Found:
    return Found(
        total=total,
        nums=np.asarray(nums, dtype=np.int64),
        bm25=np.asarray(scores, dtype=np.float64),
    )
