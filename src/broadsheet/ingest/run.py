"""One run of one source: ask it, keep what it tells batch by batch, and judge its days."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from broadsheet.errors import BroadsheetError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Gap, Malformed, Paper
from broadsheet.rules.gaps import DayCount, fault, judged_days
from broadsheet.rules.schedule import Schedule, newest_due
from broadsheet.sources.source import Batch, FetchRequest, Source
from broadsheet.store import source_state
from broadsheet.store.attention import add_signals
from broadsheet.store.database import Database
from broadsheet.store.submissions import upsert_submissions
from broadsheet.store.upsert import Tally, add

_log = logging.getLogger("broadsheet.ingest.run")
_KEPT_COMPLAINTS = 1_000
_AFTER_A_GAP = timedelta(hours=1)
# A source that was asked again for so long and brings nothing more of a day has no more of it.
_PATIENCE = timedelta(days=3)
# However long a service says that it wants to be left alone.
_LONGEST_TOLD_S = 86_400.0
_AFTER_A_FAILURE, _AFTER_MANY = timedelta(minutes=15), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What one run is to bring.

    Parameters
    ----------
    since, until : date or None
        As in :class:`broadsheet.sources.source.FetchRequest`; without `since` a run begins at the
        oldest open gap, else at the cursor.
    limit : int or None
        After how many papers and signals to stop.
    argument, key, contact, categories
        As in :class:`broadsheet.sources.source.FetchRequest`; the Scheduler sets them.
    """

    since: date | None = None
    until: date | None = None
    limit: int | None = None
    argument: str | None = None
    key: str | None = None
    contact: str | None = None
    categories: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the run is to bring all there is, so that its days can be judged."""
        return self.until is None and self.limit is None


@dataclass(slots=True)
class FetchReport:
    """What one run brought.

    Parameters
    ----------
    source : str
        Name of the source.
    tally : Tally
        What became of its papers.
    signals : int
        Observations of papers that the library has.
    unmatched : int
        Those of papers that it does not have, which were let go.
    skipped : int
        Records that could not be read.
    malformed : list of Malformed
        The first thousand of these, with the reason.
    error : str or None
        Why the run ended early; what came before that is kept.
    gaps : list of Gap
        Days that are missing something after the run.
    mended : list of Gap
        Days that were, and are not any more or were given up.
    """

    source: str
    tally: Tally = field(default_factory=Tally)
    signals: int = 0
    unmatched: int = 0
    skipped: int = 0
    malformed: list[Malformed] = field(default_factory=list)
    error: str | None = None
    gaps: list[Gap] = field(default_factory=list)
    mended: list[Gap] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Papers and signals that came."""
        told = self.tally
        papers = told.new + told.merged + told.unchanged + told.unknown
        return papers + self.signals + self.unmatched


