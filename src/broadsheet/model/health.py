"""How a library fares, in numbers."""

from dataclasses import dataclass
from datetime import date

from broadsheet.model import DeliveryState, SourceState, SubscriptionState


@dataclass(frozen=True, slots=True)
class Health:
    """How the library fares.

    Parameters
    ----------
    papers : int
        Papers in the library.
    behind : int
        Changes the index has not followed yet.
    built : int or None
        Papers in the files that are to take the place of those that serve; None where there are
        no such files to build.
    edition : date or None
        Day of the newest edition.
    quiet : bool
        Whether there was no news for an edition when it was last looked for today.
    subscriptions : dict of SubscriptionState to int
        How many there are in each state.
    deliveries : dict of DeliveryState to int
        How many there are in each state.
    sources : tuple of SourceState
        How each source of the settings fares.
    """

    papers: int
    behind: int
    built: int | None
    edition: date | None
    quiet: bool
    subscriptions: dict[SubscriptionState, int]
    deliveries: dict[DeliveryState, int]
    sources: tuple[SourceState, ...] = ()
