"""Words, stems and the terms of a query."""

from broadsheet.index.analyzer import MAX_WORDS, query_terms, words_in


def test_words_are_in_lower_case_without_accents() -> None:
    assert words_in("A naïve KITE, 2nd flight!") == ["a", "naive", "kite", "2nd", "flight"]


def test_function_words_are_scored_only_if_there_are_no_others() -> None:
    assert query_terms("the theory of the kite", lambda _: 0).words == ("theory", "kite")
    assert query_terms("to be or not to be", lambda _: 0).words == ("to", "be", "or", "not")


def test_repeated_words_are_counted() -> None:
    terms = query_terms("kites and kite and kites", lambda _: 0)
    assert (terms.words, terms.stems, terms.counts) == (("kites", "kite"), ("kite", "kite"), (2, 1))


def test_only_the_rarest_words_of_a_long_text_are_scored() -> None:
    text = " ".join(f"word{n}" for n in range(MAX_WORDS + 20))
    terms = query_terms(text, lambda stem: -int(stem.removeprefix("word")))
    assert terms.words[0] == "word20"
    assert len(terms.words) == MAX_WORDS


def test_words_are_the_same_with_and_without_tex() -> None:
    assert words_in(r"Repr\'esentation of {\L}ukasiewicz") == words_in(
        "Représentation of Łukasiewicz"
    )
    assert words_in(r"CO$_2$ at $\alpha$ of 10$^{5}$ K") == [
        "co2",
        "at",
        "alpha",
        "of",
        "10",
        "5",
        "k",
    ]
    assert words_in("the α-divergence") == ["the", "alpha", "divergence"]
    assert query_terms(r"Repr\'esentation", lambda _: 0).words == ("representation",)
