"""Excerpts of abstracts, highlighted words, and sentence boundaries."""

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
# Normalized one by one, because most texts contain few of them.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[^\W_]+")


class Piece(NamedTuple):
    """A part of a text, and whether it is a word of the query."""

    text: str
    highlighted: bool = False


def sentences(text: str) -> tuple[str, ...]:
    """Divide a text into sentences.

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
    """Return the excerpt of an abstract that contains the most words of a query.

    Parameters
    ----------
    text : str
        The abstract.
    words : collection of str
        The words, as :func:`plain_words` returns them; if empty, the excerpt is the beginning.
    limit : int
        The most characters; cut at a word.

    Returns
    -------
    str
        It starts with a sentence, with ``…`` where text before or after it is omitted.
    """
    if len(text) <= limit:
        return text
    latest = len(text) - limit // 2
    starts = [start for start in _starts(text) if start <= latest] if words else [0]
    wanted = set(words)

    def words_found(at: int) -> tuple[int, int]:
        """Count the words in the whole excerpt, then in its first third."""
        whole, beginning = text[at : at + limit], text[at : at + limit // 3]
        return len(wanted & plain_words(whole)), len(wanted & plain_words(beginning))

    start = max(starts, key=words_found)
    window = text[start : start + limit]
    if start + limit < len(text):
        window = (window.rpartition(" ")[0] or window).rstrip(" ,;:.") + " …"
    return f"… {window}" if start else window


def marked(text: str, words: Collection[str] = ()) -> tuple[Piece, ...]:
    """Divide a text at the words of a query.

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
    >>> [piece.text for piece in marked("We train it", {"train"}) if piece.highlighted]
    ['train']
    """
    pieces, end = [], 0
    for word in _WORD.finditer(text) if words else ():
        if plain(word[0]) in words:
            pieces += [Piece(text[end : word.start()]), Piece(word[0], highlighted=True)]
            end = word.end()
    return tuple(piece for piece in [*pieces, Piece(text[end:])] if piece.text)


def plain_words(text: str) -> set[str]:
    """Return the words of a text in lower case and without accents.

    Examples
    --------
    >>> plain_words("A naïve kite") == {"a", "naive", "kite"}
    True
    """
    return set(_WORD.findall(plain(text)))


def plain(text: str) -> str:
    """Return a text in lower case without accents.

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
