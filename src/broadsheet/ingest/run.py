"""Run one source: fetch batches, store each with its cursor, and check its days for gaps."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from broadsheet.errors import BroadsheetError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.ingest.records import IngestReport, store_records
from broadsheet.model import Gap, Paper
from broadsheet.rules.gaps import DayCount, checked_days, gap_reason
from broadsheet.rules.schedule import Schedule, newest_due_day
from broadsheet.sources.source import Batch, FetchRequest, Source
from broadsheet.store import source_state
from broadsheet.store.attention import add_signals
from broadsheet.store.database import Database
from broadsheet.store.submissions import upsert_submissions

_log = logging.getLogger("broadsheet.ingest.run")
_GAP_RETRY = timedelta(hours=1)
# A gap is abandoned if the source still has no more records of the day after this time.
_ABANDON_AFTER = timedelta(days=3)
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=15), timedelta(hours=6)
# Longest wait that a service can request.
_MAX_WAIT_S = 86_400.0


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What one run fetches.

    Parameters
    ----------
    since, until : date or None
        As in :class:`broadsheet.sources.source.FetchRequest`. Without `since` a run starts at the
        oldest open gap, else at the cursor.
    limit : int or None
        Number of papers and signals after which the run stops.
    argument, key, contact, categories
        As in :class:`broadsheet.sources.source.FetchRequest`; set by the Scheduler.
    """

    since: date | None = None
    until: date | None = None
    limit: int | None = None
    argument: str | None = None
    key: str | None = None
    contact: str | None = None
    categories: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the run fetches everything up to now, so that its days can be checked."""
        return self.until is None and self.limit is None


@dataclass(slots=True)
class FetchReport(IngestReport):
    """Counts and gaps of one run.

    Parameters
    ----------
    signals : int
        Observations of papers in the library.
    unmatched : int
        Observations of other papers, which were discarded.
    error : str or None
        Why the run ended early; earlier batches are stored.
    gaps : list of Gap
        Gaps that are open after the run.
    closed_gaps : list of Gap
        Gaps that this run closed.
    """

    signals: int = 0
    unmatched: int = 0
    error: str | None = None
    gaps: list[Gap] = field(default_factory=list)
    closed_gaps: list[Gap] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Number of papers and signals received."""
        tally = self.tally
        papers = tally.new + tally.merged + tally.unchanged + tally.unknown
        return papers + self.signals + self.unmatched


def fetch(
    database: Database,
    source: Source,
    client: Client,
    now: datetime,
    options: FetchOptions | None = None,
    on_records: Callable[[int], None] = lambda count: None,
) -> FetchReport:
    """Run a source and store its batches; errors are reported, not raised.

    Each batch is stored in one transaction with its cursor, so a killed run resumes where it
    stopped.

    Parameters
    ----------
    database : Database
        The library.
    source : Source
        The source.
    client : Client
        Sends its requests.
    now : datetime
        Aware UTC.
    options : FetchOptions, optional
        By default everything since the cursor.
    on_records : callable, optional
        Called with the number of records after each batch.
    """
    options = options or FetchOptions()
    report = FetchReport(source.name)
    request = _begin(database, source, now, options)
    wait_s: float | None = None
    reread: Counter[date] = Counter()
    try:
        for batch in source.fetch(client, request):
            before = report.records
            if batch.cursor is None:
                # A resumed run receives a batch without a cursor again.
                reread.update(batch.days)
            _store(database, source, batch, now, reread, report)
            on_records(report.records - before)
            if options.limit is not None and report.records >= options.limit:
                break
    except BroadsheetError as error:
        report.error = str(error)
        wait_s = error.wait_s if isinstance(error, UnavailableError) else None
    except Exception as error:
        _log.exception("unexpected error in source %s", source.name)
        report.error = f"unexpected error ({type(error).__name__}: {error}): please report it"
    if options.is_complete:
        _finish(database, source, now, report, wait_s)
    return report


def _begin(
    database: Database, source: Source, now: datetime, options: FetchOptions
) -> FetchRequest:
    """Record the start of a run and return its parameters."""
    with database.read() as connection:
        gaps = source_state.open_gaps(connection, source.name)
        papers = [] if options.argument else _papers_to_query(connection, source, now, options)
        cursor = source_state.cursor_of(connection, source.name)
    scope = " ".join(options.categories) if source.by_category else ""
    with database.write() as connection:
        if options.is_complete:
            source_state.begin(connection, source.name, scope, now)
        else:
            source_state.ensure_source(connection, source.name, scope)
        if papers and source.schedule is Schedule.PER_QUERY:
            # Recorded before the first reply, so that a run without results is a gap.
            source_state.count_day(connection, source.name, now.date(), 0, queried=len(papers))
    return FetchRequest(
        now=now,
        cursor=cursor,
        since=options.since or min((gap.day for gap in gaps), default=None),
        until=options.until,
        papers=papers,
        argument=options.argument,
        key=options.key,
        contact=options.contact,
        categories=options.categories,
    )


