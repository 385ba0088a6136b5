"""Postings and vectors of the same papers, kept in step."""

from pathlib import Path

import pytest

from broadsheet.encoders.paper_text import text_of
from broadsheet.errors import SearchIndexError
from broadsheet.index.local.generation import (
    CHUNK,
    Generation,
    _next_limit,
    panics_as_errors,
)
from broadsheet.rules.normalize import make_paper
from tests.index.invented import Bag, Log


@pytest.fixture
def generation(room: Path) -> Generation:
    return Generation(room / "generation-1", Bag())


@pytest.fixture
def log() -> Log:
    log = Log(step=4)
    log.add(range(1, 11))
    return log


def test_each_step_tells_what_is_on_disk(generation: Generation, log: Log) -> None:
    told: list[int] = []
    steps = generation.follow(0, log.changes, told.append)
    assert next(steps) == 4
    assert len(Generation(generation.folder, Bag(), rows=4).lexical) == 4
    assert list(steps) == [8, 10]
    assert told == [4, 4, 2]


def test_without_changes_nothing_is_written(generation: Generation) -> None:
    assert list(generation.follow(0, Log().changes)) == []
    assert not (generation.folder / "vectors.i8").exists()


def test_following_again_from_an_earlier_position_changes_nothing(
    generation: Generation, log: Log
) -> None:
    log.remove([3])
    for _ in range(3):
        list(generation.follow(0, log.changes))
        assert len(generation.lexical) == len(generation.vectors) == 9


def test_deletions_that_a_killed_writer_left_do_not_stop_the_next(
    generation: Generation, log: Log
) -> None:
    list(generation.follow(0, log.changes))
    committed = generation.folder / "lexical" / "meta.json"
    vectors = generation.folder / "vectors.i8"
    before = {path: path.read_bytes() for path in (committed, vectors)}
    log.remove([3])
    list(generation.follow(10, log.changes))
    # As if it had been killed after writing the deletions and before telling of them.
    for path, written in before.items():
        path.write_bytes(written)
    again = Generation(generation.folder, Bag(), rows=10)
    assert len(again.lexical) == 10
    list(again.follow(10, log.changes))
    assert len(again.lexical) == 9


def test_steps_are_sized_by_how_long_they_take() -> None:
    assert _next_limit(1_024, took_s=0.2) == 2_048
    assert _next_limit(CHUNK, took_s=0.2) == CHUNK
    assert _next_limit(1_024, took_s=2) == 1_024
    assert _next_limit(1_024, took_s=30) == 512
    assert _next_limit(64, took_s=30) == 64


def test_a_paper_without_abstract_is_known_by_its_title() -> None:
    assert text_of(make_paper(title="Kites")) == "Kites"
    assert text_of(make_paper(title="Kites", abstract="They fly.")) == "Kites\nThey fly."


def test_vectors_of_another_length_are_told(generation: Generation) -> None:
    generation.encoder = Bag(dim=8)
    with pytest.raises(SearchIndexError, match=r"8 numbers where the index holds 16.*--rebuild"):
        generation.encode(["kite"])


class PanicException(BaseException):
    """As PyO3 raises it."""


def test_a_panic_is_an_error_and_an_interruption_is_none() -> None:
    with pytest.raises(ValueError, match="damaged postings"), panics_as_errors():
        raise PanicException("mid > len")
    with pytest.raises(KeyboardInterrupt), panics_as_errors():
        raise KeyboardInterrupt
