"""Paper: one work, however many sources told of it."""

from dataclasses import dataclass
from enum import StrEnum


class Notice(StrEnum):
    """What was said against a paper after it came out, the gravest last."""

    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"


@dataclass(frozen=True, slots=True)
class Paper:
    """One work.

    Parameters
    ----------
    id : str
        ``arxiv:2502.14802``, else ``doi:10.1000/x``, else ``hash:`` and a digest of title and
        first author; made by :func:`broadsheet.rules.identity.paper_id`.
    title : str
        Plain text on one line, never empty; LaTeX is left in.
    abstract : str or None
        Plain text; None when the source gave none.
    authors : tuple of str
        Names in the order of the paper, each as the source wrote it; empty when unknown.
    categories : tuple of str
        arXiv categories such as ``cs.CL`` or keywords, the primary one first.
    published : str or None
        ISO date of day, month or year precision: ``2025-02-20``, ``2025-02`` or ``2025``.
    arxiv_id : str or None
        Without version: ``2502.14802`` or ``hep-th/9901001``.
    doi : str or None
        Lower case, without a resolver's address: ``10.1007/bf02096567``.
    url : str or None
        An http(s) address of the paper where neither arXiv id nor DOI gives one.
    venue : str or None
        Journal or conference.
    comment : str or None
        The authors' remark (arXiv's comment field).
    code_url : str or None
        An http(s) address of the paper's code.
    ids : tuple of str
        Further ids of the work: ``openalex:W2741809807``, ``s2:`` and 40 hex digits,
        ``acl:2024.acl-long.1``.
    version : int or None
        The newest version told of, from 1.
    notice : Notice or None
        The gravest that was said against it.
    summary : str or None
        One sentence by others on what it says.
    open_url : str or None
        An http(s) address where it can be read for free.
    references, related : tuple of str
        Ids of the works it cites, and of those a service holds to be near; they may be of no
        paper in the library.
    """

    id: str
    title: str
    abstract: str | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published: str | None = None
    arxiv_id: str | None = None
    doi: str | None = None
    url: str | None = None
    venue: str | None = None
    comment: str | None = None
    code_url: str | None = None
    ids: tuple[str, ...] = ()
    version: int | None = None
    notice: Notice | None = None
    summary: str | None = None
    open_url: str | None = None
    references: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def link(self) -> str | None:
        """The address where the work itself is found, or None."""
        if self.arxiv_id:
            return f"https://arxiv.org/abs/{self.arxiv_id}"
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return self.url


@dataclass(frozen=True, slots=True)
class Malformed:
    """One record of a source that could not be read and was skipped.

    Parameters
    ----------
    place : str
        Where it stands, for example ``papers.jsonl line 17``.
    why : str
        What is wrong, lower case, without a full stop.
    """

    place: str
    why: str
