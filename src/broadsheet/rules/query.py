"""The query language: from what was typed to what every hit must hold, and back to text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from broadsheet.rules.identity import parse_arxiv_id, parse_doi
from broadsheet.rules.query_tokens import BrokenQueryError, Kind, Token, tokens

_MAX_CHARS = 8_000
# A text of more words than this is a pasted abstract: its brackets, quotes and dashes mean what
# they mean in prose.
_PROSE_WORDS = 25
_DEEPEST = 20
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


class Field(StrEnum):
    """Where a word is to stand."""

    TITLE = "title"
    AUTHOR = "author"
    CATEGORY = "cat"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word, in any form of its stem."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words next to each other as they are written."""

    text: str


@dataclass(frozen=True, slots=True)
class Within:
    """Words in one field; `phrase` where they are to stand next to each other."""

    field: Field
    text: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Years:
    """Published in these years, both included; None where there is no bound."""

    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class Since:
    """Published on this day or later."""

    day: date


@dataclass(frozen=True, slots=True)
class Not:
    """What a hit must not satisfy."""

    clause: "Clause"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of several."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of several."""

    clauses: tuple["Clause", ...]


Clause = Word | Phrase | Within | Years | Since | Not | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was understood.

    Parameters
    ----------
    text : str
        What was typed.
    clauses : tuple of Clause
        All of which are asked for.
    note : str or None
        A sentence for people where it could not be read as it was typed.
    """

    text: str
    clauses: tuple[Clause, ...]
    note: str | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The plain words, by which papers are weighed; those in choices too, no negated ones."""
        return tuple(_words(self.clauses))

    @property
    def filters(self) -> tuple[Clause, ...]:
        """What every hit satisfies, match or neighbour."""
        return tuple(clause for clause in self.clauses if not any(_words([clause])))

    @property
    def choice(self) -> Clause | None:
        """What a match satisfies where that is not simply to hold every word."""
        weighing = tuple(clause for clause in self.clauses if any(_words([clause])))
        if all(isinstance(clause, Word) for clause in weighing):
            return None
        return weighing[0] if len(weighing) == 1 else AllOf(weighing)

    @property
    def plain(self) -> str:
        """The text whose meaning is asked."""
        return " ".join(_meant(self.clauses))


def parse(text: str, today: date) -> Query:
    """Read a query.

    Words are looked for in any form and any order. ``"two words"`` stand next to each other;
    ``-word`` or ``NOT word`` leaves papers out; ``title:``, ``author:``, ``cat:`` and ``id:`` say
    where; ``year:2024``, ``year:2024..2026`` and ``since:7d`` (``d``, ``w``, ``m``, ``y``, or a
    date) say when; ``OR`` and parentheses offer a choice. In a text of more than 25 words, a
    pasted abstract, only the fields are read so.

    Parameters
    ----------
    text : str
        Anything.
    today : date
        What ``since:7d`` counts from.

    Returns
    -------
    Query
        Where it cannot be read, its plain words and a note that says why.

    Examples
    --------
    >>> query = parse('kites -paper author:"Ada Cord" year:2024..', date(2026, 1, 1))
    >>> query.words, query.plain, len(query.filters)
    (('kites',), 'kites', 3)
    """
    text = text[:_MAX_CHARS]
    prose = len(text.split()) > _PROSE_WORDS
    try:
        return Query(text, _Reader(tokens(text, prose=prose), today).all())
    except BrokenQueryError as error:
        clauses, note = _plain_clauses(text, today), f"{error} It was read as plain words."
        return Query(text, clauses, note)


def unparse(clauses: Sequence[Clause]) -> str:
    """Write clauses as a query.

    Examples
    --------
    >>> unparse([Word("kites"), Not(Phrase("paper boats")), Years(2024, None)])
    'kites -"paper boats" year:2024..'
    """
    return " ".join(written for clause in clauses if (written := _written(clause)))


def with_filter(query: Query, clause: Clause) -> str:
    """Write a query with one clause more; one it has already is not repeated."""
    rest = [each for each in query.clauses if each != clause]
    return unparse([*rest, clause])


def without_filter(query: Query, clause: Clause) -> str:
    """Write a query without one of its clauses."""
    return unparse([each for each in query.clauses if each != clause])


def paper_asked(text: str) -> str | None:
    """Give the arXiv id or DOI that a query is, in any form or as an address, and nothing else.

    Examples
    --------
    >>> paper_asked("https://arxiv.org/abs/2502.14802v1"), paper_asked("kites")
    ('arxiv:2502.14802', None)
    """
    number = parse_arxiv_id(text)
    if number is not None:
        return f"arxiv:{number}"
    name = parse_doi(text)
    return None if name is None else f"doi:{name}"


def _plain_clauses(text: str, today: date) -> tuple[Clause, ...]:
    try:
        return _Reader(tokens(text, prose=True), today).all()
    except BrokenQueryError:
        return tuple(Word(word) for word in text.split())


