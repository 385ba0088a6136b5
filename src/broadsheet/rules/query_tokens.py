"""What a query is cut into before it is read."""

import re
from dataclasses import dataclass
from enum import Enum, auto

_FIELDS = {
    "title": "title",
    "ti": "title",
    "author": "author",
    "au": "author",
    "cat": "cat",
    "category": "cat",
    "id": "id",
    "year": "year",
    "since": "since",
}
_QUOTES = str.maketrans("“”„‟«»", '""""""')
_FIELD = re.compile(
    rf'(?P<name>{"|".join(_FIELDS)}):(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"()]+))', re.I
)
_PHRASE = re.compile(r'"([^"]*)"')
_MINUS = re.compile(r"[-−](?=[^\s\-−])")
_BARE = re.compile(r'[^\s"()]+')
_LETTER = re.compile(r"\w")


class BrokenQueryError(ValueError):
    """A query cannot be read as it was written; its text is a sentence that says why."""


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    PHRASE = auto()
    FIELD = auto()
    NOT = auto()
    OR = auto()
    OPEN = auto()
    CLOSE = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a query.

    Parameters
    ----------
    kind : Kind
        What it is.
    text : str
        A word, the words of a phrase, or the value of a field.
    field : str
        The field's name, else empty.
    quoted : bool
        Whether a field's value stood in quotation marks.
    """

    kind: Kind
    text: str = ""
    field: str = ""
    quoted: bool = False


_OPERATORS = {
    "OR": Token(Kind.OR),
    "NOT": Token(Kind.NOT),
    "(": Token(Kind.OPEN),
    ")": Token(Kind.CLOSE),
}


def tokens(text: str, *, prose: bool) -> list[Token]:
    """Cut a query into tokens.

    Parameters
    ----------
    text : str
        Anything; typographic quotation marks count as plain ones.
    prose : bool
        Whether nothing but fields is to be read as more than a word.

    Raises
    ------
    BrokenQueryError
        Where a quotation mark has no partner.

    Examples
    --------
    >>> [token.kind.name for token in tokens('kites OR -"paper boats"', prose=False)]
    ['WORD', 'OR', 'NOT', 'PHRASE']
    """
    if prose:
        return [_field_or_word(word) for word in text.split() if _LETTER.search(word)]
    text = text.translate(_QUOTES)
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        token, place = _token_at(text, place)
        if token is not None:
            found.append(token)
    return found


def _token_at(text: str, place: int) -> tuple[Token | None, int]:
    """Read one token; None for a stretch without letters or digits, and for AND."""
    if text[place] in "()":
        return _OPERATORS[text[place]], place + 1
    minus = _MINUS.match(text, place)
    if minus:
        return _OPERATORS["NOT"], minus.end()
    field = _FIELD.match(text, place)
    if field:
        return _field(field), field.end()
    if text[place] == '"':
        phrase = _PHRASE.match(text, place)
        if phrase is None:
            raise BrokenQueryError("A quotation mark has no partner.")
        told = " ".join(phrase[1].split())
        return (Token(Kind.PHRASE, told) if _LETTER.search(told) else None), phrase.end()
    bare = _BARE.match(text, place)
    assert bare is not None
    word = bare[0]
    if word in _OPERATORS:
        return _OPERATORS[word], bare.end()
    known = _LETTER.search(word) and word != "AND"
    return (Token(Kind.WORD, word) if known else None), bare.end()


def _field_or_word(word: str) -> Token:
    field = _FIELD.fullmatch(word)
    return Token(Kind.WORD, word) if field is None else _field(field)


def _field(found: re.Match[str]) -> Token:
    quoted = found["quoted"] is not None
    text = " ".join((found["quoted"] if quoted else found["bare"]).split())
    if not _LETTER.search(text):
        raise BrokenQueryError(f"Nothing is asked of “{found['name'].lower()}:”.")
    return Token(Kind.FIELD, text, _FIELDS[found["name"].lower()], quoted)
