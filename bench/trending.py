"""Measure how well the trending score predicts gains, by replaying real mornings.

    python bench/trending.py SNAPSHOTS.csv.gz [--since 2026-01-01] [--json]

The papers of each morning are ranked by what was known then, and compared with what they gained
next. The folder of SNAPSHOTS may also contain `rank_snapshots.csv.gz` (the page's own order) and
`daily_papers.jsonl.gz` (titles, abstracts, times of submission).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from math import log2
from pathlib import Path

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from hub import Morning, after_month
from replay import FEWEST, Outcome, Replay, Scores

# The score was chosen, and the upvote prior trained, on data up to this month.
CHOSEN_THROUGH = "2025-12"
_GAINS = ("ndcg10_gain24", "ndcg10_gain72")
# Few papers of one morning are without attention; the first three of the ranking are judged.
_COLD_UPVOTES, _COLD_SHOWN = 1, 3
_DRAWS = 2_000


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", type=Path)
    parser.add_argument("--since", type=date.fromisoformat, help="the first morning to judge")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    replay = Replay(options.snapshots)
    since = options.since or after_month(CHOSEN_THROUGH)
    mornings = [one for one in replay.mornings if one.day >= since]
    if not mornings:
        sys.exit(
            f"trending: no morning since {since} in {options.snapshots}: use an earlier --since"
        )
    if since < after_month(CHOSEN_THROUGH):
        print(f"trending: the score was chosen on months to {CHOSEN_THROUGH}", file=sys.stderr)
    document = judge(replay, mornings)
    if options.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(document)


def judge(replay: Replay, mornings: Sequence[Morning]) -> dict[str, object]:
    """Rank every morning with every score, and compare the rankings with the gains.

    Returns
    -------
    dict
        The document that `--json` prints.
    """
    marks: dict[str, list[dict[str, float]]] = {name: [] for name in replay.scorers}
    for morning in mornings:
        outcome = replay.outcome(morning)
        for name, scorer in replay.scorers.items():
            marks[name].append(_marks(scorer(morning), outcome))
    judged = [any(marks[name][index] for name in marks) for index in range(len(mornings))]
    return {
        "mornings": sum(judged),
        "first": mornings[0].day.isoformat(),
        "last": mornings[-1].day.isoformat(),
        "scorers": {name: _means(of) for name, of in marks.items()},
        "ahead_of_upvotes": _ahead(marks["broadsheet"], marks["upvotes"]),
        "week": _among_the_week(replay, mornings),
        "cold": _cold(replay, mornings),
    }


def _marks(scores: Scores, outcome: Outcome) -> dict[str, float]:
    marks = {}
    for name, truth in (("next", outcome.next), ("later", outcome.later)):
        if _has_enough(truth, scores):
            for count in (3, 10):
                if len(truth) > count:
                    marks[f"top{count}_{name}"] = overlap(scores, truth, count)
    for name, truth in (("ndcg10_gain24", outcome.gain24), ("ndcg10_gain72", outcome.gain72)):
        if _has_enough(truth, scores) and any(truth.values()):
            marks[name] = ndcg(scores, truth, 10)
    return marks


def _has_enough(truth: Scores, scores: Scores) -> bool:
    return len(truth) >= max(FEWEST, len(scores) / 2)


def overlap(scores: Scores, truth: Scores, count: int) -> float:
    """Return the share of the first papers by score that are among the first by truth.

    Ties are ordered by id on both sides.
    """
    first = sorted(truth, key=lambda paper: (-scores[paper], paper))[:count]
    wanted = sorted(truth, key=lambda paper: (-truth[paper], paper))[:count]
    return len(set(first) & set(wanted)) / count


def ndcg(scores: Scores, gains: Scores, count: int) -> float:
    """Return the nDCG of the first papers, with linear gains."""
    ranked = sorted(gains, key=lambda paper: (-scores[paper], paper))[:count]
    best = sorted(gains.values(), reverse=True)[:count]
    ideal = sum(gain / log2(place + 2) for place, gain in enumerate(best))
    return sum(gains[paper] / log2(place + 2) for place, paper in enumerate(ranked)) / ideal


def _means(marks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = ("top3_next", "top3_later", "top10_next", "top10_later")
    values = {name: [one[name] for one in marks if name in one] for name in (*names, *_GAINS)}
    return {name: round(float(np.mean(of)), 4) for name, of in values.items() if of}


def _ahead(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]
) -> dict[str, list[float]]:
    """Return the 95% interval of the mean difference, by bootstrap over mornings."""
    random = np.random.default_rng(11)
    intervals = {}
    for name in _means(ours):
        differences = np.array(
            [a[name] - b[name] for a, b in zip(ours, theirs, strict=True) if name in a]
        )
        drawn = random.choice(differences, (_DRAWS, len(differences))).mean(axis=1)
        intervals[name] = [round(float(limit), 4) for limit in np.percentile(drawn, (2.5, 97.5))]
    return intervals


def _among_the_week(replay: Replay, mornings: Sequence[Morning]) -> dict[str, object]:
    """Judge the rankings of all papers of the last seven days."""
    marks: dict[str, list[dict[str, float]]] = {name: [] for name in replay.scorers}
    for morning in mornings:
        wide = replay.of_the_week(morning)
        gains = {f"ndcg10_gain{hours:.0f}": replay.gains(wide, hours) for hours in (24.0, 72.0)}
        if any(len(of) <= 10 or not any(of.values()) for of in gains.values()):
            continue
        for name, scorer in replay.scorers.items():
            scores = scorer(wide)
            marks[name].append({mark: ndcg(scores, of, 10) for mark, of in gains.items()})
    return {
        "mornings": len(marks["broadsheet"]),
        "scorers": {name: _means(of) for name, of in marks.items() if name != "page_order"},
    }


def _cold(replay: Replay, mornings: Sequence[Morning]) -> dict[str, object]:
    """Judge the rankings of papers without attention, by gains of 24 and 72 hours."""
    return {
        mark: _cold_ones(replay, mornings, hours)
        for mark, hours in (("ndcg3_gain24", 24.0), ("ndcg3_gain72", 72.0))
    }


def _cold_ones(replay: Replay, mornings: Sequence[Morning], hours: float) -> dict[str, float | int]:
    marks: dict[str, list[float]] = {"broadsheet": [], "newest": [], "chance": []}
    papers = 0
    for morning in mornings:
        now, gained = replay.now(morning), replay.gains(morning, hours)
        cold = {
            paper: gain
            for paper, gain in gained.items()
            if now[paper] <= _COLD_UPVOTES and replay.record(paper, morning.at_h)
        }
        if len(cold) < FEWEST or not any(cold.values()):
            continue
        papers += len(cold)
        by_text = {paper: replay.predicted(paper, morning.at_h) for paper in cold}
        by_date = {paper: replay.appeared_h(paper, morning) for paper in cold}
        marks["broadsheet"].append(ndcg(by_text, cold, _COLD_SHOWN))
        marks["newest"].append(ndcg(by_date, cold, _COLD_SHOWN))
        marks["chance"].append(_by_chance(cold))
    means = {name: round(float(np.mean(of)), 4) for name, of in marks.items() if of}
    return {"mornings": len(marks["chance"]), "papers": papers, **means}


def _by_chance(gains: Scores) -> float:
    random = np.random.default_rng(len(gains))
    drawn = [
        ndcg(dict(zip(gains, random.random(len(gains)).tolist(), strict=True)), gains, _COLD_SHOWN)
        for _ in range(50)
    ]
    return float(np.mean(drawn))


def _print(document: dict[str, object]) -> None:
    console = Console()
    scorers = document["scorers"]
    assert isinstance(scorers, dict)
    names = list(scorers["upvotes"])
    table = Table("score", *names, title=f"{document['mornings']} mornings")
    for name, marks in scorers.items():
        table.add_row(name, *[f"{marks[column]:.4f}" for column in names])
    console.print(table)
    console.print("ahead of upvotes by (95%):", document["ahead_of_upvotes"])
    console.print("among the papers of a week:", document["week"])
    console.print("papers without attention:", document["cold"])


if __name__ == "__main__":
    main()
