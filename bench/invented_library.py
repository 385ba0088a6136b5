"""A library of invented papers with observations over their first weeks, to time scoring on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from broadsheet.model import Kind
from broadsheet.store.database import open_database

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
_SEED = 20260311
_DAYS, _WEEK_S = 730, 7 * 86_400
_ROWS = 200_000
_ATTENTION_SHARE = 0.7
_MEAN_DELAY_H, _MAX_DELAY_H = 96.0, 24.0 * 28
# Kind, source, share of the observations, and the median increase of each.
_SERIES = (
    (Kind.UPVOTES, "hf", 0.40, 3.0),
    (Kind.COMMENTS, "hf", 0.25, 0.3),
    (Kind.STARS, "github", 0.25, 8.0),
    (Kind.POINTS, "hn:1", 0.06, 5.0),
    (Kind.POINTS, "hn:2", 0.04, 2.0),
)
_CATEGORIES = (
    "cs.LG",
    "cs.CV",
    "cs.CL",
    "stat.ML",
    "math.CO",
    "astro-ph.GA",
    "q-bio.NC",
    "econ.EM",
)
_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


def make_library(folder: Path, papers: int, signals: int, recent: bool) -> None:
    """Fill a new library directly, without the work of sources."""
    folder.mkdir(parents=True)
    file = folder / "library.sqlite3"
    open_database(f"sqlite:///{file}").close()
    random = np.random.default_rng(_SEED)
    age_h = np.sort(random.uniform(1.0, _DAYS * 24.0, papers))[::-1]
    with closing(sqlite3.connect(file)) as connection:
        indices = dict(connection.execute(_SCHEMA).fetchall())
        for name in indices:
            connection.execute(f"DROP INDEX {name}")
        connection.executemany(
            "INSERT INTO papers (num, id, title, abstract, authors, categories, published, "
            "title_hash, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _papers(random, age_h),
        )
        connection.execute("INSERT INTO identifiers SELECT id, num FROM papers")
        connection.executemany(
            "INSERT INTO signals (num, kind, source, value, observed_at) VALUES (?, ?, ?, ?, ?)",
            _observations(random, age_h, signals, recent),
        )
        for statement in indices.values():
            connection.execute(statement)
        connection.commit()


def _papers(
    random: np.random.Generator, age_h: NDArray[np.float64]
) -> Iterator[tuple[object, ...]]:
    starter = files("broadsheet") / "starter" / "papers.jsonl"
    texts = [orjson.loads(line) for line in starter.read_bytes().splitlines()]
    text = random.integers(len(texts), size=len(age_h)).tolist()
    category = random.integers(len(_CATEGORIES) ** 2, size=len(age_h)).tolist()
    for at, hours in enumerate(age_h.tolist()):
        came = NOW - timedelta(hours=hours)
        # Most papers are of a few categories.
        first = _CATEGORIES[int(category[at] ** 0.5)]
        paper = texts[text[at]]
        yield (
            at + 1,
            f"arxiv:{at // 100_000:04}.{at % 100_000:05}",
            f"{paper['title']}, {at}",
            paper["abstract"],
            '["Ada Windrow","Bo Farol"]',
            f'["{first}","cs.AI"]',
            (came - timedelta(days=1)).date().isoformat(),
            at,
            stored_time(came),
        )


def stored_time(moment: datetime) -> str:
    """Return a moment as the library stores it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _observations(
    random: np.random.Generator, age_h: NDArray[np.float64], count: int, recent: bool
) -> Iterator[tuple[object, ...]]:
    """Yield observations in order of time."""
    observed = np.flatnonzero(random.random(len(age_h)) < _ATTENTION_SHARE)
    paper = observed[random.integers(len(observed), size=count)]
    series = random.choice(len(_SERIES), count, p=[share for _, _, share, _ in _SERIES])
    if recent:
        ago_s = random.uniform(0.0, _WEEK_S, count)
    else:
        # A paper of today has no observations before today.
        late = random.exponential(_MEAN_DELAY_H, count) % _MAX_DELAY_H
        late = np.where(late > age_h[paper], random.random(count) * age_h[paper], late)
        ago_s = (age_h[paper] - late) * 3600
    fame = random.lognormal(0.0, 1.2, len(age_h))
    more = random.poisson(fame[paper] * np.array([rise for *_, rise in _SERIES])[series])
    total = _totals(paper * len(_SERIES) + series, ago_s, more)
    order = np.argsort(-ago_s)
    at = np.datetime64(NOW.replace(tzinfo=None), "us") - (ago_s * 1e6).astype("timedelta64[us]")
    for start in range(0, count, _ROWS):
        some = order[start : start + _ROWS]
        moments = np.datetime_as_string(at[some], unit="us").tolist()
        rows = zip(
            *(column[some].tolist() for column in (paper, series, total)), moments, strict=True
        )
        for num, which, value, moment in rows:
            kind, source, *_ = _SERIES[which]
            yield num + 1, kind.value, source, value, f"{moment}Z"


def _totals(
    series: NDArray[np.int64], ago_s: NDArray[np.float64], more: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Add up the increases of each series."""
    order = np.lexsort((-ago_s, series))
    sums = np.cumsum(more[order])
    starts = np.flatnonzero(np.diff(series[order], prepend=-1))
    before = np.repeat(sums[starts] - more[order][starts], np.diff(np.append(starts, len(order))))
    total = np.empty(len(order))
    total[order] = sums - before
    return total
