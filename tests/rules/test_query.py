"""Parsing queries and writing them as text."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    paper_id_in,
    parse,
)
from broadsheet.rules.query_writing import unparse, with_filter, without_filter

TODAY = date(2026, 11, 21)
_PIECES = st.sampled_from(
    [
        *(
            "kites",
            "-kites",
            '"paper boats"',
            "OR",
            "AND",
            "NOT",
            "(",
            ")",
            "title:wind",
            "au:cord",
        ),
        *("cat:cs.CL", "id:2502.14802", "year:2024", "year:..", "since:7d", "since:x", '"', "-"),
        *(
            "state-of-the-art",
            "10:30",
            "“quoted”",
            "−minus",
            "的",
            "title:",
            "year:2024..2026",
            "a:b",
        ),
    ]
)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("optimized training", [Word("optimized"), Word("training")]),
        ('"exact phrase" kites', [Phrase("exact phrase"), Word("kites")]),
        ("“exact phrase”", [Phrase("exact phrase")]),
        ("kites -boats", [Word("kites"), Not(Word("boats"))]),
        ("kites NOT boats", [Word("kites"), Not(Word("boats"))]),
        ("−boats", [Not(Word("boats"))]),
        ('-"paper boats"', [Not(Phrase("paper boats"))]),
        ("-cat:cs.CL", [Not(Within(Field.CATEGORY, "cs.CL"))]),
        ("state-of-the-art", [Word("state-of-the-art")]),
        ("ti:wind au:cord", [Within(Field.TITLE, "wind"), Within(Field.AUTHOR, "cord")]),
        ('author:"Ada Cord"', [Within(Field.AUTHOR, "Ada Cord", phrase=True)]),
        ("id:arXiv:2502.14802v3", [Within(Field.ID, "2502.14802")]),
        ("year:2024", [Years(2024, 2024)]),
        ("year:2024..", [Years(2024, None)]),
        ("year:..2020", [Years(None, 2020)]),
        ("year:2026..2024", [Years(2024, 2026)]),
        ("since:7d", [Since(date(2026, 11, 14))]),
        ("since:1y", [Since(date(2025, 11, 21))]),
        ("since:2026-01-31", [Since(date(2026, 1, 31))]),
        ("since:9999999y", [Since(date.min)]),
        ("a OR b c", [AnyOf((Word("a"), Word("b"))), Word("c")]),
        ("a OR b OR c", [AnyOf((Word("a"), Word("b"), Word("c")))]),
        ("(a b) OR c", [AnyOf((AllOf((Word("a"), Word("b"))), Word("c")))]),
        ("bert (bidirectional) model", [Word("bert"), Word("bidirectional"), Word("model")]),
        ("a AND b", [Word("a"), Word("b")]),
        ("attention: a survey", [Word("attention:"), Word("a"), Word("survey")]),
        ("at 10:30", [Word("at"), Word("10:30")]),
        ("cat: a pet", [Word("cat:"), Word("a"), Word("pet")]),
        ("or not and", [Word("or"), Word("not"), Word("and")]),
        ("... -- !", []),
        ("", []),
    ],
)
def test_a_query_is_parsed(text: str, clauses: list[Clause]) -> None:
    query = parse(text, TODAY)
    assert list(query.clauses) == clauses
    assert query.note is None


@pytest.mark.parametrize(
    ("text", "words", "explanation"),
    [
        ('sails "of paper', ["sails", '"of', "paper"], "quotation mark"),
        ("(sails of paper", ["(sails", "of", "paper"], "parenthesis"),
        ("sails) paper", ["sails)", "paper"], "parenthesis"),
        ("OR sails", ["OR", "sails"], "OR"),
        ("sails OR", ["sails", "OR"], "OR"),
        ("sails NOT", ["sails", "NOT"], "NOT"),
        ("()", [], "parentheses"),
        ("sails year:soon", ["sails", "year:soon"], "year:2024"),
        ("sails since:later", ["sails", "since:later"], "since:7d"),
        ("(" * 30 + "sails" + ")" * 30, ["(" * 30 + "sails" + ")" * 30], "deep"),
    ],
)
def test_an_invalid_query_is_parsed_as_plain_words_with_a_note(
    text: str, words: list[str], explanation: str
) -> None:
    query = parse(text, TODAY)
    assert query.clauses == tuple(Word(word) for word in words)
    assert query.note is not None
    assert explanation in query.note


def test_only_the_fields_of_a_pasted_abstract_are_operators() -> None:
    prose = (
        "We present a method (called KITE) for flying - even in strong wind - that is “simple”, "
        "as Cord et al. showed; it needs no tail (unlike others) and OR so we think it helps: "
        "wind < -5 m/s is not a problem any more"
    )
    query = parse(f"{prose} cat:physics.flu-dyn", TODAY)
    assert query.note is None
    assert query.filters == (Within(Field.CATEGORY, "physics.flu-dyn"),)
    assert query.choice is None
    assert "(called" in query.words


def test_words_filters_and_plain_text_are_separated() -> None:
    query = parse('(kites OR gliders) wind "paper boat" -rain title:sails year:2024', TODAY)
    assert query.words == ("kites", "gliders", "wind")
    assert query.choice == AllOf((AnyOf((Word("kites"), Word("gliders"))), Word("wind")))
    assert len(query.filters) == 4
    assert query.plain == "kites gliders wind paper boat sails"
    assert parse("kites wind", TODAY).choice is None


@given(st.text(max_size=300))
def test_every_text_is_parsed(text: str) -> None:
    query = parse(text, TODAY)
    assert query.text == text
    assert isinstance(query.plain, str)


@given(st.lists(_PIECES, max_size=12))
def test_a_written_query_parses_to_the_same_clauses(pieces: list[str]) -> None:
    query = parse(" ".join(pieces), TODAY)
    if query.note is None:
        again = parse(unparse(query.clauses), TODAY)
        assert again.note is None
        assert (again.clauses, again.filters) == (query.clauses, query.filters)


@given(st.lists(_PIECES, max_size=12), st.integers(1900, 2100))
def test_a_filter_can_be_added_and_removed(pieces: list[str], year: int) -> None:
    query = parse(" ".join(pieces), TODAY)
    clause = Years(year, year)
    narrowed = parse(with_filter(query, clause), TODAY)
    assert clause in narrowed.filters
    assert clause not in parse(without_filter(narrowed, clause), TODAY).filters


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("2502.14802", "arxiv:2502.14802"),
        (" https://arxiv.org/pdf/2502.14802v2 ", "arxiv:2502.14802"),
        ("https://doi.org/10.1007/BF02096567", "doi:10.1007/bf02096567"),
        ("papers like 2502.14802", None),
        ("kites", None),
        ("", None),
    ],
)
def test_an_id_or_an_address_alone_is_a_paper_id(text: str, paper: str | None) -> None:
    assert paper_id_in(text) == parse(text, TODAY).paper_id == paper
