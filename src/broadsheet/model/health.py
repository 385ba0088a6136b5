"""Health: counts that describe the state of a library."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from broadsheet.model import DeliveryState, SourceState, SubscriptionState


class Status(StrEnum):
    """What a monitor needs to know: all works, pages are served, or they are not."""

    OK = "ok"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class MailBacklog:
    """The mails that wait.

    Parameters
    ----------
    oldest_due_at : datetime or None
        Earliest time at which a delivery is due, aware UTC, past or future; None if none is due.
    retrying : int
        Deliveries that failed at least twice and are retried.
    error : str or None
        Why one of these failed.
    sent_at : datetime or None
        When the last mail was sent, aware UTC.
    """

    oldest_due_at: datetime | None = None
    retrying: int = 0
    error: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a library, as ``broadsheet doctor`` and ``/healthz`` report it.

    Parameters
    ----------
    papers : int
        Papers in the library.
    behind : int
        Changes of the library that the index has not applied.
    rebuilt : int or None
        Papers in the files of an unfinished rebuild of the index; None if there is none.
    edition : date or None
        Day of the newest edition.
    published_at : datetime or None
        When its newest revision was published, aware UTC.
    edition_papers : int
        Papers in it.
    is_quiet : bool
        Whether the last check of today found no news for an edition.
    subscriptions : dict of SubscriptionState to int
        Subscriptions by state.
    deliveries : dict of DeliveryState to int
        Deliveries by state.
    sources : tuple of SourceState
        State of each source in the settings.
    mail : MailBacklog
        The mails that wait.
    damage : str or None
        Why a transaction of this process found the database damaged.
    write_error : str or None
        Why the database or its folder accepts no writes.
    late_edition : date or None
        Day whose edition should have been published; None if none is late.
    free_bytes : int or None
        Free space on the disk of the data folder; None if unknown.
    """

    papers: int
    behind: int
    rebuilt: int | None
    edition: date | None
    is_quiet: bool
    subscriptions: dict[SubscriptionState, int]
    deliveries: dict[DeliveryState, int]
    sources: tuple[SourceState, ...] = ()
    mail: MailBacklog = field(default_factory=MailBacklog)
    damage: str | None = None
    write_error: str | None = None
    late_edition: date | None = None
    published_at: datetime | None = None
    edition_papers: int = 0
    free_bytes: int | None = field(default=None, compare=False)
