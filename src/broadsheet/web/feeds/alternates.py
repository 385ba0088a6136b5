"""Links from a page to its feeds."""

from dataclasses import dataclass
from urllib.parse import urlencode

_FORMATS = (
    ("Atom", "atom", "application/atom+xml"),
    ("JSON Feed", "json", "application/feed+json"),
)


@dataclass(frozen=True, slots=True)
class Alternate:
    """One feed with the content of a page.

    Parameters
    ----------
    title : str
        Title of the content.
    format : str
        ``Atom`` or ``JSON Feed``.
    path : str
        Path of the feed.
    type : str
        Media type.
    """

    title: str
    format: str
    path: str
    type: str


def feeds_at(path: str, title: str, **fields: str) -> tuple[Alternate, ...]:
    """Return the feeds of a page, one for each format.

    Parameters
    ----------
    path : str
        Path of the feeds without the extension.
    title : str
        Title of the content.
    **fields
        Fields of the query string; empty ones are left out.

    Examples
    --------
    >>> [feed.path for feed in feeds_at("/search", "Papers on kites", q="kites")]
    ['/search.atom?q=kites', '/search.json?q=kites']
    """
    used = {name: text for name, text in fields.items() if text}
    query = f"?{urlencode(used, errors='replace')}" if used else ""
    return tuple(
        Alternate(title, name, f"{path}.{suffix}{query}", media) for name, suffix, media in _FORMATS
    )
