from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Hit, HitList, Kind, Paper, Signal, Tier
from broadsheet.web import shaping


def test_a_long_query_is_cut_and_said_to_be() -> None:
    assert shaping.clean_query("a" * 4_001) == ("a" * 4_000, True)
    assert shaping.clean_query(f" {'a' * 4_000} ") == ("a" * 4_000, False)


@pytest.mark.parametrize(
    ("text", "page"),
    [("3", 3), ("", 1), ("-1", 1), ("0", 1), ("x", 1), ("²", 1), ("9" * 5000, 500)],
)
def test_page_numbers_are_read_kindly(text: str, page: int) -> None:
    assert shaping.page_number(text) == page


@given(st.integers(-5, 600), st.integers(0, 10**9))
def test_a_page_is_always_one_of_those_there_are(asked: int, total: int) -> None:
    pager = shaping.pager(asked, total)
    assert 1 <= pager.page <= pager.pages <= shaping.MAX_PAGE
    shown = [number for number in pager.shown if number]
    assert {1, pager.page, pager.pages} <= set(shown)
    assert shown == sorted(shown)


def test_the_pager_leaves_out_what_is_far() -> None:
    assert shaping.Pager(10, 31).shown == (1, None, 9, 10, 11, None, 31)
    assert shaping.Pager(1, 1).shown == (1,)


def test_hits_are_parted_by_tier() -> None:
    hits = [
        Hit(rank, Paper(f"hash:{rank}", "T"), tier, 0.5, "")
        for rank, tier in enumerate([Tier.MATCH, Tier.MATCH, Tier.NEIGHBOUR], start=1)
    ]
    matches, neighbours = shaping.sections(HitList("kites", 3, 2, tuple(hits)))
    assert (matches.heading, len(matches.hits)) == ("2 papers with every word", 2)
    assert (neighbours.heading, len(neighbours.hits)) == ("Nearest in meaning", 1)
    (alone,) = shaping.sections(HitList("kites", 1, 1, tuple(hits[:1])))
    assert alone.heading == "1 paper with every word"


def test_an_entry_names_three_authors_and_counts_the_others() -> None:
    paper = Paper("hash:1", "T", authors=("A", "B", "C", "D", "E"), url="javascript:alert(1)")
    entry = shaping.paper_entry(paper, votes=2, voted=True)
    assert (entry.authors, entry.more_authors) == (("A", "B", "C"), 2)
    assert entry.link is None
    assert entry.excerpt == entry.abstract == ()


@pytest.mark.parametrize(
    ("published", "iso", "shown"),
    [
        ("2025-02-20", "2025-02-20", "20 February 2025"),
        ("2025-02", "2025-02", "February 2025"),
        ("2025", "2025", "2025"),
        ("2025-02-31", None, "2025-02-31"),
        ("in press", None, "in press"),
        ("20250220", None, "20250220"),
        ("", None, ""),
    ],
)
def test_dates_of_any_precision(published: str, iso: str | None, shown: str) -> None:
    assert shaping.iso_date(published) == iso
    assert shaping.short_date(published) == shown


def test_readings_of_threads_are_added_up_by_source_and_those_that_left_are_kept() -> None:
    told = [
        ("hn:1", Kind.POINTS, 300, 1),
        ("hn:1", Kind.COMMENTS, 1, 1),
        ("github", Kind.STARS, 700, 1),
        ("hn:1", Kind.POINTS, 320, 2),
        ("hn:2", Kind.POINTS, 900, 3),
        ("github", Kind.STARS, 650, 4),
        ("hub", Kind.STARS, 2, 4),
        ("reddit:a", Kind.POSTS, 1, 5),
        ("reddit:a", Kind.POSTS, 0, 6),
    ]
    signals = [
        Signal("hash:1", kind, value, datetime(2026, 3, day, tzinfo=UTC), source)
        for source, kind, value, day in told
    ]
    assert shaping.newest_readings(signals) == [
        shaping.Reading("1,220", "points", "hn", "2026-03-03"),
        shaping.Reading("650", "stars", "github", "2026-03-04"),
        shaping.Reading("2", "stars", "hub", "2026-03-04"),
        shaping.Reading("1", "comment", "hn", "2026-03-01"),
    ]


def test_days_beside_a_day() -> None:
    days = [date(2025, 3, 2), date(2025, 2, 28), date(2025, 2, 27)]
    assert shaping.beside(days, date(2025, 2, 28)) == (days[2], days[0])
    assert shaping.beside(days, date(2025, 3, 2)) == (days[1], None)
    assert shaping.by_month(days) == [("March 2025", days[:1]), ("February 2025", days[1:])]
