"""Excerpts contain the words of the query; highlighting loses no text."""

from time import thread_time

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.snippet import marked, plain_words, sentences, snippet
from broadsheet.rules.tex import to_unicode

LONG = (
    "Kites have been flown for ages. " * 8 + "Here we weigh paper lanterns against the wind. " * 2
) + "Nothing else is said. " * 9


def test_the_excerpt_contains_the_most_words() -> None:
    lines = snippet(LONG, {"lanterns", "weigh"}, 120)
    assert "paper lanterns" in lines
    assert lines.startswith("… ")
    assert lines.endswith(" …")


def test_a_short_text_is_not_cut() -> None:
    assert snippet("Short.", {"long"}) == "Short."


def test_without_words_the_excerpt_is_the_beginning() -> None:
    assert snippet(LONG, (), 60).startswith("Kites have been")


@given(st.text(max_size=500), st.sets(st.text(max_size=8), max_size=4), st.integers(10, 200))
def test_an_excerpt_is_a_part_of_the_text(text: str, words: set[str], limit: int) -> None:
    lines = snippet(text, words, limit)
    assert len(lines) <= limit + len("…  …")
    assert lines.removeprefix("… ").removesuffix(" …") in to_unicode(text)


@given(st.text(max_size=300), st.text(max_size=20))
def test_highlighting_loses_no_letter(text: str, words: str) -> None:
    assert "".join(piece.text for piece in marked(text, plain_words(words))) == to_unicode(text)


def test_words_are_highlighted_in_any_case_and_with_accents() -> None:
    pieces = marked("Naïve KITES fly", {"naive", "kites"})
    assert [piece.text for piece in pieces if piece.highlighted] == ["Naïve", "KITES"]


def test_abbreviations_and_numbers_do_not_end_a_sentence() -> None:
    text = (
        "We follow Cord et al. 2019, i.e. Eq. 3. It is 2.5 m wide. Is it? (Yes.) J. Farol agrees."
    )
    assert sentences(text) == (
        "We follow Cord et al. 2019, i.e. Eq. 3.",
        "It is 2.5 m wide.",
        "Is it?",
        "(Yes.)",
        "J. Farol agrees.",
    )


@given(st.text(max_size=400))
def test_sentences_contain_every_letter(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_a_hostile_text_is_processed_in_linear_time() -> None:
    assert snippet("a" * 200_000, {"a"})
    assert len(sentences("A. " * 50_000)) >= 1
    started_s = thread_time()
    assert snippet("We a. " * 3_300, {"we", "a"})
    # It takes 0.08 s; comparing each word with each sentence took 1.7 s.
    assert thread_time() - started_s < 0.8
