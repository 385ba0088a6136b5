"""What the teacher says of some papers: of short texts, and of documents and queries for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import teacher
from corpus import Dump, Ids, token_ids

# Of so many papers title and sentence are told, and of so many others the document, by seed.
SHORT_PAPERS, SHORT_SEED = 40_000, 5
LONG_PAPERS, LONG_SEED = 18_000, 77
_AT_ONCE = 3_000
_SPAN_WORDS = (2, 5)
_SHORTEST_SENTENCE = 30
SHORT = ("short title", "short sentence")
DOCUMENT, QUERIES = "document", ("title", "sentence", "span")

_Texts = dict[str, list[str]]
Drawn = tuple[list[Ids], torch.Tensor]


@dataclass(frozen=True)
class Lessons:
    """Texts with the teacher's vectors.

    Parameters
    ----------
    texts : dict of list of token ids
        For each kind the text of each paper; a document is cut where the teacher stopped reading.
    vectors : dict of Tensor, shape (papers, teacher's length)
        The teacher's unit rows for them.
    """

    texts: dict[str, list[Ids]]
    vectors: dict[str, torch.Tensor]

    def draw_short(self, random: np.random.Generator, papers: int) -> Drawn:
        """Take the title and a sentence of each of some papers."""
        drawn = random.integers(len(self.texts[SHORT[0]]), size=papers)
        return self._taken([(kind, paper) for kind in SHORT for paper in drawn])

    def draw_long(self, random: np.random.Generator, papers: int) -> Drawn:
        """Take some papers, each as a document and by one query for it."""
        drawn = random.permutation(len(self.texts[DOCUMENT]))[:papers]
        kinds = [QUERIES[number] for number in random.integers(len(QUERIES), size=len(drawn))]
        asked = [
            (kind if len(self.texts[kind][paper]) else QUERIES[0], paper)
            for kind, paper in zip(kinds, drawn, strict=True)
        ]
        return self._taken([(DOCUMENT, paper) for paper in drawn] + asked)

    def _taken(self, which: list[tuple[str, int]]) -> Drawn:
        texts = [self.texts[kind][paper] for kind, paper in which]
        told = [self.vectors[kind][paper] for kind, paper in which]
        return texts, torch.stack(told).float() if told else torch.zeros(0)


def make_lessons(dump: Dump, tokenizer: Tokenizer, kept: Path | None) -> Lessons:
    """Ask the teacher, or read what it said from the file in which an earlier run kept it."""
    texts = _short_texts(dump) | _long_texts(dump)
    vectors = _kept(kept, lambda: {kind: _vectors(texts[kind], kind) for kind in texts})
    texts[DOCUMENT] = teacher.beginnings(texts[DOCUMENT], teacher.LONG)
    return Lessons(
        {kind: token_ids(tokenizer, some) for kind, some in texts.items()},
        {kind: torch.from_numpy(rows) for kind, rows in vectors.items()},
    )


def _kept(
    file: Path | None, make: Callable[[], dict[str, NDArray[np.float16]]]
) -> dict[str, NDArray[np.float16]]:
    if file and file.exists():
        with np.load(file) as stored:
            return dict(stored)
    made = make()
    if file:
        np.savez(file, **made)
    return made


def _vectors(texts: list[str], kind: str) -> NDArray[np.float16]:
    read = teacher.LONG if kind == DOCUMENT else teacher.SHORT
    starts = range(0, len(texts), _AT_ONCE)
    parts = [teacher.encode(texts[start : start + _AT_ONCE], read) for start in starts]
    return torch.cat(parts).half().numpy()


def _short_texts(dump: Dump) -> _Texts:
    random = np.random.default_rng(SHORT_SEED)
    papers = np.sort(random.permutation(len(dump.titles))[:SHORT_PAPERS])
    titles = [dump.titles[paper] for paper in papers]
    sentences = [_sentence(dump.abstracts[paper], random) for paper in papers]
    return {SHORT[0]: titles, SHORT[1]: sentences}


def _long_texts(dump: Dump) -> _Texts:
    random = np.random.default_rng(LONG_SEED)
    papers = random.permutation(len(dump.titles))[:LONG_PAPERS]
    texts: _Texts = {kind: [] for kind in (DOCUMENT, *QUERIES)}
    # In parts, so that more papers are the same ones and some more.
    for start in range(0, len(papers), _AT_ONCE):
        some = papers[start : start + _AT_ONCE]
        titles = [dump.titles[paper] for paper in some]
        texts["span"] += [_span(title, random) for title in titles]
        texts["sentence"] += [_sentence(dump.abstracts[paper], random) for paper in some]
        texts["title"] += titles
        texts[DOCUMENT] += [f"{dump.titles[paper]} {dump.abstracts[paper]}" for paper in some]
    return texts


def _span(title: str, random: np.random.Generator) -> str:
    words = title.split()
    length = int(random.integers(*_SPAN_WORDS))
    start = int(random.integers(max(1, len(words) - length + 1)))
    return " ".join(words[start : start + length])


def _sentence(abstract: str, random: np.random.Generator) -> str:
    sentences = abstract.split(". ")
    sentence = sentences[random.integers(len(sentences))]
    return sentence if len(sentence) > _SHORTEST_SENTENCE else sentences[0]
