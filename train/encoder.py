"""Train the text encoder on an arXiv dump and write its two files.

    python train/encoder.py DUMP --out src/broadsheet/encoders/static_data

Each token starts as the teacher's vector of that token alone. A contrastive loss on pairs of a
query and a document and a distillation loss on the cosines among other texts train the table.
There are two runs, which differ in the weight of distillation; the mean of both tables is
written, because each run alone is worse on some collections.
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
from distillation import Distillation, make_distillation

SEED = 0
TOKENS, DIM = 56_000, 256
BATCH, WARM_UP = 1_024, 100
RATE, LAST_RATE = 0.1, 0.02
INVERSE_TEMPERATURE, TEACHER_INVERSE_TEMPERATURE = 20.0, 20.0
# Weight of the loss from document to query; from query to document it is 1.
BACKWARD = 0.3
# Papers of the distillation loss in one step.
SHORT_PAPERS, LONG_PAPERS = 512, 256
# Tokens start with the weight a / (a + frequency) of Arora et al. 2017.
RARE = 1e-3


@dataclass(frozen=True)
class Run:
    """One training run.

    Parameters
    ----------
    seed, steps : int
        Random seed; number of steps.
    short_weight, long_weight : float
        Weight of the distillation loss on titles and sentences, and on documents and queries; the
        contrastive loss has weight 1.
    """

    seed: int
    steps: int
    short_weight: float
    long_weight: float


RUNS = (Run(0, 1_400, 0.5, 0), Run(1, 1_600, 1, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--cache", type=Path, help="file for the teacher's vectors")
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    start = time.monotonic()
    dump = read_dump(arguments.dump)
    print(f"{len(dump.titles)} papers, sha256 {dump.checksum}")
    tokenizer = make_tokenizer(dump, teacher.TOKENIZER, TOKENS)
    pairs = Pairs(dump, tokenizer, SEED)
    first = first_table(tokenizer, pairs)
    print(f"{time.monotonic() - start:.0f} s: tokenised", flush=True)
    distillation = make_distillation(dump, tokenizer, arguments.cache)
    print(f"{time.monotonic() - start:.0f} s: encoded by the teacher", flush=True)
    tables = [train(first.clone(), pairs, distillation, run) for run in RUNS]
    write(torch.stack(tables).mean(0).numpy(), tokenizer, arguments.out)
    print(f"{time.monotonic() - start:.0f} s: written")


def first_table(tokenizer: Tokenizer, pairs: Pairs) -> torch.Tensor:
    """Return the teacher's vectors of single tokens: principal components, weighted by rarity."""
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


def train(table: torch.Tensor, pairs: Pairs, distillation: Distillation, run: Run) -> torch.Tensor:
    """Train the table by Adagrad; a step updates the rows of its own tokens only."""
    random = np.random.default_rng(run.seed)
    squares = torch.full_like(table, 1e-10)
    papers = np.empty(0, dtype=np.int64)
    for step in range(run.steps):
        if len(papers) < BATCH:
            papers = random.permutation(len(pairs))
        batch, papers = papers[:BATCH], papers[BATCH:]
        queries, documents = zip(*(pairs.sample(paper) for paper in batch), strict=True)
        short, short_teacher = distillation.sample_short(random, SHORT_PAPERS)
        long, long_teacher = distillation.sample_long(random, LONG_PAPERS if run.long_weight else 0)
        texts = [*queries, *documents, *short, *long]
        tokens = torch.from_numpy(np.unique(np.concatenate(texts)).astype(np.int64))
        rows = table[tokens].requires_grad_()
        loss = _loss(encode(rows, tokens, texts), short_teacher, long_teacher, run)
        loss.backward()
        assert rows.grad is not None
        squares[tokens] += rows.grad**2
        rate = RATE * min(1, (step + 1) / WARM_UP) * max(LAST_RATE, 1 - step / run.steps)
        table[tokens] -= rate * rows.grad / squares[tokens].sqrt()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    return table


def _loss(
    vectors: torch.Tensor, short_teacher: torch.Tensor, long_teacher: torch.Tensor, run: Run
) -> torch.Tensor:
    sizes = [BATCH, BATCH, len(short_teacher), len(long_teacher)]
    queries, documents, short, long = vectors.split(sizes)
    logits = INVERSE_TEMPERATURE * queries @ documents.T
    own = torch.arange(BATCH)
    loss = functional.cross_entropy(logits, own)
    loss = loss + BACKWARD * functional.cross_entropy(logits.T, own)
    loss = loss + run.short_weight * _divergence(short, short_teacher)
    return loss + run.long_weight * _divergence(long, long_teacher) if run.long_weight else loss


def _divergence(student: torch.Tensor, teachers: torch.Tensor) -> torch.Tensor:
    """Return the KL divergence of the cosines among texts from those of the teacher."""
    diagonal = 1e4 * torch.eye(len(teachers))
    return functional.kl_div(
        functional.log_softmax(INVERSE_TEMPERATURE * student @ student.T - diagonal, 1),
        functional.softmax(TEACHER_INVERSE_TEMPERATURE * teachers @ teachers.T - diagonal, 1),
        reduction="batchmean",
    )


def encode(rows: torch.Tensor, tokens: torch.Tensor, texts: list[Ids]) -> torch.Tensor:
    """Return the unit vectors of texts; `rows` are the table rows of the sorted `tokens`."""
    starts = np.cumsum([0, *(len(text) for text in texts[:-1])])
    ids = torch.searchsorted(tokens, torch.from_numpy(np.concatenate(texts).astype(np.int64)))
    sums = functional.embedding_bag(ids, rows, torch.from_numpy(starts), mode="sum")
    return functional.normalize(sums, dim=1)


def write(table: np.ndarray, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the table, as 8-bit integers with one scale per row, and the tokenizer."""
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
