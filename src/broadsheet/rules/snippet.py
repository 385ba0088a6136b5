"""Excerpts of abstracts, highlighted words, and sentence boundaries."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

from broadsheet.rules.tex import Converted, Span, convert

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
    """A part of a text: some words of it, a word of the query, a formula or TeX source.

    Parameters
    ----------
    text : str
        The part as Unicode.
    highlighted : bool
        Whether it is a word of the query.
    mathml : str or None
        The formula as a ``math`` element; empty for TeX that is shown as its source, None for
        words.
    """

    text: str
    highlighted: bool = False
    mathml: str | None = None


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
    converted = convert(text)
    text = converted.text
    found = _places(converted, words) if len(text) > limit else []
    start, end = _window(converted, found, limit)
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
    converted = convert(text)
    length = len(converted.text)
    found = _places(converted, words)
    start, end = _window(converted, found, SNIPPET_CHARS)
    before, after = (Piece(_BEFORE),) if start else (), (Piece(_AFTER),) if end < length else ()
    lines = (*before, *_pieces(converted, found, start, end), *after)
    return lines, _pieces(converted, found, 0, length) if before or after else ()


def _window(converted: Converted, found: Sequence[_Place], limit: int) -> tuple[int, int]:
    """Return start and end of the part of a text that contains the most words."""
    text, spans = converted
    if len(text) <= limit:
        return 0, len(text)
    latest = len(text) - limit // 2
    starts = [start for start in _starts(text) if start <= latest] if found else [0]
    starts = [start for start in starts if _around(start, spans) is None]

    # A long text may have thousands of sentences and of words found.
    first = {at: bisect_left(found, at, key=lambda place: place.start) for at in starts}

    def words_within(at: int, chars: int) -> int:
        after = found[first[at] : first[at] + chars]
        return len({place.word for place in takewhile(lambda one: one.end <= at + chars, after)})

    # The most words in the whole excerpt; of equal ones, the most in its first third.
    counts = {start: words_within(start, limit) for start in starts}
    most = max(counts.values())
    best = [start for start, count in counts.items() if count == most]
    start = max(best, key=lambda at: words_within(at, limit // 3)) if len(best) > 1 else best[0]
    if start + limit >= len(text):
        return start, len(text)
    return start, _end_of_words(converted, start, limit)


def _end_of_words(converted: Converted, start: int, limit: int) -> int:
    """Return where to cut a text: at a word, and not within a formula unless it begins with it."""
    text, spans = converted
    window = text[start : start + limit]
    end = start + len(window.rpartition(" ")[0] or window)
    if span := _around(end, spans):
        end = span.start if span.start > start else span.end
    return start + len(text[start:end].rstrip(" ,;:."))


def _around(at: int, spans: Sequence[Span]) -> Span | None:
    """Return the formula that a place is within."""
    return next((span for span in spans if span.start < at < span.end), None)


def truncated(text: str, limit: int = SNIPPET_CHARS) -> str:
    """Return a text of at most `limit` characters, cut at a word; ``…`` stands for the rest.

    Examples
    --------
    >>> truncated("We fly kites.", 9)
    'We fly …'
    """
    return "".join(piece.text for piece in marked(text, limit=limit))


def marked(text: str, words: Collection[str] = (), limit: int | None = None) -> tuple[Piece, ...]:
    """Divide a text at the words of a query and at its formulas.

    Parameters
    ----------
    text : str
        Plain text.
    words : collection of str
        As for :func:`snippet`.
    limit : int, optional
        The most characters; a longer text is cut at a word.

    Returns
    -------
    tuple of Piece
        Together they are `text`, its TeX as Unicode.

    Examples
    --------
    >>> [piece.text for piece in marked("We train it", {"train"}) if piece.highlighted]
    ['train']
    """
    converted = convert(text)
    length = len(converted.text)
    found = _places(converted, words)
    if limit is None or length <= limit:
        return _pieces(converted, found, 0, length)
    end = _end_of_words(converted, 0, limit - len(_AFTER))
    return (*_pieces(converted, found, 0, end), Piece(_AFTER))


def _pieces(
    converted: Converted, found: Sequence[_Place], start: int, end: int
) -> tuple[Piece, ...]:
    text, spans = converted
    parts: list[_Place | Span] = [*found, *spans]
    if found and spans:
        parts.sort(key=lambda part: part.start)
    pieces = []
    for part in parts:
        if part.start < start or part.end > end:
            continue
        if part.start > start:
            pieces.append(Piece(text[start : part.start]))
        if isinstance(part, Span):
            pieces.append(Piece(text[part.start : part.end], mathml=part.mathml))
        else:
            pieces.append(Piece(text[part.start : part.end], highlighted=True))
        start = part.end
    if start < end:
        pieces.append(Piece(text[start:end]))
    return tuple(pieces)


def _places(converted: Converted, words: Collection[str]) -> list[_Place]:
    """Return the places of words in a text outside of its formulas, in order."""
    found = _all_places(converted.text, words)
    if not converted.spans:
        return found
    return [
        place
        for place in found
        if not any(place.start < span.end and span.start < place.end for span in converted.spans)
    ]


def _all_places(text: str, words: Collection[str]) -> list[_Place]:
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


# A search result asks twice for the sentences of its abstract.
@lru_cache(maxsize=64)
def _starts(text: str) -> tuple[int, ...]:
    ends = [end.end() for end in _END.finditer(text)]
    if "$" in text:
        ends = _outside_formulas(text, ends)
    return (0, *(end for end in ends if not _is_abbreviated(text, end)))


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
