"""Generated papers, change logs and encoders, for this process and those it kills."""

import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.index.local.engine import LocalEngine
from broadsheet.index.local.generation import Generation
from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.query import plain_query

LIBRARY = "a library"
OLD, NEW = "old", "new"


@dataclass(frozen=True)
class RandomEncoder:
    """An encoder that gives each word a random vector and sums them."""

    name: str = "random-1"
    dim: int = 16

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()):
                seed = zlib.crc32(f"{self.name} {word}".encode())
                vectors[row] += np.random.default_rng(seed).normal(size=self.dim)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


@dataclass
class ChangeLog:
    """The change log of a library, read a few changes at a time."""

    step: int = 7
    entries: list[tuple[int, Paper | None]] = field(default_factory=list)

    def add(self, nums: Iterable[int], version: str = "first") -> None:
        self.entries += [(num, paper(num, version)) for num in nums]

    def delete(self, nums: Iterable[int]) -> None:
        self.entries += [(num, None) for num in nums]

    def read(self, position: int, limit: int) -> tuple[int, dict[int, Paper | None]]:
        """Return the next changes as a library does: each paper as it is now."""
        entries = self.entries[position : position + min(limit, self.step)]
        now = self.papers()
        return position + len(entries), {num: now.get(num) for num, _ in entries}

    def papers(self) -> dict[int, Paper]:
        now = dict(self.entries)
        return {num: paper for num, paper in now.items() if paper is not None}


def paper(num: int, version: str = "first") -> Paper:
    """Return a paper with words of its own and the name of its version."""
    return make_paper(title=f"kite{num} {version}", abstract=f"About river{num} and lantern{num}")


def encoder_by_spec(spec: str) -> RandomEncoder:
    """Load the encoder ``random:NAME``."""
    return RandomEncoder(spec.removeprefix("random:"))


def found_by_word(engine: LocalEngine, word: str) -> list[int]:
    """Return the papers that contain a word."""
    return by_word(engine.generation, word)


def by_word(generation: Generation, word: str) -> list[int]:
    """Return the papers of one generation that contain a word."""
    lexical = generation.lexical
    nums: list[int] = lexical.any_word(lexical.compile(plain_query(word)), 50).nums.tolist()
    return nums


def nearest_to(engine: LocalEngine, num: int) -> list[int]:
    """Return the one paper nearest to the first version of a paper."""
    generation = engine.generation
    vector = generation.encode([text_of(paper(num))])[0]
    nums: list[int] = generation.vectors.nearest(vector, 1)[0].tolist()
    return nums


def assert_up_to_date(engine: LocalEngine, log: ChangeLog) -> None:
    """Assert that each paper is found once by word and once by vector, and no other paper is."""
    papers, generation = log.papers(), engine.generation
    assert engine.position == len(log.entries)
    assert len(generation) == len(papers)
    for num, each in papers.items():
        assert found_by_word(engine, f"kite{num}") == [num]
        version = each.title.split()[1]
        assert num in found_by_word(engine, version) or len(papers) > 50
        vector = generation.encode([text_of(each)])[0]
        nums, cosines = generation.vectors.nearest(vector, len(papers) + 5)
        assert sorted(nums.tolist()) == sorted(papers)
        assert nums[0] == num
        assert cosines[0] > 0.98


def opened(folder: Path, encoder: str = OLD, library: str = LIBRARY) -> LocalEngine:
    """Open an index with the random encoder of that name."""
    return LocalEngine(
        folder, RandomEncoder(encoder), library, f"random:{encoder}", encoder_by_spec
    )


class InterruptedBuildError(Exception):
    """Interrupts a build."""


def interrupt_after(papers: int) -> Callable[[int], None]:
    """Return an `on_papers` that raises after so many papers."""
    count = 0

    def on_papers(more: int) -> None:
        nonlocal count
        count += more
        if count >= papers:
            raise InterruptedBuildError

    return on_papers


def generations(folder: Path) -> list[str]:
    """List the folders of generations."""
    return sorted(place.name for place in folder.glob("generation-*"))
