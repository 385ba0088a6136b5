"""Sources by name, argument and paper id."""

import pytest

from broadsheet.errors import ConfigError
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.registry import NAMES, source_named


@pytest.mark.parametrize("name", set(NAMES) - {"feed", "zotero", "arxiv-atom"})
def test_every_name_returns_its_source(name: str) -> None:
    source, argument = source_named(name)
    assert (source.name, argument) == (name, None)


@pytest.mark.parametrize(
    ("spec", "name", "expected"),
    [
        ("2502.14802", "arxiv-atom:2502.14802", "2502.14802"),
        ("arxiv:2502.14802v2", "arxiv-atom:2502.14802", "2502.14802"),
        ("https://arxiv.org/abs/hep-th/9901001", "arxiv-atom:hep-th/9901001", "hep-th/9901001"),
        ("10.1371/journal.pone.0000030", "crossref:10.1371/journal.pone.0000030", None),
        ("hf:sparse attention", "hf:sparse attention", "sparse attention"),
        ("feed:https://x.example/feed", "feed:https://x.example/feed", "https://x.example/feed"),
        ("zotero:users/123", "zotero:users/123", "users/123"),
    ],
)
def test_an_argument_follows_a_colon(spec: str, name: str, expected: str | None) -> None:
    source, argument = source_named(spec)
    assert source.name == name
    assert argument == (expected or spec)
    assert source.schedule is Schedule.IRREGULAR


def test_the_query_of_an_address_is_not_in_the_name() -> None:
    source, argument = source_named("feed:https://x.example/feed?token=hush")
    other, _ = source_named("feed:https://x.example/feed?token=other")
    assert argument == "https://x.example/feed?token=hush"
    assert "hush" not in source.name
    assert source.name != other.name


@pytest.mark.parametrize(
    "spec",
    ["", "arxive", "feed", "feed:", "zotero", "hn:kites", "arxiv:cs.LG", "github:a/b", "x" * 3_000],
)
def test_an_unknown_source_raises_and_lists_the_sources(spec: str) -> None:
    with pytest.raises(ConfigError, match="the sources are acl, arxiv, arxiv-atom"):
        source_named(spec)
