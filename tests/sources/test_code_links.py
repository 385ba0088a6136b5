import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Kind, Malformed, Paper, Signal
from broadsheet.sources.code_links import (
    counted,
    github_repositories,
    hub_repositories,
    number_in,
)
from broadsheet.sources.source import Batch, FetchRequest

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)


def paper(
    abstract: str | None = None, comment: str | None = None, code_url: str | None = None
) -> Paper:
    return Paper("arxiv:2603.00001", "Kites", abstract, comment=comment, code_url=code_url)


def test_the_repository_of_the_code_comes_before_those_of_comment_and_abstract() -> None:
    found = github_repositories(
        paper(
            abstract="Built on https://github.com/lampe/lantern and github.com/WINDROW/Kite.",
            comment="Data: https://github.com/farol/valley",
            code_url="https://github.com/Windrow/kite",
        )
    )
    assert found == ("Windrow/kite", "farol/valley", "lampe/lantern")


@pytest.mark.parametrize(
    ("text", "repository"),
    [
        ("Code: https://github.com/farol/kite.", "farol/kite"),
        ("(https://github.com/farol/kite)", "farol/kite"),
        ("https://github.com/farol/kite.git", "farol/kite"),
        ("git@github.com:farol/kite.git.", "farol/kite"),
        ("https://github.com/farol/kite/tree/main/wind?tab=readme", "farol/kite"),
        ("http://www.GitHub.com/farol/kite#tail", "farol/kite"),
        ("https: //github.com//farol/kite//", "farol/kite"),
        (r"\url{https://github.com/farol/kite\_tail\_2}.", "farol/kite_tail_2"),
        (r"\href{https://github.com/farol/kite{\_}tail}{here}", "farol/kite_tail"),
        ("https://github.com/farol/.github", "farol/.github"),
        ("https://github.com/farol/kite\u4ee3\u7801", "farol/kite"),
        ("github.com/kite-", None),
        ("https://github.com/farol", None),
        ("https://github.com/farol/", None),
        ("https://github.com/farol/..", None),
        ("https://github.com/farol/.git", None),
        ("https://github.com/-farol/kite", None),
        ("https://github.com/fa--rol/kite", None),
        (f"https://github.com/{'f' * 40}/kite", None),
        (f"https://github.com/farol/{'k' * 101}", None),
        ("https://github.com/topics/kites", None),
        ("https://github.com/orgs/farol/repositories", None),
        ("https://gist.github.com/farol/0123456789", None),
        ("https://notgithub.com/farol/kite", None),
        ("https://github.com.kites.example/farol/kite", None),
        ("https://farol.github.io/kite", None),
    ],
)
def test_a_repository_is_found_in_text(text: str, repository: str | None) -> None:
    expected = (repository,) if repository else ()
    assert github_repositories(paper(abstract=text)) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://huggingface.co/farol/kite-7b.", "models/farol/kite-7b"),
        ("hf.co/farol/kite/tree/main", "models/farol/kite"),
        (r"https://huggingface.co/farol/kite\_7b", "models/farol/kite_7b"),
        ("https://huggingface.co/datasets/farol/wind", "datasets/farol/wind"),
        ("https://www.huggingface.co/spaces/farol/sky)", "spaces/farol/sky"),
        ("https://huggingface.co/papers/2603.00001", None),
        ("https://huggingface.co/docs/kites/index", None),
        ("https://huggingface.co/blog/farol/kites", None),
        ("https://huggingface.co/collections/farol/kites-0123", None),
        ("https://huggingface.co/datasets/wind", None),
        ("https://huggingface.co/farol", None),
        ("https://huggingface.co/farol/models", None),
        ("https://huggingface.co/farol/ki--te", None),
        ("https://huggingface.co/farol/../api", None),
        (f"https://huggingface.co/farol/{'k' * 97}", None),
        ("https://nothuggingface.co/farol/kite", None),
    ],
)
def test_a_repository_on_the_hub_is_found_in_text(text: str, found: str | None) -> None:
    expected = (found,) if found else ()
    assert hub_repositories(paper(comment=text)) == expected


def test_a_model_and_a_dataset_of_one_name_are_two() -> None:
    text = "hf.co/farol/kite, hf.co/datasets/farol/kite, https://huggingface.co/Farol/Kite"
    assert hub_repositories(paper(text)) == (
        "models/farol/kite",
        "datasets/farol/kite",
    )


def test_a_paper_without_text_names_nothing() -> None:
    assert github_repositories(paper()) == ()
    assert hub_repositories(paper()) == ()


_PIECES = st.sampled_from(
    ["github.com/", "huggingface.co/", "hf.co/", "datasets/", "www.", "/", ":", ".", "..", ".git"]
)


