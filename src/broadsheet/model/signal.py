"""Signal: one dated observation of attention."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Signal:
    """One observation, kept as it was made and never overwritten.

    Parameters
    ----------
    paper_id : str
        The paper that got the attention.
    kind : str
        What was counted, for example ``votes``.
    value : float
        The count at that moment (a total, not a gain).
    observed_at : datetime
        When it was read, aware UTC.
    source : str
        Where it was read, for example ``local``.
    """

    paper_id: str
    kind: str
    value: float
    observed_at: datetime
    source: str
