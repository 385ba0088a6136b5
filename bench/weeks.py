"""The editions of real weeks, made as they would have been made then.

    python bench/weeks.py DIR --data FOLDER [--first 2026-W05] [--weeks 4] [--json]

DIR holds `daily_papers.jsonl.gz` and `upvote_snapshots.csv.gz`. A library in FOLDER is told of the
papers, of who put them forward and of all readings as they came; each day's edition is printed at
noon, each week's and month's when it is over. `broadsheet serve --data FOLDER` shows them. Printed
is what leads each edition, and how much of its first ten is on the hub's own page of that day.
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
_SIGNALS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Looked:
    """What there is to see of one edition.

    Parameters
    ----------
    name : str
        Of the period.
    papers, new : int
        How many, and how many of them nobody had noticed.
    of_page : float or None
        Which share of the first ten is on the hub's page of the day; None for weeks and months.
    lead, reason : str
        Of its first paper.
    """

    name: str
    papers: int
    new: int
    of_page: float | None
    lead: str
    reason: str


def main() -> None:
    """Make them, and tell of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--first", default="2026-W05")
    parser.add_argument("--weeks", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    first = Period.parse(asked.first, Span.WEEK).first
    settings = load_settings({"data": asked.data, "sources": "none", "rerank": False})
    hands = [moment_of(0.0)]
    histories = Histories(asked.folder / "upvote_snapshots.csv.gz")
    pages = {one.day: one.papers for one in histories.mornings}
    with Library(settings, clock=lambda: hands[0]) as library:
        told = read_papers(asked.folder / PAPERS)
        kept = Kept(library, list(told.values()), sorted(_signals(histories, told), key=_when))
        periods = list(_periods(first, asked.weeks))
        looked = []
        with count_bar("editions", len(periods)) as advance:
            for period in periods:
                hands[0] = _printed_at(period)
                kept.go_on_until(hands[0])
                page = pages.get(period.first, ())
                looked.append(_looked(library.editions.publish(period), set(page)))
                advance(1)
        library.update_index()
        library.trending.update()
    if asked.json:
        sys.stdout.buffer.write(orjson.dumps(looked, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(looked)


class Kept:
    """Lets a library know what could be known by a moment.

    Parameters
    ----------
    library : Library
        Whose clock shows that moment.
    told : list of PageRecord
        Papers, as the page told of them.
    signals : list of Signal
        In order of time.
    """

    def __init__(self, library: Library, told: list[PageRecord], signals: list[Signal]) -> None:
        self._library = library
        self._told = sorted(told, key=lambda one: one.read_h)
        self._signals = signals

    def go_on_until(self, moment: datetime) -> None:
        """Store the papers and readings that came since the last time."""
        told = [one for one in self._told if moment_of(one.read_h) <= moment]
        read = [one for one in self._signals if one.observed_at <= moment]
        self._told, self._signals = self._told[len(told) :], self._signals[len(read) :]
        self._library.add(_SOURCE, [one.paper for one in told])
        put_forward = [
            Submission(one.paper.id, one.submitter, moment_of(one.submitted_h), _SOURCE)
            for one in told
            if one.submitted_h is not None and one.submitter
        ]
        with self._library._database.write() as connection:
            upsert_submissions(connection, put_forward)
            for start in range(0, len(read), _SIGNALS_AT_ONCE):
                add_signals(connection, read[start : start + _SIGNALS_AT_ONCE])


def _when(signal: Signal) -> datetime:
    return signal.observed_at


def _printed_at(period: Period) -> datetime:
    day = period.first if period.span is Span.DAY else period.after
    return datetime.combine(day, _NOON)


def _signals(histories: Histories, told: dict[str, PageRecord]) -> Iterator[Signal]:
    for paper, one in told.items():
        for reading in histories.of[paper]:
            at = moment_of(reading.at_h)
            for kind, count in (
                (Kind.UPVOTES, reading.upvotes),
                (Kind.COMMENTS, reading.comments),
                (Kind.STARS, reading.stars),
            ):
                if count is not None:
                    yield Signal(one.paper.id, kind, float(count), at, _SOURCE)


def _periods(first: date, weeks: int) -> list[Period]:
    """List days, weeks and months in the order in which they are printed."""
    days = [first + timedelta(days=day) for day in range(7 * weeks)]
    periods = {Period.containing(day, span) for day in days for span in Span}
    return sorted(periods, key=lambda period: (_printed_at(period), period.span))


def _looked(made: Edition, page: set[str]) -> Looked:
    items = made.items
    share = None
    if made.period.span is Span.DAY and page and items:
        ten = [item.paper_id.partition(":")[2] for item in items[:10]]
        share = len(page.intersection(ten)) / len(ten)
    new = sum(item.section is Section.NEW for item in items)
    lead, reason = (items[0].title, items[0].reason) if items else ("nothing new", "")
    return Looked(str(made.period), len(items), new, share, lead, reason)


def _print(looked: list[Looked]) -> None:
    table = Table("edition", "papers", "new", "on the hub's page", "lead", "because")
    for one in looked:
        share = "" if one.of_page is None else f"{one.of_page:.0%}"
        table.add_row(one.name, str(one.papers), str(one.new), share, one.lead, one.reason)
    Console().print(table)


if __name__ == "__main__":
    main()
