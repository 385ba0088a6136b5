"""Pages and tiers of search results."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Hit, HitList, Paper, Tier
from broadsheet.web import results


@pytest.mark.parametrize(
    ("text", "page"),
    [("3", 3), ("", 1), ("-1", 1), ("0", 1), ("x", 1), ("²", 1), ("9" * 5000, 500)],
)
def test_an_invalid_page_number_is_the_first_page(text: str, page: int) -> None:
    assert results.page_number(text) == page


@given(st.integers(1, results.MAX_PAGE), st.integers(0, 10**9))
def test_the_page_shown_exists(page: int, total: int) -> None:
    offset = min(results.offset(page), max(0, total - 1) // results.PAGE_SIZE * results.PAGE_SIZE)
    pager = results.pager(HitList("kites", total, 0, (), offset))
    assert pager.page == offset // results.PAGE_SIZE + 1
    assert 1 <= pager.page <= pager.pages <= results.MAX_PAGE
    shown = [number for number in pager.shown if number]
    assert {1, pager.page, pager.pages} <= set(shown)
    assert shown == sorted(shown)


def test_the_pager_omits_distant_pages() -> None:
    assert results.Pager(10, 31).shown == (1, None, 9, 10, 11, None, 31)
    assert results.Pager(1, 1).shown == (1,)


def test_hits_are_grouped_by_tier() -> None:
    hits = [
        Hit(rank, Paper(f"hash:{rank}", "T"), tier, 0.5, "")
        for rank, tier in enumerate([Tier.MATCH, Tier.MATCH, Tier.NEIGHBOUR], start=1)
    ]
    matches, neighbours = results.tiers(HitList("kites", 3, 2, tuple(hits)))
    assert (matches.heading, len(matches.hits)) == ("2 papers containing all words", 2)
    assert (neighbours.heading, len(neighbours.hits)) == ("1 paper closest in meaning", 1)
    (only,) = results.tiers(HitList("kites", 1, 1, tuple(hits[:1])))
    assert only.heading == "1 paper containing all words"
    (filtered,) = results.tiers(HitList("year:2024", 1, 1, tuple(hits[:1]), has_words=False))
    assert filtered.heading == "1 paper matching all filters"
