"""Submission: somebody put a paper forward."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """A paper was put forward somewhere for others to see.

    Parameters
    ----------
    paper_id : str
        The paper, by any id it has.
    by : str
        The name of who did it, as the source tells it.
    submitted_at : datetime
        Aware UTC.
    source : str
        Where, for example ``hf``.
    """

    paper_id: str
    by: str
    submitted_at: datetime
    source: str
