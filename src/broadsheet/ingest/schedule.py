"""Run the configured sources when they are due, and report their state."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from broadsheet.errors import BroadsheetError, ConfigError, SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.rate_limits import RateLimits
from broadsheet.ingest.run import FetchOptions, FetchReport, fetch
from broadsheet.model import Gap, SourceState
from broadsheet.rules.gaps import incomplete_note
from broadsheet.sources.source import Source
from broadsheet.store import requests, source_state
from broadsheet.store.database import Database

_log = logging.getLogger("broadsheet.ingest.schedule")
_LOCK_WAIT_S = 5.0
_NEAR_DAYS = 3
_CLOSED_GAPS_SHOWN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Which sources are fetched, and how.

    Parameters
    ----------
    folder : Path
        Holds the lock that lets one process fetch at a time.
    sources : tuple of str
        Names of the sources fetched each day.
    categories : tuple of str
        arXiv categories to fetch; empty fetches all.
    contact : str or None
        Email address that services may write to.
    keys : mapping of str to str or None
        API keys, by the name of their setting.
    mirror : str or None
        Address that replaces all services.
    requests_a_day : int
        Most requests to one site in a day, from 1.
    """

    folder: Path
    sources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    contact: str | None = None
    keys: Mapping[str, str | None] = field(default_factory=dict)
    mirror: str | None = None
    requests_a_day: int = 5_000


