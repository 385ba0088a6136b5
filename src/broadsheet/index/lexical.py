"""The words of all papers: BM25 by tantivy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Query

from broadsheet.model import Paper
from broadsheet.rules.words import number_forms

TITLE_BOOST = 1.0
# A query's words beyond these are left out of the lexical side: a pasted abstract asks with its
# rarest words as well as with all of them, and each costs a walk through its postings.
MAX_WORDS = 48
# Above any BM25 sum of MAX_WORDS words (48 words of idf 16 in both fields stay under 6,000), and
# small enough that a 32-bit score still tells BM25 sums 0.002 apart.
_GRADE_STEP = 10_000.0
_HEAP_BYTES = 128_000_000
_TEXT_FIELDS = ("title", "abstract")


@dataclass(frozen=True, slots=True)
class Words:
    """A query as words.

    Parameters
    ----------
    exact : tuple of str
        Lower-case words as they were typed, each once.
    stems : tuple of str
        Their stems, one for each of `exact`.
    """

    exact: tuple[str, ...]
    stems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Papers found, best first.

    Parameters
    ----------
    total : int
        How many there are, beyond those listed too.
    nums : ndarray of int64, shape (n,)
        The papers' numbers.
    grades : ndarray of int64, shape (n,)
        2 where every word stands in the form asked for, 1 where some stand in the other number
        (singular or plural), 0 where some stand in another form of the same stem.
    bm25 : ndarray of float64, shape (n,)
        The BM25 sum over title and abstract, the title's counted :data:`TITLE_BOOST` times.
    """

    total: int
    nums: NDArray[np.int64]
    grades: NDArray[np.int64]
    bm25: NDArray[np.float64]


