"""Submission: a user of a source submitted a paper there."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """The submission of a paper to a list or forum.

    Parameters
    ----------
    paper_id : str
        Any id of the paper.
    by : str
        Name of the submitter, as the source spells it.
    submitted_at : datetime
        Aware UTC.
    source : str
        Name of the source, for example ``hf``.
    """

    paper_id: str
    by: str
    submitted_at: datetime
    source: str
