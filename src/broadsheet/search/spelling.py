"""Put the likely misspellings of a query right."""

import re

from broadsheet.index.local.lexical import Lexical
from broadsheet.index.local.words import words_in
from broadsheet.rules.query import Query
from broadsheet.rules.spelling import best_spelling, worth_asking
from broadsheet.rules.words import number_forms

_WORD = re.compile(r"[^\W\d_]+")
# So many letters at the beginning are taken to be right; with one, there are ten times the words.
_SURE = 2


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
        held = max(lexical.spelt_so(form) for form in number_forms(word))
        if worth_asking(word, held, papers):
            spelling = best_spelling(word, lexical.spellings(word[:_SURE]))
            if spelling is not None:
                better[word] = spelling
    if not better:
        return None
    return _WORD.sub(lambda found: better.get(found[0].lower(), found[0]), query.text)
