"""Limits on the words and operators of a query."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.query import (
    AllOf,
    AnyOf,
    Clause,
    Not,
    Phrase,
    Within,
    Word,
    Years,
    parse,
    plain_query,
)
from broadsheet.rules.query_limits import MAX_OPERATORS, MAX_WORDS, MAX_WORDS_OF_OPERATORS

TODAY = date(2026, 11, 21)
_PIECES = (" ", "kites", ".", "ab.cd-ef", '"', '"paper boats"', "title:", "year:2024", "-", "OR ")
_TOO_LONG = "The query is too long; only its first {} words are used."
_TOO_MANY = (
    "The query has too many operators; only its first 32 filters, phrases and operators are used."
)


def texts_in(clause: Clause) -> list[str]:
    """List the texts of a clause and of those in it, with an empty one for each operator."""
    match clause:
        case Word(text=text) | Phrase(text=text) | Within(text=text):
            return [text]
        case Not(clause=inner):
            return texts_in(inner)
        case AllOf(clauses=inner) | AnyOf(clauses=inner):
            return [text for each in inner for text in texts_in(each)]
        case _:
            return [""]


def words(text: str) -> int:
    return len("".join(c if c.isalnum() else " " for c in text).split())


@pytest.mark.parametrize("separator", [" ", ".", "-", "/", "…"])
def test_only_the_first_words_of_a_long_text_are_used(separator: str) -> None:
    text = separator.join(f"w{number}" for number in range(900))
    query = parse(text, TODAY)
    used = MAX_WORDS if separator == " " else MAX_WORDS_OF_OPERATORS
    assert query.plain == separator.join(f"w{number}" for number in range(used))
    assert query.note == _TOO_LONG.format(used)
    assert query.is_cut


def test_a_pasted_abstract_is_used_whole() -> None:
    text = " ".join(["We study (kites) and “boats”."] * 100)
    query = parse(text, TODAY)
    assert (query.note, query.is_cut, len(query.words)) == (None, False, 500)


def test_filters_over_the_limit_are_left_out_with_a_note() -> None:
    query = parse(" ".join(f"year:{year}" for year in range(1500, 2000)), TODAY)
    assert query.clauses == tuple(Years(1500 + n, 1500 + n) for n in range(MAX_OPERATORS))
    assert (query.note, query.is_cut) == (_TOO_MANY, True)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ('"a"' * 40, (Phrase("a"),) * MAX_OPERATORS),
        ('(a)"b"' * 40, (Word("a"), Phrase("b")) * (MAX_OPERATORS // 2)),
        ("x (" + '"b"' * 40, (Word("x"), *(Phrase("b"),) * (MAX_OPERATORS - 1))),
        ("x " + "-(" * 40 + "a", (Word("x"),)),
    ],
)
def test_operators_over_the_limit_are_left_out(text: str, clauses: tuple[Clause, ...]) -> None:
    query = parse(text, TODAY)
    assert (query.clauses, query.note, query.is_cut) == (clauses, _TOO_MANY, True)


def test_the_words_of_a_title_are_limited() -> None:
    assert len(plain_query("a.b " * 900).words) == MAX_WORDS // 2


@given(st.lists(st.sampled_from(_PIECES), max_size=900).map("".join))
def test_no_query_is_over_the_limits(text: str) -> None:
    query = parse(text, TODAY)
    texts = [text for clause in query.clauses for text in texts_in(clause)]
    assert sum(map(words, texts)) <= MAX_WORDS
    assert len(texts) <= MAX_WORDS
    assert sum(not isinstance(clause, Word) for clause in query.clauses) <= MAX_OPERATORS
