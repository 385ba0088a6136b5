"""Measure the shipped encoder alone on a judged collection in BEIR layout.

python train/evaluate.py FOLDER…
"""

import argparse
import gzip
import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from broadsheet.encoders.static import load_encoder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    for folder in parser.parse_args().folders:
        ndcg, recall = measure(folder)
        print(f"{folder.name}: nDCG@10 {ndcg:.3f}, recall@100 {recall:.3f}")


def measure(folder: Path) -> tuple[float, float]:
    """Return nDCG@10 (linear gains) and recall@100, means over the judged queries."""
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    with gzip.open(folder / "qrels.test.tsv.gz", "rt") as lines:
        next(lines)
        for query, paper, grade in (line.split("\t") for line in lines):
            if int(grade) > 0:
                judged[query][paper] = int(grade)
    corpus = _read(folder / "corpus.jsonl.gz")
    queries = [query for query in _read(folder / "queries.jsonl.gz") if query["_id"] in judged]
    encoder = load_encoder()
    papers = encoder.encode([f"{paper.get('title', '')} {paper['text']}" for paper in corpus])
    vectors = encoder.encode([query["text"] for query in queries])
    discounts = 1 / np.log2(np.arange(2, 12))
    ndcg, recall = [], []
    for query, near in zip(queries, vectors @ papers.T, strict=True):
        grades = judged[query["_id"]]
        best = [corpus[number]["_id"] for number in np.argsort(-near, kind="stable")[:100]]
        gained = np.array([grades.get(paper, 0) for paper in best[:10]])
        ideal = np.array(sorted(grades.values(), reverse=True)[:10])
        ndcg.append(gained @ discounts / (ideal @ discounts[: len(ideal)]))
        recall.append(len(grades.keys() & set(best)) / len(grades))
    return float(np.mean(ndcg)), float(np.mean(recall))


def _read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


if __name__ == "__main__":
    main()
