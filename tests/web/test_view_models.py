from datetime import UTC, datetime
from urllib.parse import quote_plus

import pytest

from broadsheet.model import Kind, Paper, Signal
from broadsheet.web import view_models


def test_a_long_query_is_truncated_and_flagged() -> None:
    assert view_models.clean_query("a" * 4_001) == ("a" * 4_000, True)
    assert view_models.clean_query(f" {'a' * 4_000} ") == ("a" * 4_000, False)


@pytest.mark.parametrize("letter", ["a", "é", "風", "😀", "&", "a "])
@pytest.mark.parametrize("start", ["", "b", "bc"])
def test_the_address_of_a_truncated_query_is_not_longer(letter: str, start: str) -> None:
    query, truncated = view_models.clean_query(start + letter * 4_001)
    assert truncated
    encoded = quote_plus(query)
    assert 4_000 - 12 <= len(encoded) <= 4_000
    assert (start + letter * 4_001).startswith(query)


def test_an_entry_lists_three_authors_and_counts_the_rest() -> None:
    paper = Paper("hash:1", "T", authors=("A", "B", "C", "D", "E"), url="javascript:alert(1)")
    entry = view_models.paper_entry(paper, votes=2)
    assert entry.byline == "A, B, C and 2 more"
    assert entry.link is None
    assert entry.excerpt == entry.abstract == ()


def test_each_kind_has_one_total_and_names_its_sources() -> None:
    rows = [
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
        for source, kind, value, day in rows
    ]
    assert view_models.attention_totals(signals) == [
        view_models.AttentionTotal("1,220", "points", "Hacker News", "2026-03-03"),
        view_models.AttentionTotal("650", "stars", "GitHub 650, Hugging Face 2", "2026-03-04"),
        view_models.AttentionTotal("1", "comment", "Hacker News", "2026-03-01"),
    ]
