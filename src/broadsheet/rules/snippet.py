"""Which lines of an abstract to show, which words to mark, and where sentences end."""

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

SNIPPET_CHARS = 280

_END = re.compile(r"[.!?][\"”)\]]*\s+(?=[A-Z\d\"“(\[$])")
_NO_END = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|al|etc|vs|resp|approx|Fig|Figs|Eq|Eqs|Sec|Ref|Refs|Tab|No|Dr|Prof|St)"
    r"|\b[A-Z])\.\s+$"
)
_LOOK_BACK = 12
# Looked at alone, for they are few in most texts.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[^\W_]+")


class Piece(NamedTuple):
    """A stretch of text, and whether it is a word of the query."""

    text: str
    asked: bool = False


def sentences(text: str) -> tuple[str, ...]:
    """Cut a text into sentences.

    Examples
    --------
    >>> sentences("We fly kites (cf. Fig. 3). They are 2.5 m wide. See Cord et al. 2019.")
    ('We fly kites (cf. Fig. 3).', 'They are 2.5 m wide.', 'See Cord et al. 2019.')
    """
    starts = _starts(text)
    stops = [*starts[1:], len(text)]
    cut = (text[start:stop].strip() for start, stop in zip(starts, stops, strict=True))
    return tuple(sentence for sentence in cut if sentence)


def snippet(text: str, words: Collection[str] = (), limit: int = SNIPPET_CHARS) -> str:
    """Take the few lines of an abstract that say most about a query.

    Parameters
    ----------
    text : str
        The abstract.
    words : collection of str
        What is looked for, as :func:`plain_words` gives it; empty for the beginning.
    limit : int
        Most characters taken; cut at a word.

    Returns
    -------
    str
        A stretch that starts with a sentence, with ``…`` where more stands before or after it.
    """
    if len(text) <= limit:
        return text
    latest = len(text) - limit // 2
    starts = [start for start in _starts(text) if start <= latest] if words else [0]
    asked = set(words)

    def told(at: int) -> tuple[int, int]:
        """Count what a reader meets in the whole stretch, then at its beginning."""
        whole, beginning = text[at : at + limit], text[at : at + limit // 3]
        return len(asked.intersection(plain_words(whole))), len(
            asked.intersection(plain_words(beginning))
        )

    start = max(starts, key=told)
    window = text[start : start + limit]
    if start + limit < len(text):
        window = (window.rpartition(" ")[0] or window).rstrip(" ,;:.") + " …"
    return f"… {window}" if start else window


def marked(text: str, words: Collection[str] = ()) -> tuple[Piece, ...]:
    """Cut a text where words of the query stand in it.

    Parameters
    ----------
    text : str
        Plain text.
    words : collection of str
        As for :func:`snippet`.

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
    for word in _WORD.finditer(text) if words else ():
        if plain(word[0]) in words:
            pieces += [Piece(text[told : word.start()]), Piece(word[0], asked=True)]
            told = word.end()
    return tuple(piece for piece in [*pieces, Piece(text[told:])] if piece.text)


def plain_words(text: str) -> set[str]:
    """Give the words of a text in lower case and without accents.

    Examples
    --------
    >>> plain_words("A naïve kite") == {"a", "naive", "kite"}
    True
    """
    return set(_WORD.findall(plain(text)))


def plain(text: str) -> str:
    """Bring a text into lower case and leave accents out.

    Examples
    --------
    >>> plain("Naïve")
    'naive'
    """
    return (text if text.isascii() else _NOT_ASCII.sub(_without_accents, text)).lower()


def _without_accents(found: re.Match[str]) -> str:
    apart = unicodedata.normalize("NFKD", found[0])
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _starts(text: str) -> list[int]:
    ends = (end.end() for end in _END.finditer(text))
    return [0, *(end for end in ends if not _NO_END.search(text[max(0, end - _LOOK_BACK) : end]))]
