"""Health: counts that describe the state of a library."""

from dataclasses import dataclass
from datetime import date

from broadsheet.model import DeliveryState, SourceState, SubscriptionState


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
    is_quiet : bool
        Whether the last check of today found no news for an edition.
    subscriptions : dict of SubscriptionState to int
        Subscriptions by state.
    deliveries : dict of DeliveryState to int
        Deliveries by state.
    sources : tuple of SourceState
        State of each source in the settings.
    """

    papers: int
    behind: int
    rebuilt: int | None
    edition: date | None
    is_quiet: bool
    subscriptions: dict[SubscriptionState, int]
    deliveries: dict[DeliveryState, int]
    sources: tuple[SourceState, ...] = ()
