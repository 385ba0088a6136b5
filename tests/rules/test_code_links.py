import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Paper
from broadsheet.rules.code_links import github_repositories, hub_repositories


def paper(
    abstract: str | None = None, comment: str | None = None, code_url: str | None = None
) -> Paper:
    return Paper("arxiv:2603.00001", "Kites", abstract, comment=comment, code_url=code_url)


def test_the_code_url_precedes_comment_and_abstract() -> None:
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
def test_a_github_repository_is_found_in_text(text: str, repository: str | None) -> None:
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
def test_a_hub_repository_is_found_in_text(text: str, found: str | None) -> None:
    expected = (found,) if found else ()
    assert hub_repositories(paper(comment=text)) == expected


def test_a_model_and_a_dataset_with_one_name_are_different() -> None:
    text = "hf.co/farol/kite, hf.co/datasets/farol/kite, https://huggingface.co/Farol/Kite"
    assert hub_repositories(paper(text)) == (
        "models/farol/kite",
        "datasets/farol/kite",
    )


def test_a_paper_without_text_names_no_repository() -> None:
    assert github_repositories(paper()) == ()
    assert hub_repositories(paper()) == ()


_PIECES = st.sampled_from(
    ["github.com/", "huggingface.co/", "hf.co/", "datasets/", "www.", "/", ":", ".", "..", ".git"]
)


@given(st.lists(_PIECES | st.text(max_size=9)).map("".join))
def test_every_repository_found_is_a_valid_path(text: str) -> None:
    on_hub = [path.partition("/") for path in hub_repositories(paper(text))]
    assert {kind for kind, _, _ in on_hub} <= {"models", "datasets", "spaces"}
    for name in (*github_repositories(paper(text)), *(name for _, _, name in on_hub)):
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", name, re.ASCII)
        assert name.partition("/")[2].strip(".")
