"""Slips are put right, rare words and other forms are left alone."""

import pytest

from broadsheet.rules.spelling import best_spelling, worth_asking

KNOWN = {"transformer": 900, "informer": 40, "tranformers": 1, "kite": 50, "kites": 60, "quilt": 9}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tranformer", "transformer"),
        ("transfromer", "transformer"),
        ("transformmer", "transformer"),
        ("quitl", "quilt"),
        ("xylophone", None),
        ("kitse", "kites"),
    ],
)
def test_the_nearest_common_word_is_meant(typed: str, meant: str | None) -> None:
    assert best_spelling(typed, KNOWN) == meant


def test_a_word_is_no_slip_of_one_that_is_hardly_commoner() -> None:
    assert best_spelling("kites", {"kites": 10, "kited": 30}) is None


@pytest.mark.parametrize(
    ("word", "count", "papers", "asked"),
    [
        ("tranformer", 0, 600, True),
        ("tranformer", 9, 300_000, True),
        ("tranformer", 900, 300_000, False),
        ("gpt4", 0, 600, False),
        ("wish", 0, 600, False),
    ],
)
def test_only_rare_words_are_asked_about(word: str, count: int, papers: int, asked: bool) -> None:
    assert worth_asking(word, count, papers) is asked
