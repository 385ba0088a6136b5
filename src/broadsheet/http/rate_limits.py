"""How often each service lets itself be asked, and which hosts are of one site."""

# Seconds between two requests, as each service publishes or asks for.
_PAUSES_S = {
    "arxiv.org": 3.0,
    "huggingface.co": 0.5,
    "openalex.org": 0.15,
    "semanticscholar.org": 1.1,
    # Three lists a second only for those who name a contact, of which nothing is known here.
    "crossref.org": 1.0,
    "biorxiv.org": 1.0,
    "medrxiv.org": 1.0,
    "aclanthology.org": 2.0,
    "github.com": 0.75,
    "algolia.com": 0.4,
    "reddit.com": 6.5,
    "bsky.app": 0.2,
    "zotero.org": 1.0,
}
_OTHER_PAUSE_S = 2.0


def site_of(host: str) -> str:
    """Name the site that a host belongs to: a known service, else the host without ``www.``.

    Examples
    --------
    >>> site_of("export.arxiv.org"), site_of("www.example.org")
    ('arxiv.org', 'example.org')
    """
    told = host.lower().rstrip(".").removeprefix("www.")
    known = (site for site in _PAUSES_S if told == site or told.endswith(f".{site}"))
    return next(known, told)


def same_site(one: str, other: str) -> bool:
    """Tell whether a redirect from one host to another stays with the same service.

    Examples
    --------
    >>> same_site("export.arxiv.org", "oaipmh.arxiv.org"), same_site("a.github.io", "b.github.io")
    (True, False)
    """
    a, b = site_of(one), site_of(other)
    return a == b or a.endswith(f".{b}") or b.endswith(f".{a}")


def pause_s(host: str) -> float:
    """Give the least time between two requests to the site of a host, in seconds."""
    return _PAUSES_S.get(site_of(host), _OTHER_PAUSE_S)
