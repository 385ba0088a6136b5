"""Train the text encoder on an arXiv dump and write its two files.

    python train/encoder.py DUMP --out src/broadsheet/encoders/static_data

Each token starts as the teacher's vector of that token alone; then pairs of a query and a
document are drawn together and all others of the batch apart, while the likenesses among some
texts follow the teacher's. This is done in two ways, which differ in the teacher's share, and the
mean of the two tables is kept: it is the better on collections that one or the other does worse on.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

import teacher
from corpus import UNKNOWN, Ids, Pairs, make_tokenizer, read_dump
from lessons import Lessons, make_lessons

SEED = 0
TOKENS, DIM = 56_000, 256
BATCH, WARM_UP = 1_024, 100
RATE, LAST_RATE = 0.1, 0.02
SHARPNESS, TEACHER_SHARPNESS = 20.0, 20.0
BACKWARD = 0.3
TAUGHT_SHORT, TAUGHT_LONG = 512, 256
RARE = 1e-3


@dataclass(frozen=True)
class Way:
    """How long to train, and how much the teacher counts beside the pairs.

    Parameters
    ----------
    seed, steps : int
        What chance begins with, and how often the table is changed.
    short_share, long_share : float
        Weight of the teacher's likenesses among titles and sentences, and among documents and
        queries for them.
    """

    seed: int
    steps: int
    short_share: float
    long_share: float


WAYS = (Way(0, 1_400, 0.5, 0), Way(1, 1_600, 1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--lessons", type=Path, help="keeps the teacher's vectors between runs")
    asked = parser.parse_args()
    torch.manual_seed(SEED)
    begun = time.monotonic()
    dump = read_dump(asked.dump)
    print(f"{len(dump.titles)} papers, sha256 {dump.checksum}")
    tokenizer = make_tokenizer(dump, teacher.TOKENIZER, TOKENS)
    pairs = Pairs(dump, tokenizer, SEED)
    first = first_table(tokenizer, pairs)
    print(f"{time.monotonic() - begun:.0f} s: tokenised", flush=True)
    lessons = make_lessons(dump, tokenizer, asked.lessons)
    print(f"{time.monotonic() - begun:.0f} s: taught", flush=True)
    tables = [trained(first.clone(), pairs, lessons, way) for way in WAYS]
    write(torch.stack(tables).mean(0).numpy(), tokenizer, asked.out)
    print(f"{time.monotonic() - begun:.0f} s: written")


def first_table(tokenizer: Tokenizer, pairs: Pairs) -> torch.Tensor:
    """Take the teacher's vectors of single tokens, in main directions, common tokens short."""
    vocabulary = tokenizer.get_vocab()
    words = sorted(vocabulary, key=vocabulary.__getitem__)
    rows = teacher.encode([word.removeprefix("##") for word in words])
    rows -= rows.mean(0)
    _, directions = torch.linalg.eigh(rows.T @ rows)
    rows = functional.normalize(rows @ directions[:, -DIM:], dim=1)
    share = torch.from_numpy(pairs.counts / pairs.counts.sum()).float()
    rows *= (RARE / (RARE + share))[:, None]
    rows[vocabulary[UNKNOWN]] = 0
    return rows


def trained(table: torch.Tensor, pairs: Pairs, lessons: Lessons, way: Way) -> torch.Tensor:
    """Change the table by Adagrad, each step only in the rows of the tokens it met."""
    random = np.random.default_rng(way.seed)
    squares = torch.full_like(table, 1e-10)
    papers = np.empty(0, dtype=np.int64)
    for step in range(way.steps):
        if len(papers) < BATCH:
            papers = random.permutation(len(pairs))
        batch, papers = papers[:BATCH], papers[BATCH:]
        queries, documents = zip(*(pairs.draw(paper) for paper in batch), strict=True)
        short, told_short = lessons.draw_short(random, TAUGHT_SHORT)
        long, told_long = lessons.draw_long(random, TAUGHT_LONG if way.long_share else 0)
        texts = [*queries, *documents, *short, *long]
        met = torch.from_numpy(np.unique(np.concatenate(texts)).astype(np.int64))
        rows = table[met].requires_grad_()
        loss = _loss(pooled(rows, met, texts), told_short, told_long, way)
        loss.backward()
        assert rows.grad is not None
        squares[met] += rows.grad**2
        rate = RATE * min(1, (step + 1) / WARM_UP) * max(LAST_RATE, 1 - step / way.steps)
        table[met] -= rate * rows.grad / squares[met].sqrt()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    return table


def _loss(
    vectors: torch.Tensor, told_short: torch.Tensor, told_long: torch.Tensor, way: Way
) -> torch.Tensor:
    queries, documents, short, long = vectors.split([BATCH, BATCH, len(told_short), len(told_long)])
    near = SHARPNESS * queries @ documents.T
    own = torch.arange(BATCH)
    apart = functional.cross_entropy(near, own) + BACKWARD * functional.cross_entropy(near.T, own)
    loss = apart + way.short_share * _unlike(short, told_short)
    return loss + way.long_share * _unlike(long, told_long) if way.long_share else loss


def _unlike(mine: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """Measure how far the likenesses among texts are from the teacher's."""
    itself = 1e4 * torch.eye(len(told))
    return functional.kl_div(
        functional.log_softmax(SHARPNESS * mine @ mine.T - itself, 1),
        functional.softmax(TEACHER_SHARPNESS * told @ told.T - itself, 1),
        reduction="batchmean",
    )


def pooled(rows: torch.Tensor, met: torch.Tensor, texts: list[Ids]) -> torch.Tensor:
    """Give the unit vectors of texts, where `rows` holds the rows of the tokens `met`."""
    starts = np.cumsum([0, *(len(text) for text in texts[:-1])])
    ids = torch.searchsorted(met, torch.from_numpy(np.concatenate(texts).astype(np.int64)))
    sums = functional.embedding_bag(ids, rows, torch.from_numpy(starts), mode="sum")
    return functional.normalize(sums, dim=1)


def write(table: np.ndarray, tokenizer: Tokenizer, folder: Path) -> None:
    """Write whole numbers of 8 bits with one scale a row, and the tokenizer."""
    table[0] = 0
    scales = (np.maximum(np.abs(table).max(axis=1), 1e-8) / 127).astype(np.float32)
    rows = np.rint(table / scales[:, np.newaxis]).astype(np.int8)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "new.npz", rows=rows, scales=scales)
    compact = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
    (folder / "new.json").write_text(compact, encoding="utf-8")
    (folder / "new.npz").replace(folder / "table.npz")
    (folder / "new.json").replace(folder / "tokenizer.json")


if __name__ == "__main__":
    main()
