"""Ask the sources that are set up, each when it is due, and tell how they fare."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from filelock import FileLock
from filelock import Timeout as LockTimeout

from broadsheet.config import Settings
from broadsheet.errors import SourceError
from broadsheet.fetch import FetchReport, Wish, fetch
from broadsheet.model import Gap, SourceState
from broadsheet.sources.client import Client
from broadsheet.sources.reply import OutOfReachError
from broadsheet.sources.source import Source
from broadsheet.store import gathering
from broadsheet.store.database import Database

_LOCK_WAIT_S = 5.0
_NEAR_DAYS = 3
_FRESH = timedelta(hours=24)


class Gatherer:
    """The sources of one library.

    Parameters
    ----------
    database : Database
        The library.
    settings : Settings
        Which sources, with which keys.
    clock : callable
        Gives the time, aware UTC.
    """

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def fetch(
        self,
        specs: Sequence[str] = (),
        wish: Wish | None = None,
        on_records: Callable[[str, int], None] = lambda name, count: None,
    ) -> Iterator[FetchReport]:
        """Ask sources one after another, due or not; one that fails stops no other.

        Parameters
        ----------
        specs : sequence of str
            As :func:`broadsheet.sources.registry.source_named` takes them; by default those of
            the settings.
        wish : Wish, optional
            What they are to bring.
        on_records : callable, optional
            Told the source and how many records came, batch by batch.

        Raises
        ------
        ConfigError
            Before anything is asked, where there is no such source.
        SourceError
            Where another process is fetching into this library.
        """
        wish = wish or Wish()
        chosen = self._chosen(specs or self._settings.source_names)
        with _alone(self._settings.data), self._client() as client:
            for source, what in chosen:
                asked = replace(wish, what=what)
                now = self._clock()
                told = partial(on_records, source.name)
                yield fetch(self._database, source, client, now, asked, told)

    def fetch_due(self) -> list[FetchReport]:
        """Ask the sources of the settings whose time has come."""
        due = [
            state.name
            for state in self.states()
            if state.next_at is None or state.next_at <= self._clock()
        ]
        return list(self.fetch(due)) if due else []

    def states(self) -> list[SourceState]:
        """Tell how each source of the settings fares."""
        with self._database.read() as connection:
            known = gathering.states(connection)
        return [known.get(name, SourceState(name)) for name in self._settings.source_names]

    def gaps(self) -> list[Gap]:
        """List the days that are still missing of sources of the settings."""
        return [gap for state in self.states() for gap in state.gaps]

    def ready(self, due: datetime) -> bool:
        """Tell whether an edition that is due can be made: all was fetched, and no day is missing.

        Parameters
        ----------
        due : datetime
            When the edition is due, aware; a source is to have been fetched in the day before.
        """
        fetched = (state.succeeded_at for state in self.states())
        fresh = all(at is not None and due - at <= _FRESH for at in fetched)
        return fresh and not self.gaps_near(due.date())

    def gaps_near(self, day: date) -> list[Gap]:
        """List those of the three days before an edition's day, and of that day itself."""
        return [gap for gap in self.gaps() if 0 <= (day - gap.day).days <= _NEAR_DAYS]

    def _chosen(self, specs: Sequence[str]) -> list[tuple[Source, str | None]]:
        # Imported here because the readers of feeds and XML take longer to load than most
        # commands, which ask nobody, take to run.
        from broadsheet.sources.registry import Access, source_named

        told = self._settings
        access = Access(
            contact=told.contact,
            categories=told.category_names,
            openalex=told.secret(told.openalex_key),
            semanticscholar=told.secret(told.semanticscholar_key),
            github=told.secret(told.github_key),
            hub=told.secret(told.hub_key),
            zotero=told.secret(told.zotero_key),
        )
        return [source_named(spec, access) for spec in specs]

    def _client(self) -> Client:
        return Client(self._settings.contact, self._settings.mirror, self._spend)

    def _spend(self, site: str) -> None:
        with self._database.write() as connection:
            count = gathering.spend(connection, site, self._clock().date())
        if count > self._settings.requests_a_day:
            raise OutOfReachError(
                f"the {self._settings.requests_a_day} requests that {site} may get in a day are "
                "spent: it goes on tomorrow, or raise the setting 'requests_a_day'"
            )


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Let one process fetch at a time: the services' pace is kept by it."""
    lock = FileLock(data / "fetch.lock", timeout=_LOCK_WAIT_S)
    try:
        lock.acquire()
    except LockTimeout as error:
        raise SourceError(
            "another 'broadsheet fetch' or server is fetching into this data folder: nothing was "
            "lost, wait for it to finish"
        ) from error
    try:
        yield
    finally:
        lock.release()
