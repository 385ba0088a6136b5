"""The page about ranking prints the rules that are in use."""

import html
import re

import numpy as np
import pytest
from starlette.testclient import TestClient

from broadsheet.model import Kind
from broadsheet.rules import edition, trending, vote_weight
from broadsheet.web import formula


@pytest.fixture
def ranking(client: TestClient) -> str:
    page = client.get("/about/ranking").text
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_the_sum_on_the_page_is_the_one_that_is_added_up(ranking: str) -> None:
    told = re.search(r"score = (.*?\)) Each name", ranking)
    assert told is not None
    terms = re.findall(r"([\d.]+)·√\((\w+) / ([\d.]+)\)", told[1])
    assert {Kind(name): (float(trust), float(usual)) for trust, name, usual in terms} == {
        kind: (trending.TRUST[kind], trending.USUAL[kind])
        for kind in Kind
        if trending.TRUST[kind] > 0
    }
    trusts = [float(trust) for trust, _, _ in terms]
    assert trusts == sorted(trusts, reverse=True)


def test_comments_are_not_in_the_sum(ranking: str) -> None:
    assert Kind.COMMENTS not in {term.name for term in formula.terms()}
    assert "Comments are shown and do not count" in ranking


def test_the_page_prints_the_numbers_in_use(ranking: str) -> None:
    for words in (
        f"half as much for every {trending.HALF_LIFE_H:g} hours",
        f"count there as {trending.USUAL_PAPERS} papers more",
        f"{trending.PROMISE_SHARE:.0%} of them are added",
        f"at most by a factor of {trending.EVENED_AT_MOST:g}.",
        f"not known here for a day weighs {vote_weight.NEW_READER_WEIGHT:g}.",
        f"{edition.NEW_SHARE:.0%} of a day's places",
        f"a cosine of {edition.ALIKE:g} or more",
        f"counts for {edition.TOPIC_AGAIN:g} of its score",
    ):
        assert words in ranking


def test_the_numbers_follow_the_rules(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formula, "HALF_LIFE_H", 6.5)
    monkeypatch.setattr(formula, "NEW_SHARE", 0.4)
    page = client.get("/about/ranking").text
    assert "every 6.5 hours" in page
    assert "40% of a day" in page


def test_the_example_is_what_the_rules_make_of_it(ranking: str) -> None:
    told = re.search(
        r"from 0 to (\d+) upvotes in the last (\S+) hours has a heat of (\S+) and a score of "
        r"(\S+); (\S+) hours later, without more, (\S+)\.",
        ranking,
    )
    assert told is not None
    upvotes, hours, heat, score, pause, later = (float(number) for number in told.groups())
    place = trending.KINDS.index(Kind.UPVOTES)
    readings = trending.Readings(
        paper=np.array([0, 0]),
        kind=np.array([place, place]),
        starts=np.array([True, False]),
        value=np.array([0.0, upvotes]),
        at_h=np.array([1000.0, 1000.0 + hours]),
    )
    gains = trending.gains_of(readings, np.array([1000.0]))
    usual = np.array([trending.USUAL[kind] for kind in trending.KINDS])
    now_h = 1000.0 + hours
    heats = trending.heat(gains, 1, now_h)
    assert heat == round(float(heats[0, place]), 1)
    assert score == round(float(trending.score(heats, usual)[0]), 2)
    cooled = trending.score(trending.heat(gains, 1, now_h + pause), usual)
    assert later == round(float(cooled[0]), 2)


def test_a_paper_with_the_usual_upvotes_and_nothing_else_has_one() -> None:
    usual = np.array([trending.USUAL[kind] for kind in trending.KINDS])
    heats = np.where([kind is Kind.UPVOTES for kind in trending.KINDS], usual, 0.0)
    assert trending.score(heats[None, :], usual) == pytest.approx(1.0)
