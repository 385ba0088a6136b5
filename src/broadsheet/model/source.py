"""What is known of a source: about which papers it is asked, how it fares, its gaps."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

# Every source is asked at least once a day.
_LATE = timedelta(hours=26)


class PaperFilter(StrEnum):
    """Which papers of the library a source is asked about."""

    NONE = "none"
    IDENTIFIED = "those with an arXiv id or a DOI"
    WITH_DOI = "those with a DOI"
    WITH_CODE = "those that name a repository on GitHub"
    WITH_MODEL = "those that name a repository on the Hugging Face Hub"


@dataclass(frozen=True, slots=True)
class Gap:
    """A day that came empty, thin, stale or not at all.

    Parameters
    ----------
    source : str
        Name of the source.
    day : date
        The source's own day.
    why : str
        What was seen, for a person to read, without a full stop.
    found_at : datetime
        Aware UTC.
    filled_at : datetime or None
        When what was missing had come or was given up, aware UTC; None while the gap is open.
    given_up : bool
        Whether the source has nothing more of that day, as far as can be told.
    """

    source: str
    day: date
    why: str
    found_at: datetime
    filled_at: datetime | None = None
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source fares.

    Parameters
    ----------
    name : str
        As in the settings.
    asked_at, succeeded_at : datetime or None
        When it was last asked, and when that last went well, aware UTC.
    failures : int
        How often it failed since.
    error : str or None
        Why it failed the last time; None where it went well.
    next_at : datetime or None
        When it is asked next, aware UTC; None where it is due.
    newest : date or None
        The newest of its days that it brought something of.
    gaps : tuple of Gap
        Those that are open, the oldest first.
    mended : tuple of Gap
        Those of the last two weeks that were filled or given up, the oldest first.
    can_be_asked : bool
        False for a name in the settings that is no source's.
    """

    name: str
    asked_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    next_at: datetime | None = None
    newest: date | None = None
    gaps: tuple[Gap, ...] = ()
    mended: tuple[Gap, ...] = ()
    can_be_asked: bool = True

    def is_late(self, now: datetime) -> bool:
        """Tell whether it was not fetched for more than a day, whatever kept it from it."""
        return self.succeeded_at is None or now - self.succeeded_at > _LATE
