"""Correct the likely misspellings of a query from the words of the indexed papers."""

import re
from itertools import islice
from typing import Protocol

from broadsheet.index.analyzer import words_in
from broadsheet.rules.query import Query
from broadsheet.rules.spelling import best_spelling, is_likely_misspelling
from broadsheet.rules.words import number_forms

_WORD = re.compile(r"[^\W\d_]+")
# The first letters, which are assumed to be right; with one letter there are ten times the words.
_PREFIX_CHARS = 2
# The most words that are corrected: each is compared with all words that start like it.
_MAX_CORRECTED = 8


class Vocabulary(Protocol):
    """The words of the indexed papers."""

    def __len__(self) -> int:
        """Return the number of papers."""

    def word_frequency(self, word: str) -> int:
        """Count the papers that contain a word in this spelling."""

    def words_with_prefix(self, prefix: str) -> dict[str, int]:
        """List the words that start with `prefix`, each with the number of papers."""


def corrected(vocabulary: Vocabulary, query: Query) -> str | None:
    """Return the text of a query with its likely misspellings corrected, or None if it has none.

    Parameters
    ----------
    vocabulary : Vocabulary
        Words that are assumed to be right if they are common.
    query : Query
        Only its plain words are corrected, at most eight of them.
    """
    words = dict.fromkeys(word for text in query.words for word in words_in(text))
    unknown = (word for word in words if _is_likely_misspelling(vocabulary, word))
    corrections = {
        word: spelling
        for word in islice(unknown, _MAX_CORRECTED)
        if (spelling := best_spelling(word, vocabulary.words_with_prefix(word[:_PREFIX_CHARS])))
    }
    if not corrections:
        return None
    return _WORD.sub(lambda word: corrections.get(word[0].lower(), word[0]), query.text)


def _is_likely_misspelling(vocabulary: Vocabulary, word: str) -> bool:
    frequency = max(vocabulary.word_frequency(form) for form in number_forms(word))
    return is_likely_misspelling(word, frequency, len(vocabulary))
