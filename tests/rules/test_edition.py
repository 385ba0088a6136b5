"""Which papers stand in an edition, in which order, and why."""

from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.model import EditionItem, Kind, Period, Pick, Section, Span
from broadsheet.rules.edition import ALIKE, NEW_SHARE, TOPIC_AGAIN, Candidate, Printed, choose, news
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.trend_reason import Gained

DAY = Period(date(2026, 3, 11))


def risen(title: str, score: float, upvotes: float = 5) -> Candidate:
    gained = Gained({Kind.UPVOTES: upvotes}, {})
    return Candidate(make_paper(title=title, published="2026-03-09"), score, True, 0, gained, 0)


def unnoticed(title: str, promise: float, published: str | None = "2026-03-10") -> Candidate:
    paper = make_paper(title=title, published=published)
    return Candidate(paper, 0.0, False, promise, Gained({}, {}), 0)


def unlike(count: int) -> NDArray[np.float32]:
    return np.eye(count, dtype=np.float32)


def printed_of(
    *candidates: Candidate,
    printed: dict[str, Printed] | None = None,
    picks: tuple[Pick, ...] = (),
    period: Period = DAY,
    size: int = 8,
    likeness: NDArray[np.float32] | None = None,
) -> list[EditionItem]:
    ranked = news(candidates, printed or {}, picks, size)
    alike = unlike(len(ranked)) if likeness is None else likeness
    return choose(ranked, alike, printed or {}, picks, period, period.last, size)


def titles(items: list[EditionItem]) -> list[str]:
    return [item.title for item in items]


def test_what_rises_most_leads_and_tells_why() -> None:
    items = printed_of(risen("Kites", 1.0), risen("Lanterns", 2.0, upvotes=43))
    assert titles(items) == ["Lanterns", "Kites"]
    assert items[0].reason == "+43 upvotes in 24 h, 2 days old"
    assert items[0].section is Section.TRENDING


def test_a_quarter_of_a_days_places_is_kept_for_what_nobody_noticed_yet() -> None:
    many = [risen(f"Kites {n}", 9.0 - n) for n in range(8)]
    new = [unnoticed(f"Lanterns {n}", promise=n) for n in range(8)]
    items = printed_of(*many, *new)
    assert [item.section for item in items].count(Section.NEW) == NEW_SHARE * 8
    assert titles(items)[-2:] == ["Lanterns 7", "Lanterns 6"]
    assert items[-1].reason == "by its topic and wording, 1 day old"


def test_a_weeks_edition_has_what_rose_and_nothing_unnoticed_beside_it() -> None:
    many = [risen(f"Kites {n}", 9.0 - n) for n in range(8)]
    week = Period(date(2026, 3, 9), Span.WEEK)
    items = printed_of(*many, unnoticed("Lanterns", 9), period=week)
    assert {item.section for item in items} == {Section.TRENDING}


def test_where_little_rises_the_new_fill_the_page_and_the_other_way_round() -> None:
    new = [unnoticed(f"Lanterns {n}", promise=n) for n in range(9)]
    assert len(printed_of(risen("Kites", 1.0), *new)) == 8
    assert len(printed_of(*[risen(f"Kites {n}", 1.0) for n in range(9)])) == 8


def test_of_the_unnoticed_the_newest_come_first_and_those_without_date_last() -> None:
    items = printed_of(
        unnoticed("Undated", 9, None), unnoticed("Old", 5, "2024"), unnoticed("New", 1)
    )
    assert titles(items) == ["New", "Old", "Undated"]


def test_a_paper_comes_again_only_where_it_stands_higher_than_when_it_was_printed() -> None:
    sunk, risen_again = risen("Sunk kites", 3.0), risen("Risen kites", 3.0)
    printed = {
        sunk.paper.id: Printed(3.0, rose=True),
        risen_again.paper.id: Printed(2.9, rose=True),
    }
    items = printed_of(sunk, risen_again, risen("Lanterns", 1.0), printed=printed)
    assert titles(items) == ["Risen kites", "Lanterns"]
    assert items[0].reason.endswith(", risen again")


def test_without_news_there_is_no_paper() -> None:
    old = unnoticed("Kites", 1)
    assert printed_of(old, printed={old.paper.id: Printed(0.0, rose=False)}) == []


