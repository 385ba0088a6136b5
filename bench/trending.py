"""How well the trending score foretells what rises: a replay of real mornings.

    python bench/trending.py SNAPSHOTS.csv.gz [--since 2026-01-01] [--json]

Each morning a page of papers is ranked by what was known by then, and judged by what came next.
Beside SNAPSHOTS lie `rank_snapshots.csv.gz` (the page's own order) and `daily_papers.jsonl.gz`
(titles, abstracts, when each was put forward); without them, their part is left out.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import log2, log10
from pathlib import Path

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from broadsheet.index.promise import promises
from broadsheet.model import Kind
from broadsheet.rules.trending import (
    KINDS,
    Readings,
    gains_of,
    heat,
    promise_heat,
    score,
    usual,
)
from hub import (
    PAPERS,
    RANKS,
    Histories,
    Morning,
    Told,
    after_month,
    midnight_h,
    read_orders,
    read_papers,
)

# What the score and the promise of a text were chosen by ends with this month.
CHOSEN_THROUGH = "2025-12"
_DAY_H, _WEEK_H = 24.0, 7 * 24.0
_NEXT_H, _LATER_H = (8.0, 36.0), 3 * _DAY_H
# A line between two readings further apart tells little of the hours between.
_LINE_H = 14 * _DAY_H
_FEWEST = 4
# Few papers are cold on one morning, and the first three of them are looked at.
_COLD_UPVOTES, _COLD_SHOWN = 1, 3
_DRAWS = 2_000

Scores = Mapping[str, float]
Scorer = Callable[[Morning], Scores]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the papers of a morning, where it was read.

    Parameters
    ----------
    now, next, later, gain24, gain72 : mapping of str to float
        Upvotes that morning, the next day and three or more days later, and what was gained.
    """

    now: Scores
    next: Scores
    later: Scores
    gain24: Scores
    gain72: Scores


