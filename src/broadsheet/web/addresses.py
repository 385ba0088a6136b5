"""Which addresses are written into a page, and which are followed."""

import re
from urllib.parse import quote, urlencode, urlsplit

from broadsheet.rules import identity

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


def plain(text: str) -> str:
    r"""Take out of a request's text what no page, query or database wants.

    Parameters
    ----------
    text : str
        As it came in: control characters and lone surrogates may be in it.

    Returns
    -------
    str
        The text on one line, every run of such characters or spaces made one space.

    Examples
    --------
    >>> plain(" sparse\x00 \n attention ")
    'sparse attention'
    """
    return _UNPRINTABLE.sub(" ", text).strip()


def web_link(url: str | None) -> str | None:
    """Let an outside address through if a browser may be sent there.

    Returns
    -------
    str or None
        `url` where it is an http(s) address with a host, else None.

    Examples
    --------
    >>> web_link("javascript:alert(1)") is None
    True
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def link_name(url: str) -> str:
    """Name an outside address by its host.

    Examples
    --------
    >>> link_name("https://www.nature.com/articles/1")
    'nature.com'
    """
    return urlsplit(url).netloc.rpartition("@")[2].removeprefix("www.")


def paper_path(paper_id: str) -> str:
    """Give the path of a paper's page.

    Examples
    --------
    >>> paper_path("doi:10.1000/a?b")
    '/papers/doi:10.1000/a%3Fb'
    """
    return f"/papers/{quote(paper_id, safe=':/', errors='replace')}"


def search_path(query: str, page: int = 1, sort: str = "relevance") -> str:
    """Give the path of one page of an answer.

    Examples
    --------
    >>> search_path("sparse attention", 3)
    '/search?q=sparse+attention&page=3'
    """
    fields = {"q": query}
    if sort != "relevance":
        fields["sort"] = sort
    if page > 1:
        fields["page"] = str(page)
    return f"/search?{urlencode(fields, errors='replace')}"


def own_path(text: str, otherwise: str) -> str:
    r"""Let a way back through if it stays on this site.

    Parameters
    ----------
    text : str
        A path as a form brought it. Browsers read ``//host`` and ``/\host`` as another site, and
        drop tabs and line breaks before they look, so none of these may be in it.
    otherwise : str
        What to take instead.

    Examples
    --------
    >>> own_path("/search?q=a#n3", "/")
    '/search?q=a#n3'
    >>> own_path("//evil.example", "/")
    '/'
    """
    stays = text.startswith("/") and text[1:2] not in ("/", "\\") and "\\" not in text
    return text if stays and not _UNPRINTABLE.search(text) else otherwise


def ids_meant(text: str) -> tuple[str, ...]:
    """List the paper ids that a person may mean by what stands in the address.

    Parameters
    ----------
    text : str
        An id, a bare arXiv id or DOI, or the address of either.

    Returns
    -------
    tuple of str
        `text` itself first.

    Examples
    --------
    >>> ids_meant("2502.14802v2")
    ('2502.14802v2', 'arxiv:2502.14802')
    """
    text = plain(text)
    arxiv, doi = identity.parse_arxiv_id(text), identity.parse_doi(text)
    meant = (text, arxiv and f"arxiv:{arxiv}", doi and f"doi:{doi}")
    return tuple(dict.fromkeys(one for one in meant if one))
