"""Pick: what the editor wants of an edition."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pick:
    """The editor's word on one paper of one edition.

    Parameters
    ----------
    paper_id : str
        The paper.
    place : int or None
        Where it stands, from 1; None leaves it out of the edition.
    comment : str or None
        A line the editor adds.
    """

    paper_id: str
    place: int | None
    comment: str | None = None
