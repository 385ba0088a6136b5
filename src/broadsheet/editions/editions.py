"""Editions of one library: publish, read, list and pick."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadsheet.editions.publish import publish
from broadsheet.errors import ConfigError, NotFoundError
from broadsheet.model import Edition, EditionOutline, Period, Pick, Span, Trend, Trending
from broadsheet.model.attention import NO_ATTENTION
from broadsheet.store import metadata
from broadsheet.store.database import Database
from broadsheet.store.editions import (
    edition,
    has_edition,
    neighbors,
    outlines,
    overlapping,
    periods_published,
)
from broadsheet.store.papers import nums_of, papers_by_num
from broadsheet.store.picks import delete_pick, picks_of, upsert_pick

_QUIET = "last_quiet_day"
# An edition that waits for its sources may be published after midnight; it is mailed too.
_MAILED_FOR = timedelta(days=1)


class Editions:
    """The editions of a library.

    Parameters
    ----------
    database : Database
        The library.
    zone : ZoneInfo
        Time zone that days are counted in.
    size : int
        Papers in an edition, from 1.
    clock : callable
        Returns the current time, aware UTC.
    missing : callable
        Returns one sentence naming what the sources lack near a day, or None.
    enqueue : callable
        Called in the transaction that publishes an edition to be mailed, with the connection and
        the edition.
    """

    def __init__(
        self,
        database: Database,
        zone: ZoneInfo,
        size: int,
        clock: Callable[[], datetime],
        missing: Callable[[date], str | None],
        enqueue: Callable[[Connection, Edition], object],
    ) -> None:
        self._database = database
        self._zone = zone
        self._size = size
        self._clock = clock
        self._missing = missing
        self._enqueue = enqueue

    def publish(self, period: Period | date | None = None) -> Edition:
        """Publish an edition, by default today's; a period that has one gets a further revision.

        The digests of a recent day's edition are enqueued in the same transaction; older days,
        weeks and months are not mailed.

        Parameters
        ----------
        period : Period, date or None
            Day, week or month; None is today.

        Returns
        -------
        Edition
            Revision 0 and no items if there is no news; then nothing is stored.

        Raises
        ------
        ConfigError
            If the period begins in the future.
        """
        now, today = self._clock(), self._today()
        wanted = _period(period) or Period(today)
        if wanted.first > today:
            raise ConfigError(f"{wanted} is in the future: publish it from {wanted.first} on")
        return self._publish(wanted, now, today)

    def replace_sample(self) -> Edition | None:
        """Publish today's edition again if it is a sample and the library has other papers now.

        Returns
        -------
        Edition or None
            The new revision; None if today's edition is not replaced.
        """
        now, today = self._clock(), self._today()
        if not self.exists(today):
            return None
        current = self.read(today)
        if not current.is_sample:
            return None
        replacing = self._publish(Period(today), now, today, replaces=current)
        return replacing if replacing.revision else None

    def _today(self) -> date:
        return self._clock().astimezone(self._zone).date()

    def _publish(
        self, wanted: Period, now: datetime, today: date, replaces: Edition | None = None
    ) -> Edition:
        is_mailed = wanted.span is Span.DAY and today - wanted.first <= _MAILED_FOR
        edition = publish(
            self._database,
            wanted,
            self._zone,
            self._size,
            now,
            note=self._missing(wanted.last),
            enqueue=self._enqueue if is_mailed else None,
            replaces=replaces,
        )
        if not edition.revision:
            with self._database.write() as connection:
                metadata.put_value(connection, _QUIET, f"{wanted} {now.isoformat()}")
        return edition

    def read(self, period: Period | date | None = None, revision: int | None = None) -> Edition:
        """Read an edition; see :func:`broadsheet.store.editions.edition`."""
        with self._database.read() as connection:
            return edition(connection, _period(period), revision)

    def in_place_of_trending(self, limit: int, category: str | None = None) -> Trending:
        """List the papers of the newest daily edition, for when no paper is trending.

        Parameters
        ----------
        limit : int
            Maximum number of papers.
        category : str or None
            Only papers of this category.

        Returns
        -------
        Trending
            Empty if there is no edition.
        """
        try:
            newest = self.read()
        except NotFoundError:
            return Trending((), None)
        items = [one for one in newest.items if category is None or category in one.categories]
        with self._database.read() as connection:
            nums = nums_of(connection, [item.paper_id for item in items])
            papers = papers_by_num(connection, list(nums.values()))
        listed = [(item, papers[num]) for item in items if (num := nums.get(item.paper_id))]
        trends = tuple(
            Trend(
                rank,
                paper,
                item.score,
                item.reason,
                item.attention or NO_ATTENTION,
                # It names the rank of the next paper in the whole edition.
                item.placing if category is None else "",
            )
            for rank, (item, paper) in enumerate(listed[:limit], start=1)
        )
        return Trending(trends, None, newest)

    def exists(self, period: Period | date) -> bool:
        """Return whether an edition was published."""
        with self._database.read() as connection:
            return has_edition(connection, period if isinstance(period, Period) else Period(period))

    def is_quiet(self, day: date, since: timedelta) -> bool:
        """Return whether the last check of a day, at most `since` ago, found no news."""
        with self._database.read() as connection:
            quiet, _, checked_at = (metadata.get_value(connection, _QUIET) or "").partition(" ")
        return (
            quiet == str(Period(day)) and self._clock() - datetime.fromisoformat(checked_at) < since
        )

    def periods(self, span: Span = Span.DAY, limit: int = 60) -> list[Period]:
        """List the days, weeks or months that have an edition, newest first."""
        with self._database.read() as connection:
            return periods_published(connection, span, limit)

    def outlines(self, span: Span, first: date, last: date) -> list[EditionOutline]:
        """List the editions of a span that begin from `first` to `last`, oldest first."""
        with self._database.read() as connection:
            return outlines(connection, span, first, last)

    def neighbors(self, period: Period) -> tuple[Period | None, Period | None]:
        """Return the nearest published periods of the same span before and after a period."""
        with self._database.read() as connection:
            return neighbors(connection, period)

    def overlapping(self, period: Period) -> list[Period]:
        """List the published periods of other spans that share a day with a period.

        The longest span comes first.
        """
        with self._database.read() as connection:
            return overlapping(connection, period)

    def picks(self, period: Period) -> list[Pick]:
        """List the editor's picks for an edition."""
        with self._database.read() as connection:
            return picks_of(connection, period)

    def pick(self, period: Period, pick: Pick) -> None:
        """Store an editor's pick for the next revision of an edition.

        Raises
        ------
        NotFoundError
            If there is no such paper.
        """
        with self._database.write() as connection:
            upsert_pick(connection, period, pick)

    def unpick(self, period: Period, paper_id: str) -> bool:
        """Delete an editor's pick; return whether there was one."""
        with self._database.write() as connection:
            return delete_pick(connection, period, paper_id)


def _period(period: Period | date | None) -> Period | None:
    return Period(period) if isinstance(period, date) else period
