"""Library: the one object a user holds."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from broadsheet import ingest
from broadsheet.config import Settings
from broadsheet.deliver import SendReport
from broadsheet.desk import Desk
from broadsheet.errors import ConfigError, NotFoundError, StoreError
from broadsheet.examine import Finding, examine
from broadsheet.gather import Gatherer
from broadsheet.health import Health
from broadsheet.index.encoders import encoder_loader, encoder_named
from broadsheet.index.searchindex import SearchIndex
from broadsheet.ingest import IngestReport
from broadsheet.model import (
    Edition,
    HitList,
    Kind,
    Malformed,
    Mode,
    Paper,
    Period,
    Signal,
    Sort,
    Span,
    Submission,
)
from broadsheet.post import host_of, send_due
from broadsheet.publish import make_due
from broadsheet.readers import Readers
from broadsheet.refinery import Refinery
from broadsheet.search import Request, related, search
from broadsheet.store import (
    attention,
    changes,
    deliveries,
    editions,
    listing,
    merges,
    papers,
    submissions,
    subscriptions,
)
from broadsheet.store.database import open_database
from broadsheet.store.facts import fact
from broadsheet.store.merges import Merge
from broadsheet.tokens import Tokens

# An edition may have waited for its sources past midnight.
_MAILED_FOR = timedelta(days=1)


class Library:
    """Papers, editions and readers in one place; safe to use from many threads.

    Parameters
    ----------
    settings : Settings
        Where everything is kept and how it is named.
    clock : callable, optional
        Gives the time, aware UTC.

    Attributes
    ----------
    sources : Gatherer
        The outside places that papers and attention are fetched from.
    desk : Desk
        What is rising, what was printed, and the editor's word on it.
    readers : Readers
        Who subscribed.
    refinery : Refinery
        The sharper vectors of its papers.
    tokens : Tokens
        Who may ask the API, or ask it more often.

    Raises
    ------
    StoreError
        Where the library cannot be opened.
    SearchIndexError
        Where the index folder cannot be made.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self._clock = clock
        try:
            # Readers' addresses and the signing secret lie here: for the operator's eyes only.
            settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreError(
                f"the data folder {str(settings.data)!r} cannot be made ({error.strerror}): "
                "choose another with --data"
            ) from error
        self._database = open_database(settings.database_url)
        with self._database.write() as connection:
            self._library_id = fact(connection, "library id")
            self.secret = fact(connection, "secret")
        self._index: SearchIndex | None = None
        self._index_opening = threading.Lock()
        self.sources = Gatherer(self._database, settings, clock)
        self.desk = Desk(self._database, settings, clock)
        self.tokens = Tokens(self._database, clock)
        self._host = host_of(settings)
        self.readers = Readers(self._database, self.secret, self._library_id, self._host, clock)
        self.refinery = Refinery(self._database, settings.data, settings.refine)

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
        """Give back what is held open."""
        self._database.close()

    @property
    def now(self) -> datetime:
        """The time, aware UTC."""
        return self._clock()

    @property
    def today(self) -> date:
        """The day it is in the newspaper's time zone."""
        return self.now.astimezone(ZoneInfo(self.settings.timezone)).date()

    def add(self, source: str, told: Sequence[Paper | Malformed]) -> IngestReport:
        """Store what a source told; see :func:`broadsheet.ingest.store`."""
        return ingest.store(self._database, source, told, self.now)

    def import_file(
        self, path: Path, on_bytes: Callable[[int], None] | None = None
    ) -> IngestReport:
        """Bring in one file of papers; see :func:`broadsheet.ingest.import_file`."""
        return ingest.import_file(self._database, path, self.now, on_bytes)

    def import_starter(self) -> IngestReport:
        """Bring in the papers shipped with Broadsheet, where the library is still empty."""
        return ingest.import_starter(self._database, self.now)

    @property
    def index(self) -> SearchIndex:
        """The index, opened when first needed."""
        with self._index_opening:
            if self._index is None:
                spec, key = self.settings.encoder, self.settings.secret(self.settings.encoder_key)
                self._index = SearchIndex(
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
        """Bring the index level with the library, or build it anew.

        Parameters
        ----------
        rebuild : bool
            Build anew even where it is level.
        build_for_s, on_papers
            As in :meth:`broadsheet.index.searchindex.SearchIndex.follow`.
        """
        self.index.refresh()
        if rebuild:
            self.index.rebuild(self._changes, on_papers)
        elif self.behind() or self.index.outdated:
            self.index.follow(self._changes, on_papers, build_for_s)

    def behind(self) -> int:
        """Count the changes that the index has not followed yet."""
        with self._database.read() as connection:
            return max(0, changes.last_change(connection) - self.index.position)

    def search(
        self,
        query: str,
        *,
        n: int = 20,
        offset: int = 0,
        mode: Mode = Mode.HYBRID,
        sort: Sort = Sort.RELEVANCE,
        facets: bool = False,
    ) -> HitList:
        """Find papers by word and by meaning.

        Parameters
        ----------
        query : str
            In the query language of :mod:`broadsheet.rules.query`.
        n, offset, mode, sort, facets
            As in :class:`broadsheet.search.Request`.
        """
        self.index.refresh()
        request = Request(query, self.today, n, offset, mode, sort, facets)
        return search(self._database, self.index, request, self.refinery.sharpener())

    def related(self, paper: Paper, n: int = 6) -> list[Paper]:
        """Find the papers related to one; see :func:`broadsheet.search.related`."""
        self.index.refresh()
        return related(self._database, self.index, paper, n)

    def paper(self, paper_id: str) -> Paper:
        """Read a paper by any id it has or had.

        Raises
        ------
        NotFoundError
            Where there is none.
        """
        with self._database.read() as connection:
            return papers.paper_by_num(connection, papers.num_of(connection, paper_id))

    def known(self, paper_ids: Sequence[str], limit: int = 20) -> list[Paper]:
        """Read those of some papers that the library has, in the order they are named."""
        with self._database.read() as connection:
            return papers.known_of(connection, paper_ids, limit)

    def newest(
        self, limit: int = 50, after: str | None = None, category: str | None = None
    ) -> tuple[list[Paper], str | None]:
        """List the papers by date, newest first; see :func:`broadsheet.store.listing.newest`."""
        with self._database.read() as connection:
            return listing.newest(connection, limit, after, category)

    def has_paper(self, paper_id: str) -> bool:
        """Tell whether a paper is known by this id."""
        with self._database.read() as connection:
            return bool(papers.nums_of(connection, [paper_id]))

    def merges(self, limit: int = 50) -> list[Merge]:
        """List the pairs of papers that became one, newest first."""
        with self._database.read() as connection:
            return merges.merges_made(connection, limit)

    def unmerge(self, number: int) -> tuple[Paper, Paper]:
        """Take a merge back; see :func:`broadsheet.store.merges.unfold`."""
        with self._database.write() as connection:
            kept, gone = merges.unfold(connection, number, self.now)
            return papers.paper_by_num(connection, kept), papers.paper_by_num(connection, gone)

    def signals(self, paper_id: str) -> list[Signal]:
        """Read the attention that a paper got, in order of time."""
        with self._database.read() as connection:
            return attention.signals_of(connection, paper_id)

    def records(self, paper_id: str) -> list[tuple[str, Paper, datetime]]:
        """Read what each source said of a paper, and when it was told."""
        with self._database.read() as connection:
            return papers.records_of(connection, papers.num_of(connection, paper_id))

    def vote(self, paper_id: str, reader: str, *, on: bool, network: str | None = None) -> int:
        """Set or take back a reader's vote; see :func:`broadsheet.store.attention.vote`."""
        with self._database.write() as connection:
            total = attention.vote(connection, paper_id, reader, network, on, self.now)
        self.desk.follow(learn=False)
        return total

    def votes(self, paper_ids: Sequence[str]) -> dict[str, int]:
        """Count the votes of papers; those without any are left out."""
        with self._database.read() as connection:
            return attention.votes_of(connection, paper_ids)

    def counts(self, paper_ids: Sequence[str]) -> dict[str, dict[Kind, float]]:
        """Read the newest totals of attention; see :func:`broadsheet.store.attention.counts_of`."""
        with self._database.read() as connection:
            return attention.counts_of(connection, paper_ids)

    def submissions(self, paper_ids: Sequence[str]) -> dict[str, Submission]:
        """Tell who put papers forward first; those that nobody did are left out."""
        with self._database.read() as connection:
            return submissions.submissions_of(connection, paper_ids)

    def voted(self, reader: str, paper_ids: Sequence[str]) -> set[str]:
        """Tell which of these papers a reader has voted for."""
        with self._database.read() as connection:
            return attention.voted(connection, reader, paper_ids)

    def publish(self, period: Period | date | None = None) -> Edition:
        """Freeze an edition, today's by default; the digests of a day's edition are made due.

        Without any news nothing is printed: see :func:`broadsheet.publish.publish`.

        Raises
        ------
        ConfigError
            Where the period is still to come.
        """
        wanted = self._period(period) or Period(self.today)
        if wanted.first > self.today:
            raise ConfigError(f"{wanted} is still to come: publish it from {wanted.first} on")
        made = self.desk.publish(wanted, self.sources.missing_near(wanted.last))
        # What is printed for the archive is no news to be mailed.
        if wanted.span is Span.DAY and made.revision and self.today - wanted.first <= _MAILED_FOR:
            self.make_due(wanted.first)
        return made

    def make_due(self, day: date) -> int:
        """Make a day's digest due to each confirmed reader who has none yet; gives how many."""
        return make_due(self._database, day, self._library_id, self._host, self.now)

    def edition(self, period: Period | date | None = None) -> Edition:
        """Read the edition of a day, week or month, the newest day's by default."""
        return self.desk.edition(self._period(period))

    def has_edition(self, period: Period | date) -> bool:
        """Tell whether an edition was published."""
        try:
            self.edition(period)
        except NotFoundError:
            return False
        return True

    @staticmethod
    def _period(period: Period | date | None) -> Period | None:
        return Period(period) if isinstance(period, date) else period

    def send(
        self, day: date | None = None, on_sent: Callable[[], None] = lambda: None
    ) -> SendReport:
        """Mail a day's edition, the newest by default, to all who have not had it.

        Parameters
        ----------
        day : date or None
            The edition's day.
        on_sent : callable, optional
            Told after each mail.

        Raises
        ------
        NotFoundError
            Where that day has no edition.
        """
        self.make_due(self.edition(day).date)
        return self.deliver_due(on_sent)

    def deliver_due(self, on_sent: Callable[[], None] = lambda: None) -> SendReport:
        """Send what is due now: confirmations, digests, and those whose time to retry has come.

        Raises
        ------
        MailError
            Where another sender on this machine holds the outbox for a minute.
        """
        return send_due(self._database, self.settings, self.secret, self._clock, on_sent)

    def retry_unknown(self) -> int:
        """Make the mails in doubt due again; their readers may get them twice."""
        with self._database.write() as connection:
            return deliveries.retry_unknown(connection, self.now)

    def health(self) -> Health:
        """Tell how the library fares."""
        with self._database.read() as connection:
            days = editions.periods_printed(connection, Span.DAY, 1)
            return Health(
                papers=papers.count(connection),
                behind=max(0, changes.last_change(connection) - self.index.position),
                built=self.index.built if self.index.outdated else None,
                edition=days[0].first if days else None,
                quiet=self.desk.quiet(self.today, timedelta(days=1)),
                subscriptions=subscriptions.counts(connection),
                deliveries=deliveries.counts(connection),
                sources=tuple(self.sources.states()),
            )

    def examine(self) -> list[Finding]:
        """Look for what is wrong; see :func:`broadsheet.examine.examine`."""
        return list(examine(self.health(), self.settings, self.now, self.today))

    def _changes(self, position: int, limit: int) -> tuple[int, dict[int, Paper | None]]:
        with self._database.read() as connection:
            reached, changed = changes.changes_since(connection, position, limit)
        self.refinery.forget_changed(changed)
        return reached, changed
