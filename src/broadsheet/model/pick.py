"""Pick: a choice of the editor for one edition."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pick:
    """The editor's choice to place one paper in an edition, or to exclude it.

    Parameters
    ----------
    paper_id : str
        Any id of the paper.
    place : int or None
        Rank in the edition, from 1; None excludes the paper.
    comment : str or None
        A line that is shown with the paper.
    """

    paper_id: str
    place: int | None
    comment: str | None = None
