"""Clauses of the query language as queries of tantivy."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from tantivy import FieldType, Occur, Query, Schema

from broadsheet.index.analyzer import names_in, stems_in, words_in
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


def compiled(schema: Schema, clause: Clause, in_any_order: Collection[Clause] = ()) -> Query:
    """Translate a clause to a query of tantivy.

    Parameters
    ----------
    schema : Schema
        As :func:`broadsheet.index.local.postings.make_schema` returns it.
    clause : Clause
        Any clause; every paper satisfies one without words (``"!?"``).
    in_any_order : collection of Clause
        Phrases whose words may be anywhere in the field.
    """
    match clause:
        case Word(text=text):
            words = words_in(text)
            return all_of([word(schema, each) for each in words]) if words else Query.all_query()
        case Phrase() | Within(phrase=True, field=Field.TITLE | Field.AUTHOR):
            field, terms = phrase_terms(clause)
            if clause in in_any_order or len(terms) < 2:
                return _all_terms(schema, field, terms)
            return Query.phrase_query(schema, field, list(terms))
        case Within():
            return _within(schema, clause)
        case Years(first=first, last=last):
            return _between(schema, "year", first or _YEARS[0], last or _YEARS[1])
        case Since(day=day):
            return _between(schema, "day", day.toordinal(), date.max.toordinal())
        case Not(clause=inner):
            return without(compiled(schema, inner, in_any_order))
        case AllOf(clauses=inner):
            return all_of([compiled(schema, each, in_any_order) for each in inner])
        case AnyOf(clauses=inner):
            return any_of([compiled(schema, each, in_any_order) for each in inner])


def phrases_in(clauses: Sequence[Clause]) -> Iterator[Phrase | Within]:
    """Yield the phrases of several words, in any field, also those in other clauses."""
    for clause in clauses:
        match clause:
            case Phrase() | Within(phrase=True, field=Field.TITLE | Field.AUTHOR):
                if len(phrase_terms(clause)[1]) > 1:
                    yield clause
            case Not(clause=inner):
                yield from phrases_in([inner])
            case AllOf(clauses=inner) | AnyOf(clauses=inner):
                yield from phrases_in(inner)
            case _:
                pass


def phrase_terms(phrase: Phrase | Within) -> tuple[str, list[str]]:
    """Return the field of a phrase, and its words as they are indexed there."""
    match phrase:
        case Phrase(text=text):
            return "words", words_in(text)
        case Within(field=Field.TITLE, text=text):
            return "title", stems_in(text)
        case Within(text=text):
            return "authors", words_in(text)


def word(schema: Schema, spelling: str) -> Query:
    """Match papers that contain a word in singular or plural."""
    forms = number_forms(spelling)
    return any_of([Query.term_query(schema, "words", form) for form in forms])


def all_of(queries: Sequence[Query]) -> Query:
    """Match papers that satisfy every query."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Sequence[Query]) -> Query:
    """Match papers that satisfy at least one query."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def without(query: Query) -> Query:
    """Match papers that do not satisfy a query."""
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])


def unscored(query: Query) -> Query:
    """Match the same papers with a BM25 sum of 0."""
    return Query.const_score_query(query, 0.0)


def boosted(query: Query, factor: float) -> Query:
    """Multiply the BM25 sum of a query."""
    return query if factor == 1.0 else Query.boost_query(query, factor)


def dated(schema: Schema) -> Query:
    """Match papers with a date."""
    return _between(schema, "day", 1, date.max.toordinal())


def _within(schema: Schema, clause: Within) -> Query:
    text = clause.text
    match clause.field:
        case Field.TITLE:
            return _all_terms(schema, "title", stems_in(text))
        case Field.AUTHOR:
            return _all_terms(schema, "authors", names_in(text))
        case Field.CATEGORY:
            return Query.term_query(schema, "within", text.strip().lower())
        case Field.ID:
            return Query.term_query(schema, "names", text.strip().lower())


def _all_terms(schema: Schema, field: str, terms: Sequence[str]) -> Query:
    if not terms:
        return Query.all_query()
    return all_of([Query.term_query(schema, field, term) for term in dict.fromkeys(terms)])


def _between(schema: Schema, field: str, lowest: int, highest: int) -> Query:
    return Query.range_query(schema, field, FieldType.Integer, lowest, highest)
