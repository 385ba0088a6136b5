"""Which files serve, which are built beside them, and who goes over to them when."""

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
from broadsheet.index.local.searchindex import SearchIndex
from tests.index.invented import (
    LIBRARY,
    NEW,
    OLD,
    Bag,
    Log,
    StoppedError,
    assert_level,
    encoder_by_spec,
    found_by_word,
    generations,
    nearest_to,
    opened,
    paper,
    stopping_after,
)


@dataclass
class Unreachable:
    """An encoder whose machine may be switched off."""

    bag: Bag = field(default_factory=lambda: Bag("far"))
    on: bool = False
    asked: int = 0

    @property
    def name(self) -> str:
        return self.bag.name

    @property
    def dim(self) -> int:
        self._reach()
        return self.bag.dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self._reach()
        return self.bag.encode(texts)

    def _reach(self) -> None:
        self.asked += 1
        if not self.on:
            raise SearchIndexError("the encoder is switched off: switch it on")


def test_changes_are_followed_and_kept(level: SearchIndex, folder: Path, log: Log) -> None:
    assert_level(level, log)
    log.remove([1, 2])
    log.add([3], "second")
    level.follow(log.changes)
    assert_level(level, log)
    assert_level(opened(folder), log)


def test_a_removed_paper_can_come_back(level: SearchIndex, log: Log) -> None:
    log.remove([5])
    level.follow(log.changes)
    log.add([5], "second")
    level.follow(log.changes)
    assert_level(level, log)


def test_a_rebuild_leaves_one_set_of_files(level: SearchIndex, folder: Path, log: Log) -> None:
    level.rebuild(log.changes)
    assert_level(level, log)
    assert generations(folder) == ["generation-2"]
    assert not (folder / "building.json").exists()


def test_another_encoder_leaves_the_old_files_serving(level: SearchIndex, folder: Path) -> None:
    index = opened(folder, NEW)
    assert index.set_aside is None
    assert index.generation.encoder.name == OLD
    assert found_by_word(index, "kite7") == [7]
    assert nearest_to(index, 7) == [7]


