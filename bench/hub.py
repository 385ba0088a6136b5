"""The histories of papers on the hub: readings of upvotes, the page's order, what papers said."""

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
# A page is read each morning; one that was read for the first time in the evening is none.
_LATEST_MORNING = time(12)
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One paper at one moment.

    Parameters
    ----------
    at_h : float
        Hours since 1970.
    upvotes : int
        Total.
    comments, stars : int or None
        Totals; None where they were not read.
    """

    at_h: float
    upvotes: int
    comments: int | None
    stars: int | None


@dataclass(frozen=True, slots=True)
class Morning:
    """The page of one day, as it was read that morning.

    Parameters
    ----------
    day : date
        The page's day.
    at_h : float
        When it was read.
    papers : tuple of str
        arXiv ids on it.
    """

    day: date
    at_h: float
    papers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the page said of a paper.

    Parameters
    ----------
    paper : Paper
        The paper.
    told_h : float
        When that was read.
    submitted_h : float or None
        When somebody put it forward.
    submitter : str
        Who did; empty where nobody says.
    """

    paper: Paper
    told_h: float
    submitted_h: float | None
    submitter: str


def hours(moment: datetime) -> float:
    """Count the hours since 1970."""
    return moment.timestamp() / HOUR_S


def moment_of(at_h: float) -> datetime:
    """Give the moment of some hours since 1970."""
    return datetime.fromtimestamp(at_h * HOUR_S, UTC)


class Histories:
    """All readings, by paper and in order of time.

    Parameters
    ----------
    path : Path
        ``upvote_snapshots.csv.gz``.
    """

    def __init__(self, path: Path) -> None:
        self.of: dict[str, list[Reading]] = defaultdict(list)
        pages: dict[tuple[date, float], list[str]] = defaultdict(list)
        for row in _rows(path):
            at = datetime.fromisoformat(row["snapshot_utc"])
            reading = Reading(
                hours(at),
                int(row["upvotes"]),
                _count(row.get("num_comments")),
                _count(row.get("github_stars")),
            )
            self.of[row["paper_id"]].append(reading)
            page = row.get("page") or ""
            if page.startswith(_DAILY) and at.time() < _LATEST_MORNING:
                day = date.fromisoformat(page.removeprefix(_DAILY))
                if day == at.date():
                    pages[day, reading.at_h].append(row["paper_id"])
        for readings in self.of.values():
            readings.sort(key=lambda reading: reading.at_h)
        self.mornings = _one_a_day(pages)

    def known(self, paper: str, at_h: float) -> Sequence[Reading]:
        """Give the readings of a paper up to a moment."""
        readings = self.of[paper]
        return readings[: bisect_right(readings, at_h, key=lambda reading: reading.at_h)]

    def upvotes_at(self, paper: str, at_h: float, within_h: float) -> float | None:
        """Estimate the upvotes at a moment, by a straight line between the readings around it.

        Returns
        -------
        float or None
            None where the paper was not read after the moment within `within_h` hours.
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
    """Read the order of the service's own page, reading by reading.

    Returns
    -------
    list of (hours since 1970, rank by paper)
        In order of time; empty where there is no such file.
    """
    orders: dict[float, dict[str, int]] = defaultdict(dict)
    for row in _rows(path) if path.exists() else ():
        at_h = hours(datetime.fromisoformat(row["snapshot_utc"]))
        orders[at_h][row["paper_id"]] = int(row["rank"])
    return sorted(orders.items())


def read_papers(path: Path) -> dict[str, Told]:
    """Read what the page said of papers, as it was told first; empty without such a file."""
    told: dict[str, Told] = {}
    if not path.exists():
        return told
    with gzip.open(path, "rb") as lines:
        for line in lines:
            row = orjson.loads(line)
            if row["id"] not in told:
                told[row["id"]] = _told(row)
    return told


def _told(row: dict[str, object]) -> Told:
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
    return Told(
        paper,
        hours(datetime.fromisoformat(str(row["snapshot_utc"]))),
        hours(datetime.fromisoformat(str(submitted))) if submitted else None,
        str(row.get("submitted_by") or ""),
    )


def midnight_h(day: date) -> float:
    """Give the first hour of a day in UTC."""
    return hours(datetime.combine(day, time(), UTC))


def after_month(month: str) -> date:
    """Give the first day after a month, such as ``2025-12``."""
    return (date.fromisoformat(f"{month}-28") + timedelta(days=4)).replace(day=1)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _count(text: str | None) -> int | None:
    return int(float(text)) if text else None