class Scheduler:
    """Runs the sources of one library.

    Parameters
    ----------
    database : Database
        The library.
    settings : FetchSettings
        Which sources are fetched, and how.
    clock : callable
        Returns the time, aware UTC.
    """

    def __init__(
        self, database: Database, settings: FetchSettings, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def fetch(
        self,
        specs: Sequence[str] = (),
        options: FetchOptions | None = None,
        on_records: Callable[[str, int], None] = lambda name, count: None,
    ) -> Iterator[FetchReport]:
        """Run sources one after another, due or not; a failure does not stop the others.

        Parameters
        ----------
        specs : sequence of str
            As :func:`broadsheet.sources.registry.source_named` takes them; by default those of
            the settings.
        options : FetchOptions, optional
            What to fetch; by default everything since the cursors.
        on_records : callable, optional
            Called with the source and the number of records after each batch.

        Raises
        ------
        ConfigError
            If one of `specs` is not a source; nothing is fetched then. An unknown source in the
            settings is reported instead.
        SourceError
            If another process is fetching into this library.
        """
        chosen = [self._source(spec) for spec in specs] if specs else self._chosen()
        with _exclusive(self._settings.folder), self._client() as client:
            for source, argument in chosen:
                if isinstance(source, SourceState):
                    yield FetchReport(source.name, error=source.error)
                    continue
                run_options = replace(
                    options or FetchOptions(),
                    argument=argument,
                    key=self._settings.keys.get(source.key or ""),
                    contact=self._settings.contact,
                    categories=self._settings.categories,
                )
                yield self._fetch(source, client, run_options, partial(on_records, source.name))

    def fetch_due(self) -> list[FetchReport]:
        """Run the sources of the settings that are due."""
        now = self._clock()
        states = zip(self._settings.sources, self.states(), strict=True)
        due = [
            spec
            for spec, state in states
            if state.exists and (state.next_at is None or state.next_at <= now)
        ]
        return list(self.fetch(due)) if due else []

    def fetch_requested(self) -> list[FetchReport]:
        """Fetch the papers that readers requested by arXiv id or DOI, each once."""
        with self._database.read() as connection:
            ids = requests.requested_papers(connection)
        if not ids:
            return []
        specs = [spec for each in ids if self._is_source(spec := each.partition(":")[2])]
        reports = list(self.fetch(specs)) if specs else []
        with self._database.write() as connection:
            requests.forget_requests(connection, ids)
            # Else strangers add a source for each request, which each check of the health reads.
            own = {source.name for source, _ in self._chosen()}
            names = {report.source for report in reports}
            source_state.forget_sources(connection, names - own)
        return reports

    def states(self) -> list[SourceState]:
        """Return the state of each source of the settings, in their order."""
        chosen = [source for source, _ in self._chosen()]
        with self._database.read() as connection:
            known = source_state.states(connection, self._clock() - _CLOSED_GAPS_SHOWN)
        return [
            source
            if isinstance(source, SourceState)
            else known.get(source.name, SourceState(source.name))
            for source in chosen
        ]

    def gaps(self) -> list[Gap]:
        """List the open gaps of the sources of the settings."""
        return [gap for state in self.states() for gap in state.gaps]

    def ready(self, day: date) -> bool:
        """Return whether a day's edition can be published.

        Parameters
        ----------
        day : date
            Day of the edition.

        Returns
        -------
        bool
            Whether each source that blocks editions was fetched and is not due again, and has no
            gap on the day or the three days before it.
        """
        blocking = {
            source.name
            for source, _ in self._chosen()
            if not isinstance(source, SourceState) and source.blocks_edition
        }
        now = self._clock()
        return all(
            state.succeeded_at is not None
            and state.next_at is not None
            and state.next_at > now
            and not any(_is_near(gap, day) for gap in state.gaps)
            for state in self.states()
            if state.name in blocking
        )

    def fetched_since(self, moment: datetime) -> bool:
        """Return whether a source succeeded after a moment, and none is running or due."""
        now = self._clock()
        states = [state for state in self.states() if state.exists]
        is_done = all(state.next_at is not None and state.next_at > now for state in states)
        return is_done and any(
            state.succeeded_at is not None and state.succeeded_at >= moment for state in states
        )

    def incomplete_note(self, day: date) -> str | None:
        """Return which records a day's edition lacks if it is published now; None if none."""
        states = self.states()
        gaps = [gap for state in states for gap in state.gaps if _is_near(gap, day)]
        now = self._clock()
        # A source that was never fetched has no records to miss.
        late = [state.name for state in states if state.succeeded_at and state.is_late(now)]
        return incomplete_note(gaps, late)

    def _fetch(
        self,
        source: Source,
        client: Client,
        options: FetchOptions,
        on_records: Callable[[int], None],
    ) -> FetchReport:
        try:
            return fetch(self._database, source, client, self._clock(), options, on_records)
        except BroadsheetError as error:
            return FetchReport(source.name, error=str(error))
        except Exception as error:
            _log.exception("unexpected error at the start or end of a run of %s", source.name)
            text = f"unexpected error ({type(error).__name__}): please report it"
            return FetchReport(source.name, error=text)

    def _chosen(self) -> list[tuple[Source | SourceState, str | None]]:
        """List the sources of the settings; an unknown name as a state with an error."""
        found: list[tuple[Source | SourceState, str | None]] = []
        for spec in self._settings.sources:
            try:
                found.append(self._source(spec))
            except ConfigError as error:
                state = SourceState(spec[:100], error=str(error), exists=False)
                found.append((state, None))
        return found

    def _is_source(self, spec: str) -> bool:
        """Return whether a text names a source; what strangers request must stop no other."""
        try:
            self._source(spec)
        except ConfigError:
            return False
        return True

    def _source(self, spec: str) -> tuple[Source, str | None]:
        # Imported here because the feed and XML parsers take longer to load than most commands
        # take to run.
        from broadsheet.sources.registry import source_named

        return source_named(spec)

    def _client(self) -> Client:
        from broadsheet.sources.registry import RATE_LIMITS

        return Client(
            self._settings.contact,
            self._settings.mirror,
            self._spend,
            rate_limits=RateLimits(RATE_LIMITS),
        )

    def _spend(self, site: str) -> None:
        with self._database.write() as connection:
            count = source_state.spend(connection, site, self._clock().date())
        if count > self._settings.requests_a_day:
            raise UnavailableError(
                f"the daily quota of {self._settings.requests_a_day} requests to {site} is "
                "exhausted: fetching resumes tomorrow, or raise the setting 'requests_a_day'"
            )


def _is_near(gap: Gap, day: date) -> bool:
    return 0 <= (day - gap.day).days <= _NEAR_DAYS


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    """Let one process fetch at a time, as each process tracks rate limits separately."""
    lock = FileLock(folder / "fetch.lock", timeout=_LOCK_WAIT_S)
    try:
        lock.acquire()
    except LockTimeout as error:
        raise SourceError(
            "another 'broadsheet fetch' or server is fetching into this data folder: wait until it "
            "finishes"
        ) from error
    try:
        yield
    finally:
        lock.release()
