"""Reranking: which papers get vectors and when, and their effect on the order of hits."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.config import load_settings
from broadsheet.encoders.minilm import MiniLM
from broadsheet.errors import SearchIndexError
from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper

pytest.importorskip("onnxruntime")

_TITLES = {
    "2021": "Sailing small boats against the wind",
    "2022": "A cure for seasickness in young sailors",
    "2023": "Growing apples on cold northern slopes",
}
_QUESTION = "what to take when the sea makes children feel ill on board of a ship"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def sailing(data: Path) -> Iterator[Library]:
    """Three papers of three years, indexed, none of them with a rerank vector."""
    with Library(load_settings({"data": data}, environment={})) as library:
        library.add(
            "test",
            [
                make_paper(title=title, published=year, arxiv=f"{year[2:]}01.00001")
                for year, title in _TITLES.items()
            ],
        )
        library.update_index()
        yield library


def test_another_process_continues_where_one_stopped(sailing: Library) -> None:
    reranker = sailing.reranker
    assert (reranker.count_missing(), reranker.compute_missing(1), reranker.count_missing()) == (
        3,
        1,
        2,
    )
    with Library(sailing.settings) as other:
        assert other.reranker.count_missing() == 2
        assert other.reranker.compute_missing() == 2
        assert other.reranker.compute_missing() == 0
    assert reranker.compute_missing() == 0


def test_batches_are_reported(sailing: Library) -> None:
    batches: list[int] = []
    sailing.reranker.compute_missing(on_papers=batches.append)
    assert batches == [3]


def test_no_batch_starts_when_the_server_stops(sailing: Library) -> None:
    assert sailing.reranker.compute_missing(is_stopping=lambda: True) == 0
    assert sailing.reranker.count_missing() == 3


def test_papers_that_queries_requested_are_computed_before_newer_ones(sailing: Library) -> None:
    sailing.reranker.compute_missing(1)
    sailing.search(_QUESTION)
    assert len(sailing.reranker.requested) == 2
    (_, first), (oldest, _) = sailing.reranker.requested.most_common()
    assert first == 1
    sailing.reranker.requested.clear()
    sailing.reranker.requested[oldest] = 3
    sailing.reranker.compute_missing(1)
    assert not sailing.reranker.requested
    reranking = sailing.reranker.for_query(_QUESTION)
    assert reranking is not None
    cosines = reranking.cosines(np.asarray([oldest]), np.zeros(1, dtype=np.float32))
    assert cosines[0] != 0


def test_reranking_raises_a_paper_that_shares_no_words_with_the_query(sailing: Library) -> None:
    sailing.reranker.compute_missing()
    assert sailing.search(_QUESTION).hits[0].paper.title == _TITLES["2022"]


def test_a_paper_whose_text_changed_is_computed_again(sailing: Library) -> None:
    sailing.reranker.compute_missing()
    changed = make_paper(title=_TITLES["2021"], abstract="With an abstract.", arxiv="2101.00001")
    sailing.add("arxiv-dump", [changed])
    sailing.update_index()
    assert sailing.reranker.count_missing() == 1
    assert sailing.reranker.compute_missing() == 1


def test_a_paper_whose_text_changed_during_encoding_is_computed_again(
    sailing: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = MiniLM.encode

    def encode_during_a_change(self: MiniLM, texts: Sequence[str]) -> NDArray[np.float32]:
        title = _TITLES["2021"]
        changed = make_paper(title=title, abstract="With an abstract.", arxiv="2101.00001")
        sailing.add("arxiv-dump", [changed])
        sailing.update_index()
        return encode(self, texts)

    monkeypatch.setattr(MiniLM, "encode", encode_during_a_change)
    sailing.reranker.compute_missing()
    assert sailing.reranker.count_missing() == 1


def test_rebuilding_the_index_deletes_no_vectors(sailing: Library) -> None:
    sailing.reranker.compute_missing()
    sailing.update_index(rebuild=True)
    assert sailing.reranker.count_missing() == 0


def test_if_disabled_it_does_nothing(sailing: Library) -> None:
    with Library(sailing.settings.model_copy(update={"rerank": False})) as library:
        reranker = library.reranker
        assert not reranker.available
        assert (reranker.compute_missing(), reranker.count_missing()) == (0, 0)
        assert reranker.for_query("kites") is None
    assert sailing.reranker.available


def test_searching_without_vectors_loads_no_model(
    sailing: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("broadsheet.search.reranker.load_minilm", fail)
    assert sailing.search(_QUESTION).hits
    sailing.update_index(rebuild=True)


def test_a_query_is_encoded_once(sailing: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    sailing.reranker.compute_missing()
    reranking = sailing.reranker.for_query(_QUESTION)
    assert reranking is not None
    nums, plain = np.asarray([1, 2, 3]), np.zeros(3, dtype=np.float32)
    first = reranking.cosines(nums, plain)
    monkeypatch.setattr("broadsheet.encoders.minilm.MiniLM.encode", None)
    np.testing.assert_array_equal(reranking.cosines(nums, plain), first)


def test_files_of_an_earlier_version_are_deleted_and_the_vectors_computed_again(
    sailing: Library, data: Path
) -> None:
    old = [data / "sharp" / "vectors.i8", data / "sharp" / "vectors.i8.lock"]
    old.append(data / "models" / "all-MiniLM-L6-v2-int8-1-6be664e5ef4a1a51.onnx")
    foreign = data / "models" / "notes.txt"
    for path in (*old, foreign):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"old")
    assert sailing.reranker.compute_missing() == 3
    assert not any(path.exists() for path in old)
    assert not (data / "sharp").exists()
    assert foreign.exists()


def test_unreadable_vectors_are_reported(sailing: Library, data: Path) -> None:
    (data / "rerank").write_text("in the way")
    with (
        Library(sailing.settings) as library,
        pytest.raises(SearchIndexError, match="rerank vectors"),
    ):
        library.reranker.count_missing()
