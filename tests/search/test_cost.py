"""The work of one search is bounded, whatever the query."""

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings, target
from numpy.typing import NDArray

from broadsheet.config import load_settings
from broadsheet.encoders.static import StaticEncoder
from broadsheet.index.local.lexical import Lexical
from broadsheet.library import Library
from broadsheet.model import Mode, Paper, Tier
from broadsheet.rules.query import Query, plain_query
from broadsheet.rules.reason import Reason
from broadsheet.rules.words import QueryTerms
from broadsheet.search import answering
from broadsheet.search.explaining import explain
from tests.conftest import NOW


def test_only_the_returned_hits_of_a_corrected_query_are_explained(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    explained: list[str] = []

    def count(query: Query, terms: QueryTerms, hits: Sequence[tuple[Paper, Tier]]) -> list[Reason]:
        explained.extend(query.plain for _ in hits)
        return explain(query, terms, hits)

    monkeypatch.setattr(answering, "explain", count)
    assert library.search("optimized lantrens", n=5).suggestion == "optimized lanterns"
    assert explained == ["optimized lanterns"] * 5


def test_sentences_are_compared_for_few_hits_and_the_query_is_encoded_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = library.newest(24)[0] * 20
    encoded: list[str] = []
    encode = StaticEncoder.encode

    def count(encoder: StaticEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded.extend(texts)
        return encode(encoder, texts)

    monkeypatch.setattr(StaticEncoder, "encode", count)
    terms = QueryTerms(("xylophone",), ("xylophon",), (1,))
    reasons = explain(
        plain_query("xylophone"), terms, [(paper, Tier.NEIGHBOUR) for paper in papers]
    )
    whys = [reason.why for reason in reasons]
    assert all(why.startswith("similar in meaning to the abstract: “") for why in whys[:30])
    assert set(whys[30:]) == {"similar in meaning to the title and abstract"}
    assert encoded.count("xylophone") == 1
    assert len(encoded) <= 1 + 30 * 12


def test_at_most_eight_words_are_corrected(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefixes: list[str] = []
    words_with_prefix = Lexical.words_with_prefix

    def count(lexical: Lexical, prefix: str) -> dict[str, int]:
        prefixes.append(prefix)
        return words_with_prefix(lexical, prefix)

    monkeypatch.setattr(Lexical, "words_with_prefix", count)
    found = library.search("optimizd." + ".".join(f"zzzz{c}" for c in "abcdefghijklmnopqrstuvwxyz"))
    assert found.suggestion is not None
    assert len(prefixes) == 8


@pytest.mark.parametrize("mode", Mode)
def test_a_query_over_a_limit_is_searched_with_a_note(library: Library, mode: Mode) -> None:
    found = library.search("kites.in.valley." * 300, mode=mode)
    assert found.note == "The query is too long; only its first 128 words are used."
    assert found.hits
    found = library.search("kites " + "year:2026 " * 40, mode=mode)
    assert found.note is not None
    assert "first 32 filters" in found.note
    assert found.hits


def test_phrases_searched_in_any_order_are_named(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert library.search('"kites measuring"').note is None
    monkeypatch.setattr("broadsheet.index.local.lexical._MIN_PHRASE_PAPERS", 0)
    common = '-"of valley" -"in valley" -"the wind of" -"how kites" kites'
    note = library.search(common).note
    assert note is not None
    assert note.startswith("Too common for an exact phrase, so searched in any order: “")


BENCH = Path(__file__).parents[2] / "bench"
# Answers of 500 hits take up to 75,000, a page of twenty hits 3,000.
_MOST_CALLS = 120_000
# The query twice, and 5,000 characters each of thirty abstracts.
_MOST_ENCODED = 2 * 4_000 + 30 * 5_000
# Of a query, of its deeper list and of the corrected one.
_MOST_PASSES = 18


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The papers shipped with Broadsheet."""
    folder = tmp_path_factory.mktemp("starter")
    settings = {"data": folder, "rerank": False, "sources": "none"}
    with Library(load_settings(settings, environment={}), clock=lambda: NOW) as library:
        library.import_starter()
        library.update_index()
        yield library


def calls_of(search: Callable[[], object]) -> int:
    """Count the calls of functions, those written in C included."""
    count = 0

    def each(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(each)
    try:
        search()
    finally:
        sys.setprofile(before)
    return count


def test_no_shape_of_query_takes_much_work(
    starter: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(BENCH)
    shapes = importlib.import_module("shapes")
    searches = shapes.searches(shapes.common_words(starter))
    encoded: list[int] = []
    passes: list[int] = []
    encode, postings = StaticEncoder.encode, Lexical._search

    def count_characters(encoder: StaticEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded.extend(map(len, texts))
        return encode(encoder, texts)

    def count_pass(lexical: Lexical, *arguments: Any, count: bool) -> Any:
        passes.append(1)
        return postings(lexical, *arguments, count=count)

    monkeypatch.setattr(StaticEncoder, "encode", count_characters)
    monkeypatch.setattr(Lexical, "_search", count_pass)

    @settings(
        max_examples=60,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    @given(searches)
    def is_cheap(search: Any) -> None:
        encoded.clear()
        passes.clear()
        calls = calls_of(lambda: search.run(starter))
        target(calls)
        assert calls < _MOST_CALLS
        assert sum(encoded) <= _MOST_ENCODED
        assert len(passes) <= _MOST_PASSES

    is_cheap()
