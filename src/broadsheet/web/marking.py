"""Which words of a text the query asked for, and which lines of an abstract to show."""

import re
from collections.abc import Collection
from typing import NamedTuple

import tantivy
from tantivy import Filter

EXCERPT_CHARS = 280

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\d\"“(])")


class Piece(NamedTuple):
    """A stretch of text, and whether it is a word of the query."""

    text: str
    asked: bool = False


def _stemmer(*leave_out: Filter) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    folds = (Filter.lowercase(), Filter.ascii_fold())
    for step in (*folds, *leave_out, Filter.stemmer("english")):
        builder = builder.filter(step)
    return builder.build()


# The stems that matches are found by, so that what is marked is what was found.
_STEMS = _stemmer()
_CONTENT_STEMS = _stemmer(Filter.stopword("english"))


def query_stems(query: str) -> frozenset[str]:
    """Give the stems of the words a query asks for.

    Words such as "the" count only where there are no others.

    Examples
    --------
    >>> sorted(query_stems("The trained models"))
    ['model', 'train']
    """
    return frozenset(_CONTENT_STEMS.analyze(query) or _STEMS.analyze(query))


def marked(text: str, stems: Collection[str] = ()) -> tuple[Piece, ...]:
    """Cut a text where words of the query stand in it.

    Parameters
    ----------
    text : str
        Plain text; escaping is the template's.
    stems : collection of str
        As :func:`query_stems` gives them.

    Returns
    -------
    tuple of Piece
        Together they are `text`.

    Examples
    --------
    >>> [piece.text for piece in marked("We train it", {"train"}) if piece.asked]
    ['train']
    """
    pieces, told = [], 0
    for word in _WORD.finditer(text) if stems else ():
        if not _stems_in(word[0]).isdisjoint(stems):
            pieces += [Piece(text[told : word.start()]), Piece(word[0], asked=True)]
            told = word.end()
    return tuple(piece for piece in [*pieces, Piece(text[told:])] if piece.text)


def excerpt(text: str, stems: Collection[str] = (), limit: int = EXCERPT_CHARS) -> str:
    """Take the few lines of an abstract that say most about the query.

    Parameters
    ----------
    text : str
        The abstract.
    stems : collection of str
        What was asked; empty for the beginning.
    limit : int
        Most characters taken; cut at a word.

    Returns
    -------
    str
        A stretch that starts with a sentence, with ``…`` where more stands before or after it.
    """
    if len(text) <= limit:
        return text
    starts = [0]
    if stems:
        latest = len(text) - limit // 2
        starts += [gap.end() for gap in _SENTENCE.finditer(text) if gap.end() <= latest]
    wanted = set(stems)

    def told(at: int) -> tuple[int, int]:
        """Count what a reader meets in the whole stretch, then at its beginning."""
        whole, beginning = text[at : at + limit], text[at : at + limit // 3]
        return len(_stems_in(whole) & wanted), len(_stems_in(beginning) & wanted)

    start = max(starts, key=told)
    window = text[start : start + limit]
    if start + limit < len(text):
        window = (window.rpartition(" ")[0] or window).rstrip(" ,;:.") + " …"
    return f"… {window}" if start else window


def _stems_in(text: str) -> set[str]:
    return set(_STEMS.analyze(text))
