"""Train the text encoder on an arXiv dump and write its two files.

    python train/encoder.py DUMP --out src/broadsheet/index/encoder_data

Each token starts as the teacher's vector of that token alone; then pairs of a query and a
document are drawn together and all others of the batch apart, while the likenesses among short
texts follow the teacher's.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

import teacher
from corpus import UNKNOWN, Dump, Ids, Pairs, make_tokenizer, read_dump, token_ids

SEED = 0
TOKENS, DIM = 56_000, 256
STEPS, BATCH, WARM_UP = 1_400, 1_024, 100
RATE, LAST_RATE = 0.1, 0.02
SHARPNESS, TEACHER_SHARPNESS = 20.0, 20.0
BACKWARD = 0.3
TAUGHT, TAUGHT_BATCH, TAUGHT_SHARE = 20_000, 512, 0.5
RARE = 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    asked = parser.parse_args()
    torch.manual_seed(SEED)
    begun = time.monotonic()
    dump = read_dump(asked.dump)
    print(f"{len(dump.titles)} papers, sha256 {dump.checksum}")
    tokenizer = make_tokenizer(dump, teacher.TOKENIZER, TOKENS)
    pairs = Pairs(dump, tokenizer, SEED)
    print(f"{time.monotonic() - begun:.0f} s: tokenised", flush=True)
    table = torch.nn.Parameter(first_table(tokenizer, pairs))
    taught = taught_texts(dump, tokenizer)
    print(f"{time.monotonic() - begun:.0f} s: taught", flush=True)
    train(table, pairs, *taught)
    write(table.detach().numpy(), tokenizer, asked.out)
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


def taught_texts(dump: Dump, tokenizer: Tokenizer) -> tuple[list[Ids], torch.Tensor]:
    """Take a title and a sentence of each of some papers, with the teacher's vectors."""
    random = np.random.default_rng(SEED)
    texts = []
    for paper in random.permutation(len(dump.titles))[:TAUGHT]:
        sentences = dump.abstracts[paper].split(". ")
        texts += [dump.titles[paper], sentences[random.integers(len(sentences))]]
    return token_ids(tokenizer, texts), teacher.encode(texts)


def train(table: torch.nn.Parameter, pairs: Pairs, texts: list[Ids], targets: torch.Tensor) -> None:
    random = np.random.default_rng(SEED)
    optimizer = torch.optim.Adagrad([table], lr=RATE, fused=True)
    own = torch.arange(BATCH)
    papers = np.empty(0, dtype=np.int64)
    for step in range(STEPS):
        rate = RATE * min(1, (step + 1) / WARM_UP) * max(LAST_RATE, 1 - step / STEPS)
        optimizer.param_groups[0]["lr"] = rate
        if len(papers) < BATCH:
            papers = random.permutation(len(pairs))
        batch, papers = papers[:BATCH], papers[BATCH:]
        drawn = [pairs.draw(paper) for paper in batch]
        queries, documents = (pooled(table, [pair[side] for pair in drawn]) for side in (0, 1))
        near = SHARPNESS * queries @ documents.T
        loss = functional.cross_entropy(near, own) + BACKWARD * functional.cross_entropy(
            near.T, own
        )
        loss = loss + TAUGHT_SHARE * lesson(table, random, texts, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)


def lesson(
    table: torch.nn.Parameter, random: np.random.Generator, texts: list[Ids], targets: torch.Tensor
) -> torch.Tensor:
    """Measure how far the likenesses among some texts are from the teacher's."""
    papers = 2 * random.integers(len(texts) // 2, size=TAUGHT_BATCH)
    some = np.concatenate([papers, papers + 1])
    mine, told = pooled(table, [texts[number] for number in some]), targets[some]
    itself = 1e4 * torch.eye(len(some))
    return functional.kl_div(
        functional.log_softmax(SHARPNESS * mine @ mine.T - itself, 1),
        functional.softmax(TEACHER_SHARPNESS * told @ told.T - itself, 1),
        reduction="batchmean",
    )


def pooled(table: torch.nn.Parameter, texts: list[Ids]) -> torch.Tensor:
    starts = np.cumsum([0, *(len(text) for text in texts[:-1])])
    ids = torch.from_numpy(np.concatenate(texts).astype(np.int64))
    sums = functional.embedding_bag(ids, table, torch.from_numpy(starts), mode="sum")
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
