"""What is written is true: examples run, and commands, settings and files are all named."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import broadsheet
from broadsheet.cli import app
from broadsheet.config import Settings
from broadsheet.model import Kind

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_MODULES = [
    found.name
    for found in pkgutil.walk_packages(broadsheet.__path__, "broadsheet.")
    if "migrations" not in found.name and not found.name.endswith("__main__")
]


def test_the_usage_of_the_package_runs(tmp_path: Path) -> None:
    result = doctest.testmod(broadsheet, extraglobs={"folder": tmp_path})
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("name", _MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    assert not doctest.testmod(importlib.import_module(name)).failed


def test_the_usage_in_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"(    from broadsheet import.*?)\n\n##", README, re.DOTALL)
    assert found is not None
    code = "\n".join(line[4:] for line in found[1].splitlines())
    exec(code.replace('open_library("papers")', f"open_library({str(tmp_path)!r})"), {})
    assert capsys.readouterr().out.startswith("match ")


def test_the_readme_names_every_setting() -> None:
    for name in Settings.model_fields:
        assert f"`{name}`" in README


def test_the_page_about_trending_names_every_kind_in_its_table_of_totals() -> None:
    page = (ROOT / "docs" / "trending.md").read_text(encoding="utf-8")
    (rows,) = re.findall(r"^\| kinds \| total \|\n((?:\|.*\n)+)", page, re.MULTILINE)
    assert [kind for kind in Kind if not re.search(rf"\b{kind}\b", rows)] == []


def test_the_readme_names_every_command() -> None:
    for command in app.registered_commands:
        if command.hidden:
            continue
        name = command.name or getattr(command.callback, "__name__", "")
        assert f"broadsheet {name}" in README


def test_the_readme_leads_to_files_that_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    for link in links:
        assert (ROOT / link).exists()
    assert len(README.splitlines()) < 120


def test_the_guide_for_contributors_names_files_that_exist() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "broadsheet"
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]+|[\w-]+\.(?:md|toml|txt))`", guide):
        if "NAME" not in name:
            places = (ROOT / name, package / name, package / "web" / name)
            assert any(path.exists() for path in places), name


def test_the_justfile_has_at_most_8_verbs_and_the_guide_names_real_ones() -> None:
    text = (ROOT / "justfile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z]+)[ a-z*]*:", text, re.MULTILINE))
    assert len(verbs) <= 8
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`just ([a-z]+)", guide)) <= verbs
