"""Write clauses as a query."""

from collections.abc import Sequence

from broadsheet.rules.query import (
    AllOf,
    AnyOf,
    Clause,
    Not,
    Phrase,
    Query,
    Since,
    Within,
    Word,
    Years,
)
from broadsheet.rules.query_tokens import QuerySyntaxError, tokens, without_quotes


def unparse(clauses: Sequence[Clause]) -> str:
    """Write clauses as a query.

    Examples
    --------
    >>> unparse([Word("kites"), Not(Phrase("paper boats")), Years(2024, None)])
    'kites -"paper boats" year:2024..'
    """
    return " ".join(written for clause in clauses if (written := _written(clause)))


def with_filter(query: Query, clause: Clause) -> str:
    """Write a query with another clause, which is not repeated if it is present."""
    rest = [each for each in query.clauses if each != clause]
    return unparse([*rest, clause])


def without_filter(query: Query, clause: Clause) -> str:
    """Write a query without a clause."""
    return unparse([each for each in query.clauses if each != clause])


def _escaped(word: str) -> str:
    """Write a word so that it is parsed as words, even if it looks like an operator."""
    try:
        if [token.text for token in tokens(word, prose=False)] == [word]:
            return word
    except QuerySyntaxError:
        pass
    letters = "".join(letter if letter.isalnum() else " " for letter in word).lower()
    return " ".join(letters.split())


def _written(clause: Clause) -> str:
    match clause:
        case Word(text=text):
            return _escaped(text)
        case Phrase(text=text):
            return f'"{text}"'
        case Within(field=field, text=text, phrase=phrase):
            return f'{field}:"{without_quotes(text)}"' if phrase else f"{field}:{text}"
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
