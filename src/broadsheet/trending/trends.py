"""Trends of one library: update the scores and list the papers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from broadsheet.model import Attention, Trending
from broadsheet.store.attention import observed_nums
from broadsheet.store.database import Database
from broadsheet.trending.attention import attention_of
from broadsheet.trending.listing import trending
from broadsheet.trending.scoring import recent_gains
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
        """Return what papers have and gained; papers without attention are omitted."""
        now = self._clock()
        with self._database.read() as connection:
            observed = observed_nums(connection, paper_ids)
            if not observed:
                return {}
            gains = recent_gains(connection, list(observed.values()), now)
            found = attention_of(connection, gains, now)
        return {paper_id: found[num] for paper_id, num in observed.items()}
