"""Publish the editions of real weeks from what was known at their time.

    python bench/weeks.py DIR --data FOLDER [--first 2026-W05] [--weeks 4] [--json]

DIR contains `daily_papers.jsonl.gz` and `upvote_snapshots.csv.gz`. The papers, submissions and
observations are stored in a library in FOLDER in order of time. Each day's edition is published at
noon, each week's and month's after its end. The output has the lead of each edition and the share
of its first ten papers that is on the hub's page of that day. `broadsheet serve --data FOLDER`
shows the editions.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from broadsheet.cli.progress import count_bar
from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Edition, Kind, Period, Section, Signal, Span, Submission
from broadsheet.store.attention import add_signals
from broadsheet.store.submissions import upsert_submissions
from hub import PAPERS, Histories, PageRecord, moment_of, read_papers

_SOURCE = "hf"
_NOON = time(12, tzinfo=UTC)
_BATCH_SIGNALS = 10_000


@dataclass(frozen=True, slots=True)
class Summary:
    """One published edition.

    Parameters
    ----------
    name : str
        The day, week or month.
    papers, new : int
        The number of papers, and of papers without attention among them.
    of_page : float or None
        The share of the first ten that is on the hub's page of the day; None for weeks and months.
    lead, reason : str
        Title and reason of the first paper.
    """

    name: str
    papers: int
    new: int
    of_page: float | None
    lead: str
    reason: str


def main() -> None:
    """Publish the editions and print a summary of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--first", default="2026-W05")
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    summaries = publish_weeks(options.folder, options.data, options.first, options.weeks)
    if options.json:
        sys.stdout.buffer.write(orjson.dumps(summaries, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(summaries)


def publish_weeks(folder: Path, data: Path, first: str, weeks: int) -> list[Summary]:
    """Fill a library in order of time and publish each edition at its time.

    Parameters
    ----------
    folder : Path
        Contains the papers and the snapshots.
    data : Path
        The data folder of the library.
    first : str
        The first ISO week, such as ``2026-W05``.
    weeks : int
        The number of weeks.
    """
    settings = load_settings({"data": data, "sources": "none", "rerank": False})
    clock = [moment_of(0.0)]
    histories = Histories(folder / "upvote_snapshots.csv.gz")
    pages = {morning.day: set(morning.papers) for morning in histories.mornings}
    records = read_papers(folder / PAPERS)
    periods = _periods(Period.parse(first, Span.WEEK).first, weeks)
    summaries = []
    with Library(settings, clock=lambda: clock[0]) as library:
        feed = Feed(library, list(records.values()), sorted(_signals(histories, records), key=_at))
        with count_bar("editions", len(periods)) as advance:
            for period in periods:
                clock[0] = _published_at(period)
                feed.advance_to(clock[0])
                edition = library.editions.publish(period)
                summaries.append(_summary(edition, pages.get(period.first, set())))
                advance(1)
        library.update_index()
        library.trending.update()
    return summaries


class Feed:
    """Stores papers and signals in a library in order of time.

    Parameters
    ----------
    library : Library
        The library.
    records : list of PageRecord
        Papers.
    signals : list of Signal
        In order of time.
    """

    def __init__(self, library: Library, records: list[PageRecord], signals: list[Signal]) -> None:
        self._library = library
        self._records = sorted(records, key=lambda record: record.read_h)
        self._signals = signals

    def advance_to(self, moment: datetime) -> None:
        """Store the papers and signals up to a moment that are not stored yet."""
        records = [one for one in self._records if moment_of(one.read_h) <= moment]
        signals = [one for one in self._signals if one.observed_at <= moment]
        self._records, self._signals = self._records[len(records) :], self._signals[len(signals) :]
        self._library.add(_SOURCE, [record.paper for record in records])
        submissions = [
            Submission(record.paper.id, record.submitter, moment_of(record.submitted_h), _SOURCE)
            for record in records
            if record.submitted_h is not None and record.submitter
        ]
        with self._library._database.write() as connection:
            upsert_submissions(connection, submissions)
            for start in range(0, len(signals), _BATCH_SIGNALS):
                add_signals(connection, signals[start : start + _BATCH_SIGNALS])


def _at(signal: Signal) -> datetime:
    return signal.observed_at


def _published_at(period: Period) -> datetime:
    day = period.first if period.span is Span.DAY else period.after
    return datetime.combine(day, _NOON)


def _signals(histories: Histories, records: dict[str, PageRecord]) -> Iterator[Signal]:
    for paper, record in records.items():
        for snapshot in histories.of[paper]:
            at = moment_of(snapshot.at_h)
            for kind, count in (
                (Kind.UPVOTES, snapshot.upvotes),
                (Kind.COMMENTS, snapshot.comments),
                (Kind.STARS, snapshot.stars),
            ):
                if count is not None:
                    yield Signal(record.paper.id, kind, float(count), at, _SOURCE)


def _periods(first: date, weeks: int) -> list[Period]:
    """List days, weeks and months in the order in which they are published."""
    days = [first + timedelta(days=day) for day in range(7 * weeks)]
    periods = {Period.containing(day, span) for day in days for span in Span}
    return sorted(periods, key=lambda period: (_published_at(period), period.span))


def _summary(edition: Edition, page: set[str]) -> Summary:
    items = edition.items
    share = None
    if edition.period.span is Span.DAY and page and items:
        ten = [item.paper_id.partition(":")[2] for item in items[:10]]
        share = len(page.intersection(ten)) / len(ten)
    new = sum(item.section is Section.NEW for item in items)
    lead, reason = (items[0].title, items[0].reason) if items else ("no news", "")
    return Summary(str(edition.period), len(items), new, share, lead, reason)


def _print(summaries: list[Summary]) -> None:
    table = Table("edition", "papers", "new", "on the hub's page", "lead", "reason")
    for one in summaries:
        share = "" if one.of_page is None else f"{one.of_page:.0%}"
        table.add_row(one.name, str(one.papers), str(one.new), share, one.lead, one.reason)
    Console().print(table)


if __name__ == "__main__":
    main()
