"""How texts are divided into words: the same for papers, queries and every search engine."""

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import tantivy
from tantivy import Filter, Tokenizer

from broadsheet.rules.query import Query
from broadsheet.rules.tex import searchable
from broadsheet.rules.words import QueryTerms

# The most words of a query that are scored: each costs a pass over its postings. Of a longer text,
# such as a pasted abstract, the rarest words carry nearly all of the information.
MAX_WORDS = 96
# Of BM25, in tantivy.
K1 = 1.2
_LONGEST_WORD = 64

# Question words, pronouns, auxiliaries and prepositions. They are common in questions and rare in
# papers, so BM25 would give "which" or "could you" a high weight.
_FUNCTION_WORDS = re.findall(
    r"\w+",
    """
    i me my we our ours us you your yours he him his she her it its they them their theirs
    what which who whom whose this that these those there here when where why how
    am is are was were be been being have has had having do does did doing done
    can could will would shall should may might must
    a an the and but or nor if because as until while of at by for with about against between
    into through during before after above below to from up down in out on off over under
    again further then than once all any both each few more most other some such only own same
    no not so too very just now also s t
    """,
)


def _analyzer(*, stem: bool = False, stop: bool = False) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(Tokenizer.simple())
        .filter(Filter.remove_long(_LONGEST_WORD))
        .filter(Filter.lowercase())
        .filter(Filter.ascii_fold())
    )
    if stop:
        builder = builder.filter(Filter.custom_stopword(_FUNCTION_WORDS))
    if stem:
        builder = builder.filter(Filter.stemmer("english"))
    return builder.build()


WORD_ANALYZER = _analyzer()
STEM_ANALYZER = _analyzer(stem=True)
_CONTENT_ANALYZER = _analyzer(stop=True)


def words_in(text: str) -> list[str]:
    r"""Divide a text into lower-case words without accents or TeX.

    Examples
    --------
    >>> words_in(r"Repr\'esentation of $\alpha$")
    ['representation', 'of', 'alpha']
    """
    return WORD_ANALYZER.analyze(searchable(text))


def stems_in(text: str) -> list[str]:
    """Return the stem of each of :func:`words_in`."""
    return STEM_ANALYZER.analyze(searchable(text))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return a word's stem."""
    found = stems_in(word)
    return found[0] if found else word


def names_in(text: str) -> list[str]:
    """Return the words of an author's name, without initials if it contains a full word.

    Sources write given names either in full or as initials.

    Examples
    --------
    >>> names_in("C. Ortega")
    ['ortega']
    """
    words = words_in(text)
    return [word for word in words if len(word) > 1] or words


def category_names(category: str) -> tuple[str, ...]:
    """Return the names that select a category, in lower case: its own and its archive's.

    Examples
    --------
    >>> category_names("cs.CL")
    ('cs.cl', 'cs')
    """
    name = category.lower()
    archive = name.partition(".")[0]
    return (name,) if archive == name else (name, archive)


def query_terms(text: str, frequency: Callable[[str], int]) -> QueryTerms:
    """Select the words of a query that papers are scored by.

    Function words such as "the" are dropped unless the query contains nothing else.

    Parameters
    ----------
    text : str
        The plain text of the query.
    frequency : callable
        Returns the number of papers that contain a stem. Called only if there are more than
        :data:`MAX_WORDS` words, of which the rarest are selected.
    """
    counts = Counter(_CONTENT_ANALYZER.analyze(searchable(text)) or words_in(text))
    words = list(counts)
    if len(words) > MAX_WORDS:
        rarest = set(sorted(words, key=lambda word: frequency(stem(word)))[:MAX_WORDS])
        words = [word for word in words if word in rarest]
    return QueryTerms(
        words=tuple(words),
        stems=tuple(stem(word) for word in words),
        counts=tuple(counts[word] for word in words),
    )


def required_words(query: Query, terms: QueryTerms) -> tuple[str, ...]:
    """Return those of a query's words that a match contains: the plain ones.

    The words of phrases and titles are filters, of which OR may require one only.
    """
    plain = {word for text in query.words for word in words_in(text)}
    return tuple(word for word in terms.words if word in plain)


def unknown_words(terms: QueryTerms, frequency: Callable[[str], int]) -> tuple[str, ...]:
    """Return the words whose stem no paper contains, given the number of papers of each stem."""
    pairs = zip(terms.words, terms.stems, strict=True)
    return tuple(word for word, stemmed in pairs if not frequency(stemmed))


def bm25_limit(terms: QueryTerms, papers: int, frequency: Callable[[str], int]) -> float:
    """Return the BM25 sum (k1 1.2) that a paper approaches by repeating each word endlessly.

    Parameters
    ----------
    terms : QueryTerms
        The words of a query.
    papers : int
        The number of all papers.
    frequency : callable
        Returns the number of papers that contain a stem.
    """
    return sum(
        count * (K1 + 1) * math.log(1 + (papers - found + 0.5) / (found + 0.5))
        for stemmed, count in zip(terms.stems, terms.counts, strict=True)
        for found in [frequency(stemmed)]
    )