def test_one_topic_does_not_fill_the_page() -> None:
    ranked = [risen("Kites", 3.0), risen("More kites", 2.9), risen("Lanterns", 2.5)]
    likeness = unlike(3)
    likeness[0, 1] = likeness[1, 0] = ALIKE
    assert 2.9 * TOPIC_AGAIN < 2.5
    assert titles(printed_of(*ranked, likeness=likeness)) == ["Kites", "Lanterns", "More kites"]


def test_the_editors_picks_stand_where_the_editor_put_them_with_the_comment() -> None:
    ranked = [risen("Kites", 3.0), risen("Lanterns", 2.0), unnoticed("Rivers", 0, "1999")]
    picks = (
        Pick(ranked[2].paper.id, 1, "Read this first."),
        Pick(ranked[0].paper.id, None),
    )
    items = printed_of(*ranked, picks=picks)
    assert titles(items) == ["Rivers", "Lanterns"]
    assert items[0].picked and items[0].comment == "Read this first."
    assert not items[1].picked


def test_a_picked_paper_may_be_printed_again() -> None:
    kites = risen("Kites", 1.0)
    items = printed_of(
        kites, printed={kites.paper.id: Printed(9.0, rose=True)}, picks=(Pick(kites.paper.id, 1),)
    )
    assert titles(items) == ["Kites"]


def test_picks_are_put_in_their_order_whatever_order_they_were_made_in() -> None:
    ranked = [risen(f"Kites {n}", 9.0 - n) for n in range(5)]
    ids = [one.paper.id for one in ranked]
    picks = (Pick(ids[4], 2), Pick(ids[3], 1))
    assert titles(printed_of(*ranked, picks=picks))[:3] == ["Kites 3", "Kites 4", "Kites 0"]


def test_a_pick_stands_at_its_place_among_the_new_as_well() -> None:
    new = [unnoticed(f"Lanterns {n}", promise=9 - n) for n in range(4)]
    kites = risen("Kites", 1.0)
    items = printed_of(kites, *new, picks=(Pick(kites.paper.id, 3),))
    assert titles(items)[2] == "Kites"
    assert {item.section for item in items} == {Section.NEW}


def test_of_two_picks_for_one_place_the_second_stands_below() -> None:
    ranked = [risen(f"Kites {n}", 9.0 - n) for n in range(4)]
    picks = tuple(Pick(one.paper.id, 1) for one in ranked[2:])
    assert titles(printed_of(*ranked, picks=picks)) == ["Kites 2", "Kites 3", "Kites 0", "Kites 1"]


def test_what_nobody_noticed_is_printed_once_whatever_its_score() -> None:
    lanterns = replace(unnoticed("Lanterns", 3), score=0.5)
    printed = {lanterns.paper.id: Printed(0.1, rose=False)}
    assert printed_of(lanterns, printed=printed) == []


def test_topics_differ_among_papers_without_a_score_too() -> None:
    new = [unnoticed(title, 9 - n) for n, title in enumerate(("Kites", "More kites", "Rivers"))]
    likeness = unlike(3)
    likeness[0, 1] = likeness[1, 0] = ALIKE
    assert titles(printed_of(*new, likeness=likeness)) == ["Kites", "Rivers", "More kites"]


scores = st.lists(st.floats(0, 9), min_size=0, max_size=30)


@given(scores, scores, st.integers(1, 12), st.lists(st.integers(0, 29), max_size=4))
def test_no_edition_is_too_long_and_none_holds_a_paper_twice(
    attended: list[float], other: list[float], size: int, pinned: list[int]
) -> None:
    found = [risen(f"Kites {n}", score) for n, score in enumerate(attended)]
    found += [replace(unnoticed(f"New {n}", 0), score=score) for n, score in enumerate(other)]
    picks = tuple(
        Pick(found[at].paper.id, place + 1)
        for place, at in enumerate(dict.fromkeys(pinned))
        if at < len(found)
    )
    items = printed_of(*found, picks=picks, size=size)
    assert len(items) == min(size, len(found))
    assert len({item.paper_id for item in items}) == len(items)
    assert [item.rank for item in items] == list(range(1, len(items) + 1))
