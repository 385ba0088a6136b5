"""Paper: one work, merged from the records of any number of sources."""

from dataclasses import dataclass
from enum import StrEnum


class Notice(StrEnum):
    """A correction, withdrawal or retraction of a paper, by increasing severity."""

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
        first author; computed by :func:`broadsheet.rules.identity.paper_id`.
    title : str
        Plain text on one line, never empty; LaTeX is kept.
    abstract : str or None
        Plain text.
    authors : tuple of str
        Names in the order of the paper, as the source spells them; empty if unknown.
    categories : tuple of str
        arXiv categories such as ``cs.CL``, or keywords; the primary one is first.
    published : str or None
        ISO date with day, month or year precision: ``2025-02-20``, ``2025-02`` or ``2025``.
    arxiv_id : str or None
        Without version: ``2502.14802`` or ``hep-th/9901001``.
    doi : str or None
        Lower case, without the resolver's URL: ``10.1007/bf02096567``.
    url : str or None
        An http(s) URL of the paper, for papers without arXiv id and DOI.
    venue : str or None
        Journal or conference.
    comment : str or None
        The authors' comment (a field of arXiv).
    code_url : str or None
        An http(s) URL of the paper's code.
    ids : tuple of str
        Further identifiers: ``openalex:W2741809807``, ``s2:`` and 40 hex digits,
        ``acl:2024.acl-long.1``.
    version : int or None
        The newest known version, from 1.
    notice : Notice or None
        The most severe current notice.
    summary : str or None
        One-sentence summary by a third party.
    open_url : str or None
        An http(s) URL of a free full text.
    references, related : tuple of str
        Ids of cited works, and of works that a service considers related. They need not be in
        the library.
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
        """The URL of the work, or None."""
        if self.arxiv_id:
            return f"https://arxiv.org/abs/{self.arxiv_id}"
        if self.doi:
            return f"https://doi.org/{self.doi}"
        return self.url


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that could not be parsed and was skipped.

    Parameters
    ----------
    place : str
        Position in the source, for example ``papers.jsonl line 17``.
    reason : str
        The error, lower case, without a full stop.
    """

    place: str
    reason: str
