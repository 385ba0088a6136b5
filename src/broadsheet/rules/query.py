"""The query language: parse a query to clauses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property

from broadsheet.rules.identity import parse_arxiv_id, parse_doi
from broadsheet.rules.query_limits import MAX_WORDS, MAX_WORDS_OF_OPERATORS, within_limits
from broadsheet.rules.query_tokens import (
    Kind,
    QuerySyntaxError,
    Token,
    tokens,
)

_MAX_CHARS = 8_000
# A text of more words than this is a pasted abstract: its brackets, quotes and dashes are not
# operators.
_PROSE_WORDS = 25
_MAX_NESTING = 20
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


class Field(StrEnum):
    """A field that a clause is restricted to."""

    TITLE = "title"
    AUTHOR = "author"
    CATEGORY = "cat"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Adjacent words, in this spelling."""

    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """Words in one field; adjacent if `phrase`."""

    field: Field
    text: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Years:
    """Published from the first to the last year, inclusive; None for no bound."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Since:
    """Published on this day or later."""

    day: date


@dataclass(frozen=True, slots=True)
class Not:
    """A clause that no hit satisfies."""

    clause: "Clause"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of several clauses."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several clauses."""

    clauses: tuple["Clause", ...]


Clause = Word | Phrase | Within | Years | Since | Not | AllOf | AnyOf


