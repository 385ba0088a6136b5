"""Papers, changes and encoders that are made up, for this process and those it kills."""

import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.index.local.searchindex import SearchIndex
from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper

LIBRARY = "a library"
OLD, NEW = "old", "new"


@dataclass(frozen=True)
class Bag:
    """An encoder that gives each word a vector of its own by chance."""

    name: str = "bag-1"
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
class Log:
    """A library's changes, given out a few at a time."""

    step: int = 7
    seen: list[tuple[int, Paper | None]] = field(default_factory=list)

    def add(self, nums: Iterable[int], edition: str = "first") -> None:
        self.seen += [(num, paper(num, edition)) for num in nums]

    def remove(self, nums: Iterable[int]) -> None:
        self.seen += [(num, None) for num in nums]

    def changes(self, position: int, limit: int) -> tuple[int, dict[int, Paper | None]]:
        """Give the next changes as a library does: each paper as it is now."""
        told = self.seen[position : position + min(limit, self.step)]
        now = self.papers()
        return position + len(told), {num: now.get(num) for num, _ in told}

    def papers(self) -> dict[int, Paper]:
        now = dict(self.seen)
        return {num: paper for num, paper in now.items() if paper is not None}


def paper(num: int, edition: str = "first") -> Paper:
    """A paper with a word of its own, and one of its edition."""
    return make_paper(title=f"kite{num} {edition}", abstract=f"About river{num} and lantern{num}")


def encoder_by_spec(spec: str) -> Bag:
    """Load what was saved as ``bag:NAME``."""
    return Bag(spec.removeprefix("bag:"))


def found_by_word(index: SearchIndex, word: str) -> list[int]:
    lexical = index.generation.lexical
    nums: list[int] = lexical.best(lexical.asked(word), 50).nums.tolist()
    return nums


def nearest_to(index: SearchIndex, num: int) -> list[int]:
    """Find the one paper nearest in meaning to one of the first edition."""
    generation = index.generation
    vector = generation.encode([text_of(paper(num))])[0]
    nums: list[int] = generation.vectors.nearest(vector, 1)[0].tolist()
    return nums


def assert_level(index: SearchIndex, log: Log) -> None:
    """Every paper is found once by word and once by meaning, as it is now, and no other."""
    papers, generation = log.papers(), index.generation
    assert index.position == len(log.seen)
    assert len(generation.lexical) == len(papers)
    for num, each in papers.items():
        assert found_by_word(index, f"kite{num}") == [num]
        edition = each.title.split()[1]
        assert num in found_by_word(index, edition) or len(papers) > 50
        vector = generation.encode([text_of(each)])[0]
        nums, cosines = generation.vectors.nearest(vector, len(papers) + 5)
        assert sorted(nums.tolist()) == sorted(papers)
        assert nums[0] == num
        assert cosines[0] > 0.98


def opened(folder: Path, encoder: str = OLD, library: str = LIBRARY) -> SearchIndex:
    """Open an index with a bag of that name."""
    return SearchIndex(folder, Bag(encoder), library, f"bag:{encoder}", encoder_by_spec)


class StoppedError(Exception):
    """What ends a build in the midst."""


def stopping_after(papers: int) -> Callable[[int], None]:
    """Have a run end when it has told of so many papers."""
    told = [0]

    def on_papers(count: int) -> None:
        told[0] += count
        if told[0] >= papers:
            raise StoppedError

    return on_papers


def generations(folder: Path) -> list[str]:
    """List the folders of files."""
    return sorted(place.name for place in folder.glob("generation-*"))