def main() -> None:
    """Replay, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("snapshots", type=Path)
    parser.add_argument("--since", type=date.fromisoformat, help="the first morning judged")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    replay = Replay(asked.snapshots)
    since = asked.since or after_month(CHOSEN_THROUGH)
    mornings = [one for one in replay.mornings if one.day >= since]
    if not mornings:
        sys.exit(
            f"trending: no morning since {since} in {asked.snapshots}: give --since an earlier day"
        )
    if since < after_month(CHOSEN_THROUGH):
        print(f"trending: the score was chosen on months to {CHOSEN_THROUGH}", file=sys.stderr)
    document = judge(replay, mornings)
    if asked.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(document)


class Replay:
    """All that is known of the hub's pages, told morning by morning.

    Parameters
    ----------
    path : Path
        The readings; the other files are looked for beside it.
    """

    def __init__(self, path: Path) -> None:
        self.histories = Histories(path)
        self._orders = read_orders(path.with_name(RANKS))
        self._told = read_papers(path.with_name(PAPERS))
        known = list(self._told)
        told = promises([self._told[paper].paper for paper in known])
        self._promised = dict(zip(known, told.tolist(), strict=True))

    @property
    def mornings(self) -> list[Morning]:
        """The mornings that have a page of at least four papers."""
        return [one for one in self.histories.mornings if len(one.papers) >= _FEWEST]

    @property
    def scorers(self) -> dict[str, Scorer]:
        """The scores compared, ours first."""
        return {
            "broadsheet": self.broadsheet,
            "upvotes": self._upvotes,
            "hn": self._hacker_news,
            "reddit": self._reddit,
            "newest": lambda morning: {p: self.appeared_h(p, morning) for p in morning.papers},
            "page_order": self._page_order,
        }

    def told(self, paper: str, at_h: float) -> Told | None:
        """Give what was said of a paper by a moment; the page is read with its list."""
        told = self._told.get(paper)
        return told if told and told.told_h <= at_h + 0.5 else None

    def appeared_h(self, paper: str, morning: Morning) -> float:
        """Tell since when a paper was on the hub, as far as one could know."""
        told = self.told(paper, morning.at_h)
        if told and told.submitted_h is not None and told.submitted_h < morning.at_h:
            return told.submitted_h
        return min(midnight_h(morning.day), self.histories.of[paper][0].at_h)

    def broadsheet(
        self, morning: Morning, *, half_life_h: float | None = None, promise: bool = True
    ) -> Scores:
        """Score as the newspaper does."""
        cooling = {} if half_life_h is None else {"half_life_h": half_life_h}
        appeared = np.array([self.appeared_h(paper, morning) for paper in morning.papers])
        gains = gains_of(self._readings(morning), appeared)
        heats = heat(gains, len(morning.papers), morning.at_h, **cooling)
        usually = usual(heats)
        if promise:
            heats[:, KINDS.index(Kind.UPVOTES)] += promise_heat(
                np.array([self.promised(paper, morning.at_h) for paper in morning.papers]),
                appeared,
                morning.at_h,
                **cooling,
            )
        return dict(zip(morning.papers, score(heats, usually).tolist(), strict=True))

    def promised(self, paper: str, at_h: float) -> float:
        """Give what a paper's text promises, 0 where it was not known by then."""
        return self._promised[paper] if self.told(paper, at_h) else 0.0

    def _readings(self, morning: Morning) -> Readings:
        rows: list[tuple[int, int, bool, float, float]] = []
        for index, paper in enumerate(morning.papers):
            known = self.histories.known(paper, morning.at_h)
            for kind, counts in (
                (Kind.UPVOTES, [reading.upvotes for reading in known]),
                (Kind.COMMENTS, [reading.comments for reading in known]),
                (Kind.STARS, [reading.stars for reading in known]),
            ):
                read = [
                    (count, one.at_h)
                    for count, one in zip(counts, known, strict=True)
                    if count is not None
                ]
                rows += [
                    (index, KINDS.index(kind), place == 0, float(count), at_h)
                    for place, (count, at_h) in enumerate(read)
                ]
        paper_of, kind_of, starts, value, at_h = zip(*rows, strict=True)
        return Readings(
            np.array(paper_of, dtype=np.int64),
            np.array(kind_of, dtype=np.int64),
            np.array(starts, dtype=np.bool_),
            np.array(value, dtype=np.float64),
            np.array(at_h, dtype=np.float64),
        )

    def now(self, morning: Morning) -> dict[str, float]:
        """Give the upvotes of a morning's papers at that moment."""
        return {
            paper: float(self.histories.known(paper, morning.at_h)[-1].upvotes)
            for paper in morning.papers
        }

    def _upvotes(self, morning: Morning) -> Scores:
        return self.now(morning)

    def _hacker_news(self, morning: Morning) -> Scores:
        def points(paper: str, upvotes: float) -> float:
            age_h = morning.at_h - self.appeared_h(paper, morning)
            return float(max(upvotes - 1, 0.0) ** 0.8 / (age_h + 2) ** 1.8)

        return {paper: points(paper, votes) for paper, votes in self.now(morning).items()}

    def _reddit(self, morning: Morning) -> Scores:
        return {
            paper: log10(max(votes, 1.0)) + self.appeared_h(paper, morning) * 3600 / 45_000
            for paper, votes in self.now(morning).items()
        }

    def _page_order(self, morning: Morning) -> Scores:
        ranks: Mapping[str, int] = {}
        for at_h, order in self._orders:
            if at_h > morning.at_h:
                break
            if morning.at_h - at_h < _DAY_H:
                ranks = order
        return {paper: -float(ranks.get(paper, 10_000)) for paper in morning.papers}

    def outcome(self, morning: Morning) -> Outcome:
        """Tell what came next; the ranking never sees it."""
        now = self.now(morning)
        following, later = {}, {}
        for paper in morning.papers:
            readings = self.histories.of[paper]
            low, high = (morning.at_h + hours for hours in _NEXT_H)
            soon = [one for one in readings if low <= one.at_h <= high]
            if soon:
                nearest = min(soon, key=lambda one: abs(one.at_h - morning.at_h - _DAY_H))
                following[paper] = float(nearest.upvotes)
            if readings[-1].at_h >= morning.at_h + _LATER_H:
                later[paper] = float(readings[-1].upvotes)
        gain24 = {paper: max(0.0, upvotes - now[paper]) for paper, upvotes in following.items()}
        return Outcome(now, following, later, gain24, self.gains(morning, 72.0))

    def gains(self, morning: Morning, hours: float) -> Scores:
        """Estimate what papers gained in the hours after a morning, where they were read again."""

        def upvotes(paper: str, after_h: float) -> float | None:
            return self.histories.upvotes_at(paper, morning.at_h + after_h, _LINE_H)

        told = ((paper, upvotes(paper, 0.0), upvotes(paper, hours)) for paper in morning.papers)
        return {
            paper: max(0.0, later - now)
            for paper, now, later in told
            if now is not None and later is not None
        }

    def of_the_week(self, morning: Morning) -> Morning:
        """Add the papers that were first read within the seven days before."""
        begun = {
            paper: readings[0].at_h
            for paper, readings in self.histories.of.items()
            if 0 < morning.at_h - readings[0].at_h < _WEEK_H
        }
        return replace(morning, papers=tuple(dict.fromkeys([*morning.papers, *begun])))


