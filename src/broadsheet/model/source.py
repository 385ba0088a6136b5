"""Nouns about sources: which papers they look up, their gaps and their state."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

# Every source is fetched at least once a day.
_LATE_AFTER = timedelta(hours=26)
# The source of the papers shipped with Broadsheet.
STARTER = "starter"


class PaperFilter(StrEnum):
    """Which papers of the library a source looks up."""

    NONE = "none"
    IDENTIFIED = "those with an arXiv id or a DOI"
    WITH_DOI = "those with a DOI"
    WITH_CODE = "those that name a repository on GitHub"
    WITH_MODEL = "those that name a repository on the Hugging Face Hub"


@dataclass(frozen=True, slots=True)
class Gap:
    """A day of a source with no or too few records.

    Parameters
    ----------
    source : str
        Name of the source.
    day : date
        The source's own day.
    reason : str
        A phrase for the operator, without a full stop.
    found_at : datetime
        Aware UTC.
    filled_at : datetime or None
        When the missing records arrived or the gap was abandoned, aware UTC; None while open.
    abandoned : bool
        Whether the gap was closed because the source has no more records of that day.
    """

    source: str
    day: date
    reason: str
    found_at: datetime
    filled_at: datetime | None = None
    abandoned: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of a source.

    Parameters
    ----------
    name : str
        As in the settings.
    attempted_at, succeeded_at : datetime or None
        Start of the last run, and end of the last run without error, aware UTC.
    failures : int
        Failed runs since the last success.
    error : str or None
        Error of the last run; None if it succeeded.
    next_at : datetime or None
        Time of the next run, aware UTC; None if it is due.
    newest : date or None
        The newest of the source's days with records.
    gaps : tuple of Gap
        Open gaps, the oldest first.
    closed_gaps : tuple of Gap
        Gaps closed in the last two weeks, the oldest first.
    exists : bool
        False if the settings name a source that does not exist; `error` has the message.
    """

    name: str
    attempted_at: datetime | None = None
    succeeded_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    next_at: datetime | None = None
    newest: date | None = None
    gaps: tuple[Gap, ...] = ()
    closed_gaps: tuple[Gap, ...] = ()
    exists: bool = True

    def is_late(self, now: datetime) -> bool:
        """Return whether the source was not fetched successfully for more than 26 hours."""
        return self.succeeded_at is None or now - self.succeeded_at > _LATE_AFTER