def _papers_to_query(
    connection: Connection, source: Source, now: datetime, options: FetchOptions
) -> list[Paper]:
    return source_state.papers_to_query(
        connection,
        source.name,
        now - source.requery_after,
        source.query_limit(options.key),
        source.paper_filter,
    )


def _store(
    database: Database,
    source: Source,
    batch: Batch,
    now: datetime,
    reread: Mapping[date, int],
    report: FetchReport,
) -> None:
    # A notice describes a paper with the lowest precedence, so it is stored under another name.
    name = f"{source.name} notices" if batch.existing_only else source.name
    with database.write() as connection:
        store_records(
            connection, name, batch.records, now, report, existing_only=batch.existing_only
        )
        matched = add_signals(connection, batch.signals) if batch.signals else 0
        if batch.submissions:
            upsert_submissions(connection, batch.submissions)
        for day, records in batch.days.items():
            counted = records if batch.cursor is not None else 0
            source_state.count_day(connection, source.name, day, counted, reread=reread.get(day, 0))
        if batch.queried:
            source_state.mark_queried(connection, source.name, batch.queried, now)
        if batch.cursor is not None:
            source_state.store_cursor(connection, source.name, batch.cursor)
    report.signals += matched
    report.unmatched += len(batch.signals) - matched


def _finish(
    database: Database,
    source: Source,
    now: datetime,
    report: FetchReport,
    wait_s: float | None,
) -> None:
    """Update the gaps and schedule the next run."""
    with database.write() as connection:
        _update_gaps(connection, source, now, report)
        failures = source_state.failures_of(connection, source.name)
        next_at = now + _time_to_next(source, report, failures, wait_s)
        source_state.finish(connection, source.name, now, report.error, next_at)


def _update_gaps(
    connection: Connection, source: Source, now: datetime, report: FetchReport
) -> None:
    """Open gaps for days without enough records, and close those that are filled or abandoned."""
    counts = source_state.days_of(connection, source.name)
    known = source_state.gaps_of(connection, source.name)
    newest = newest_due_day(source.schedule, now)
    closed_days = {day for day, gap in known.items() if gap.filled_at is not None}
    checked = {*checked_days(min(counts, default=newest), newest), *known} - closed_days
    for day in sorted(checked):
        reason = gap_reason(day, counts, source.schedule, report.error)
        if day not in known and reason is None:
            continue
        gap = known.get(day, Gap(source.name, day, "", now))
        gap = replace(gap, reason=reason or gap.reason)
        source_state.upsert_gap(connection, gap)
        is_filled = reason is None or _is_filled_elsewhere(connection, source, gap, now)
        if is_filled or _is_abandoned(counts, gap, now, report):
            gap = replace(gap, filled_at=now, abandoned=not is_filled)
            source_state.close_gap(connection, gap, now)
            report.closed_gaps.append(gap)
        else:
            report.gaps.append(gap)
    if source.schedule is Schedule.PER_QUERY and report.gaps:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        source_state.requeue_since(connection, source.name, midnight)


def _is_filled_elsewhere(connection: Connection, source: Source, gap: Gap, now: datetime) -> bool:
    """Return whether another source has the day, or later look-ups of the papers succeeded."""
    if source.schedule is Schedule.PER_QUERY:
        counts = source_state.days_of(connection, source.name)
        today = counts.get(now.date())
        is_later = now.date() > gap.day and today is not None and today.records > 0
        return is_later and gap_reason(now.date(), counts, source.schedule) is None
    if source.backfilled_by is None:
        return False
    count = source_state.days_of(connection, source.backfilled_by).get(gap.day)
    other_gap = source_state.gaps_of(connection, source.backfilled_by).get(gap.day)
    is_complete = other_gap is None or (other_gap.filled_at is not None and not other_gap.abandoned)
    return count is not None and count.records > 0 and is_complete


def _is_abandoned(
    counts: Mapping[date, DayCount], gap: Gap, now: datetime, report: FetchReport
) -> bool:
    """Return whether a source that works again was retried for long enough."""
    has_newer = any(day > gap.day and count.records for day, count in counts.items())
    return report.error is None and has_newer and now - gap.found_at >= _ABANDON_AFTER


def _time_to_next(
    source: Source, report: FetchReport, failures: int, wait_s: float | None
) -> timedelta:
    if report.error:
        backoff = min(_FIRST_RETRY * 2.0 ** min(failures, 10), _LONGEST_RETRY)
        return max(backoff, timedelta(seconds=min(wait_s or 0.0, _MAX_WAIT_S)))
    return min(source.interval, _GAP_RETRY) if report.gaps else source.interval