def _analyzer(*, stem: bool, stop: bool = False) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(64))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    if stop:
        builder = builder.filter(tantivy.Filter.stopword("english"))
    if stem:
        builder = builder.filter(tantivy.Filter.stemmer("english"))
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Signed: deleting by an unsigned term silently deletes nothing in the Python binding.
    builder.add_integer_field("num", stored=False, indexed=True, fast=True)
    for name in _TEXT_FIELDS:
        builder.add_text_field(name, tokenizer_name="stem", index_option="position")
    builder.add_text_field("words", tokenizer_name="exact", index_option="basic")
    return builder.build()


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
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(path))
        self._exact = _analyzer(stem=False)
        self._content = _analyzer(stem=False, stop=True)
        self._stem = _analyzer(stem=True)
        self._index.register_tokenizer("exact", self._exact)
        self._index.register_tokenizer("stem", self._stem)
        self._index.config_reader("manual")

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """See what has been committed since."""
        self._index.reload()

    @contextmanager
    def writing(self) -> Iterator["LexicalWriter"]:
        """Give the one writer; what it did not commit is forgotten."""
        writer = LexicalWriter(self._index)
        try:
            yield writer
        finally:
            writer.close()

    def words(self, text: str) -> Words:
        """Take a query apart; words such as "the" count only where there are no others."""
        content = self._content.analyze(text) or self._exact.analyze(text)
        exact = tuple(dict.fromkeys(content))[:MAX_WORDS]
        return Words(exact, tuple(self.stem(word) for word in exact))

    def stem(self, word: str) -> str:
        """Give a word's stem."""
        stems = self._stem.analyze(word)
        return stems[0] if stems else word

    def forms(self, text: str) -> dict[str, str]:
        """Give the words of a text as spelt there (lower case), with the stem of each."""
        return {word: self.stem(word) for word in dict.fromkeys(self._exact.analyze(text))}

    def matches(self, words: Words, limit: int) -> Found:
        """Find the papers that hold every word, by grade, then BM25."""
        if not words.exact or limit < 1:
            return _found(0, [], [])
        asked = self._all_exact([(word,) for word in words.exact])
        either = self._all_exact([number_forms(word) for word in words.exact])
        return self._ask(
            Query.boolean_query(
                [
                    (Occur.Must, self._all(words)),
                    (Occur.Should, Query.const_score_query(asked, _GRADE_STEP)),
                    (Occur.Should, Query.const_score_query(either, _GRADE_STEP)),
                ]
            ),
            limit,
        )

    def others(self, words: Words, limit: int) -> Found:
        """Find the papers that hold some but not all of the words, by BM25."""
        if not words.exact or limit < 1:
            return _found(0, [], [])
        return self._ask(
            Query.boolean_query(
                [(Occur.Must, self._any(words)), (Occur.MustNot, self._all(words))]
            ),
            limit,
        )

    def weigh(self, words: Words, nums: Sequence[int]) -> Mapping[int, float]:
        """Give the BM25 sums of those of `nums` that do not hold every word."""
        if not len(nums):
            return {}
        listed = Query.const_score_query(
            Query.term_set_query(self._schema, "num", [int(num) for num in nums]), 0.0
        )
        clauses = [(Occur.Must, listed)]
        if words.exact:
            clauses += [(Occur.Should, self._any(words)), (Occur.MustNot, self._all(words))]
        found = self._ask(Query.boolean_query(clauses), len(nums))
        return dict(zip(found.nums.tolist(), found.bm25.tolist(), strict=True))

    def _stemmed(self, stem: str) -> Query:
        title = Query.boost_query(Query.term_query(self._schema, "title", stem), TITLE_BOOST)
        abstract = Query.term_query(self._schema, "abstract", stem)
        return Query.boolean_query([(Occur.Should, title), (Occur.Should, abstract)])

    def _all(self, words: Words) -> Query:
        return Query.boolean_query([(Occur.Must, self._stemmed(s)) for s in set(words.stems)])

    def _any(self, words: Words) -> Query:
        return Query.boolean_query([(Occur.Should, self._stemmed(s)) for s in set(words.stems)])

    def _all_exact(self, spellings: Sequence[tuple[str, ...]]) -> Query:
        clauses = []
        for alternatives in spellings:
            terms = [Query.term_query(self._schema, "words", word) for word in alternatives]
            clauses.append((Occur.Must, Query.boolean_query([(Occur.Should, t) for t in terms])))
        return Query.boolean_query(clauses)

    def _ask(self, query: Query, limit: int) -> Found:
        searcher = self._index.searcher()
        result = searcher.search(query, limit=limit, count=True)
        addresses = [address for _, address in result.hits]
        nums = searcher.fast_field_values("num", addresses) if addresses else []
        total = int(result.count)  # type: ignore[attr-defined]
        return _found(total, nums, [score for score, _ in result.hits])


class LexicalWriter:
    """Adds and removes papers; made by :meth:`Lexical.writing`."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        self._writer = index.writer(_HEAP_BYTES)

    def add(self, num: int, paper: Paper) -> None:
        """Add a paper that is not there."""
        document = tantivy.Document()
        document.add_integer("num", num)
        document.add_text("title", paper.title)
        document.add_text("abstract", paper.abstract or "")
        document.add_text("words", f"{paper.title}\n{paper.abstract or ''}")
        self._writer.add_document(document)

    def remove(self, num: int) -> None:
        """Take a paper out."""
        self._writer.delete_documents_by_term("num", num)

    def commit(self) -> None:
        """Put everything so far on disk, where readers of this process see it at once."""
        self._writer.commit()
        self._index.reload()

    def close(self) -> None:
        """Wait for the merging of postings and give the writer's lock back."""
        self._writer.wait_merging_threads()
        self._index.reload()


def _found(total: int, nums: Sequence[object], scores: Sequence[float]) -> Found:
    graded = np.asarray(scores, dtype=np.float64)
    grades = np.floor_divide(graded, _GRADE_STEP).astype(np.int64)
    return Found(
        total=total,
        nums=np.asarray(nums, dtype=np.int64),
        grades=grades,
        bm25=graded - grades * _GRADE_STEP,
    )
