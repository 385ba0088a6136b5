"""Put the likely misspellings of a query right."""

import re

from broadsheet.index.lexical import Lexical
from broadsheet.index.words import stem, words_in
from broadsheet.rules.query import Query
from broadsheet.rules.spelling import best_spelling, worth_asking

_WORD = re.compile(r"[^\W\d_]+")


def respelt(lexical: Lexical, query: Query) -> str | None:
    """Give the query with its likely misspellings put right; None where there are none.

    Parameters
    ----------
    lexical : Lexical
        Whose words are taken to be right.
    query : Query
        Only its plain words are looked at.
    """
    papers = len(lexical)
    better: dict[str, str] = {}
    for word in {word for said in query.words for word in words_in(said)}:
        # A word whose stem is common is no slip but another form.
        if worth_asking(word, lexical.commonness(stem(word)), papers):
            spelling = best_spelling(word, lexical.spellings(word[0]))
            if spelling is not None:
                better[word] = spelling
    if not better:
        return None
    return _WORD.sub(lambda found: better.get(found[0].lower(), found[0]), query.text)
