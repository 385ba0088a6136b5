"""Correct the likely misspellings of a query from the words of the indexed papers."""

import re
from typing import Protocol

from broadsheet.index.analyzer import words_in
from broadsheet.rules.query import Query
from broadsheet.rules.spelling import best_spelling, is_likely_misspelling
from broadsheet.rules.words import number_forms

_WORD = re.compile(r"[^\W\d_]+")
# The first letters, which are assumed to be right; with one letter there are ten times the words.
_PREFIX_CHARS = 2


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
        Only its plain words are corrected.
    """
    papers = len(vocabulary)
    corrections: dict[str, str] = {}
    for word in {word for text in query.words for word in words_in(text)}:
        frequency = max(vocabulary.word_frequency(form) for form in number_forms(word))
        if is_likely_misspelling(word, frequency, papers):
            spelling = best_spelling(word, vocabulary.words_with_prefix(word[:_PREFIX_CHARS]))
            if spelling is not None:
                corrections[word] = spelling
    if not corrections:
        return None
    return _WORD.sub(lambda word: corrections.get(word[0].lower(), word[0]), query.text)
