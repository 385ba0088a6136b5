"""Sharper vectors are made newest first, kept, used where they are, and never of an old text."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper
from broadsheet.search.rerank_jobs import open_refiner

pytest.importorskip("onnxruntime")

_TITLES = {
    "2021": "Sailing small boats against the wind",
    "2022": "A cure for seasickness in young sailors",
    "2023": "Growing apples on cold northern slopes",
}


@pytest.fixture
def sailing(tmp_path: Path) -> Iterator[Library]:
    """Three papers of three years, indexed, none of them refined."""
    settings = load_settings({"data": tmp_path / "data"}, environment={})
    with Library(settings) as library:
        library.add(
            "test",
            [
                make_paper(title=title, published=year, arxiv=f"{year[2:]}01.00001")
                for year, title in _TITLES.items()
            ],
        )
        library.update_index()
        yield library


def test_the_newest_come_first_and_a_stop_loses_nothing(sailing: Library) -> None:
    assert (sailing.reranker.unfilled(), sailing.reranker.fill(1), sailing.reranker.unfilled()) == (
        3,
        1,
        2,
    )
    assert sailing.reranker.refiner is not None
    newest = sailing.paper("arxiv:2301.00001")
    with Library(sailing.settings) as again:
        assert again.reranker.unfilled() == 2
        assert again.reranker.fill() == 2
        assert again.reranker.fill() == 0
    assert newest.title == _TITLES["2023"]


def test_a_paper_that_queries_lacked_comes_before_newer_ones(sailing: Library) -> None:
    sailing.reranker.fill(1)
    sailing.search("remedies against feeling ill while travelling on a ship at sea, for children")
    refiner = sailing.reranker.refiner
    assert refiner is not None
    assert len(refiner.wanted) == 2


def test_refining_finds_what_the_shipped_encoder_ranks_lower(sailing: Library) -> None:
    question = "what to take when the sea makes children feel ill on board of a ship"
    sailing.reranker.fill()
    assert sailing.search(question).hits[0].paper.title == _TITLES["2022"]


def test_a_changed_text_is_refined_again(sailing: Library) -> None:
    sailing.reranker.fill()
    again = make_paper(title=_TITLES["2021"], abstract="Now told at length.", arxiv="2101.00001")
    sailing.add("arxiv-dump", [again])
    sailing.update_index()
    assert sailing.reranker.unfilled() == 1
    assert sailing.reranker.fill() == 1


def test_without_the_setting_nothing_is_made(sailing: Library) -> None:
    plain = sailing.settings.model_copy(update={"rerank": False})
    with Library(plain) as library:
        assert (library.reranker.refiner, library.reranker.fill(), library.reranker.unfilled()) == (
            None,
            0,
            0,
        )
    assert open_refiner(sailing.settings.data) is not None
