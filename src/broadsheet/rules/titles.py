"""Whether a query is the title of a paper."""

import re
import unicodedata
from enum import IntEnum

from rapidfuzz.distance import OSA

# A title that differs in more letters than one in so many is another title; two at most.
_CHARS_PER_ERROR, _MAX_ERRORS = 8, 2
_MIN_PHRASE_WORDS = 2
_NOISE = re.compile(r"[^\w]+|_")


class TitleMatch(IntEnum):
    """How a query and a title agree; a larger value is a closer agreement."""

    NONE = 0
    PHRASE = 1
    MISSPELLED = 2
    EXACT = 3


def spoken(text: str) -> str:
    """Return the words of a text, case-folded, without accents and punctuation.

    Examples
    --------
    >>> spoken("Attention Is All You Need!")
    'attention is all you need'
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _NOISE.sub(" ", text.casefold()).strip()


def match_title(query: str, title: str) -> TitleMatch:
    """Compare a query with a title, both as :func:`spoken` returns them.

    Returns
    -------
    TitleMatch
        ``MISSPELLED`` if one letter in eight, two at most, is inserted, deleted or replaced, or
        exchanged with the next one; ``PHRASE`` if the title contains the query, of two words or
        more.

    Examples
    --------
    >>> match_title("atention is all you need", "attention is all you need").name
    'MISSPELLED'
    >>> match_title("sparse attention", "kites with sparse attention").name
    'PHRASE'
    """
    if query == title:
        return TitleMatch.EXACT
    most = min(_MAX_ERRORS, len(query) // _CHARS_PER_ERROR)
    if abs(len(query) - len(title)) <= most and (
        OSA.distance(query, title, score_cutoff=most) <= most
    ):
        return TitleMatch.MISSPELLED
    is_phrase = query.count(" ") + 1 >= _MIN_PHRASE_WORDS and f" {query} " in f" {title} "
    return TitleMatch.PHRASE if is_phrase else TitleMatch.NONE