@dataclass(frozen=True)
class Query:
    """A parsed query.

    Parameters
    ----------
    text : str
        The text that was parsed, at most 8,000 characters.
    clauses : tuple of Clause
        The clauses, all of which apply.
    note : str or None
        For readers: why the text was parsed as plain words, or which part of it is used; None if
        it is a valid query.
    is_cut : bool
        Whether the clauses are of the beginning of the text, because it has too many words or
        operators.
    """

    text: str
    clauses: tuple[Clause, ...]
    note: str | None = None
    is_cut: bool = False

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The plain words, including those in OR, without negated ones."""
        return tuple(_words(self.clauses))

    @cached_property
    def filters(self) -> tuple[Clause, ...]:
        """The clauses that every hit satisfies, match or neighbor."""
        return tuple(clause for clause in self.clauses if not any(_words([clause])))

    @cached_property
    def choice(self) -> Clause | None:
        """What a match satisfies instead of containing all words; None for plain words."""
        with_words = tuple(clause for clause in self.clauses if any(_words([clause])))
        if all(isinstance(clause, Word) for clause in with_words):
            return None
        return with_words[0] if len(with_words) == 1 else AllOf(with_words)

    @cached_property
    def plain(self) -> str:
        """The text that is encoded and scored: plain words, phrases and words in titles."""
        return " ".join(_plain_texts(self.clauses))

    @property
    def paper_id(self) -> str | None:
        """The id of the paper, if the query is an arXiv id, a DOI or the address of one."""
        return paper_id_in(self.text)


def parse(text: str, today: date) -> Query:
    """Parse a query.

    Words may occur in any order. ``"two words"`` are adjacent; ``-word`` or ``NOT word`` excludes
    papers; ``title:``, ``author:``, ``cat:`` and ``id:`` restrict the field; ``year:2024``,
    ``year:2024..2026`` and ``since:7d`` (``d``, ``w``, ``m``, ``y``, or a date) restrict the date;
    ``OR`` and parentheses combine alternatives. In a text of more than 25 words, which is taken
    for a pasted abstract, only the fields are operators. A text over a limit of
    :mod:`broadsheet.rules.query_limits` is cut.

    Parameters
    ----------
    text : str
        Any text.
    today : date
        The day from which ``since:7d`` counts.

    Returns
    -------
    Query
        If the text is not a valid query, its plain words with a note that explains why; if it is
        too long, its beginning with a note.

    Examples
    --------
    >>> query = parse('kites -paper author:"Ada Cord" year:2024..', date(2026, 1, 1))
    >>> query.words, query.plain, len(query.filters)
    (('kites',), 'kites', 3)
    """
    text = text[:_MAX_CHARS]
    prose = len(text.split()) > _PROSE_WORDS
    try:
        limit = MAX_WORDS if prose else MAX_WORDS_OF_OPERATORS
        return _parsed(text, *within_limits(tokens(text, prose=prose), limit), today)
    except QuerySyntaxError as error:
        return _with_note(_parsed_as_prose(text, today), f"{error} Searched as plain words.")


def plain_query(text: str) -> Query:
    """Return a query of the words of a text, none of which is an operator."""
    kept, note = within_limits([Token(Kind.WORD, word) for word in text.split()])
    return Query(text, tuple(Word(token.text) for token in kept), note, is_cut=note is not None)


def paper_id_in(text: str) -> str | None:
    """Return the paper id if a text is an arXiv id, a DOI or the address of one, else None.

    Examples
    --------
    >>> paper_id_in("https://arxiv.org/abs/2502.14802v1"), paper_id_in("kites")
    ('arxiv:2502.14802', None)
    """
    number = parse_arxiv_id(text)
    if number is not None:
        return f"arxiv:{number}"
    name = parse_doi(text)
    return None if name is None else f"doi:{name}"


def _parsed(text: str, kept: Sequence[Token], note: str | None, today: date) -> Query:
    return Query(text, _Parser(kept, today).all(), note, is_cut=note is not None)


def _parsed_as_prose(text: str, today: date) -> Query:
    try:
        return _parsed(text, *within_limits(tokens(text, prose=True)), today)
    except QuerySyntaxError:
        return plain_query(text)


def _with_note(query: Query, note: str) -> Query:
    return replace(query, note=f"{note} {query.note}" if query.note else note)


class _Parser:
    """Parses tokens by recursive descent."""

    def __init__(self, tokens: Sequence[Token], today: date) -> None:
        self._tokens = tokens
        self._position = 0
        self._today = today

    def all(self) -> tuple[Clause, ...]:
        clauses = self._group(0)
        if self._position < len(self._tokens):
            raise QuerySyntaxError("A parenthesis is not matched.")
        return clauses

    def _next(self) -> Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _group(self, depth: int) -> tuple[Clause, ...]:
        """Parse until the group closes; OR binds its two operands closer than juxtaposition."""
        clauses: list[Clause] = []
        either = False
        while (token := self._next()) is not None and token.kind is not Kind.CLOSE:
            if token.kind is Kind.OR:
                if either or not clauses:
                    raise QuerySyntaxError("OR needs a word on both sides.")
                either = True
                self._position += 1
                continue
            clause = self._clause(depth)
            if either:
                first = clauses.pop()
                before = first.clauses if isinstance(first, AnyOf) else (first,)
                clause = AnyOf((*before, clause))
            either = False
            clauses.append(clause)
        if either:
            raise QuerySyntaxError("OR needs a word on both sides.")
        return tuple(inner for clause in clauses for inner in _flat(clause))

    def _clause(self, depth: int) -> Clause:
        token = self._tokens[self._position]
        self._position += 1
        match token.kind:
            case Kind.NOT:
                following = self._next()
                if following is None or following.kind in (Kind.CLOSE, Kind.OR):
                    raise QuerySyntaxError("NOT needs a word after it.")
                negated = self._clause(depth)
                return negated.clause if isinstance(negated, Not) else Not(negated)
            case Kind.OPEN:
                return self._parentheses(depth + 1)
            case Kind.PHRASE:
                return Phrase(token.text)
            case Kind.FIELD:
                return self._field(token)
            case _:
                return Word(token.text)

    def _parentheses(self, depth: int) -> Clause:
        if depth > _MAX_NESTING:
            raise QuerySyntaxError("The parentheses are nested too deeply.")
        clauses = self._group(depth)
        if self._next() is None:
            raise QuerySyntaxError("A parenthesis is not matched.")
        self._position += 1
        if not clauses:
            raise QuerySyntaxError("The parentheses are empty.")
        return clauses[0] if len(clauses) == 1 else AllOf(clauses)

    def _field(self, token: Token) -> Clause:
        match token.field:
            case "year":
                return _years(token.text)
            case "since":
                return Since(_since(token.text, self._today))
            case "id":
                name = parse_arxiv_id(token.text) or parse_doi(token.text) or token.text.lower()
                return Within(Field.ID, name)
            case name:
                return Within(Field(name), token.text, token.quoted)


def _flat(clause: Clause) -> tuple[Clause, ...]:
    """Return the clauses of a conjunction, which a list of clauses already is."""
    return clause.clauses if isinstance(clause, AllOf) else (clause,)


def _years(text: str) -> Years:
    first, dots, last = text.partition("..")
    bounds = [_year(bound) for bound in (first, last if dots else first)]
    if bounds == [None, None]:
        raise QuerySyntaxError("Write a year as year:2024 or year:2024..2026.")
    if None not in bounds:
        bounds.sort(key=lambda year: year or 0)
    return Years(*bounds)


def _year(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == len("2024") and int(text)):
        raise QuerySyntaxError("Write a year as year:2024 or year:2024..2026.")
    return int(text)


def _since(text: str, today: date) -> date:
    number, unit = text[:-1], text[-1:].lower()
    try:
        if number.isascii() and number.isdigit() and unit in _DAYS:
            days = min(int(number[:7]) * _DAYS[unit], today.toordinal() - 1)
            return today - timedelta(days=days)
        return date.fromisoformat(text)
    except ValueError:
        raise QuerySyntaxError("Write a time as since:7d or since:2026-01-31.") from None


def _words(clauses: Sequence[Clause]) -> list[str]:
    found: list[str] = []
    for clause in clauses:
        if isinstance(clause, Word):
            found.append(clause.text)
        elif isinstance(clause, AllOf | AnyOf):
            found += _words(clause.clauses)
    return found


def _plain_texts(clauses: Sequence[Clause]) -> list[str]:
    found: list[str] = []
    for clause in clauses:
        match clause:
            case Word(text=text) | Phrase(text=text) | Within(field=Field.TITLE, text=text):
                found.append(text)
            case AllOf(clauses=inner) | AnyOf(clauses=inner):
                found += _plain_texts(inner)
            case _:
                pass
    return found
