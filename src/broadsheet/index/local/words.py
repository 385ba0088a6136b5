"""How texts are cut into words, for papers and for queries alike."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import tantivy
from tantivy import Filter, Tokenizer

# A query's commonest words beyond these are left out of the lexical side: each costs a walk
# through its postings, and a pasted abstract says as much with its rarest words.
MAX_WORDS = 96
_LONGEST_WORD = 64

EXACT, STEMS = "exact", "stem"

# What asks or joins and names nothing. Questions are full of such words and papers are not, so
# BM25 would take "which" or "could you" for rare and weighty ones.
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


@dataclass(frozen=True, slots=True)
class Words:
    """A query as words.

    Parameters
    ----------
    exact : tuple of str
        Lower-case words as they were typed, each once.
    stems : tuple of str
        Their stems, one for each of `exact`.
    counts : tuple of int
        How often each was said, 1 or more.
    """

    exact: tuple[str, ...]
    stems: tuple[str, ...]
    counts: tuple[int, ...]


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


_AS_WRITTEN = _analyzer()
_CONTENT = _analyzer(stop=True)
_STEMMED = _analyzer(stem=True)


def register(index: tantivy.Index) -> None:
    """Make the two ways of cutting known to an index, as `EXACT` and `STEMS`."""
    index.register_tokenizer(EXACT, _AS_WRITTEN)
    index.register_tokenizer(STEMS, _STEMMED)


def words_in(text: str) -> list[str]:
    """Cut a text into lower-case words without accents."""
    return _AS_WRITTEN.analyze(text)


def stems_in(text: str) -> list[str]:
    """Give the stem of each of :func:`words_in`."""
    return _STEMMED.analyze(text)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Give a word's stem."""
    found = stems_in(word)
    return found[0] if found else word


def words_asked(text: str, commonness: Callable[[str], int]) -> Words:
    """Take a query apart; words such as "the" count only where there are no others.

    Parameters
    ----------
    text : str
        What was asked.
    commonness : callable
        How many papers hold a stem; asked only where there are more than :data:`MAX_WORDS`.
    """
    said = Counter(_CONTENT.analyze(text) or words_in(text))
    kept = list(said)
    if len(kept) > MAX_WORDS:
        rarest = sorted(kept, key=lambda word: commonness(stem(word)))[:MAX_WORDS]
        kept = [word for word in kept if word in set(rarest)]
    return Words(
        exact=tuple(kept),
        stems=tuple(stem(word) for word in kept),
        counts=tuple(said[word] for word in kept),
    )
