"""The texts of the distillation loss, with the teacher's vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

import teacher
from corpus import Dump, Ids, token_ids

# Title and sentence of so many papers, and document and queries of so many others, by seed.
SHORT_PAPERS, SHORT_SEED = 40_000, 5
LONG_PAPERS, LONG_SEED = 18_000, 77
_BATCH = 3_000
_SPAN_WORDS = (2, 5)
_MIN_SENTENCE_CHARS = 30
SHORT = ("short title", "short sentence")
DOCUMENT, QUERIES = "document", ("title", "sentence", "span")

_Texts = dict[str, list[str]]
Sample = tuple[list[Ids], torch.Tensor]


@dataclass(frozen=True)
class Distillation:
    """Texts with the teacher's vectors.

    Parameters
    ----------
    texts : dict of list of token ids
        By kind, the text of each paper; a document is truncated where the teacher truncates it.
    vectors : dict of Tensor, shape (papers, dim of the teacher)
        The teacher's vectors of them, of unit length.
    """

    texts: dict[str, list[Ids]]
    vectors: dict[str, torch.Tensor]

    def sample_short(self, random: np.random.Generator, papers: int) -> Sample:
        """Return the title and a sentence of random papers."""
        sample = random.integers(len(self.texts[SHORT[0]]), size=papers)
        return self._take([(kind, paper) for kind in SHORT for paper in sample])

    def sample_long(self, random: np.random.Generator, papers: int) -> Sample:
        """Return the document of random papers and one query for each."""
        sample = random.permutation(len(self.texts[DOCUMENT]))[:papers]
        kinds = [QUERIES[number] for number in random.integers(len(QUERIES), size=len(sample))]
        queries = [
            (kind if len(self.texts[kind][paper]) else QUERIES[0], paper)
            for kind, paper in zip(kinds, sample, strict=True)
        ]
        return self._take([(DOCUMENT, paper) for paper in sample] + queries)

    def _take(self, keys: list[tuple[str, int]]) -> Sample:
        texts = [self.texts[kind][paper] for kind, paper in keys]
        vectors = [self.vectors[kind][paper] for kind, paper in keys]
        return texts, torch.stack(vectors).float() if vectors else torch.zeros(0)


def make_distillation(dump: Dump, tokenizer: Tokenizer, cache: Path | None) -> Distillation:
    """Encode texts with the teacher, or read its vectors from the cache of an earlier run."""
    texts = _short_texts(dump) | _long_texts(dump)
    vectors = _cached(cache, lambda: {kind: _vectors(texts[kind], kind) for kind in texts})
    texts[DOCUMENT] = teacher.truncate(texts[DOCUMENT], teacher.LONG)
    return Distillation(
        {kind: token_ids(tokenizer, some) for kind, some in texts.items()},
        {kind: torch.from_numpy(rows) for kind, rows in vectors.items()},
    )


def _cached(
    file: Path | None, compute: Callable[[], dict[str, NDArray[np.float16]]]
) -> dict[str, NDArray[np.float16]]:
    if file and file.exists():
        with np.load(file) as stored:
            return dict(stored)
    vectors = compute()
    if file:
        np.savez(file, **vectors)
    return vectors


def _vectors(texts: list[str], kind: str) -> NDArray[np.float16]:
    max_tokens = teacher.LONG if kind == DOCUMENT else teacher.SHORT
    starts = range(0, len(texts), _BATCH)
    parts = [teacher.encode(texts[start : start + _BATCH], max_tokens) for start in starts]
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
    # In parts, so that a larger LONG_PAPERS starts with the same papers.
    for start in range(0, len(papers), _BATCH):
        some = papers[start : start + _BATCH]
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
    return sentence if len(sentence) > _MIN_SENTENCE_CHARS else sentences[0]