def test_following_with_another_encoder_builds_its_vectors(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    index = opened(folder, NEW)
    told: list[int] = []
    index.follow(log.changes, told.append)
    assert sum(told) == 30
    assert not index.outdated
    assert index.generation.encoder.name == NEW
    assert_level(index, log)
    assert generations(folder) == ["generation-2"]


def test_a_build_that_was_ended_goes_on_from_where_it_was(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    with pytest.raises(StoppedError):
        opened(folder, NEW).follow(log.changes, stopping_after(14))
    index = opened(folder, NEW)
    assert index.generation.encoder.name == OLD
    told: list[int] = []
    index.follow(log.changes, told.append)
    assert told == [14, 7, 7, 2]
    assert_level(index, log)
    assert generations(folder) == ["generation-2"]


def test_a_rebuild_that_was_ended_is_finished_by_following(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    with pytest.raises(StoppedError):
        level.rebuild(log.changes, stopping_after(14))
    assert opened(folder).outdated
    index = opened(folder)
    index.follow(log.changes)
    assert not index.outdated
    assert_level(index, log)
    assert generations(folder) == ["generation-2"]


def test_what_is_added_while_building_is_found_at_once(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    index = opened(folder, NEW)
    found: list[list[int]] = []

    def on_papers(count: int) -> None:
        if not found:
            log.add([99])
            opened(folder).follow(log.changes)
            index.refresh()
            found.append(found_by_word(index, "kite99"))
            assert index.generation.encoder.name == OLD

    index.follow(log.changes, on_papers)
    assert found == [[99]]
    assert_level(index, log)


def test_a_process_that_builds_brings_the_old_files_level_too(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    log.add(range(31, 61))
    with pytest.raises(StoppedError):
        opened(folder, NEW).follow(log.changes, stopping_after(7))
    level.refresh()
    assert level.generation.encoder.name == OLD
    assert_level(level, log)


def test_a_running_reader_goes_over_and_does_not_build_back(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    opened(folder, NEW).follow(log.changes)
    level.refresh()
    assert level.generation.encoder.name == NEW
    assert not level.outdated
    log.add([77])
    level.follow(log.changes)
    assert level.generation.encoder.name == NEW
    assert_level(level, log)


def test_a_reader_of_removed_files_goes_on_reading(level: SearchIndex, log: Log) -> None:
    old = level.generation
    vector = old.encode([text_of(paper(7))])[0]
    assert old.vectors.nearest(vector, 1)[0].tolist() == [7]
    level.rebuild(log.changes)
    assert not old.folder.exists()
    assert old.vectors.nearest(vector, 1)[0].tolist() == [7]
    assert old.lexical.best(old.lexical.asked("kite7"), 5).nums.tolist() == [7]


def test_a_build_may_be_done_a_little_at_a_time(level: SearchIndex, folder: Path, log: Log) -> None:
    index = opened(folder, NEW)
    rounds = 0
    while index.outdated:
        index.follow(log.changes, build_for_s=1e-9)
        rounds += 1
    assert rounds == 6
    assert_level(index, log)


def test_nothing_is_built_where_there_is_no_time(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    index = opened(folder, NEW)
    log.add(range(31, 41))
    index.follow(log.changes, build_for_s=0)
    assert index.outdated
    assert index.built == 0
    assert found_by_word(index, "kite35") == [35]


def test_opening_and_reading_while_another_swaps_finds_everything(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    def swap() -> None:
        for _ in range(20):
            level.rebuild(log.changes)

    reader = opened(folder)
    with ThreadPoolExecutor(1) as threads:
        rebuilds = threads.submit(swap)
        while not rebuilds.done():
            index = opened(folder)
            assert index.set_aside is None
            reader.refresh()
            for each in (index, reader):
                assert found_by_word(each, "kite7") == [7]
        rebuilds.result()
    reader.refresh()
    assert_level(reader, log)


def test_only_one_of_two_builds(level: SearchIndex, folder: Path, log: Log) -> None:
    first, second = opened(folder, NEW), opened(folder, NEW)
    told: list[int] = []

    def on_papers(count: int) -> None:
        if not told:
            told.append(count)
            second.follow(log.changes, told.append)

    first.follow(log.changes, on_papers)
    assert told == [7]
    second.refresh()
    assert_level(second, log)


def test_without_its_encoder_an_index_is_searched_by_word(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    def gone(spec: str) -> Encoder:
        raise ConfigError(f"no {spec}")

    index = SearchIndex(folder, Bag(NEW), LIBRARY, NEW, gone)
    assert found_by_word(index, "kite7") == [7]
    assert not index.generation.encode(["kite7 first"]).any()
    log.add([31])
    with pytest.raises(StoppedError):
        index.follow(log.changes, stopping_after(7))
    assert found_by_word(index, "kite31") == [31]
    # The old encoder is back, but paper 31 has no vector of it: the files stay outdated.
    again = opened(folder, OLD)
    assert again.outdated
    again.follow(log.changes)
    assert_level(again, log)


def test_an_encoder_out_of_reach_leaves_search_by_word(folder: Path, log: Log) -> None:
    far = Unreachable()
    index = SearchIndex(folder, far, LIBRARY, "far", encoder_by_spec)
    with pytest.raises(SearchIndexError, match="switch it on"):
        index.follow(log.changes)
    assert found_by_word(index, "kite7") == [7]
    far.on = True
    index.follow(log.changes)
    assert_level(index, log)


def test_an_old_encoder_out_of_reach_does_not_hinder_a_new_one(folder: Path, log: Log) -> None:
    far = Unreachable(on=True)
    SearchIndex(folder, far, LIBRARY, "far", encoder_by_spec).follow(log.changes)
    far.on = False
    log.add([31])
    index = SearchIndex(folder, Bag(NEW), LIBRARY, NEW, lambda spec: far)
    index.follow(log.changes)
    assert_level(index, log)


def test_opening_asks_no_encoder(level: SearchIndex, folder: Path) -> None:
    far = Unreachable(Bag(OLD))
    index = SearchIndex(folder, far, LIBRARY, "far", encoder_by_spec)
    assert found_by_word(index, "kite7") == [7]
    assert far.asked == 0


def test_an_encoder_that_changes_its_length_is_told(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    index = SearchIndex(folder, Bag(OLD, dim=8), LIBRARY, OLD, encoder_by_spec)
    log.add([31])
    with pytest.raises(SearchIndexError, match=r"of 8 numbers where the index holds 16"):
        index.follow(log.changes)


def test_an_empty_folder_that_another_process_opened_is_not_set_aside(folder: Path) -> None:
    first = opened(folder)
    second = opened(folder)
    assert first.set_aside is None
    assert second.set_aside is None


def test_a_folder_deleted_under_a_running_process_is_filled_again(
    level: SearchIndex, folder: Path, log: Log
) -> None:
    shutil.rmtree(folder)
    level.refresh()
    assert found_by_word(level, "kite7") == [7]
    level.follow(log.changes)
    assert_level(level, log)