class _Reader:
    """Reads tokens by recursive descent."""

    def __init__(self, told: Sequence[Token], today: date) -> None:
        self._told = told
        self._place = 0
        self._today = today

    def all(self) -> tuple[Clause, ...]:
        clauses = self._group(0)
        if self._place < len(self._told):
            raise BrokenQueryError("A parenthesis has no partner.")
        return clauses

    def _next(self) -> Token | None:
        return self._told[self._place] if self._place < len(self._told) else None

    def _group(self, depth: int) -> tuple[Clause, ...]:
        """Read until the group closes; OR binds its two neighbours closer than standing beside."""
        clauses: list[Clause] = []
        either = False
        while (token := self._next()) is not None and token.kind is not Kind.CLOSE:
            if token.kind is Kind.OR:
                if either or not clauses:
                    raise BrokenQueryError("An OR has nothing on one of its sides.")
                either = True
                self._place += 1
                continue
            clause = self._clause(depth)
            if either:
                first = clauses.pop()
                before = first.clauses if isinstance(first, AnyOf) else (first,)
                clause = AnyOf((*before, clause))
            either = False
            clauses.append(clause)
        if either:
            raise BrokenQueryError("An OR has nothing on one of its sides.")
        return tuple(inner for clause in clauses for inner in _flat(clause))

    def _clause(self, depth: int) -> Clause:
        token = self._told[self._place]
        self._place += 1
        match token.kind:
            case Kind.NOT:
                following = self._next()
                if following is None or following.kind in (Kind.CLOSE, Kind.OR):
                    raise BrokenQueryError("A NOT has nothing after it.")
                negated = self._clause(depth)
                return negated.clause if isinstance(negated, Not) else Not(negated)
            case Kind.OPEN:
                return self._within_parentheses(depth + 1)
            case Kind.PHRASE:
                return Phrase(token.text)
            case Kind.FIELD:
                return self._field(token)
            case _:
                return Word(token.text)

    def _within_parentheses(self, depth: int) -> Clause:
        if depth > _DEEPEST:
            raise BrokenQueryError("The parentheses go too deep.")
        clauses = self._group(depth)
        if self._next() is None:
            raise BrokenQueryError("A parenthesis has no partner.")
        self._place += 1
        if not clauses:
            raise BrokenQueryError("There is nothing between two parentheses.")
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
    """Take a group apart that only repeats that all of it is asked for."""
    return clause.clauses if isinstance(clause, AllOf) else (clause,)


def _years(text: str) -> Years:
    first, dots, last = text.partition("..")
    bounds = [_year(bound) for bound in (first, last if dots else first)]
    if bounds == [None, None]:
        raise BrokenQueryError("A year is asked for like year:2024 or year:2024..2026.")
    if None not in bounds:
        bounds.sort(key=lambda year: year or 0)
    return Years(*bounds)


def _year(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) == len("2024") and int(text)):
        raise BrokenQueryError("A year is asked for like year:2024 or year:2024..2026.")
    return int(text)


def _since(text: str, today: date) -> date:
    number, unit = text[:-1], text[-1:].lower()
    try:
        if number.isascii() and number.isdigit() and unit in _DAYS:
            days = min(int(number[:7]) * _DAYS[unit], today.toordinal() - 1)
            return today - timedelta(days=days)
        return date.fromisoformat(text)
    except ValueError:
        raise BrokenQueryError("A time is asked for like since:7d or since:2026-01-31.") from None


def _words(clauses: Sequence[Clause]) -> list[str]:
    found: list[str] = []
    for clause in clauses:
        if isinstance(clause, Word):
            found.append(clause.text)
        elif isinstance(clause, AllOf | AnyOf):
            found += _words(clause.clauses)
    return found


def _meant(clauses: Sequence[Clause]) -> list[str]:
    found: list[str] = []
    for clause in clauses:
        match clause:
            case Word(text=text) | Phrase(text=text) | Within(field=Field.TITLE, text=text):
                found.append(text)
            case AllOf(clauses=inner) | AnyOf(clauses=inner):
                found += _meant(inner)
            case _:
                pass
    return found


def _harmless(word: str) -> str:
    """Write a word so that it is read as no more than words, whatever it looked like."""
    try:
        if [token.text for token in tokens(word, prose=False)] == [word]:
            return word
    except BrokenQueryError:
        pass
    told = "".join(letter if letter.isalnum() else " " for letter in word).lower()
    return " ".join(told.split())


def _written(clause: Clause) -> str:
    match clause:
        case Word(text=text):
            return _harmless(text)
        case Phrase(text=text):
            return f'"{text}"'
        case Within(field=field, text=text, phrase=phrase):
            return f'{field}:"{text}"' if phrase else f"{field}:{text}"
        case Years(first=first, last=last):
            return f"year:{first}" if first == last else f"year:{first or ''}..{last or ''}"
        case Since(day=day):
            return f"since:{day.isoformat()}"
        case Not(clause=inner):
            return f"-{_written(inner)}"
        case AllOf(clauses=inner):
            return f"({unparse(inner)})"
        case AnyOf(clauses=inner):
            return f"({' OR '.join(_written(each) for each in inner)})"