def judge(replay: Replay, mornings: Sequence[Morning]) -> dict[str, object]:
    """Rank every morning with every scorer, and say how well each foretold.

    Returns
    -------
    dict
        As `--json` prints it.
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
        if _read_enough(truth, scores):
            for count in (3, 10):
                if len(truth) > count:
                    marks[f"top{count}_{name}"] = overlap(scores, truth, count)
    for name, truth in (("ndcg10_gain24", outcome.gain24), ("ndcg10_gain72", outcome.gain72)):
        if _read_enough(truth, scores) and any(truth.values()):
            marks[name] = ndcg(scores, truth, 10)
    return marks


def _read_enough(truth: Scores, scores: Scores) -> bool:
    return len(truth) >= max(_FEWEST, len(scores) / 2)


def overlap(scores: Scores, truth: Scores, count: int) -> float:
    """Tell which share of the first ones by score are among the first ones in truth.

    Ties go by the papers' ids, in the same way on both sides.
    """
    first = sorted(truth, key=lambda paper: (-scores[paper], paper))[:count]
    wanted = sorted(truth, key=lambda paper: (-truth[paper], paper))[:count]
    return len(set(first) & set(wanted)) / count


def ndcg(scores: Scores, gains: Scores, count: int) -> float:
    """Give the discounted gain of the first ones over that of the best order (linear gains)."""
    ranked = sorted(gains, key=lambda paper: (-scores[paper], paper))[:count]
    best = sorted(gains.values(), reverse=True)[:count]
    ideal = sum(gain / log2(place + 2) for place, gain in enumerate(best))
    return sum(gains[paper] / log2(place + 2) for place, paper in enumerate(ranked)) / ideal


def _means(marks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = ("top3_next", "top3_later", "top10_next", "top10_later")
    told = {name: [one[name] for one in marks if name in one] for name in (*names, *_GAINS)}
    return {name: round(float(np.mean(of)), 4) for name, of in told.items() if of}


_GAINS = ("ndcg10_gain24", "ndcg10_gain72")


def _ahead(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]
) -> dict[str, list[float]]:
    """Give the 95% interval of the mean difference, by drawing mornings again and again."""
    random = np.random.default_rng(11)
    told = {}
    for name in _means(ours):
        differences = np.array(
            [a[name] - b[name] for a, b in zip(ours, theirs, strict=True) if name in a]
        )
        drawn = random.choice(differences, (_DRAWS, len(differences))).mean(axis=1)
        told[name] = [round(float(limit), 4) for limit in np.percentile(drawn, (2.5, 97.5))]
    return told


def _among_the_week(replay: Replay, mornings: Sequence[Morning]) -> dict[str, object]:
    """Judge a choice among all papers of the last seven days, as a front page makes it."""
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
    """Judge papers with no upvote but their submitter's by what they gained in 24 and 72 hours."""
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
            if now[paper] <= _COLD_UPVOTES and replay.told(paper, morning.at_h)
        }
        if len(cold) < _FEWEST or not any(cold.values()):
            continue
        papers += len(cold)
        by_text = {paper: replay.promised(paper, morning.at_h) for paper in cold}
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
