"""Excerpts of abstracts, highlighted words, and sentence boundaries."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import NamedTuple

SNIPPET_CHARS = 280
_BEFORE, _AFTER = "… ", " …"

_END = re.compile(r"[.!?][\"”)\]$]*\s+(?=[A-Z\d\"“(\[$])")
# fmt: off
_ABBREVIATIONS = (
    "e.g", "i.e", "cf", "al", "etc", "vs", "resp", "approx", "w.r.t", "a.k.a", "viz", "ca", "Fig",
    "Figs", "Eq", "Eqs", "Eqn", "Sec", "Ref", "Refs", "Tab", "Thm", "Prop", "Def", "No", "Vol",
    "Dr", "Mr", "Mrs", "Ms", "Prof", "St", "Ph.D", "Inc", "Jr", "Phys", "Rev", "Lett", "Proc",
    "Nucl", "Astron", "Math",
)
# fmt: on
_NO_END = re.compile(rf"\b(?:{'|'.join(map(re.escape, _ABBREVIATIONS))}|[A-Z])\.\s+$")
# A sentence may end with "etc." or with a letter that names something, such as "dimension D."; the
# words that follow tell.
_MAY_END = re.compile(r"\b(?:etc|[A-Z])\.\s+$")
_STARTS_SENTENCE = re.compile(r"(?:We|The|This|These|In|Our|However|It|To|For|Here)\s")
_LOOK_BACK = 12
# Normalized one by one, because most texts contain few of them.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[^\W_]+")
_WORD_NOT_ASCII = re.compile(r"[^\W_]*[^\x00-\x7f\W_][^\W_]*")


class Piece(NamedTuple):
    """A part of a text, and whether it is a word of the query."""

    text: str
    highlighted: bool = False


class _Place(NamedTuple):
    """Where a word is in a text."""

    start: int
    end: int
    word: str


def sentences(text: str) -> tuple[str, ...]:
    """Divide a text into sentences.

    Examples
    --------
    >>> sentences("We fly kites (cf. Fig. 3). They are 2.5 m wide. See Cord et al. 2019.")
    ('We fly kites (cf. Fig. 3).', 'They are 2.5 m wide.', 'See Cord et al. 2019.')
    """
    return tuple(text[start:end] for start, end in sentence_spans(text))


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where each sentence of a text starts and ends, without the space around it."""
    starts = _starts(text)
    stops = [*starts[1:], len(text)]
    return [
        (start, start + len(sentence))
        for start, stop in zip(starts, stops, strict=True)
        if (sentence := text[start:stop].rstrip())
    ]


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
    start, end = _window(text, _places(text, words) if len(text) > limit else [], limit)
    return f"{_BEFORE if start else ''}{text[start:end]}{_AFTER if end < len(text) else ''}"


def excerpt(text: str, words: Collection[str] = ()) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Divide the excerpt of an abstract, and all of it, at the words of a query.

    Returns
    -------
    tuple of Piece
        Together they are :func:`snippet`.
    tuple of Piece
        Together they are `text`; empty if the excerpt is all of it.
    """
    found = _places(text, words)
    start, end = _window(text, found, SNIPPET_CHARS)
    within = [place for place in found if place.start >= start and place.end <= end]
    before, after = (Piece(_BEFORE),) if start else (), (Piece(_AFTER),) if end < len(text) else ()
    lines = (*before, *_pieces(text, within, start, end), *after)
    return lines, _pieces(text, found, 0, len(text)) if before or after else ()


def _window(text: str, found: Sequence[_Place], limit: int) -> tuple[int, int]:
    """Return start and end of the part of a text that contains the most words."""
    if len(text) <= limit:
        return 0, len(text)
    latest = len(text) - limit // 2
    starts = [start for start in _starts(text) if start <= latest] if found else [0]

    def words_within(at: int, chars: int) -> int:
        return len({word for start, end, word in found if at <= start and end <= at + chars})

    # The most words in the whole excerpt; of equal ones, the most in its first third.
    counts = {start: words_within(start, limit) for start in starts}
    most = max(counts.values())
    best = [start for start, count in counts.items() if count == most]
    start = max(best, key=lambda at: words_within(at, limit // 3)) if len(best) > 1 else best[0]
    if start + limit >= len(text):
        return start, len(text)
    window = text[start : start + limit]
    return start, start + len((window.rpartition(" ")[0] or window).rstrip(" ,;:."))


def truncated(text: str, limit: int = SNIPPET_CHARS) -> str:
    """Return a text of at most `limit` characters, cut at a word; ``…`` stands for the rest.

    Examples
    --------
    >>> truncated("We fly kites.", 9)
    'We fly …'
    """
    if len(text) <= limit:
        return text
    cut = text[: limit - len(_AFTER)]
    return f"{(cut.rpartition(' ')[0] or cut).rstrip(' ,;:.')}{_AFTER}"


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
    return _pieces(text, _places(text, words), 0, len(text))


def _pieces(text: str, found: Sequence[_Place], start: int, end: int) -> tuple[Piece, ...]:
    pieces = []
    for place in found:
        if place.start > start:
            pieces.append(Piece(text[start : place.start]))
        pieces.append(Piece(text[place.start : place.end], highlighted=True))
        start = place.end
    if start < end:
        pieces.append(Piece(text[start:end]))
    return tuple(pieces)


def _places(text: str, words: Collection[str]) -> list[_Place]:
    """Return the places of words in a text, in order.

    Looking for each word is many times faster than looking up each word of the text.
    """
    if not words:
        return []
    lower = text.lower()
    if len(lower) != len(text):
        every = (_Place(*word.span(), plain(word[0])) for word in _WORD.finditer(text))
        return [place for place in every if place.word in words]
    found = []
    for word in filter(str.isalnum, words):
        start = lower.find(word)
        while start >= 0:
            end = start + len(word)
            if not (lower[start - 1 : start].isalnum() or lower[end : end + 1].isalnum()):
                found.append(_Place(start, end, word))
            start = lower.find(word, end)
    if not text.isascii():
        for other in _WORD_NOT_ASCII.finditer(text):
            word = plain(other[0])
            if word in words and word != other[0].lower():
                found.append(_Place(*other.span(), word))
    return sorted(found)


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
    ends = [end.end() for end in _END.finditer(text)]
    if "$" in text:
        ends = _outside_formulas(text, ends)
    return [0, *(end for end in ends if not _is_abbreviated(text, end))]


def _outside_formulas(text: str, ends: Sequence[int]) -> list[int]:
    """Leave out the places with an odd number of dollar signs before them and one after them."""
    last = text.rfind("$")
    kept, signs, counted_to = [], 0, 0
    for end in ends:
        signs += text.count("$", counted_to, end) - text.count("\\$", counted_to, end)
        counted_to = end
        if signs % 2 == 0 or end > last:
            kept.append(end)
    return kept


def _is_abbreviated(text: str, end: int) -> bool:
    """Return whether a text ends at a place with an abbreviation or an initial."""
    before = text[max(0, end - _LOOK_BACK) : end]
    word = before.rstrip().removesuffix(".")
    # Most texts do not, and the expression takes ten times longer to find that out.
    may_be = word.endswith(_ABBREVIATIONS) or word[-1:].isupper()
    if not may_be or _NO_END.search(before) is None:
        return False
    return not (_MAY_END.search(before) and _STARTS_SENTENCE.match(text, end))
