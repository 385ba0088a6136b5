"""Sources by name, argument and paper id."""

import pytest

from broadsheet.errors import ConfigError
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.registry import NAMES, source_named


@pytest.mark.parametrize("name", set(NAMES) - {"feed", "zotero", "arxiv-atom"})
def test_a_name_is_a_source(name: str) -> None:
    source, what = source_named(name)
    assert (source.name, what) == (name, None)


@pytest.mark.parametrize(
    ("spec", "name", "what"),
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
def test_more_can_be_told_after_a_colon(spec: str, name: str, what: str | None) -> None:
    source, argument = source_named(spec)
    assert source.name == name
    assert argument == (what or spec)
    assert source.schedule is Schedule.IRREGULAR


def test_a_secret_in_a_feeds_address_stands_in_no_name() -> None:
    one, what = source_named("feed:https://x.example/feed?token=hush")
    other, _ = source_named("feed:https://x.example/feed?token=other")
    assert what == "https://x.example/feed?token=hush"
    assert "hush" not in one.name
    assert one.name != other.name


@pytest.mark.parametrize(
    "spec",
    ["", "arxive", "feed", "feed:", "zotero", "hn:kites", "arxiv:cs.LG", "github:a/b", "x" * 3_000],
)
def test_what_is_no_source_is_told_with_those_there_are(spec: str) -> None:
    with pytest.raises(ConfigError, match="the sources are acl, arxiv, arxiv-atom"):
        source_named(spec)
