"""A search engine in memory: the protocol without tantivy, for the contract tests."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import SearchIndexError
from broadsheet.index.analyzer import (
    bm25_limit,
    category_names,
    names_in,
    query_terms,
    required_words,
    stems_in,
    unknown_words,
    words_in,
)
from broadsheet.index.engine import Candidates, Changes, EngineRequest, EngineResponse
from broadsheet.index.spelling import corrected
from broadsheet.index.vectors import QuantizedVectors, quantize
from broadsheet.model import Mode, Paper
from broadsheet.rules import query as q
from broadsheet.rules.dates import first_day
from broadsheet.rules.words import QueryTerms, number_forms

_K1, _B = 1.2, 0.75


class _Document:
    """One analyzed paper."""

    def __init__(self, paper: Paper, vector: NDArray[np.float32]) -> None:
        texts = (paper.title, paper.abstract or "", *paper.authors)
        self.paper = paper
        self.values, self.scale = quantize(vector)
        self.vector = self.values * self.scale
        self.texts = [words_in(text) for text in texts]
        self.words = {word for text in self.texts for word in text}
        self.stems = Counter(stem for text in (paper.title, *texts) for stem in stems_in(text))
        self.day = first_day(paper.published) if paper.published else None

    def satisfies(self, clause: q.Clause) -> bool:
        match clause:
            case q.Word(text=text):
                return all(
                    any(form in self.words for form in number_forms(word))
                    for word in words_in(text)
                )
            case q.Phrase(text=text):
                return any(_adjacent(words_in(text), words) for words in self.texts)
            case q.Within():
                return self._contains(clause)
            case q.Years(first=first, last=last):
                return self.day is not None and (first or 1) <= self.day.year <= (last or 9_999)
            case q.Since(day=day):
                return self.day is not None and self.day >= day
            case q.Not(clause=inner):
                return not self.satisfies(inner)
            case q.AllOf(clauses=inner):
                return all(self.satisfies(each) for each in inner)
            case q.AnyOf(clauses=inner):
                return any(self.satisfies(each) for each in inner)

    def _contains(self, clause: q.Within) -> bool:
        paper, text = self.paper, clause.text
        authors = [words_in(author) for author in paper.authors]
        match clause.field:
            case q.Field.TITLE if clause.phrase:
                return _adjacent(stems_in(text), stems_in(paper.title))
            case q.Field.TITLE:
                return set(stems_in(text)) <= set(stems_in(paper.title))
            case q.Field.AUTHOR if clause.phrase:
                return any(_adjacent(words_in(text), author) for author in authors)
            case q.Field.AUTHOR:
                return set(names_in(text)) <= {word for author in authors for word in author}
            case q.Field.CATEGORY:
                names = {name for each in paper.categories for name in category_names(each)}
                return text.strip().lower() in names
            case q.Field.ID:
                ids = (paper.id, paper.arxiv_id, paper.doi)
                return text.strip().lower() in {each.lower() for each in ids if each}


class InMemoryEngine:
    """A :class:`broadsheet.index.engine.SearchEngine` that compares every paper."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._documents: dict[int, _Document] = {}
        self.position = 0

    def __len__(self) -> int:
        return len(self._documents)

    def apply(self, changes: Changes, position: int) -> None:
        present = {num: paper for num, paper in changes.items() if paper is not None}
        vectors = self._encoder.encode([text_of(paper) for paper in present.values()])
        documents = {num: each for num, each in self._documents.items() if num not in changes}
        for (num, paper), vector in zip(present.items(), vectors, strict=True):
            documents[num] = _Document(paper, vector)
        self._documents, self.position = documents, max(self.position, position)

    def search(self, request: EngineRequest) -> EngineResponse:
        if request.mode is Mode.LEXICAL:
            return self._retrieve(request, None)
        try:
            return self._retrieve(request, self._encoder.encode([request.query.plain])[0])
        except SearchIndexError as error:
            return self._retrieve(request, None, str(error))

    def similar(self, num: int, request: EngineRequest) -> EngineResponse:
        document = self._documents.get(num)
        return self._retrieve(request, None if document is None else document.vector)

    def categories(self) -> dict[str, int]:
        documents = self._documents.values()
        return dict(Counter(name for each in documents for name in each.paper.categories))

    def suggest(self, query: q.Query) -> str | None:
        return corrected(self, query)

    def word_frequency(self, word: str) -> int:
        return sum(word in document.words for document in self._documents.values())

    def words_with_prefix(self, prefix: str) -> dict[str, int]:
        documents = self._documents.values()
        return dict(Counter(w for each in documents for w in each.words if w.startswith(prefix)))

    def _stem_frequency(self, stem: str) -> int:
        return sum(stem in document.stems for document in self._documents.values())

    def _bm25(self, terms: QueryTerms) -> dict[int, float]:
        documents = self._documents
        mean = sum(each.stems.total() for each in documents.values()) / max(1, len(documents))
        sums = dict.fromkeys(documents, 0.0)
        for stem, count in zip(terms.stems, terms.counts, strict=True):
            frequency = self._stem_frequency(stem)
            idf = math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
            for num, document in documents.items():
                tf = document.stems[stem]
                norm = _K1 * (1 - _B + _B * document.stems.total() / mean)
                sums[num] += count * idf * tf * (_K1 + 1) / (tf + norm)
        return sums

    def _retrieve(
        self,
        request: EngineRequest,
        vector: NDArray[np.float32] | None,
        encoder_error: str | None = None,
    ) -> EngineResponse:
        query, documents = request.query, self._documents
        vector = vector if vector is not None and vector.any() else None
        terms = query_terms(query.plain, self._stem_frequency)
        bm25 = self._bm25(terms)
        eligible = [n for n in documents if all(map(documents[n].satisfies, query.filters))]
        wanted = [query.choice] if query.choice else []
        if not wanted:
            wanted = [q.Word(word) for word in required_words(query, terms)]
        matches = [n for n in eligible if all(map(documents[n].satisfies, wanted))]
        if not wanted and not query.filters:
            matches = []
        if request.newest_first:
            bm25 = dict.fromkeys(bm25, 0.0)
            matches.sort(key=lambda n: documents[n].day or date.min, reverse=True)
        else:
            matches.sort(key=lambda n: -bm25[n])
        pool = [n for n in eligible if request.one_list or n not in set(matches)]
        lists, exhausted = self._lists(request, vector, pool, bm25, len(eligible), len(matches))

        def candidates(nums: Sequence[int]) -> Candidates:
            values = [documents[n].values for n in nums]
            vectors = QuantizedVectors(
                np.asarray(values, dtype=np.int8).reshape(len(nums), self._encoder.dim),
                np.asarray([documents[n].scale for n in nums], dtype=np.float32),
            )
            sums = np.asarray([bm25[n] for n in nums], dtype=np.float64)
            return Candidates(np.asarray(nums, np.int64), sums, vectors, np.isin(nums, matches))

        return EngineResponse(
            papers=len(documents),
            terms=terms,
            vector=vector,
            match_count=len(matches),
            matches=candidates([] if request.one_list else matches[: request.match_limit]),
            neighbors=tuple(candidates(nums) for nums in lists),
            exhausted=exhausted,
            facets=self._facets(matches) if request.facets else {},
            bm25_limit=bm25_limit(terms, len(documents), self._stem_frequency),
            unknown_words=() if matches else unknown_words(terms, self._stem_frequency),
            encoder=None if vector is None else self._encoder.name,
            encoder_error=encoder_error,
        )

    def _lists(
        self,
        request: EngineRequest,
        vector: NDArray[np.float32] | None,
        pool: list[int],
        bm25: dict[int, float],
        eligible: int,
        matches: int,
    ) -> tuple[list[list[int]], bool]:
        enough = request.enough_matches is not None and matches >= request.enough_matches
        if not request.depths or (enough and len(self) > request.exhaustive):
            return [], False
        exhausted = eligible <= request.exhaustive
        by_words = sorted((n for n in pool if bm25[n] > 0), key=lambda n: -bm25[n])
        near: list[int] = []
        if vector is not None:
            near = sorted(pool, key=lambda n: -float(self._documents[n].vector @ vector))
        if request.mode is Mode.SEMANTIC:
            by_words = []
        depths = (request.exhaustive,) if exhausted else request.depths
        return [list(dict.fromkeys([*by_words[:d], *near[:d]])) for d in depths], exhausted

    def _facets(self, matches: list[int]) -> dict[str, dict[str, int]]:
        found = [self._documents[num] for num in matches]
        categories = Counter(
            name for each in found for name in dict.fromkeys(each.paper.categories)
        )
        years = Counter(str(each.day.year) for each in found if each.day)
        return {"category": dict(categories.most_common(12)), "year": dict(years.most_common(12))}


def _adjacent(phrase: list[str], words: list[str]) -> bool:
    starts = range(len(words) - len(phrase) + 1)
    return any(words[start : start + len(phrase)] == phrase for start in starts)
