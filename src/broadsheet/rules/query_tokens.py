"""Divide the text of a query into tokens."""

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


class QuerySyntaxError(ValueError):
    """A text is not a valid query; the message is a sentence for readers that explains why."""


class Kind(Enum):
    """The kind of a token."""

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
        Its kind.
    text : str
        A word, the words of a phrase, or the value of a field.
    field : str
        The name of the field; empty for other kinds.
    quoted : bool
        Whether the value of a field is in quotation marks.
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


def without_quotes(text: str) -> str:
    """Replace quotation marks, plain and typographic, by spaces.

    Examples
    --------
    >>> without_quotes('kites“ OR "boats')
    'kites  OR  boats'
    """
    return text.translate(_QUOTES).replace('"', " ")


def tokens(text: str, *, prose: bool) -> list[Token]:
    """Divide a query into tokens.

    Parameters
    ----------
    text : str
        Any text; typographic quotation marks are equivalent to plain ones.
    prose : bool
        Whether everything except fields is a plain word.

    Raises
    ------
    QuerySyntaxError
        If a quotation mark is not matched, or a field has no value.

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
    """Read one token; None for punctuation and for AND."""
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
            raise QuerySyntaxError("A quotation mark is not matched.")
        words = " ".join(phrase[1].split())
        return (Token(Kind.PHRASE, words) if _LETTER.search(words) else None), phrase.end()
    bare = _BARE.match(text, place)
    assert bare is not None
    word = bare[0]
    if word in _OPERATORS:
        return _OPERATORS[word], bare.end()
    is_word = _LETTER.search(word) and word != "AND"
    return (Token(Kind.WORD, word) if is_word else None), bare.end()


def _field_or_word(word: str) -> Token:
    field = _FIELD.fullmatch(word)
    return Token(Kind.WORD, word) if field is None else _field(field)


def _field(found: re.Match[str]) -> Token:
    quoted = found["quoted"] is not None
    text = " ".join((found["quoted"] if quoted else found["bare"]).split())
    if not _LETTER.search(text):
        raise QuerySyntaxError(f"“{found['name'].lower()}:” needs a value.")
    return Token(Kind.FIELD, text, _FIELDS[found["name"].lower()], quoted)
