"""The formats in which a page shows a citation. Pure."""

from typing import NamedTuple

from broadsheet.web.api.markdown import escaped, link_address
from broadsheet.web.citations import bibtex, csl_json, ris
from broadsheet.web.citations.citation import Citation

_AUTHORS_NAMED = 3


class Format(NamedTuple):
    """A citation in one format.

    Parameters
    ----------
    name : str
        Name of the format.
    text : str
        The citation, without a line break at its end.
    extension : str or None
        Extension of the file with the same content; None without one.
    type : str
        Media type of the file.
    """

    name: str
    text: str
    extension: str | None
    type: str


def formats(citation: Citation) -> list[Format]:
    """Write a citation in each format."""
    return [
        Format("BibTeX", bibtex.write(citation).strip(), ".bib", bibtex.MEDIA_TYPE),
        Format("RIS", ris.write(citation).rstrip("\r\n"), ".ris", ris.MEDIA_TYPE),
        Format("CSL-JSON", csl_json.write(citation).strip(), ".csl.json", csl_json.MEDIA_TYPE),
        Format("Markdown", markdown(citation), None, "text/markdown"),
    ]


def markdown(citation: Citation) -> str:
    """Return a citation as one line of Markdown with a link.

    Examples
    --------
    >>> from broadsheet.model import Paper
    >>> from broadsheet.web.citations.citation import cite
    >>> markdown(cite(Paper("x", "Kites", authors=("Ada Windrow",), published="2025-02-20")))
    'Ada Windrow. Kites. 2025.'
    """
    names = [name.given_first for name in citation.authors[:_AUTHORS_NAMED]]
    is_complete = len(citation.authors) <= _AUTHORS_NAMED
    authors = escaped(", ".join(names) if is_complete else f"{names[0]} et al")
    title = escaped(citation.title)
    if citation.url:
        title = f"[{title}](<{link_address(citation.url)}>)"
    venue = citation.venue or citation.publisher
    last = [f"*{escaped(venue)}*"] if venue else []
    last += [str(citation.year)] if citation.year else []
    parts = [authors.removesuffix("."), title, ", ".join(last)]
    return ". ".join(part for part in parts if part) + "."
