"""The papers of an edition, their order and their reasons."""

from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.model import EditionItem, Kind, Period, Pick, Section, Span
from broadsheet.rules.edition import (
    NEW_SHARE,
    SIMILARITY_THRESHOLD,
    TOPIC_PENALTY,
    Candidate,
    PastSelection,
    select_items,
    shortlist,
)
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.trend_reason import RecentGains

DAY = Period(date(2026, 3, 11))


def trending(title: str, score: float, upvotes: float = 5) -> Candidate:
    gains = RecentGains({Kind.UPVOTES: upvotes}, {})
    return Candidate(make_paper(title=title, published="2026-03-09"), score, True, 0, gains, 0)


def new_paper(title: str, predicted: float, published: str | None = "2026-03-10") -> Candidate:
    paper = make_paper(title=title, published=published)
    return Candidate(paper, 0.0, False, predicted, RecentGains({}, {}), 0)


def dissimilar(count: int) -> NDArray[np.float32]:
    return np.eye(count, dtype=np.float32)


def edition_of(
    *candidates: Candidate,
    past: dict[str, PastSelection] | None = None,
    picks: tuple[Pick, ...] = (),
    period: Period = DAY,
    size: int = 8,
    similarity: NDArray[np.float32] | None = None,
) -> list[EditionItem]:
    ranked = shortlist(candidates, past or {}, picks, size)
    cosines = dissimilar(len(ranked)) if similarity is None else similarity
    return select_items(ranked, cosines, past or {}, picks, period, period.last, size)


def titles(items: list[EditionItem]) -> list[str]:
    return [item.title for item in items]


def test_the_highest_score_leads_with_its_reason() -> None:
    items = edition_of(trending("Kites", 1.0), trending("Lanterns", 2.0, upvotes=43))
    assert titles(items) == ["Lanterns", "Kites"]
    assert items[0].reason == "+43 upvotes in 24 h, 2 days old"
    assert items[0].section is Section.TRENDING


def test_a_quarter_of_a_day_is_reserved_for_papers_without_attention() -> None:
    many = [trending(f"Kites {n}", 9.0 - n) for n in range(8)]
    new = [new_paper(f"Lanterns {n}", predicted=n) for n in range(8)]
    items = edition_of(*many, *new)
    assert [item.section for item in items].count(Section.NEW) == NEW_SHARE * 8
    assert titles(items)[-2:] == ["Lanterns 7", "Lanterns 6"]
    assert items[-1].reason == "selected by predicted interest, 1 day old"


def test_a_week_has_trending_papers_only_if_there_are_enough() -> None:
    many = [trending(f"Kites {n}", 9.0 - n) for n in range(8)]
    week = Period(date(2026, 3, 9), Span.WEEK)
    items = edition_of(*many, new_paper("Lanterns", 9), period=week)
    assert {item.section for item in items} == {Section.TRENDING}


def test_either_section_fills_the_places_that_the_other_leaves() -> None:
    new = [new_paper(f"Lanterns {n}", predicted=n) for n in range(9)]
    assert len(edition_of(trending("Kites", 1.0), *new)) == 8
    assert len(edition_of(*[trending(f"Kites {n}", 1.0) for n in range(9)])) == 8


def test_new_papers_are_ordered_by_date_and_undated_ones_come_last() -> None:
    items = edition_of(
        new_paper("Undated", 9, None), new_paper("Old", 5, "2024"), new_paper("New", 1)
    )
    assert titles(items) == ["New", "Old", "Undated"]


def test_a_paper_is_selected_again_only_with_a_higher_score() -> None:
    equal, higher = trending("Equal kites", 3.0), trending("Higher kites", 3.0)
    past = {
        equal.paper.id: PastSelection(3.0, was_trending=True),
        higher.paper.id: PastSelection(2.9, was_trending=True),
    }
    items = edition_of(equal, higher, trending("Lanterns", 1.0), past=past)
    assert titles(items) == ["Higher kites", "Lanterns"]
    assert items[0].reason.endswith(", trending again")


def test_papers_of_earlier_editions_are_no_news() -> None:
    old = new_paper("Kites", 1)
    assert edition_of(old, past={old.paper.id: PastSelection(0.0, was_trending=False)}) == []


