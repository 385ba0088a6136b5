"""Misspellings are corrected; rare words and other forms are not."""

import pytest

from broadsheet.rules.spelling import best_spelling, is_likely_misspelling

KNOWN = {"transformer": 900, "informer": 40, "tranformers": 1, "kite": 50, "kites": 60, "quilt": 9}


@pytest.mark.parametrize(
    ("typed", "correction"),
    [
        ("tranformer", "transformer"),
        ("transfromer", "transformer"),
        ("transformmer", "transformer"),
        ("quitl", "quilt"),
        ("xylophone", None),
        ("kitse", "kites"),
    ],
)
def test_the_nearest_common_word_is_the_correction(typed: str, correction: str | None) -> None:
    assert best_spelling(typed, KNOWN) == correction


def test_a_word_is_not_a_misspelling_of_one_of_similar_frequency() -> None:
    assert best_spelling("kites", {"kites": 10, "kited": 30}) is None


@pytest.mark.parametrize(
    ("word", "frequency", "papers", "likely"),
    [
        ("tranformer", 0, 600, True),
        ("tranformer", 9, 300_000, True),
        ("tranformer", 900, 300_000, False),
        ("gpt4", 0, 600, False),
        ("wish", 0, 600, False),
    ],
)
def test_only_rare_words_are_likely_misspellings(
    word: str, frequency: int, papers: int, likely: bool
) -> None:
    assert is_likely_misspelling(word, frequency, papers) is likely
