"""The postings and vectors of one generation."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.errors import SearchIndexError
from broadsheet.index.local.generation import (
    MAX_BATCH,
    Generation,
    _next_limit,
    panics_as_errors,
)
from broadsheet.rules.normalize import make_paper
from tests.index.samples import ChangeLog, RandomEncoder, by_word


@pytest.fixture
def generation(room: Path) -> Generation:
    return Generation(room / "generation-1", RandomEncoder())


@pytest.fixture
def log() -> ChangeLog:
    log = ChangeLog(step=4)
    log.add(range(1, 11))
    return log


def test_each_batch_is_on_disk_when_its_position_is_returned(
    generation: Generation, log: ChangeLog
) -> None:
    reported: list[int] = []
    steps = generation.update(0, log.read, reported.append)
    assert next(steps) == 4
    assert len(Generation(generation.folder, RandomEncoder(), rows=4).lexical) == 4
    assert list(steps) == [8, 10]
    assert reported == [4, 4, 2]


def test_without_changes_nothing_is_written(generation: Generation) -> None:
    assert list(generation.update(0, ChangeLog().read)) == []
    assert not (generation.folder / "vectors.i8").exists()


def test_applying_changes_again_has_no_effect(generation: Generation, log: ChangeLog) -> None:
    log.delete([3])
    for _ in range(3):
        list(generation.update(0, log.read))
        assert len(generation.lexical) == len(generation.vectors) == 9


def test_a_paper_is_encoded_again_only_if_its_text_changed(
    generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[str] = []
    encode = RandomEncoder.encode

    def count(self: RandomEncoder, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(RandomEncoder, "encode", count)
    first = make_paper(title="Kites")
    with generation.writing() as apply:
        apply({1: first, 2: make_paper(title="Rivers")})
        apply({1: replace(first, categories=("cs.LG",)), 2: make_paper(title="Lanterns")})
        apply({1: None})
        apply({1: first})
    assert encoded == ["Kites", "Rivers", "Lanterns", "Kites"]
    assert by_word(generation, "lanterns") == [2]
    assert by_word(generation, "rivers") == []


def test_deletions_that_a_killed_writer_left_do_not_block_the_next(
    generation: Generation, log: ChangeLog
) -> None:
    list(generation.update(0, log.read))
    committed = generation.folder / "lexical" / "meta.json"
    vectors = generation.folder / "vectors.i8"
    checksum = vectors.with_name("vectors.i8.crc")
    before = {path: path.read_bytes() for path in (committed, vectors, checksum)}
    log.delete([3])
    list(generation.update(10, log.read))
    # As if the process had been killed before it committed the deletions.
    for path, written in before.items():
        path.write_bytes(written)
    again = Generation(generation.folder, RandomEncoder(), rows=10)
    assert len(again.lexical) == 10
    list(again.update(10, log.read))
    assert len(again.lexical) == 9


def test_the_batch_size_depends_on_the_time_of_a_batch() -> None:
    assert _next_limit(1_024, took_s=0.2) == 2_048
    assert _next_limit(MAX_BATCH, took_s=0.2) == MAX_BATCH
    assert _next_limit(1_024, took_s=2) == 1_024
    assert _next_limit(1_024, took_s=30) == 512
    assert _next_limit(64, took_s=30) == 64


def test_a_paper_without_abstract_is_encoded_by_its_title() -> None:
    assert text_of(make_paper(title="Kites")) == "Kites"
    assert text_of(make_paper(title="Kites", abstract="They fly.")) == "Kites\nThey fly."


def test_vectors_of_another_length_are_an_error(generation: Generation) -> None:
    generation.encoder = RandomEncoder(dim=8)
    with pytest.raises(
        SearchIndexError, match=r"length 8, the index contains vectors of length 16.*--rebuild"
    ):
        generation.encode(["kite"])


class PanicException(BaseException):
    """The exception that PyO3 raises."""


def test_a_panic_is_an_error_and_an_interrupt_is_not() -> None:
    with pytest.raises(ValueError, match="damaged postings"), panics_as_errors():
        raise PanicException("mid > len")
    with pytest.raises(KeyboardInterrupt), panics_as_errors():
        raise KeyboardInterrupt