def fetch(
    database: Database,
    source: Source,
    client: Client,
    now: datetime,
    options: FetchOptions | None = None,
    on_records: Callable[[int], None] = lambda count: None,
) -> FetchReport:
    """Ask a source and keep what it tells; a failure is told in the report and raises nothing.

    Each batch is kept in one transaction with the cursor after it, so a run that is killed goes
    on where it stopped.

    Parameters
    ----------
    database : Database
        The library.
    source : Source
        Whom to ask.
    client : Client
        Through which it is asked.
    now : datetime
        Aware UTC.
    options : FetchOptions, optional
        By default all there is since the cursor.
    on_records : callable, optional
        Told how many records each batch brought.
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
                # Without a cursor after it, it comes again in a run that is gone on with.
                reread.update(batch.days)
            _keep(database, source, request, batch, reread, report)
            on_records(report.records - before)
            if options.limit is not None and report.records >= options.limit:
                break
    except BroadsheetError as error:
        report.error = str(error)
        wait_s = error.wait_s if isinstance(error, UnavailableError) else None
    except Exception as error:
        _log.exception("the source %s failed in a way that was not foreseen", source.name)
        report.error = f"this should not have happened ({type(error).__name__}: {error})"
    if options.is_whole:
        _finish(database, source, now, report, wait_s)
    return report


def _begin(
    database: Database, source: Source, now: datetime, options: FetchOptions
) -> FetchRequest:
    with database.read() as connection:
        waiting = source_state.open_gaps(connection, source.name)
        about = [] if options.argument else _about(connection, source, now, options.key)
        cursor = source_state.cursor_of(connection, source.name)
    scope = " ".join(options.categories) if source.by_category else ""
    with database.write() as connection:
        if options.is_whole:
            source_state.begin(connection, source.name, scope, now)
        else:
            source_state.ensure_source(connection, source.name, scope)
        if about and source.schedule is Schedule.PER_QUERY:
            # Noted before anything is answered, so that no answer at all is noticed.
            source_state.count_day(connection, source.name, now.date(), 0, wanted=len(about))
    return FetchRequest(
        now=now,
        cursor=cursor,
        since=options.since or min((gap.day for gap in waiting), default=None),
        until=options.until,
        papers=about,
        argument=options.argument,
        key=options.key,
        contact=options.contact,
        categories=options.categories,
    )


def _about(connection: Connection, source: Source, now: datetime, key: str | None) -> list[Paper]:
    return source_state.papers_to_query(
        connection,
        source.name,
        now - source.requery_after,
        source.query_limit(key),
        source.paper_filter,
    )


def _keep(
    database: Database,
    source: Source,
    request: FetchRequest,
    batch: Batch,
    reread: Mapping[date, int],
    report: FetchReport,
) -> None:
    # A notice's words are about a paper, and give way to all that describes it.
    teller = f"{source.name} notices" if batch.existing_only else source.name
    papers = [one for one in batch.records if isinstance(one, Paper)]
    complaints = [one for one in batch.records if isinstance(one, Malformed)]
    with database.write() as connection:
        if papers:
            report.tally += add(
                connection, teller, papers, request.now, only_known=batch.existing_only
            )
        matched = add_signals(connection, batch.signals) if batch.signals else 0
        if batch.submissions:
            upsert_submissions(connection, batch.submissions)
        for day, records in batch.days.items():
            moved = records if batch.cursor is not None else 0
            again = reread.get(day, 0)
            source_state.count_day(connection, source.name, day, moved, reread=again)
        if batch.queried:
            source_state.mark_queried(connection, source.name, batch.queried, request.now)
        if batch.cursor is not None:
            source_state.store_cursor(connection, source.name, batch.cursor)
    report.signals += matched
    report.unmatched += len(batch.signals) - matched
    report.skipped += len(complaints)
    report.malformed += complaints[: _KEPT_COMPLAINTS - len(report.malformed)]


def _finish(
    database: Database,
    source: Source,
    now: datetime,
    report: FetchReport,
    wait_s: float | None,
) -> None:
    with database.write() as connection:
        _judge(connection, source, now, report)
        failures = source_state.failures_of(connection, source.name)
        next_at = now + _pause(source, report, failures, wait_s)
        source_state.finish(connection, source.name, now, report.error, next_at)


def _judge(connection: Connection, source: Source, now: datetime, report: FetchReport) -> None:
    """Find the days that are missing something, and those that are not any more."""
    counts = source_state.days_of(connection, source.name)
    known = source_state.gaps_of(connection, source.name)
    newest = newest_due(source.schedule, now)
    waiting = {day for day, gap in known.items() if gap.filled_at is None}
    for day in sorted(waiting.union(judged_days(min(counts, default=newest), newest))):
        gap = known.get(day)
        if gap is not None and gap.filled_at is not None:
            continue
        why = fault(day, counts, source.schedule, report.error)
        if gap is None and why is None:
            continue
        gap = replace(gap or Gap(source.name, day, "", now), why=why or (gap.why if gap else ""))
        source_state.upsert_gap(connection, gap)
        came = why is None or _came_otherwise(connection, source, gap, now)
        if came or _has_no_more(counts, gap, now, report):
            gap = replace(gap, filled_at=now, given_up=not came)
            source_state.close_gap(connection, gap, now)
            report.mended.append(gap)
        else:
            report.gaps.append(gap)
    if source.schedule is Schedule.PER_QUERY and report.gaps:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        source_state.requeue_since(connection, source.name, midnight)


def _came_otherwise(connection: Connection, source: Source, gap: Gap, now: datetime) -> bool:
    """Tell whether another source brought the day, or what got no answer then got one since."""
    if source.schedule is Schedule.PER_QUERY:
        counts = source_state.days_of(connection, source.name)
        today = counts.get(now.date())
        is_later = now.date() > gap.day and today is not None and today.records > 0
        return is_later and fault(now.date(), counts, source.schedule) is None
    if source.backfilled_by is None:
        return False
    other = source_state.days_of(connection, source.backfilled_by).get(gap.day)
    missing = source_state.gaps_of(connection, source.backfilled_by).get(gap.day)
    is_whole = missing is None or (missing.filled_at is not None and not missing.given_up)
    return other is not None and other.records > 0 and is_whole


def _has_no_more(
    counts: Mapping[date, DayCount], gap: Gap, now: datetime, report: FetchReport
) -> bool:
    """Tell whether a source that works again was asked again long enough."""
    came_since = any(day > gap.day and count.records for day, count in counts.items())
    return report.error is None and came_since and now - gap.found_at >= _PATIENCE


def _pause(source: Source, report: FetchReport, failures: int, wait_s: float | None) -> timedelta:
    if report.error:
        patience = min(_AFTER_A_FAILURE * 2.0 ** min(failures, 10), _AFTER_MANY)
        return max(patience, timedelta(seconds=min(wait_s or 0.0, _LONGEST_TOLD_S)))
    return min(source.interval, _AFTER_A_GAP) if report.gaps else source.interval
