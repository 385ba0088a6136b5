"""Paper: one work, however many sources told of it."""

from dataclasses import dataclass


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
