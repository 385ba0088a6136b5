from hypothesis import given
from hypothesis import strategies as st

from broadsheet.web.marking import excerpt, marked, query_stems


def asked(text: str, query: str) -> list[str]:
    return [piece.text for piece in marked(text, query_stems(query)) if piece.asked]


def test_all_forms_of_a_word_are_marked() -> None:
    text = "Optimizing TRAINING: trained, optimized, untrained."
    assert asked(text, "optimized training") == ["Optimizing", "TRAINING", "trained", "optimized"]


def test_hyphens_and_accents_do_not_hide_a_word() -> None:
    assert asked("A model-agnostic Gödel machine", "Model godel") == ["model", "Gödel"]


def test_small_words_are_marked_only_where_nothing_else_was_asked() -> None:
    assert asked("the role of the mind", "the mind") == ["mind"]
    assert asked("the mind", "the") == ["the"]


@given(st.text(), st.text())
def test_marking_loses_no_letter(text: str, query: str) -> None:
    assert "".join(piece.text for piece in marked(text, query_stems(query))) == text


def test_an_excerpt_starts_where_most_is_said_of_the_query() -> None:
    text = "Nothing here. " * 30 + "Sparse attention is fast. " + "And so it goes on. " * 30
    lines = excerpt(text, query_stems("sparse attention"), 80)
    assert "Sparse attention is fast" in lines
    assert lines.startswith("… ") and lines.endswith(" …")


def test_a_short_abstract_is_its_own_excerpt() -> None:
    assert excerpt("Short.", {"long"}) == "Short."


@given(st.text(max_size=400), st.sets(st.text(max_size=5)), st.integers(10, 100))
def test_an_excerpt_is_never_longer_than_asked(text: str, stems: set[str], limit: int) -> None:
    assert len(excerpt(text, stems, limit)) <= limit + len("…  …")
