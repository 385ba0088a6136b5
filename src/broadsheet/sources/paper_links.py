"""Find the papers that a text links to."""

import re
from urllib.parse import unquote

from broadsheet.rules.identity import parse_any_id

# Every repetition is bounded, so that the time is linear in the text. No letter may precede a
# host: notarxiv.org is a different site.
_ARXIV_ID = r"(?:\d{4}\.\d{4,5}|[a-z][a-z-]{1,15}(?:\.[a-z]{2})?/\d{7})(?!\d)"
_ACL_ID = r"(?:\d{4}\.[a-z0-9]{1,20}(?:-[a-z0-9]{1,20})?\.\d{1,4}|[a-z]\d\d-\d{4})(?!\d)"
_LINK = re.compile(
    r"(?<![\w-])(?:arxiv\.org/(?:abs|pdf|html|format|src|ps)/|oai:arxiv\.org:|arxiv:\s?"
    r"|alphaxiv\.org/(?:abs|pdf|html|overview|audio)/|(?:huggingface|hf)\.co/papers/"
    rf"|10\.48550/arxiv\.)(?P<arxiv>{_ARXIV_ID})"
    r"|(?:(?<![\w-])doi(?:\.org/|:\s?)|/doi/(?:(?:abs|full|pdf|epdf|pdfdirect)/)?)"
    r"(?P<doi>10\.\d{4,9}(?:/|%2f)[\w!$%()*+,./:;=@~-]{1,300})"
    r"|(?<![\w-])(?:bio|med)rxiv\.org/content/(?P<preprint>10\.\d{4,9}/\d[\d.]{5,30})"
    rf"|(?<![\w-])(?:aclanthology\.org|aclweb\.org/anthology)/(?P<acl>{_ACL_ID})",
    re.IGNORECASE | re.ASCII,
)
# HTML escapes of the slash, which all these addresses contain.
_ESCAPED_SLASH = re.compile(r"&#(?:x2f|47);", re.IGNORECASE)
_TRAILING_PUNCTUATION = ".,;:!*_/"


def find_paper_ids(*texts: str | None) -> tuple[str, ...]:
    """Return the ids of the papers that texts link to.

    Parameters
    ----------
    texts : str or None
        Plain text, HTML or URLs.

    Returns
    -------
    tuple of str
        ``arxiv:…``, ``doi:…`` and ``acl:…`` in the order of the texts, without duplicates.

    Examples
    --------
    >>> find_paper_ids("See https://huggingface.co/papers/2502.14802, doi:10.1000/X1.")
    ('arxiv:2502.14802', 'doi:10.1000/x1')
    """
    found: dict[str, None] = {}
    for text in texts:
        if text:
            for link in _LINK.finditer(_ESCAPED_SLASH.sub("/", text)):
                if paper_id := _parse_link(link):
                    found.setdefault(paper_id)
    return tuple(found)


def _parse_link(link: re.Match[str]) -> str | None:
    if link["doi"]:
        return parse_any_id(_strip_punctuation(unquote(link["doi"])))
    return parse_any_id(link["arxiv"] or link["acl"] or link["preprint"].rstrip("."))


def _strip_punctuation(doi: str) -> str:
    """Remove punctuation of the surrounding sentence from the end of a DOI."""
    doi = doi.rstrip(_TRAILING_PUNCTUATION)
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(_TRAILING_PUNCTUATION)
    return doi
