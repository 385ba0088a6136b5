"""Train the model that predicts the upvotes of a paper, on papers of the Hugging Face Hub.

    python train/upvote_prior.py DIR --out src/broadsheet/trending/upvote_prior_data \
        [--through 2025-12]

DIR contains `upvote_snapshots.csv.gz` and `daily_papers.jsonl.gz`. Papers and observations after
the named month are not used. The target is log(1 + last observed upvotes), less the mean over the
papers of the same day. The strength of the ridge penalty is chosen by cross-validation over months.
The script prints the correlations and the SHA-256 of the weights.
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
from broadsheet.model import Paper
from broadsheet.trending.upvote_prior import features
from hub import PAPERS, Histories, after_month, midnight_h, moment_of, read_papers

_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
Floats = NDArray[np.float64]


def main() -> None:
    """Train, print the cross-validated correlations, and write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--through", default="2025-12", help="the last month used")
    options = parser.parse_args()
    inputs, target, months = _examples(options.folder, options.through)
    correlations = {
        strength: _cross_validated(inputs, target, months, strength) for strength in _STRENGTHS
    }
    for strength, correlation in correlations.items():
        print(f"strength {strength}: correlation {correlation:.3f} on months left out")
    weights = _ridge(inputs, target, max(correlations, key=lambda one: correlations[one]))
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "weights.npz"
    with path.open("wb") as out:
        np.savez(out, weights=weights.astype(np.float32), encoder=load_encoder().name)
    digest = hashlib.sha256(weights.astype("<f4").tobytes()).hexdigest()
    print(f"{len(target)} papers to {options.through}; weights {digest[:16]}")


def _examples(folder: Path, through: str) -> tuple[Floats, Floats, list[str]]:
    """Return the inputs, the targets and the months of the papers."""
    histories = Histories(folder / "upvote_snapshots.csv.gz")
    end_h = midnight_h(after_month(through))
    days: dict[str, list[int]] = defaultdict(list)
    papers: list[Paper] = []
    upvotes: list[float] = []
    months: list[str] = []
    for paper, record in read_papers(folder / PAPERS).items():
        known = histories.known(paper, end_h - 1e-9)
        if known and record.read_h < end_h:
            at = moment_of(record.read_h)
            days[at.date().isoformat()].append(len(papers))
            papers.append(record.paper)
            upvotes.append(np.log1p(known[-1].upvotes))
            months.append(f"{at:%Y-%m}")
    target = np.array(upvotes)
    mean = float(target.mean())
    for rows in days.values():
        target[rows] -= target[rows].mean()
    return features(papers), target + mean, months


def _cross_validated(inputs: Floats, target: Floats, months: list[str], strength: float) -> float:
    """Return the correlation of targets and predictions, each month predicted by the others."""
    month_of = np.array(months)
    predicted = np.zeros(len(target))
    for month in set(months):
        left_out = month_of == month
        weights = _ridge(inputs[~left_out], target[~left_out], strength)
        predicted[left_out] = inputs[left_out] @ weights[1:] + weights[0]
    return float(np.corrcoef(predicted, target)[0, 1])


def _ridge(inputs: Floats, target: Floats, strength: float) -> Floats:
    """Return the intercept and the slope of a ridge regression."""
    mean = inputs.mean(axis=0)
    centred = inputs - mean
    gram = centred.T @ centred + strength * np.eye(inputs.shape[1])
    slope = np.linalg.solve(gram, centred.T @ (target - target.mean()))
    return np.concatenate([[target.mean() - mean @ slope], slope])


if __name__ == "__main__":
    main()
