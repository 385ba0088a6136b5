"""Make the model of what a text predict_upvotes, from papers on the hub and what became of them.

    python train/promise.py DIR --out src/broadsheet/trending/upvote_prior_data [--through 2025-12]

DIR holds `upvote_snapshots.csv.gz` and `daily_papers.jsonl.gz`. Nothing later than the month named
is looked at, neither papers nor readings. The target is the logarithm of one more than the last
upvotes read, less the mean of the papers of the same day. The ridge's strength is chosen by leaving
out each month in turn; the weights, their SHA-256 and the correlations are printed.
"""

import argparse
import hashlib
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).parents[1] / "bench"))
from broadsheet.encoders.static import load_encoder
from broadsheet.trending.upvote_prior import features
from hub import PAPERS, Histories, after_month, midnight_h, moment_of, read_papers

_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
Floats = NDArray[np.float64]


def main() -> None:
    """Train, say how well it foretells, and write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--through", default="2025-12", help="the last month looked at")
    asked = parser.parse_args()
    seen, target, months = _examples(asked.folder, asked.through)
    found = {strength: _foretold(seen, target, months, strength) for strength in _STRENGTHS}
    for strength, correlation in found.items():
        print(f"strength {strength}: correlation {correlation:.3f} with months left out")
    weights = _ridge(seen, target, max(found, key=lambda one: found[one]))
    asked.out.mkdir(parents=True, exist_ok=True)
    path = asked.out / "weights.npz"
    with path.open("wb") as out:
        np.savez(out, weights=weights.astype(np.float32), encoder=load_encoder().name)
    digest = hashlib.sha256(weights.astype("<f4").tobytes()).hexdigest()
    print(f"{len(target)} papers to {asked.through}; weights {digest[:16]}")


def _examples(folder: Path, through: str) -> tuple[Floats, Floats, list[str]]:
    histories = Histories(folder / "upvote_snapshots.csv.gz")
    end_h = midnight_h(after_month(through))
    told = {paper: one for paper, one in read_papers(folder / PAPERS).items() if one.read_h < end_h}
    days: dict[str, list[int]] = defaultdict(list)
    papers, upvotes, months = [], [], []
    for paper, one in told.items():
        known = histories.known(paper, end_h - 1e-9)
        if known:
            at = moment_of(one.read_h)
            days[at.date().isoformat()].append(len(papers))
            papers.append(one.paper)
            upvotes.append(np.log1p(known[-1].upvotes))
            months.append(f"{at:%Y-%m}")
    target = np.array(upvotes)
    mean = float(target.mean())
    for rows in days.values():
        target[rows] -= target[rows].mean()
    return features(papers), target + mean, months


def _foretold(seen: Floats, target: Floats, months: list[str], strength: float) -> float:
    month_of = np.array(months)
    foretold = np.zeros(len(target))
    for month in set(months):
        left_out = month_of == month
        weights = _ridge(seen[~left_out], target[~left_out], strength)
        foretold[left_out] = seen[left_out] @ weights[1:] + weights[0]
    return float(np.corrcoef(foretold, target)[0, 1])


def _ridge(seen: Floats, target: Floats, strength: float) -> Floats:
    mean = seen.mean(axis=0)
    centred = seen - mean
    gram = centred.T @ centred + strength * np.eye(seen.shape[1])
    slope = np.linalg.solve(gram, centred.T @ (target - target.mean()))
    return np.concatenate([[target.mean() - mean @ slope], slope])


if __name__ == "__main__":
    main()
