"""The ranking page shows the rules in use."""

import html
import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from broadsheet.model import Kind
from broadsheet.rules import edition, gains, trending, vote_weight
from broadsheet.web import formula


@pytest.fixture
def ranking(client: TestClient) -> str:
    page = client.get("/about/ranking").text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_the_formula_shows_the_weights_and_baselines_in_use(ranking: str) -> None:
    match = re.search(r"score = (.*?\)) Each name", ranking)
    assert match is not None
    terms = re.findall(r"([\d.]+)·√\((\w+) / ([\d.]+)\)", match[1])
    assert {Kind(name): (float(weight), float(baseline)) for weight, name, baseline in terms} == {
        kind: (kind.weight, kind.baseline) for kind in Kind if kind.weight > 0
    }
    weights = [float(weight) for weight, _, _ in terms]
    assert weights == sorted(weights, reverse=True)


def test_comments_are_not_scored(ranking: str) -> None:
    assert Kind.COMMENTS not in {term.name for term in formula.terms()}
    assert "Not scored, only shown: comments." in ranking


def test_the_page_shows_the_constants_in_use(ranking: str) -> None:
    factor = f"{trending.MAX_CATEGORY_FACTOR:g}"
    for words in (
        f"its weight halves every {gains.HALF_LIFE_H:g} hours",
        f"the initial values count as {trending.BASELINE_PRIOR_PAPERS} papers",
        f"{trending.PRIOR_WEIGHT:.0%} of the predicted upvotes are added",
        f"The factor is at least 1/{factor} and at most {factor}.",
        f"first seen less than a day ago counts {vote_weight.NEW_READER_WEIGHT:g}, and",
        f"n / (n + {vote_weight.HALF_CREDIBLE_VOTERS:g})",
        f"{edition.NEW_SHARE:.0%} of a daily edition is reserved",
        f"a cosine similarity of {edition.SIMILARITY_THRESHOLD:g} or more",
        f"its score multiplied by {edition.TOPIC_PENALTY:g}",
    ):
        assert words in ranking


def test_the_page_follows_changed_constants(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formula, "HALF_LIFE_H", 6.5)
    monkeypatch.setattr(formula, "NEW_SHARE", 0.4)
    page = client.get("/about/ranking").text
    assert "every 6.5 hours" in page
    assert "40% of a daily edition" in page


def test_the_example_is_computed_by_the_rules(ranking: str) -> None:
    match = re.search(
        r"gains (\d+) upvotes in (\S+) hours has a decayed score of (\S+) and a score of "
        r"(\S+)\. Without more upvotes, its score is (\S+) after another (\S+) hours\.",
        ranking,
    )
    assert match is not None
    upvotes, hours, decayed, score, later, pause = (float(number) for number in match.groups())
    place = gains.KINDS.index(Kind.UPVOTES)
    observed = gains.Observations(
        paper=np.array([0, 0]),
        kind=np.array([place, place]),
        starts=np.array([True, False]),
        shared=np.array([True, True]),
        value=np.array([0.0, upvotes]),
        at_h=np.array([1000.0, 1000.0 + hours]),
    )
    gained = gains.gains_of(observed, np.array([1000.0]))
    now_h = 1000.0 + hours
    attention = gains.decayed_attention(gained, 1, now_h)
    assert decayed == round(float(attention[0, place]), 1)
    assert score == round(float(trending.score(attention, trending.DEFAULT_BASELINES)[0]), 2)
    attention = gains.decayed_attention(gained, 1, now_h + pause)
    assert later == round(float(trending.score(attention, trending.DEFAULT_BASELINES)[0]), 2)


@pytest.mark.parametrize("voters", [1, 30, 1_000])
def test_the_worth_of_one_vote_is_computed_by_the_rules(ranking: str, voters: int) -> None:
    match = re.search(rf" {voters:,} (\d\.\d\d) (\d+\.\d\d) (\d+\.\d\d)", ranking)
    assert match is not None
    shown = [float(number) for number in match.groups()]
    factor = vote_weight.credibility(voters)
    assert shown[0] == round(factor, 2)
    for worth, weight in zip(shown[1:], (vote_weight.NEW_READER_WEIGHT, 1.0), strict=True):
        attention = np.zeros((2, len(gains.KINDS)))
        attention[0, gains.KINDS.index(Kind.VOTES)] = weight * factor
        attention[1, gains.KINDS.index(Kind.UPVOTES)] = worth
        voted, upvoted = trending.score(attention, trending.DEFAULT_BASELINES)
        assert voted == pytest.approx(upvoted, rel=0.05)
