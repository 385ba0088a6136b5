"""Why a paper stands above the next, where the numbers on their cards do not say so."""

from dataclasses import replace

import numpy as np
import pytest

from broadsheet.model import Attention, Count, EditionItem, Kind, Paper, Section
from broadsheet.rules.edition import Candidate
from broadsheet.rules.placing import Standing, placing, shown_score, with_placings
from broadsheet.rules.trend_reason import RecentGains

LOWER = Standing(shown=0.7, observed=0.6, score=0.6)


@pytest.mark.parametrize(
    ("above", "reason"),
    [
        (Standing(0.7, 0.6, 0.6), ""),
        (Standing(0.3, 0.3, 0.9), "Above no. 2: higher predicted interest"),
        (Standing(0.3, 0.7, 0.7), "Above no. 2: newer attention"),
        (Standing(0.3, 0.7, 0.7, votes=2), "Above no. 2: votes of readers"),
        (Standing(0.5, 0.43, 0.8, field_factor=1.9), "Above no. 2: scores are normalised by field"),
        (Standing(0.6, 0.5, 0.5, topic_factor=1.3), "Above no. 2: varied topics"),
        (
            Standing(0.2, 0.5, 0.9, field_factor=0.9),
            "Above no. 2: newer attention, higher predicted interest",
        ),
    ],
)
def test_the_steps_that_outweigh_the_shown_gains_are_the_reason(
    above: Standing, reason: str
) -> None:
    assert placing(above, LOWER, 2) == reason


def test_gains_of_a_week_count_by_the_day() -> None:
    today, week = (
        Attention((Count(Kind.UPVOTES, 70.0, 70.0, since, ("hf",)),))
        for since in ("today", "this week")
    )
    assert shown_score(today) ** 2 == pytest.approx(7 * shown_score(week) ** 2)


def item(rank: int, upvotes: float, section: Section = Section.TRENDING) -> EditionItem:
    paper = Paper(f"hash:{rank}", f"Kite {rank}")
    return EditionItem(
        rank=rank,
        paper_id=paper.id,
        title=paper.title,
        abstract=None,
        authors=(),
        categories=(),
        published=None,
        link=None,
        votes=0,
        reason="",
        section=section,
        attention=Attention((Count(Kind.UPVOTES, upvotes, upvotes, "today", ("hf",)),)),
    )


def candidate(one: EditionItem, score: float) -> Candidate:
    paper = Paper(one.paper_id, one.title)
    return Candidate(paper, score, True, 0.0, RecentGains({}, {}), 0, score, 1.0)


def test_only_places_that_the_numbers_do_not_explain_have_a_reason() -> None:
    items = [item(1, 9), item(2, 2), item(3, 4), item(4, 9, Section.NEW)]
    ranked = [candidate(one, 1.0 / one.rank) for one in items]
    placed = with_placings(items, ranked, np.eye(4, dtype=np.float32))
    assert [one.placing for one in placed] == ["", "Above no. 3: newer attention", "", ""]


def test_a_pick_of_the_editor_needs_no_further_reason() -> None:
    items = [replace(item(1, 2), picked=True), item(2, 9)]
    ranked = [candidate(one, 1.0 / one.rank) for one in items]
    assert not with_placings(items, ranked, np.eye(2, dtype=np.float32))[0].placing


def test_a_paper_that_comes_back_says_so() -> None:
    items = [replace(item(1, 2), reason="+2 upvotes in 24 h, trending again")]
    ranked = [candidate(items[0], 1.0)]
    placed = with_placings(items, ranked, np.eye(1, dtype=np.float32))
    assert placed[0].placing == "Trending again"
