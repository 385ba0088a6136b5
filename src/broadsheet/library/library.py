"""Library: the public interface, one attribute for each workflow."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from broadsheet.accounts import readers
from broadsheet.accounts.tokens import Tokens
from broadsheet.config import Settings, reveal
from broadsheet.delivery.outbox import Outbox
from broadsheet.delivery.subscribe import Subscriptions
from broadsheet.doctor import Finding
from broadsheet.editions.editions import Editions
from broadsheet.encoders.registry import encoder_loader, encoder_named
from broadsheet.index.local.engine import LocalEngine
from broadsheet.ingest import files
from broadsheet.ingest.records import IngestReport
from broadsheet.ingest.schedule import Scheduler
from broadsheet.library.data_folder import prepare_folder
from broadsheet.library.findings import findings
from broadsheet.library.flow_settings import fetch_settings, mail_settings
from broadsheet.library.health import health_of
from broadsheet.model import (
    HitList,
    Kind,
    Malformed,
    Mode,
    Paper,
    Signal,
    Sort,
    Submission,
    Trending,
)
from broadsheet.model.health import Health
from broadsheet.rules.query import Query, parse
from broadsheet.search import Request, Reranker, related, search
from broadsheet.store import (
    attention,
    changes,
    listing,
    merges,
    metadata,
    papers,
    requests,
    submissions,
)
from broadsheet.store.database import Access, Database, open_database, wait_at_most
from broadsheet.store.merges import Merge
from broadsheet.trending.trends import Trends


class Library:
    """Papers, editions and readers in one place; safe to use from many threads.

    Parameters
    ----------
    settings : Settings
        Paths, names and limits.
    clock : callable, optional
        Returns the current time, aware UTC.
    access : Access
        Whether the library may be created or migrated.

    Attributes
    ----------
    sources : Scheduler
        Fetches papers and signals from outside places.
    trending : Trends
        Papers ranked by the attention they gain.
    editions : Editions
        Published editions and the editor's picks.
    outbox : Outbox
        Mails that are due.
    subscriptions : Subscriptions
        Who is subscribed.
    reranker : Reranker
        The stronger model that reranks the top results.
    tokens : Tokens
        Read tokens of the API.

    Raises
    ------
    StoreError
        If the library cannot be opened; NoLibraryError if it does not exist and `access` does not
        allow to create it.
    SearchIndexError
        If the index folder cannot be created.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        access: Access = Access.CREATE,
    ) -> None:
        self.settings = settings
        self._clock = clock
        prepare_folder(settings, access)
        self._database = open_database(settings.database_url, settings.database_connections, access)
        self._library_id = metadata.library_id(self._database)
        self.secret = metadata.signing_secret(self._database)
        self._index: LocalEngine | None = None
        self._index_opening = threading.Lock()
        zone = ZoneInfo(settings.timezone)
        mail = mail_settings(settings)
        self.sources = Scheduler(self._database, fetch_settings(settings), clock)
        self.trending = Trends(self._database, zone, clock)
        self.outbox = Outbox(self._database, mail, self.secret, self._library_id, clock)
        self.editions = Editions(
            self._database,
            zone,
            settings.edition_size,
            clock,
            self.sources.incomplete_note,
            self.outbox.enqueue_edition,
        )
        self.subscriptions = Subscriptions(
            self._database, self.secret, self._library_id, mail.newsletter.domain, clock
        )
        self.tokens = Tokens(self._database, clock)
        self.reranker = Reranker(self._database, settings.data, settings.rerank)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all database connections."""
        self._database.close()

    @staticmethod
    def wait_at_most(seconds: float) -> None:
        """Limit the wait for the database; see :func:`broadsheet.store.database.wait_at_most`."""
        wait_at_most(seconds)

    @property
    def database(self) -> Database:
        """The SQL database."""
        return self._database

    @property
    def now(self) -> datetime:
        """The current time, aware UTC."""
        return self._clock()

    @property
    def today(self) -> date:
        """The current date in the time zone of the settings."""
        return self.now.astimezone(ZoneInfo(self.settings.timezone)).date()

    def version(self) -> tuple[str | int | date, ...]:
        """Return a value that differs after every change of what this library answers.

        It takes a few microseconds on SQLite: equal values mean that the same question has the
        same answer. Only the reranking of the top results may improve in between.
        """
        position = -1
        if self._index is not None:
            self._index.refresh()
            position = self._index.position
        return self._database.version(), position, self.today

    def add(self, source: str, records: Sequence[Paper | Malformed]) -> IngestReport:
        """Store the records of a source; see :func:`broadsheet.ingest.files.store`."""
        return files.store(self._database, source, records, self.now)

    def import_file(
        self, path: Path, on_bytes: Callable[[int], None] | None = None
    ) -> IngestReport:
        """Import one file of papers; see :func:`broadsheet.ingest.files.import_file`."""
        return files.import_file(self._database, path, self.now, on_bytes)

    def import_starter(self) -> IngestReport:
        """Import the papers shipped with Broadsheet."""
        return files.import_starter(self._database, self.now)

    @property
    def index(self) -> LocalEngine:
        """The search engine, opened on first use."""
        with self._index_opening:
            if self._index is None:
                spec, key = self.settings.encoder, reveal(self.settings.encoder_key)
                self._index = LocalEngine(
                    self.settings.data / "index",
                    encoder_named(spec, key),
                    self._library_id,
                    spec,
                    encoder_loader(spec, key),
                )
            return self._index

    def update_index(
        self,
        *,
        rebuild: bool = False,
        build_for_s: float | None = None,
        on_papers: Callable[[int], None] | None = None,
    ) -> None:
        """Apply the library's changes to the index, or rebuild it.

        Parameters
        ----------
        rebuild : bool
            Rebuild it even if it is up to date.
        build_for_s, on_papers
            As in :meth:`broadsheet.index.local.engine.LocalEngine.update`.
        """
        self.index.check()
        if rebuild:
            self.index.rebuild(self._changes, on_papers)
        elif self.behind() or self.index.rebuild_pending:
            self.index.update(self._changes, on_papers, build_for_s)

    def behind(self) -> int:
        """Count the changes that the index has not applied yet."""
        with self._database.read() as connection:
            return max(0, changes.last_change(connection) - self.index.position)

    def search(
        self,
        query: str | Query,
        *,
        n: int = 20,
        offset: int = 0,
        mode: Mode = Mode.HYBRID,
        sort: Sort = Sort.RELEVANCE,
        facets: bool = False,
        clamp: bool = False,
    ) -> HitList:
        """Search papers by words and by meaning.

        Parameters
        ----------
        query : str or Query
            A text in the query language of :mod:`broadsheet.rules.query`, or the parsed query.
        n, offset, mode, sort, facets, clamp
            As in :class:`broadsheet.search.Request`.
        """
        self.index.refresh()
        today = self.today
        parsed = parse(query, today) if isinstance(query, str) else query
        request = Request(parsed, today, n, offset, mode, sort, facets, clamp)
        return search(self._database, self.index, request, self.reranker)

    def categories(self) -> dict[str, int]:
        """Return the number of papers of each category."""
        self.index.refresh()
        return self.index.categories()

    def related(self, paper: Paper, n: int = 6) -> list[Paper]:
        """Return the papers related to a paper; see :func:`broadsheet.search.related`."""
        self.index.refresh()
        return related(self._database, self.index, paper, n)

    def paper(self, paper_id: str) -> Paper:
        """Return a paper by any of its current or former ids.

        Raises
        ------
        NotFoundError
            If there is no such paper.
        """
        with self._database.read() as connection:
            return papers.paper_by_num(connection, papers.num_of(connection, paper_id))

    def known(self, paper_ids: Sequence[str], limit: int = 20) -> list[Paper]:
        """Return the papers that the library has, in the order of `paper_ids`."""
        with self._database.read() as connection:
            return papers.existing_papers(connection, paper_ids, limit)

    def added_at(self, paper_ids: Sequence[str]) -> dict[str, datetime]:
        """Return when papers came into the library, by their current ids."""
        with self._database.read() as connection:
            return papers.added_at_of_ids(connection, paper_ids)

    def newest(
        self, limit: int = 50, after: str | None = None, category: str | None = None
    ) -> tuple[list[Paper], str | None]:
        """List the papers by date, newest first; see :func:`broadsheet.store.listing.newest`."""
        with self._database.read() as connection:
            return listing.newest(connection, limit, after, category)

    def last_num(self) -> int:
        """Return the highest number of a paper; 0 without papers."""
        with self._database.read() as connection:
            return listing.last_num(connection)

    def ids_between(self, first: int, last: int) -> list[str]:
        """List the ids of the papers whose numbers are from `first` to `last`."""
        with self._database.read() as connection:
            return listing.ids_between(connection, first, last)

    def has_paper(self, paper_id: str) -> bool:
        """Return whether the library has a paper with this id."""
        with self._database.read() as connection:
            return bool(papers.nums_of(connection, [paper_id]))

    def request_paper(self, paper_id: str) -> bool:
        """Request that a paper is fetched; see :func:`broadsheet.store.requests.request_paper`."""
        with self._database.write() as connection:
            return requests.request_paper(connection, paper_id)

    def merges(self, limit: int = 50) -> list[Merge]:
        """List the merges of duplicate papers, newest first."""
        with self._database.read() as connection:
            return merges.list_merges(connection, limit)

    def unmerge(self, number: int) -> tuple[Paper, Paper]:
        """Undo a merge; see :func:`broadsheet.store.merges.unmerge`."""
        with self._database.write() as connection:
            winner, restored = merges.unmerge(connection, number, self.now)
            return (
                papers.paper_by_num(connection, winner),
                papers.paper_by_num(connection, restored),
            )

    def signals(self, paper_id: str) -> list[Signal]:
        """Return a paper's signals in order of time."""
        with self._database.read() as connection:
            return attention.signals_of(connection, paper_id)

    def records(self, paper_id: str) -> list[tuple[str, Paper, datetime]]:
        """Return each source's record of a paper and when it was received."""
        with self._database.read() as connection:
            return papers.records_of(connection, papers.num_of(connection, paper_id))

    def trending_or_edition(
        self, limit: int = 50, after: str | None = None, category: str | None = None
    ) -> Trending:
        """List the trending papers; if there are none at all, those of the newest edition.

        Parameters
        ----------
        limit, after, category
            As in :func:`broadsheet.trending.listing.trending`.
        """
        found = self.trending.list(limit, after, category)
        if found.trends or after or (category and self.trending.list(1).trends):
            return found
        return self.editions.in_place_of_trending(limit, category)

    def vote(self, paper_id: str, cookie: str, *, on: bool, network: str | None = None) -> int:
        """Set or remove a reader's vote; see :func:`broadsheet.accounts.readers.vote`.

        The count changes at once, the trending score with the next update.
        """
        return readers.vote(self._database, cookie, paper_id, network, on=on, now=self.now)

    def votes(self, paper_ids: Sequence[str]) -> dict[str, int]:
        """Count the votes of papers; papers without votes are omitted."""
        with self._database.read() as connection:
            return attention.votes_of(connection, paper_ids)

    def counts(self, paper_ids: Sequence[str]) -> dict[str, dict[Kind, float]]:
        """Return the newest totals of each paper's signals by kind."""
        with self._database.read() as connection:
            return attention.latest_totals(connection, paper_ids)

    def submissions(self, paper_ids: Sequence[str]) -> dict[str, Submission]:
        """Return the first submission of each paper; papers without one are omitted."""
        with self._database.read() as connection:
            return submissions.submissions_of(connection, paper_ids)

    def voted(self, cookie: str, paper_ids: Sequence[str]) -> set[str]:
        """Return those of `paper_ids` that the reader with this cookie has voted for."""
        return readers.voted(self._database, cookie, paper_ids)

    def health(self) -> Health:
        """Count what the library holds and what is pending."""
        has_index = (self.settings.data / "index").is_dir()
        index = self.index if has_index else None
        return health_of(
            self._database, index, self.editions, self.sources, self.settings, self.now
        )

    def diagnose(self) -> list[Finding]:
        """Check this installation; see :mod:`broadsheet.doctor`.

        The whole file of a SQLite library is read: about 4 s per GB.
        """
        return findings(
            self._database, self.settings, self.editions, self.outbox, self.health, self.now
        )

    def _changes(self, position: int, limit: int) -> tuple[int, dict[int, Paper | None]]:
        with self._database.read() as connection:
            reached, changed = changes.changes_since(connection, position, limit)
        self.reranker.drop_changed(changed)
        return reached, changed
