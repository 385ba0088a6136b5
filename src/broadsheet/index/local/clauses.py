"""Clauses of the query language as queries of tantivy."""

from collections.abc import Sequence
from datetime import date

from tantivy import FieldType, Occur, Query, Schema

from broadsheet.index.local.words import stems_in, words_in
from broadsheet.rules.query import (
    AllOf,
    AnyOf,
    Clause,
    Field,
    Not,
    Phrase,
    Since,
    Within,
    Word,
    Years,
)
from broadsheet.rules.words import number_forms

_YEARS = (1, 9_999)


def compiled(schema: Schema, clause: Clause) -> Query:
    """Bring a clause into the form tantivy asks.

    Parameters
    ----------
    schema : Schema
        As :func:`broadsheet.index.local.postings.make_schema` makes it.
    clause : Clause
        Any clause; one that names no word (``"!?"``) is satisfied by every paper.
    """
    match clause:
        case Word(text=text):
            spelt = words_in(text)
            return all_of([word(schema, each) for each in spelt]) if spelt else Query.all_query()
        case Phrase(text=text):
            return _phrase(schema, "words", words_in(text))
        case Within():
            return _within(schema, clause)
        case Years(first=first, last=last):
            return _between(schema, "year", first or _YEARS[0], last or _YEARS[1])
        case Since(day=day):
            return _between(schema, "day", day.toordinal(), date.max.toordinal())
        case Not(clause=inner):
            return without(compiled(schema, inner))
        case AllOf(clauses=inner):
            return all_of([compiled(schema, each) for each in inner])
        case AnyOf(clauses=inner):
            return any_of([compiled(schema, each) for each in inner])


def word(schema: Schema, spelt: str) -> Query:
    """Ask for papers that hold a word in singular or plural."""
    forms = number_forms(spelt)
    return any_of([Query.term_query(schema, "words", form) for form in forms])


def all_of(queries: Sequence[Query]) -> Query:
    """Ask for papers that satisfy every one."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Sequence[Query]) -> Query:
    """Ask for papers that satisfy at least one."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def without(query: Query) -> Query:
    """Ask for papers that do not satisfy it."""
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])


def weightless(query: Query) -> Query:
    """Let a query choose papers and add nothing to their BM25 sum."""
    return Query.const_score_query(query, 0.0)


def boosted(query: Query, times: float) -> Query:
    """Let a query count several times."""
    return query if times == 1.0 else Query.boost_query(query, times)


def dated(schema: Schema) -> Query:
    """Ask for papers whose date is known."""
    return _between(schema, "day", 1, date.max.toordinal())


def _within(schema: Schema, clause: Within) -> Query:
    text = clause.text
    match clause.field:
        case Field.TITLE if clause.phrase:
            return _phrase(schema, "title", stems_in(text))
        case Field.TITLE:
            return _all_terms(schema, "title", stems_in(text))
        case Field.AUTHOR if clause.phrase:
            return _phrase(schema, "authors", words_in(text))
        case Field.AUTHOR:
            return _all_terms(schema, "authors", _names(text))
        case Field.CATEGORY:
            return Query.term_query(schema, "within", text.strip().lower())
        case Field.ID:
            return Query.term_query(schema, "names", text.strip().lower())


def _names(text: str) -> list[str]:
    """Leave initials out where there is more to go by: sources write first names either way."""
    words = words_in(text)
    return [word for word in words if len(word) > 1] or words


def _all_terms(schema: Schema, field: str, terms: Sequence[str]) -> Query:
    if not terms:
        return Query.all_query()
    return all_of([Query.term_query(schema, field, term) for term in dict.fromkeys(terms)])


def _phrase(schema: Schema, field: str, terms: list[str]) -> Query:
    if len(terms) < 2:
        return _all_terms(schema, field, terms)
    return Query.phrase_query(schema, field, list(terms))


def _between(schema: Schema, field: str, lowest: int, highest: int) -> Query:
    return Query.range_query(schema, field, FieldType.Integer, lowest, highest)
