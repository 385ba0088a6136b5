"""The errors of every room say what to do next."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from broadsheet.errors import install_command


class _Installed:
    """A distribution whose ``direct_url.json`` has this content."""

    def __init__(self, origin: object) -> None:
        self._text = None if origin is None else json.dumps(origin)

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return self._text


def _command(monkeypatch: pytest.MonkeyPatch, origin: object) -> str:
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: _Installed(origin))
    return install_command("rerank")


@pytest.mark.parametrize("editable", [False, True])
def test_an_extra_is_installed_from_the_clone_that_broadsheet_was_installed_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, editable: bool
) -> None:
    clone = tmp_path / "my clone"
    clone.mkdir()
    (clone / "pyproject.toml").touch()
    origin = {"url": clone.as_uri(), "dir_info": {"editable": True} if editable else {}}
    option = "-e " if editable else ""
    assert _command(monkeypatch, origin) == f"pip install {option}'{clone}[rerank]'"


def test_an_extra_is_installed_from_a_clone_if_the_first_one_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = {"url": (tmp_path / "gone").as_uri(), "dir_info": {}}
    expected = "pip install '.[rerank]' in a clone of Broadsheet"
    assert _command(monkeypatch, origin) == expected


@pytest.mark.parametrize(
    ("origin", "requirement"),
    [
        (None, "broadsheet[rerank]"),
        (
            {
                "url": "https://git.example/news.git",
                "vcs_info": {"vcs": "git", "commit_id": "5ae1"},
            },
            "broadsheet[rerank] @ git+https://git.example/news.git@5ae1",
        ),
        (
            {"url": "file:///broadsheet-0.1.0-py3-none-any.whl", "archive_info": {}},
            "broadsheet[rerank] @ file:///broadsheet-0.1.0-py3-none-any.whl",
        ),
    ],
    ids=["package index", "repository", "wheel"],
)
def test_an_extra_is_installed_from_where_broadsheet_came(
    monkeypatch: pytest.MonkeyPatch, origin: object, requirement: str
) -> None:
    assert _command(monkeypatch, origin) == f"pip install '{requirement}'"


def test_an_extra_of_a_package_that_is_not_installed_comes_from_a_clone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> object:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    assert install_command("rerank") == "pip install '.[rerank]' in a clone of Broadsheet"