def test_a_further_paper_on_a_topic_ranks_lower() -> None:
    ranked = [trending("Kites", 3.0), trending("More kites", 2.9), trending("Lanterns", 2.5)]
    similarity = dissimilar(3)
    similarity[0, 1] = similarity[1, 0] = SIMILARITY_THRESHOLD
    assert 2.9 * TOPIC_PENALTY < 2.5
    assert titles(edition_of(*ranked, similarity=similarity)) == ["Kites", "Lanterns", "More kites"]


def test_picks_are_at_their_places_with_their_comments() -> None:
    ranked = [trending("Kites", 3.0), trending("Lanterns", 2.0), new_paper("Rivers", 0, "1999")]
    picks = (
        Pick(ranked[2].paper.id, 1, "Read this first."),
        Pick(ranked[0].paper.id, None),
    )
    items = edition_of(*ranked, picks=picks)
    assert titles(items) == ["Rivers", "Lanterns"]
    assert items[0].picked and items[0].comment == "Read this first."
    assert not items[1].picked


def test_a_picked_paper_is_selected_again() -> None:
    kites = trending("Kites", 1.0)
    items = edition_of(
        kites,
        past={kites.paper.id: PastSelection(9.0, was_trending=True)},
        picks=(Pick(kites.paper.id, 1),),
    )
    assert titles(items) == ["Kites"]


def test_picks_are_placed_in_order_of_place() -> None:
    ranked = [trending(f"Kites {n}", 9.0 - n) for n in range(5)]
    ids = [one.paper.id for one in ranked]
    picks = (Pick(ids[4], 2), Pick(ids[3], 1))
    assert titles(edition_of(*ranked, picks=picks))[:3] == ["Kites 3", "Kites 4", "Kites 0"]


def test_a_pick_among_new_papers_is_in_their_section() -> None:
    new = [new_paper(f"Lanterns {n}", predicted=9 - n) for n in range(4)]
    kites = trending("Kites", 1.0)
    items = edition_of(kites, *new, picks=(Pick(kites.paper.id, 3),))
    assert titles(items)[2] == "Kites"
    assert {item.section for item in items} == {Section.NEW}


def test_the_second_of_two_picks_for_one_place_comes_below() -> None:
    ranked = [trending(f"Kites {n}", 9.0 - n) for n in range(4)]
    picks = tuple(Pick(one.paper.id, 1) for one in ranked[2:])
    assert titles(edition_of(*ranked, picks=picks)) == ["Kites 2", "Kites 3", "Kites 0", "Kites 1"]


def test_a_paper_without_attention_is_selected_once_whatever_its_score() -> None:
    lanterns = replace(new_paper("Lanterns", 3), score=0.5)
    past = {lanterns.paper.id: PastSelection(0.1, was_trending=False)}
    assert edition_of(lanterns, past=past) == []


def test_the_topic_penalty_applies_to_papers_without_a_score() -> None:
    new = [new_paper(title, 9 - n) for n, title in enumerate(("Kites", "More kites", "Rivers"))]
    similarity = dissimilar(3)
    similarity[0, 1] = similarity[1, 0] = SIMILARITY_THRESHOLD
    assert titles(edition_of(*new, similarity=similarity)) == ["Kites", "Rivers", "More kites"]


scores = st.lists(st.floats(0, 9), min_size=0, max_size=30)


@given(scores, scores, st.integers(1, 12), st.lists(st.integers(0, 29), max_size=4))
def test_an_edition_has_at_most_its_size_and_no_paper_twice(
    attended: list[float], other: list[float], size: int, pinned: list[int]
) -> None:
    found = [trending(f"Kites {n}", score) for n, score in enumerate(attended)]
    found += [replace(new_paper(f"New {n}", 0), score=score) for n, score in enumerate(other)]
    picks = tuple(
        Pick(found[at].paper.id, place + 1)
        for place, at in enumerate(dict.fromkeys(pinned))
        if at < len(found)
    )
    items = edition_of(*found, picks=picks, size=size)
    assert len(items) == min(size, len(found))
    assert len({item.paper_id for item in items}) == len(items)
    assert [item.rank for item in items] == list(range(1, len(items) + 1))
