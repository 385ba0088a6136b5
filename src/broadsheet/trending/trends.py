"""Trends of one library: update the scores and list the papers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from broadsheet.model import Attention, Trending
from broadsheet.rules.trend_reason import NO_GAINS
from broadsheet.store.attention import signals_by_id
from broadsheet.store.database import Database
from broadsheet.trending.attention import attention_from
from broadsheet.trending.listing import trending
from broadsheet.trending.update import update


class Trends:
    """The trending scores of a library.

    Parameters
    ----------
    database : Database
        The library.
    zone : ZoneInfo
        Time zone that days are counted in.
    clock : callable
        Returns the current time, aware UTC.
    """

    def __init__(self, database: Database, zone: ZoneInfo, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._zone = zone
        self._clock = clock

    def update(self) -> int:
        """Score the papers that changed; see :func:`broadsheet.trending.update.update`."""
        return update(self._database, self._clock)

    def list(
        self, limit: int = 50, after: str | None = None, category: str | None = None
    ) -> Trending:
        """List the trending papers; see :func:`broadsheet.trending.listing.trending`."""
        now = self._clock()
        today = now.astimezone(self._zone).date()
        return trending(self._database, now, today, limit, after, category)

    def attention(self, paper_ids: Sequence[str]) -> dict[str, Attention]:
        """Return the totals of papers and their course; papers without signals are omitted.

        Lists that attention does not rank show no gains.
        """
        with self._database.read() as connection:
            found = signals_by_id(connection, paper_ids)
        now = self._clock()
        return {
            paper_id: attention_from(signals, NO_GAINS, now) for paper_id, signals in found.items()
        }
