"""Which feeds a page names as its own."""

from dataclasses import dataclass
from urllib.parse import urlencode

_FORMATS = (
    ("Atom", "atom", "application/atom+xml"),
    ("JSON Feed", "json", "application/feed+json"),
)


@dataclass(frozen=True, slots=True)
class Alternate:
    """One feed that tells what a page tells.

    Parameters
    ----------
    title : str
        What it tells.
    format : str
        ``Atom`` or ``JSON Feed``.
    path : str
        Where it is.
    type : str
        Its media type.
    """

    title: str
    format: str
    path: str
    type: str


def feeds_at(path: str, title: str, **asked: str) -> tuple[Alternate, ...]:
    """Name the feeds of a page, in every format.

    Parameters
    ----------
    path : str
        Where they are, less the format.
    title : str
        What they tell.
    **asked
        Fields of the query; empty ones are left out.

    Examples
    --------
    >>> [one.path for one in feeds_at("/search", "Papers on kites", q="kites")]
    ['/search.atom?q=kites', '/search.json?q=kites']
    """
    fields = urlencode({key: said for key, said in asked.items() if said}, errors="replace")
    query = f"?{fields}" if fields else ""
    return tuple(
        Alternate(title, name, f"{path}.{suffix}{query}", media) for name, suffix, media in _FORMATS
    )
