"""The Source protocol: batches of papers and signals, each with a cursor to resume from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from broadsheet.http.client import Client
from broadsheet.model import Malformed, Paper, PaperFilter, Signal, Submission
from broadsheet.rules.schedule import Schedule

Cursor = Mapping[str, str]


class Argument(StrEnum):
    """Whether a source takes an argument after its name, as in ``feed:https://…``."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """The parameters of one run of a source.

    Parameters
    ----------
    now : datetime
        Aware UTC. The source uses no other clock.
    cursor : mapping of str to str
        Cursor of the last stored batch; empty in the first run.
    since, until : date or None
        First and last day to fetch, if the source can filter by day. `since` takes precedence
        over the cursor. If None, the source uses its own default range.
    papers : sequence of Paper
        The papers to look up, for sources with a `paper_filter`.
    argument : str or None
        The text after the source's name and a colon: an address, an id, a query.
    key : str or None
        API key of the service.
    contact : str or None
        Email address of the operator, sent to services that ask for one.
    categories : sequence of str
        arXiv categories to fetch, such as ``cs.CL``; empty fetches all.
    """

    now: datetime
    cursor: Cursor = field(default_factory=dict)
    since: date | None = None
    until: date | None = None
    papers: Sequence[Paper] = ()
    argument: str | None = None
    key: str | None = None
    contact: str | None = None
    categories: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """The content of one reply; stored in one transaction together with its cursor.

    Parameters
    ----------
    records : sequence of Paper or Malformed
        Papers, and one Malformed for each record that cannot be parsed.
    signals : sequence of Signal
        Observations of attention. Those of papers that are not in the library are discarded.
    days : mapping of date to int
        Number of records by the source's own day; gaps are detected from these counts. A source
        that looks up papers counts its results on the day of the run. Days without records are
        left out.
    cursor : mapping of str to str, or None
        Where the next run resumes once this batch is stored; None leaves the cursor unchanged.
    queried : sequence of str
        Ids of the papers of `FetchRequest.papers` that were looked up, found or not. They are
        not looked up again before `Source.requery_after`.
    existing_only : bool
        Whether papers that are not in the library are discarded, because the batch holds notices
        about papers, not new papers.
    submissions : sequence of Submission
        Who submitted which paper to the service.
    """

    records: Sequence[Paper | Malformed] = ()
    signals: Sequence[Signal] = ()
    days: Mapping[date, int] = field(default_factory=dict)
    cursor: Cursor | None = None
    queried: Sequence[str] = ()
    existing_only: bool = False
    submissions: Sequence[Submission] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """An outside service that papers or signals are fetched from.

    A module of this package that fetches exports one as ``SOURCE``, or several as ``SOURCES``.
    Nothing else lists sources: :mod:`broadsheet.sources.registry` collects them.

    Parameters
    ----------
    name : str
        Name in settings, tables and on the command line.
    fetch : callable
        Yields batches lazily. Raises SourceError if the run cannot continue; earlier batches are
        kept.
    schedule : Schedule
        Days on which records are expected.
    interval : timedelta
        Time between the end of a successful run and the next.
    rate_limits : mapping of str to float
        Least time between two requests in seconds, by site, such as ``arxiv.org``; it covers the
        site's subdomains. Other sites are limited to one request in two seconds.
    argument : Argument
        Whether the name takes an argument.
    key : str or None
        Name of the setting that holds the API key.
    paper_filter : PaperFilter
        Which papers of the library are looked up.
    papers_per_run : int
        Most papers looked up in one run.
    papers_per_run_without_key : int or None
        The same without an API key, if that differs.
    requery_after : timedelta
        Time until the same paper is looked up again.
    backfilled_by : str or None
        The source that supplies missed days, if this one only publishes its newest day.
    by_category : bool
        Whether `FetchRequest.categories` restricts the records. A change of the categories then
        discards the day counts.
    blocks_edition : bool
        Whether an edition waits for this source, because it supplies the day's papers.
    """

    name: str
    fetch: Callable[[Client, FetchRequest], Iterator[Batch]]
    schedule: Schedule
    interval: timedelta = timedelta(hours=6)
    rate_limits: Mapping[str, float] = field(default_factory=dict)
    argument: Argument = Argument.NONE
    key: str | None = None
    paper_filter: PaperFilter = PaperFilter.NONE
    papers_per_run: int = 0
    papers_per_run_without_key: int | None = None
    requery_after: timedelta = timedelta(days=7)
    backfilled_by: str | None = None
    by_category: bool = False
    blocks_edition: bool = False

    def query_limit(self, key: str | None) -> int:
        """Return how many papers one run looks up, with or without an API key."""
        if key is None and self.papers_per_run_without_key is not None:
            return self.papers_per_run_without_key
        return self.papers_per_run
