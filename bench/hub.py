"""Recorded data of the hub's daily papers: upvote observations, page order, paper metadata."""

import csv
import gzip
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import orjson

from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper

RANKS, PAPERS = "rank_snapshots.csv.gz", "daily_papers.jsonl.gz"
_DAILY = "daily:"
# A page is observed each morning; one that was first observed later is not a morning page.
_LATEST_MORNING = time(12)
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Observation:
    """The counts of one paper at one time.

    Parameters
    ----------
    at_h : float
        Hours since 1970.
    upvotes : int
        Total upvotes.
    comments, stars : int or None
        Totals; None if they were not observed.
    """

    at_h: float
    upvotes: int
    comments: int | None
    stars: int | None


@dataclass(frozen=True, slots=True)
class Morning:
    """The page of one day, as observed that morning.

    Parameters
    ----------
    day : date
        The page's day.
    at_h : float
        Hours since 1970 at which it was observed.
    papers : tuple of str
        arXiv ids on it.
    """

    day: date
    at_h: float
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageRecord:
    """The metadata of a paper on the page.

    Parameters
    ----------
    paper : Paper
        The paper.
    read_h : float
        Hours since 1970 at which it was read.
    submitted_h : float or None
        Hours since 1970 at which the paper was submitted; None if unknown.
    submitter : str
        Who submitted it; empty if unknown.
    """

    paper: Paper
    read_h: float
    submitted_h: float | None
    submitter: str


def hours(moment: datetime) -> float:
    """Return the hours since 1970."""
    return moment.timestamp() / HOUR_S


def moment_of(at_h: float) -> datetime:
    """Return the time of some hours since 1970."""
    return datetime.fromtimestamp(at_h * HOUR_S, UTC)


class Histories:
    """All observations, by paper and in order of time.

    Parameters
    ----------
    path : Path
        ``upvote_snapshots.csv.gz``.
    """

    def __init__(self, path: Path) -> None:
        self.of: dict[str, list[Observation]] = defaultdict(list)
        pages: dict[tuple[date, float], list[str]] = defaultdict(list)
        for row in _rows(path):
            at = datetime.fromisoformat(row["snapshot_utc"])
            observation = Observation(
                hours(at),
                int(row["upvotes"]),
                _count(row.get("num_comments")),
                _count(row.get("github_stars")),
            )
            self.of[row["paper_id"]].append(observation)
            page = row.get("page") or ""
            if page.startswith(_DAILY) and at.time() < _LATEST_MORNING:
                day = date.fromisoformat(page.removeprefix(_DAILY))
                if day == at.date():
                    pages[day, observation.at_h].append(row["paper_id"])
        for observations in self.of.values():
            observations.sort(key=lambda each: each.at_h)
        self.mornings = _one_a_day(pages)

    def known(self, paper: str, at_h: float) -> Sequence[Observation]:
        """Return the observations of a paper up to a time."""
        observations = self.of[paper]
        return observations[: bisect_right(observations, at_h, key=lambda each: each.at_h)]

    def upvotes_at(self, paper: str, at_h: float, within_h: float) -> float | None:
        """Estimate the upvotes at a time by linear interpolation between two observations.

        Returns
        -------
        float or None
            None if the paper was not observed within `within_h` hours after that time.
        """
        before, after = self.known(paper, at_h), self.of[paper]
        rest = after[len(before) :]
        if not rest or not before or rest[0].at_h - at_h > within_h:
            return None
        old, new = before[-1], rest[0]
        share = (at_h - old.at_h) / (new.at_h - old.at_h)
        return old.upvotes + share * (new.upvotes - old.upvotes)


def _one_a_day(pages: Mapping[tuple[date, float], Sequence[str]]) -> list[Morning]:
    mornings: dict[date, Morning] = {}
    for (day, at_h), papers in sorted(pages.items()):
        mornings[day] = Morning(day, at_h, tuple(dict.fromkeys(papers)))
    return list(mornings.values())


def read_orders(path: Path) -> list[tuple[float, dict[str, int]]]:
    """Read the order of the service's page at each observation.

    Returns
    -------
    list of (hours since 1970, rank by paper)
        In order of time; empty without such a file.
    """
    orders: dict[float, dict[str, int]] = defaultdict(dict)
    for row in _rows(path) if path.exists() else ():
        at_h = hours(datetime.fromisoformat(row["snapshot_utc"]))
        orders[at_h][row["paper_id"]] = int(row["rank"])
    return sorted(orders.items())


def read_papers(path: Path) -> dict[str, PageRecord]:
    """Read the first metadata of each paper on the page; empty without such a file."""
    records: dict[str, PageRecord] = {}
    if not path.exists():
        return records
    with gzip.open(path, "rb") as lines:
        for line in lines:
            row = orjson.loads(line)
            if row["id"] not in records:
                records[row["id"]] = _record(row)
    return records


def _record(row: dict[str, object]) -> PageRecord:
    authors = row.get("authors")
    submitted = row.get("submitted_on_daily_at")
    paper = make_paper(
        title=str(row.get("title") or ""),
        abstract=str(row.get("abstract") or ""),
        authors=[str(name) for name in authors] if isinstance(authors, list) else (),
        published=str(row.get("arxiv_published_at") or "")[:10] or None,
        arxiv=str(row["id"]),
        code_url=str(row.get("github_repo") or "") or None,
    )
    return PageRecord(
        paper,
        hours(datetime.fromisoformat(str(row["snapshot_utc"]))),
        hours(datetime.fromisoformat(str(submitted))) if submitted else None,
        str(row.get("submitted_by") or ""),
    )


def midnight_h(day: date) -> float:
    """Return the start of a day in UTC, as hours since 1970."""
    return hours(datetime.combine(day, time(), UTC))


def after_month(month: str) -> date:
    """Return the first day after a month such as ``2025-12``."""
    return (date.fromisoformat(f"{month}-28") + timedelta(days=4)).replace(day=1)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _count(text: str | None) -> int | None:
    return int(float(text)) if text else None
