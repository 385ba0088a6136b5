"""The trending list: pages, cursors and categories."""

import pytest

from broadsheet.model import Kind, Trend
from broadsheet.rules.normalize import make_paper
from tests.trending_library import (
    BRIDGES,
    HOUR,
    KITES,
    LANTERNS,
    ORCHARDS,
    PAPERS,
    RIVERS,
    VIOLINS,
    TrendingLibrary,
)


def _all_pages(site: TrendingLibrary, limit: int, category: str | None = None) -> list[Trend]:
    found: list[Trend] = []
    after = None
    while True:
        page = site.library.trending.list(limit, after, category)
        assert 1 <= len(page.trends) <= limit
        found += page.trends
        after = page.after
        if after is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_pages_of_the_list_contain_each_paper_once(site: TrendingLibrary, limit: int) -> None:
    # Four papers have equal scores.
    site.add_signals(*((paper, Kind.UPVOTES, 10, site.now) for paper in PAPERS[:4]))
    site.update()
    found = _all_pages(site, limit)
    assert [one.rank for one in found] == [1, 2, 3, 4, 5, 6]
    assert [one.paper for one in found] == site.papers()
    assert {one.paper for one in found} == set(PAPERS)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_cursor_does_not_depend_on_the_clock(site: TrendingLibrary) -> None:
    first = site.library.trending.list(3)
    whole = site.papers()
    site.now += 5 * HOUR
    rest = site.library.trending.list(3, first.after)
    assert [one.paper for one in (*first.trends, *rest.trends)] == whole


@pytest.mark.parametrize(
    "after",
    [
        "",
        "1.2",
        "1.nan.3",
        "1.inf.1",
        "1.0x1p99999.1",
        "1.0x1.8p+99999.1",
        "1.0x1.8p+3.99999999999999999999",
        "99999999999.0x1.8p+3.1",
        "1.0x1.8p+3.1 ",
        "1.0x1.8p+3.1\n",
        "1.0x1.8p+3.1\0",
        "\u0661.0x1.8p+3.1",
        "1.0x1.8p+3.\u0661",
        "1.0x\u0661.8p+3.1",
        "1.0x1.8p+3.1; DROP TABLE trends",
        "\ud800",
        "9" * 10_000,
    ],
)
def test_an_invalid_cursor_is_rejected(site: TrendingLibrary, after: str) -> None:
    with pytest.raises(ValueError, match="'after' must be the cursor"):
        site.library.trending.list(3, after)


def test_a_cursor_past_the_end_has_an_empty_page(site: TrendingLibrary) -> None:
    found = site.library.trending.list(3, "6.-0x1.8000000000000p+3.1")
    assert (found.trends, found.after) == ((), None)


def test_the_list_of_a_category_has_only_its_papers(site: TrendingLibrary) -> None:
    assert set(site.papers("math.CO")) == {LANTERNS, BRIDGES, VIOLINS}
    assert set(site.papers("stat.ML")) == {KITES, RIVERS, ORCHARDS}
    assert [one.rank for one in _all_pages(site, 2, "math.CO")] == [1, 2, 3]


@pytest.mark.parametrize(
    "category",
    ["cs", "cs.%", "cs_LG", "%", "_", '"', '","', "cs.LG\"' OR 1=1 --", "\\", "/", "[]", "\0", ""],
)
def test_special_characters_in_a_category_match_only_themselves(
    site: TrendingLibrary, category: str
) -> None:
    assert site.papers(category) == []
    assert site.library.trending.list(1, None, category).after is None


def test_a_category_may_contain_any_character(site: TrendingLibrary) -> None:
    odd = ('the "new" kind', "100%_sure", "a\\b", "naïve/one")
    papers = [
        make_paper(
            title=f"Odd {n}", categories=[one], published="2026-03-11", arxiv=f"2603.1000{n}"
        )
        for n, one in enumerate(odd)
    ]
    site.library.add("arxiv", papers)
    site.add_signals(*((paper, Kind.UPVOTES, 9, site.now) for paper in papers))
    site.update()
    assert [site.papers(one) for one in odd] == [[paper] for paper in papers]