@given(st.lists(_PIECES | st.text(max_size=9)).map("".join))
def test_whatever_is_found_can_stand_in_an_address(text: str) -> None:
    on_hub = [one.partition("/") for one in hub_repositories(paper(text))]
    assert {kind for kind, _, _ in on_hub} <= {"models", "datasets", "spaces"}
    for one in (*github_repositories(paper(text)), *(name for _, _, name in on_hub)):
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", one, re.ASCII)
        assert one.partition("/")[2].strip(".")


def _counted(
    stars: dict[str, float | None], *texts: str, most_asked: int | None = None
) -> tuple[list[Batch], list[str]]:
    papers = [Paper(f"arxiv:2603.0000{n}", "Kites", text) for n, text in enumerate(texts)]
    asked_for: list[str] = []

    def count(name: str) -> float | None:
        asked_for.append(name)
        if name not in stars:
            raise ValueError("it tells no number of stars")
        return stars[name]

    request = FetchRequest(NOW, papers=papers)
    batches = counted(
        request, github_repositories, count, Kind.STARS, "github", most_asked=most_asked
    )
    return list(batches), asked_for


def test_what_a_paper_is_built_on_lends_it_no_stars() -> None:
    stars: dict[str, float | None] = {"a/gone": None, "a/kite": 3.0, "big/wind": 150_000.0}
    text = "github.com/a/gone, github.com/a/odd, github.com/a/kite; built on github.com/big/wind"
    batches, asked_for = _counted(stars, text)
    assert batches == [
        Batch(
            records=[Malformed("github a/odd", "it tells no number of stars")],
            signals=[Signal("arxiv:2603.00000", Kind.STARS, 3.0, NOW, "github")],
            days={NOW.date(): 1},
            queried=["arxiv:2603.00000"],
        )
    ]
    assert asked_for == ["a/gone", "a/odd", "a/kite"]


def test_a_repository_without_stars_counts_as_known() -> None:
    (batch,), asked_for = _counted({"a/x": 0.0, "a/y": 9.0}, "github.com/a/x github.com/a/y")
    assert [signal.value for signal in batch.signals] == [0.0]
    assert asked_for == ["a/x"]


def test_papers_beyond_the_most_that_is_asked_are_left_for_the_next_run() -> None:
    texts = ("github.com/a/x", "Kites.", "github.com/a/x", "github.com/a/y github.com/a/z")
    batches, asked_for = _counted({"a/x": 1.0, "a/y": None, "a/z": 3.0}, *texts, most_asked=2)
    assert asked_for == ["a/x", "a/y"]
    assert [one for batch in batches for one in batch.queried] == [
        "arxiv:2603.00001",
        "arxiv:2603.00000",
        "arxiv:2603.00002",
    ]


def test_papers_that_name_nothing_are_answered_first_and_without_asking() -> None:
    batches, asked_for = _counted({"a/x": 3.0}, "Kites.", "github.com/a/x", "Wind.")
    assert batches[0] == Batch(queried=["arxiv:2603.00000", "arxiv:2603.00002"])
    assert batches[1].queried == ["arxiv:2603.00001"]
    assert asked_for == ["a/x"]


def test_a_repository_of_two_papers_is_asked_about_once() -> None:
    batches, asked_for = _counted({"a/x": 3.0}, "github.com/a/x", "github.com/a/x")
    assert [batch.signals[0].paper_id for batch in batches] == [
        "arxiv:2603.00000",
        "arxiv:2603.00001",
    ]
    assert asked_for == ["a/x"]


def test_a_catalogue_of_repositories_is_not_asked_through() -> None:
    text = " ".join(f"github.com/a/x{n}" for n in range(30))
    (batch,), asked_for = _counted({f"a/x{n}": None for n in range(30)}, text)
    assert len(asked_for) == 5
    assert batch.queried == ["arxiv:2603.00000"]


def test_what_cannot_be_read_is_told_and_is_no_answer_of_the_day() -> None:
    (batch,), _ = _counted({}, "github.com/a/x")
    assert batch.records == [Malformed("github a/x", "it tells no number of stars")]
    assert (batch.signals, batch.days, batch.queried) == ([], {}, ["arxiv:2603.00000"])


def test_what_is_unknown_is_answered_without_a_signal_and_counts_for_nothing() -> None:
    (batch,), _ = _counted({"a/x": None}, "github.com/a/x")
    assert batch == Batch(records=[], signals=[], queried=["arxiv:2603.00000"])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("likes"), inner),
    max_leaves=9,
)


@given(_JSON)
def test_any_json_tells_a_number_or_none(told: object) -> None:
    try:
        number = number_in(told, "likes", "likes")
    except ValueError as error:
        assert str(error) == "it tells no number of likes"
        return
    assert isinstance(number, float)
    assert 0 <= number <= 10**9
