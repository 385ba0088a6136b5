"""The editor's desk: what is rising, what was printed, and the editor's word on it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from broadsheet.config import Settings
from broadsheet.model import Edition, Period, Pick, Span, Trending
from broadsheet.publish import publish
from broadsheet.store import facts
from broadsheet.store.database import Database
from broadsheet.store.editions import edition, periods_printed
from broadsheet.store.picks import forget_pick, keep_pick, picks_of
from broadsheet.trend import follow, trending

_QUIET = "day without news"


class Desk:
    """Trends, editions and picks of a library.

    Parameters
    ----------
    database : Database
        The library.
    settings : Settings
        How days are counted, and how long an edition is.
    clock : callable
        Gives the time, aware UTC.
    """

    def __init__(
        self, database: Database, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    def follow(self, *, learn: bool = True) -> int:
        """Score what something came of; see :func:`broadsheet.trend.follow`."""
        return follow(self._database, self._clock, learn=learn)

    def trending(
        self, limit: int = 50, after: str | None = None, category: str | None = None
    ) -> Trending:
        """List the papers that rise; see :func:`broadsheet.trend.trending`."""
        now = self._clock()
        today = now.astimezone(ZoneInfo(self._settings.timezone)).date()
        return trending(self._database, now, today, limit, after, category)

    def publish(self, period: Period, note: str | None = None) -> Edition:
        """Freeze an edition; see :func:`broadsheet.publish.publish`."""
        now = self._clock()
        made = publish(
            self._database,
            period,
            self._settings.timezone,
            self._settings.edition_size,
            now,
            note,
        )
        if not made.revision:
            with self._database.write() as connection:
                facts.note(connection, _QUIET, f"{period} {now.isoformat()}")
        return made

    def quiet(self, day: date, since: timedelta) -> bool:
        """Tell whether a day had no news when it was last looked at, a short time ago."""
        with self._database.read() as connection:
            quiet, _, looked_at = (facts.noted(connection, _QUIET) or "").partition(" ")
        return (
            quiet == str(Period(day)) and self._clock() - datetime.fromisoformat(looked_at) < since
        )

    def edition(self, period: Period | None = None, revision: int | None = None) -> Edition:
        """Read an edition; see :func:`broadsheet.store.editions.edition`."""
        with self._database.read() as connection:
            return edition(connection, period, revision)

    def printed(self, span: Span = Span.DAY, limit: int = 60) -> list[Period]:
        """List the days, weeks or months that have an edition, newest first."""
        with self._database.read() as connection:
            return periods_printed(connection, span, limit)

    def picks(self, period: Period) -> list[Pick]:
        """List the editor's word on papers of an edition."""
        with self._database.read() as connection:
            return picks_of(connection, period)

    def pick(self, period: Period, pick: Pick) -> None:
        """Keep the editor's word on a paper for the next printing of an edition.

        Raises
        ------
        NotFoundError
            Where there is no such paper.
        """
        with self._database.write() as connection:
            keep_pick(connection, period, pick)

    def forget_pick(self, period: Period, paper_id: str) -> bool:
        """Take the editor's word on a paper back; tells whether there was one."""
        with self._database.write() as connection:
            return forget_pick(connection, period, paper_id)
