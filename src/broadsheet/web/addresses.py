"""Build the addresses on a page and check those that come from outside."""

import re
from urllib.parse import quote, urlencode, urlsplit

from starlette.types import Scope

from broadsheet.rules import identity

# Characters of a query string that are left as they are.
_QUERY_CHARACTERS = "%/:?@!$&'()*+,;=~"
# A pattern of JSON Schema: some text remains when `plain` has removed all that it removes.
NOT_EMPTY = r"[^\x00-\x20\x7f-\xa0\s]"
# Extensions of the files of a paper.
FILES = (".md", ".bib", ".ris", ".csl.json")
# What other routes append to a paper id, and an id that ends with it as a path contains it.
_ROUTES = "|".join(map(re.escape, (*FILES, "/vote", "/signals")))
_SUFFIX = re.compile(f"(?:{_ROUTES})/*$")
_ESCAPED = re.compile(f"(?:{_ROUTES})/+$")
_UNSTABLE = re.compile(r"/\.{0,2}(?:/|$)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\s]+")


def plain(text: str) -> str:
    r"""Return a request's text on one line, without control characters and lone surrogates.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        `text` with every run of such characters and whitespace replaced by one space.

    Examples
    --------
    >>> plain(" sparse\x00 \n attention ")
    'sparse attention'
    """
    return _UNPRINTABLE.sub(" ", text).strip()


def address_of(scope: Scope) -> str:
    """Return the path and query of a request as an address on this site.

    Parameters
    ----------
    scope : Scope
        ASGI scope; its path is not percent-encoded, its query is.

    Examples
    --------
    >>> address_of({"path": "/papers/doi:10.1000/a?b", "query_string": b"q=1"})
    '/papers/doi:10.1000/a%3Fb?q=1'
    """
    path = quote(scope["path"], safe=":/", errors="replace")
    query = quote(scope["query_string"], safe=_QUERY_CHARACTERS)
    return f"{path}?{query}" if query else path


def web_link(url: str | None) -> str | None:
    """Return an outside address if it is safe to link to.

    Returns
    -------
    str or None
        `url` if it is an http(s) address with a host, else None.

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


def doi_url(doi: str) -> str:
    """Return the address that a DOI stands for.

    Examples
    --------
    >>> doi_url("10.1002/a<1::aid>3.0.co;2-#")
    'https://doi.org/10.1002/a%3C1::aid%3E3.0.co;2-%23'
    """
    return f"https://doi.org/{quote(doi, safe=';/:()', errors='replace')}"


def link_name(url: str) -> str:
    """Return the host of an outside address, without ``www.``.

    Examples
    --------
    >>> link_name("https://www.nature.com/articles/1")
    'nature.com'
    """
    return urlsplit(url).netloc.rpartition("@")[2].removeprefix("www.")


def path_id(paper_id: str) -> str:
    """Return a paper id as the end of a path, not yet percent-encoded.

    Other routes append a suffix to a paper id. An id that itself ends with one, with or without
    slashes, gets one more slash, which :func:`possible_ids` removes.

    Examples
    --------
    >>> path_id("doi:10.1000/a"), path_id("doi:10.1000/notes.md")
    ('doi:10.1000/a', 'doi:10.1000/notes.md/')
    """
    return f"{paper_id}/" if _SUFFIX.search(paper_id) else paper_id


def quoted_id(paper_id: str) -> str:
    """Return a paper id percent-encoded as the end of a path.

    Slashes stay readable, unless a browser or a proxy would drop or resolve one: next to another,
    to a dot segment or at the end.

    Examples
    --------
    >>> quoted_id("doi:10.1000/a?b"), quoted_id("doi:10.1000/../b")
    ('doi:10.1000/a%3Fb', 'doi:10.1000%2F..%2Fb')
    """
    text = path_id(paper_id)
    return quote(text, safe=":" if _UNSTABLE.search(text) else ":/", errors="replace")


def paper_path(paper_id: str) -> str:
    """Return the path of a paper's page.

    Examples
    --------
    >>> paper_path("doi:10.1000/a?b")
    '/papers/doi:10.1000/a%3Fb'
    """
    return f"/papers/{quoted_id(paper_id)}"


def category_path(name: str) -> str:
    """Return the path of a category's page.

    Examples
    --------
    >>> category_path("Physics/Optics")
    '/categories/Physics%2FOptics'
    """
    return f"/categories/{quote(name, safe='', errors='replace')}"


def author_path(name: str) -> str:
    """Return the path of the page that lists an author's papers.

    Examples
    --------
    >>> author_path("Ada Windrow")
    '/authors/Ada%20Windrow'
    """
    return f"/authors/{quote(name, safe='', errors='replace')}"


def trending_path(category: str = "", after: str = "") -> str:
    """Return the path of one page of the trending papers.

    Examples
    --------
    >>> trending_path("cs.CL")
    '/trending?category=cs.CL'
    """
    fields = {"category": category, "after": after}
    query = urlencode({name: text for name, text in fields.items() if text}, errors="replace")
    return f"/trending?{query}" if query else "/trending"


def search_path(query: str, page: int = 1, sort: str = "relevance") -> str:
    """Return the path of one page of search results.

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


def local_path(text: str, default: str) -> str:
    r"""Return a redirect target if it is on this site.

    Parameters
    ----------
    text : str
        A path from a form. Browsers read ``//host`` and ``/\host`` as another site and ignore
        tabs and line breaks, so a path with any of these is refused.
    default : str
        The path to return instead.

    Examples
    --------
    >>> local_path("/search?q=a#n3", "/")
    '/search?q=a#n3'
    >>> local_path("//evil.example", "/")
    '/'
    """
    is_local = text.startswith("/") and text[1:2] != "/" and "\\" not in text
    return text if is_local and not _UNPRINTABLE.search(text) else default


def possible_ids(text: str) -> tuple[str, ...]:
    """List the paper ids that a text in an address may stand for.

    Parameters
    ----------
    text : str
        An id, without its prefix or as in :func:`path_id`, or the address of a paper.

    Returns
    -------
    tuple of str
        `text` itself first.

    Examples
    --------
    >>> possible_ids("2502.14802v2")
    ('2502.14802v2', 'arxiv:2502.14802')
    """
    text = plain(text)
    if _ESCAPED.search(text):
        text = text[:-1]
    arxiv, doi = identity.parse_arxiv_id(text), identity.parse_doi(text)
    ids = (
        text,
        arxiv and f"arxiv:{arxiv}",
        doi and f"doi:{doi}",
        identity.parse_external_id(text),
    )
    return tuple(dict.fromkeys(paper_id for paper_id in ids if paper_id))
