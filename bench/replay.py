"""Replay the hub's mornings: the scores of each page, and the upvotes its papers then gained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log10
from pathlib import Path

import numpy as np

from broadsheet.model import Kind
from broadsheet.rules.gains import KINDS, Observations, decayed_attention, gains_of
from broadsheet.rules.trending import baselines, prior_attention, score
from broadsheet.trending.upvote_prior import predict_upvotes
from hub import (
    PAPERS,
    RANKS,
    Histories,
    Morning,
    PageRecord,
    midnight_h,
    read_orders,
    read_papers,
)

FEWEST = 4
_DAY_H, _WEEK_H = 24.0, 7 * 24.0
_NEXT_H, _LATER_H = (8.0, 36.0), 3 * _DAY_H
# Snapshots further apart are not interpolated.
_LINE_H = 14 * _DAY_H

Scores = Mapping[str, float]
Scorer = Callable[[Morning], Scores]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The upvotes of a morning's papers at that time and later, as far as there are snapshots.

    Parameters
    ----------
    now, next, later, gain24, gain72 : mapping of str to float
        Upvotes that morning, the next day and three or more days later; gains of 24 and 72 hours.
    """

    now: Scores
    next: Scores
    later: Scores
    gain24: Scores
    gain72: Scores


class Replay:
    """The hub's pages, morning by morning.

    Parameters
    ----------
    path : Path
        The snapshots; the other files are read from the same folder.
    """

    def __init__(self, path: Path) -> None:
        self.histories = Histories(path)
        self._orders = read_orders(path.with_name(RANKS))
        self._records = read_papers(path.with_name(PAPERS))
        known = list(self._records)
        upvotes = predict_upvotes([self._records[paper].paper for paper in known])
        self._predicted = dict(zip(known, upvotes.tolist(), strict=True))

    @property
    def mornings(self) -> list[Morning]:
        """The mornings with a page of at least four papers."""
        return [one for one in self.histories.mornings if len(one.papers) >= FEWEST]

    @property
    def scorers(self) -> dict[str, Scorer]:
        """The scores to compare, Broadsheet's first."""
        return {
            "broadsheet": self.broadsheet,
            "upvotes": self._upvotes,
            "hn": self._hacker_news,
            "reddit": self._reddit,
            "newest": lambda morning: {p: self.appeared_h(p, morning) for p in morning.papers},
            "page_order": self._page_order,
        }

    def record(self, paper: str, at_h: float) -> PageRecord | None:
        """Return the record of a paper; None if it was not known at that time."""
        record = self._records.get(paper)
        # A page is read within half an hour of its list.
        return record if record and record.read_h <= at_h + 0.5 else None

    def appeared_h(self, paper: str, morning: Morning) -> float:
        """Return when a paper appeared on the hub, from what was known that morning."""
        record = self.record(paper, morning.at_h)
        if record and record.submitted_h is not None and record.submitted_h < morning.at_h:
            return record.submitted_h
        return min(midnight_h(morning.day), self.histories.of[paper][0].at_h)

    def broadsheet(
        self, morning: Morning, *, half_life_h: float | None = None, prior: bool = True
    ) -> Scores:
        """Return the trending scores of the library."""
        decay = {} if half_life_h is None else {"half_life_h": half_life_h}
        appeared_h = np.array([self.appeared_h(paper, morning) for paper in morning.papers])
        gains = gains_of(self._observations(morning), appeared_h)
        attention = decayed_attention(gains, len(morning.papers), morning.at_h, **decay)
        baseline = baselines(attention)
        if prior:
            attention[:, KINDS.index(Kind.UPVOTES)] += prior_attention(
                np.array([self.predicted(paper, morning.at_h) for paper in morning.papers]),
                appeared_h,
                morning.at_h,
                **decay,
            )
        return dict(zip(morning.papers, score(attention, baseline).tolist(), strict=True))

    def predicted(self, paper: str, at_h: float) -> float:
        """Return the predicted upvotes of a paper; 0 if its text was unknown at that time."""
        return self._predicted[paper] if self.record(paper, at_h) else 0.0

    def _observations(self, morning: Morning) -> Observations:
        rows: list[tuple[int, int, bool, float, float]] = []
        for index, paper in enumerate(morning.papers):
            known = self.histories.known(paper, morning.at_h)
            for kind, counts in (
                (Kind.UPVOTES, [snapshot.upvotes for snapshot in known]),
                (Kind.COMMENTS, [snapshot.comments for snapshot in known]),
                (Kind.STARS, [snapshot.stars for snapshot in known]),
            ):
                series = [
                    (count, one.at_h)
                    for count, one in zip(counts, known, strict=True)
                    if count is not None
                ]
                rows += [
                    (index, KINDS.index(kind), place == 0, float(count), at_h)
                    for place, (count, at_h) in enumerate(series)
                ]
        paper_of, kind_of, starts, value, at_h = zip(*rows, strict=True)
        return Observations(
            paper=np.array(paper_of, dtype=np.int64),
            kind=np.array(kind_of, dtype=np.int64),
            starts=np.array(starts, dtype=np.bool_),
            # The hub's page is the only source of every kind.
            shared=np.zeros(len(rows), dtype=np.bool_),
            value=np.array(value, dtype=np.float64),
            at_h=np.array(at_h, dtype=np.float64),
        )

    def now(self, morning: Morning) -> dict[str, float]:
        """Return the upvotes of a morning's papers at that moment."""
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
        """Return what happened next; the scores never use it."""
        now = self.now(morning)
        following, later = {}, {}
        for paper in morning.papers:
            snapshots = self.histories.of[paper]
            low, high = (morning.at_h + hours for hours in _NEXT_H)
            soon = [one for one in snapshots if low <= one.at_h <= high]
            if soon:
                nearest = min(soon, key=lambda one: abs(one.at_h - morning.at_h - _DAY_H))
                following[paper] = float(nearest.upvotes)
            if snapshots[-1].at_h >= morning.at_h + _LATER_H:
                later[paper] = float(snapshots[-1].upvotes)
        gain24 = {paper: max(0.0, upvotes - now[paper]) for paper, upvotes in following.items()}
        return Outcome(now, following, later, gain24, self.gains(morning, 72.0))

    def gains(self, morning: Morning, hours: float) -> Scores:
        """Interpolate the gains of the hours after a morning; papers without data are omitted."""

        def upvotes(paper: str, after_h: float) -> float | None:
            return self.histories.upvotes_at(paper, morning.at_h + after_h, _LINE_H)

        pairs = ((paper, upvotes(paper, 0.0), upvotes(paper, hours)) for paper in morning.papers)
        return {
            paper: max(0.0, later - now)
            for paper, now, later in pairs
            if now is not None and later is not None
        }

    def of_the_week(self, morning: Morning) -> Morning:
        """Add the papers whose first snapshot is of the seven days before."""
        recent = {
            paper: snapshots[0].at_h
            for paper, snapshots in self.histories.of.items()
            if 0 < morning.at_h - snapshots[0].at_h < _WEEK_H
        }
        return replace(morning, papers=tuple(dict.fromkeys([*morning.papers, *recent])))
