"""Matching, BM25 sums, order and counts in the postings."""

from datetime import date
from pathlib import Path

import pytest

from broadsheet.index.local.lexical import Lexical
from broadsheet.rules.query import parse, plain_query
from tests.index.papers import PAPERS


@pytest.fixture(scope="module")
def lexical(tmp_path_factory: pytest.TempPathFactory) -> Lexical:
    lexical = Lexical(tmp_path_factory.mktemp("lexical"))
    with lexical.writing() as writer:
        for num, paper in PAPERS.items():
            writer.add(num, paper)
        writer.commit()
    return lexical


def test_partial_matches_contain_some_words_and_are_not_matches(lexical: Lexical) -> None:
    query = lexical.compile(plain_query("sparse attention"))
    for limit in (10, 1):
        matches = lexical.matches(query, limit)
        assert lexical.partial_matches(query, 10, matches).nums.tolist() == [4]


def test_the_bm25_sum_of_a_paper_does_not_depend_on_the_request(lexical: Lexical) -> None:
    query = lexical.compile(plain_query("sparse attention"))
    best = lexical.any_word(query, 10)
    scored = lexical.score(query, best.nums)
    sums = dict(zip(scored.nums.tolist(), scored.bm25.tolist(), strict=True))
    for num, bm25 in zip(best.nums.tolist(), best.bm25.tolist(), strict=True):
        assert sums[num] == pytest.approx(bm25, rel=1e-5)
    for limit in (10, 1):
        matches = lexical.matches(query, limit)
        assert lexical.score(query, best.nums, matches).nums.tolist() == [4]


def test_unscored_matches_are_the_matches(lexical: Lexical) -> None:
    query = lexical.compile(plain_query("sparse attention"))
    unscored, matches = lexical.unscored_matches(query, 9), lexical.matches(query, 9)
    assert (unscored.total, set(unscored.nums)) == (matches.total, set(matches.nums)) == (2, {1, 2})
    assert lexical.unscored_matches(query, 1).total == 2
    assert lexical.unscored_matches(lexical.compile(plain_query("")), 9).total == 0


def test_the_newest_matches_are_first_and_undated_ones_last(lexical: Lexical) -> None:
    query = lexical.compile(plain_query("attention"))
    assert lexical.newest_matches(query, 10).nums.tolist() == [2, 1, 4]
    assert lexical.newest_matches(query, 1).total == 3


def test_matches_are_counted_by_category_and_year(lexical: Lexical) -> None:
    query = lexical.compile(plain_query("attention"))
    for limit in (10, 1):
        assert lexical.facets(query, lexical.matches(query, limit)) == {
            "category": {"cs.CL": 1, "cs.LG": 1, "cs.CV": 1},
            "year": {"2024": 1, "2025": 1},
        }
    query = lexical.compile(plain_query("xylophones"))
    assert lexical.facets(query, lexical.matches(query, 9)) == {"category": {}, "year": {}}


def test_phrases_of_very_common_words_are_searched_in_any_order(
    lexical: Lexical, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrases = '-"sparse attention" -"attention sparse" -"attention dense"'
    query = lexical.compile(parse(phrases, date(2026, 11, 21)))
    assert (query.in_any_order, lexical.matches(query, 9).total) == ((), 3)
    # The rarest words of the first two phrases are in as many papers as there are.
    monkeypatch.setattr("broadsheet.index.local.lexical._MIN_PHRASE_PAPERS", 0)
    query = lexical.compile(parse(phrases, date(2026, 11, 21)))
    assert (query.in_any_order, lexical.matches(query, 9).total) == (("attention dense",), 2)


def test_a_deleted_paper_is_not_found(tmp_path: Path) -> None:
    lexical = Lexical(tmp_path)
    with lexical.writing() as writer:
        for num, paper in PAPERS.items():
            writer.add(num, paper)
        writer.commit()
        writer.delete(1)
        writer.commit()
    assert lexical.matches(lexical.compile(plain_query("kites")), 5).total == 0
    assert len(lexical) == 3
