"""Which papers stand in a day's edition, in which order, and why."""

from datetime import UTC, date, datetime

from broadsheet.rules.edition import Candidate, choose, first_day, score
from broadsheet.rules.intake import make_paper

DAY = date(2026, 3, 11)
MORNING = datetime(2026, 3, 11, 6, tzinfo=UTC)
BEFORE = datetime(2026, 3, 10, 6, tzinfo=UTC)


def candidate(title: str, published: str | None, votes: int = 0) -> Candidate:
    paper = make_paper(title=title, published=published)
    return Candidate(paper, votes, MORNING if votes else None)


def test_votes_lift_and_age_lowers() -> None:
    assert score(1, "2026-03-01", DAY) > score(0, "2026-03-01", DAY)
    assert score(0, "2026-03-10", DAY) > score(0, "2026-03-01", DAY)
    assert score(0, "2020", DAY) > score(0, None, DAY)


def test_a_date_of_any_precision_is_its_first_day() -> None:
    assert first_day("2025") == date(2025, 1, 1)


def test_the_reason_tells_votes_and_age() -> None:
    items = choose([candidate("Kites fly", "2026-03-09", 2)], {}, DAY, 5)
    assert items[0].reason == "2 votes by readers, 2 days old"


def test_what_was_printed_comes_again_only_with_new_votes() -> None:
    old, voted, new = (
        candidate("Old kites", "2026-03-10"),
        candidate("Voted kites", "2026-03-10", 1),
        candidate("New kites", "2024"),
    )
    printed = {old.paper.id: BEFORE, voted.paper.id: BEFORE}
    items = choose([old, voted, new], printed, DAY, 3)
    assert [item.title for item in items] == ["Voted kites", "New kites", "Old kites"]
    assert items[2].reason.endswith("printed before")


def test_an_edition_is_no_longer_than_asked() -> None:
    many = [candidate(f"Kites of valley {n}", "2026-03-10") for n in range(9)]
    assert [item.rank for item in choose(many, {}, DAY, 4)] == [1, 2, 3, 4]
