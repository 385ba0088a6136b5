"""Updates, rebuilds beside the generation that serves, and processes that switch to it."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import ConfigError, SearchIndexError
from broadsheet.index.local.engine import LocalEngine
from tests.index.samples import (
    LIBRARY,
    NEW,
    OLD,
    ChangeLog,
    InterruptedBuildError,
    RandomEncoder,
    assert_up_to_date,
    by_word,
    encoder_by_spec,
    found_by_word,
    generations,
    interrupt_after,
    nearest_to,
    opened,
    paper,
)


@dataclass
class Unreachable:
    """An encoder that may be unreachable."""

    encoder: RandomEncoder = field(default_factory=lambda: RandomEncoder("far"))
    reachable: bool = False
    calls: int = 0

    @property
    def name(self) -> str:
        return self.encoder.name

    @property
    def dim(self) -> int:
        self._reach()
        return self.encoder.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._reach()
        return self.encoder.encode(texts)

    def _reach(self) -> None:
        self.calls += 1
        if not self.reachable:
            raise SearchIndexError("the encoder is unreachable: start it")


def test_changes_are_applied_and_persist(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    assert_up_to_date(indexed, log)
    log.delete([1, 2])
    log.add([3], "second")
    indexed.update(log.read)
    assert_up_to_date(indexed, log)
    assert_up_to_date(opened(folder), log)


def test_a_deleted_paper_can_be_added_again(indexed: LocalEngine, log: ChangeLog) -> None:
    log.delete([5])
    indexed.update(log.read)
    log.add([5], "second")
    indexed.update(log.read)
    assert_up_to_date(indexed, log)


def test_a_rebuild_leaves_one_generation(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    indexed.rebuild(log.read)
    assert_up_to_date(indexed, log)
    assert generations(folder) == ["generation-2"]
    assert not (folder / "building.json").exists()


def test_with_another_encoder_the_old_generation_continues_to_serve(
    indexed: LocalEngine, folder: Path
) -> None:
    index = opened(folder, NEW)
    assert index.damaged_files is None
    assert index.generation.encoder.name == OLD
    assert found_by_word(index, "kite7") == [7]
    assert nearest_to(index, 7) == [7]


def test_an_update_with_another_encoder_builds_its_vectors(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    index = opened(folder, NEW)
    reported: list[int] = []
    index.update(log.read, reported.append)
    assert sum(reported) == 30
    assert not index.rebuild_pending
    assert index.generation.encoder.name == NEW
    assert_up_to_date(index, log)
    assert generations(folder) == ["generation-2"]


def test_an_interrupted_build_continues_where_it_stopped(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    with pytest.raises(InterruptedBuildError):
        opened(folder, NEW).update(log.read, interrupt_after(14))
    index = opened(folder, NEW)
    assert index.generation.encoder.name == OLD
    reported: list[int] = []
    index.update(log.read, reported.append)
    assert reported == [14, 7, 7, 2]
    assert_up_to_date(index, log)
    assert generations(folder) == ["generation-2"]


def test_an_update_completes_an_interrupted_rebuild(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    with pytest.raises(InterruptedBuildError):
        indexed.rebuild(log.read, interrupt_after(14))
    assert opened(folder).rebuild_pending
    index = opened(folder)
    index.update(log.read)
    assert not index.rebuild_pending
    assert_up_to_date(index, log)
    assert generations(folder) == ["generation-2"]


def test_papers_added_during_a_build_are_found_at_once(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    index = opened(folder, NEW)
    found: list[list[int]] = []

    def on_papers(count: int) -> None:
        if not found:
            log.add([99])
            opened(folder).update(log.read)
            index.refresh()
            found.append(found_by_word(index, "kite99"))
            assert index.generation.encoder.name == OLD

    index.update(log.read, on_papers)
    assert found == [[99]]
    assert_up_to_date(index, log)


def test_a_build_updates_the_generation_that_serves_too(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    log.add(range(31, 61))
    with pytest.raises(InterruptedBuildError):
        opened(folder, NEW).update(log.read, interrupt_after(7))
    indexed.refresh()
    assert indexed.generation.encoder.name == OLD
    assert_up_to_date(indexed, log)


def test_a_running_reader_switches_generations_and_does_not_rebuild_the_old_one(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    opened(folder, NEW).update(log.read)
    indexed.refresh()
    assert indexed.generation.encoder.name == NEW
    assert not indexed.rebuild_pending
    log.add([77])
    indexed.update(log.read)
    assert indexed.generation.encoder.name == NEW
    assert_up_to_date(indexed, log)


def test_a_reader_of_deleted_files_continues_to_read(indexed: LocalEngine, log: ChangeLog) -> None:
    old = indexed.generation
    vector = old.encode([text_of(paper(7))])[0]
    assert old.vectors.nearest(vector, 1)[0].tolist() == [7]
    indexed.rebuild(log.read)
    assert not old.folder.exists()
    assert old.vectors.nearest(vector, 1)[0].tolist() == [7]
    assert by_word(old, "kite7") == [7]


def test_a_build_can_be_divided_into_short_runs(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    index = opened(folder, NEW)
    rounds = 0
    while index.rebuild_pending:
        index.update(log.read, build_for_s=1e-9)
        rounds += 1
    assert rounds == 6
    assert_up_to_date(index, log)


def test_a_build_time_of_zero_builds_nothing(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    index = opened(folder, NEW)
    log.add(range(31, 41))
    index.update(log.read, build_for_s=0)
    assert index.rebuild_pending
    assert index.papers_rebuilt == 0
    assert found_by_word(index, "kite35") == [35]


def test_readers_find_every_paper_while_another_process_swaps_generations(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    def swap() -> None:
        for _ in range(20):
            indexed.rebuild(log.read)

    reader = opened(folder)
    with ThreadPoolExecutor(1) as threads:
        rebuilds = threads.submit(swap)
        while not rebuilds.done():
            index = opened(folder)
            assert index.damaged_files is None
            reader.refresh()
            for each in (index, reader):
                assert found_by_word(each, "kite7") == [7]
        rebuilds.result()
    reader.refresh()
    assert_up_to_date(reader, log)


def test_only_one_of_two_processes_builds(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    first, second = opened(folder, NEW), opened(folder, NEW)
    reported: list[int] = []

    def on_papers(count: int) -> None:
        if not reported:
            reported.append(count)
            second.update(log.read, reported.append)

    first.update(log.read, on_papers)
    assert reported == [7]
    second.refresh()
    assert_up_to_date(second, log)


def test_an_index_without_its_encoder_is_searched_by_words(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    def unavailable(spec: str) -> Encoder:
        raise ConfigError(f"no {spec}")

    index = LocalEngine(folder, RandomEncoder(NEW), LIBRARY, NEW, unavailable)
    assert found_by_word(index, "kite7") == [7]
    assert not index.generation.encode(["kite7 first"]).any()
    log.add([31])
    with pytest.raises(InterruptedBuildError):
        index.update(log.read, interrupt_after(7))
    assert found_by_word(index, "kite31") == [31]
    # The old encoder is available again, but paper 31 has no vector of it.
    again = opened(folder, OLD)
    assert again.rebuild_pending
    again.update(log.read)
    assert_up_to_date(again, log)


def test_an_unreachable_encoder_leaves_search_by_words(folder: Path, log: ChangeLog) -> None:
    far = Unreachable()
    index = LocalEngine(folder, far, LIBRARY, "far", encoder_by_spec)
    with pytest.raises(SearchIndexError, match="start it"):
        index.update(log.read)
    assert found_by_word(index, "kite7") == [7]
    far.reachable = True
    index.update(log.read)
    assert_up_to_date(index, log)


def test_an_unreachable_old_encoder_does_not_prevent_a_build_with_a_new_one(
    folder: Path, log: ChangeLog
) -> None:
    far = Unreachable(reachable=True)
    LocalEngine(folder, far, LIBRARY, "far", encoder_by_spec).update(log.read)
    far.reachable = False
    log.add([31])
    index = LocalEngine(folder, RandomEncoder(NEW), LIBRARY, NEW, lambda spec: far)
    index.update(log.read)
    assert_up_to_date(index, log)


def test_opening_does_not_call_the_encoder(indexed: LocalEngine, folder: Path) -> None:
    far = Unreachable(RandomEncoder(OLD))
    index = LocalEngine(folder, far, LIBRARY, "far", encoder_by_spec)
    assert found_by_word(index, "kite7") == [7]
    assert far.calls == 0


def test_an_encoder_with_another_vector_length_is_an_error(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    index = LocalEngine(folder, RandomEncoder(OLD, dim=8), LIBRARY, OLD, encoder_by_spec)
    log.add([31])
    with pytest.raises(
        SearchIndexError, match=r"of length 8, the index contains vectors of length 16"
    ):
        index.update(log.read)


def test_an_empty_folder_that_another_process_opened_is_not_damaged(folder: Path) -> None:
    first = opened(folder)
    second = opened(folder)
    assert first.damaged_files is None
    assert second.damaged_files is None


def test_a_folder_deleted_under_a_running_process_is_filled_again(
    indexed: LocalEngine, folder: Path, log: ChangeLog
) -> None:
    shutil.rmtree(folder)
    indexed.refresh()
    assert found_by_word(indexed, "kite7") == [7]
    indexed.update(log.read)
    assert_up_to_date(indexed, log)
