"""How raw values become a paper: cleaned, cut to length, dated and named."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from itertools import islice
from urllib.parse import urlsplit

from broadsheet.model import Notice, Paper
from broadsheet.rules import identity

_TITLE_CHARS = 1_000
_ABSTRACT_CHARS = 20_000
_AUTHORS = 10_000
_AUTHOR_CHARS = 300
_CATEGORIES = 50
_CATEGORY_CHARS = 100
_VENUE_CHARS = 500
_COMMENT_CHARS = 2_000
_URL_CHARS = 2_000
_SUMMARY_CHARS = 1_000
_IDS = 20
_REFERENCES = 1_000
_RELATED = 20
_VERSIONS = 10_000
_FIRST_YEAR, _LAST_YEAR = 1500, 2200

# Control characters, lone surrogates, noncharacters that XML forbids, and what is invisible or
# turns the direction of writing. The joiners U+200C and U+200D stay: some scripts need them.
_NOISE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_DATE = re.compile(r"([0-9]{4})(?:[-/]([0-9]{1,2})(?:[-/]([0-9]{1,2})(?:[T ].*)?)?)?")
_PRECISION_CHARS = {1: 4, 2: 7, 3: 10}
# No "@": https://known.example@other.example leads to other.example.
_URL = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?", re.IGNORECASE)


def make_paper(
    *,
    title: str | None,
    abstract: str | None = None,
    authors: Iterable[str] = (),
    categories: Iterable[str] = (),
    published: str | None = None,
    arxiv: str | None = None,
    doi: str | None = None,
    url: str | None = None,
    venue: str | None = None,
    comment: str | None = None,
    code_url: str | None = None,
    ids: Iterable[str] = (),
    version: int | None = None,
    notice: Notice | None = None,
    summary: str | None = None,
    open_url: str | None = None,
    references: Iterable[str] = (),
    related: Iterable[str] = (),
) -> Paper:
    """Make a paper of what a source told, whatever it told.

    White space is collapsed; control characters, lone surrogates and marks that turn the
    direction of writing are dropped; LaTeX is left in. Only a missing title loses the paper,
    every other value that is wrong is left out.

    Parameters
    ----------
    title : str or None
        Cut after 1,000 characters.
    abstract : str or None
        Cut after 20,000 characters.
    authors : iterable of str
        The first 10,000 are kept, 300 characters of each.
    categories : iterable of str
        The first 50 are kept, 100 characters of each, none twice.
    published : str or None
        Year, month or day of the years 1500 to 2200, as ``2025``, ``2025-2`` or ``2025/02/20``,
        a time after the day being let go.
    arxiv : str or None
        Any form that :func:`broadsheet.rules.identity.arxiv_id` reads.
    doi : str or None
        Any form that :func:`broadsheet.rules.identity.doi` reads; arXiv's own DOI tells the
        arXiv id instead.
    url, code_url, open_url : str or None
        Of http or https, at most 2,000 characters. A `url` that is arXiv's or a DOI resolver's
        tells the id where `arxiv` and `doi` do not.
    venue, comment, summary : str or None
        Cut after 500, 2,000 and 1,000 characters.
    ids : iterable of str
        Any forms that :func:`broadsheet.rules.identity.any_id` reads; the first of each kind is
        kept, an arXiv id or DOI where there is no other.
    version : int or None
        1 to 10,000.
    notice : Notice or None
        What was said against it.
    references, related : iterable of str
        Ids of other works in any form; the first 1,000 and 20 are kept.

    Raises
    ------
    ValueError
        Where there is no title.

    Examples
    --------
    >>> make_paper(title=" Of  Kites ", published="2025/2/3", arxiv="arXiv:2502.00001v2").id
    'arxiv:2502.00001'
    """
    kept_title = _clean(title or "", _TITLE_CHARS)
    if not kept_title:
        raise ValueError("it has no title")
    names = _clean_all(authors, _AUTHORS, _AUTHOR_CHARS)
    address = _address(url)
    told_ids = tuple(islice(ids, _IDS))
    arxiv_id = _first_id(identity.arxiv_id, arxiv, doi, address, *told_ids)
    kept_doi = _first_id(identity.doi, doi, address, *told_ids)
    if kept_doi is not None and identity.arxiv_id(kept_doi) is not None:
        kept_doi = None
    further = _first_of_each_kind(told_ids)
    first_author = names[0] if names else None
    return Paper(
        id=identity.paper_id(kept_title, first_author, arxiv_id, kept_doi, further),
        title=kept_title,
        abstract=_optional(abstract, _ABSTRACT_CHARS),
        authors=names,
        categories=tuple(dict.fromkeys(_clean_all(categories, _CATEGORIES, _CATEGORY_CHARS))),
        published=_date(published),
        arxiv_id=arxiv_id,
        doi=kept_doi,
        url=address,
        venue=_optional(venue, _VENUE_CHARS),
        comment=_optional(comment, _COMMENT_CHARS),
        code_url=_address(code_url),
        ids=further,
        version=version if version and 1 <= version <= _VERSIONS else None,
        notice=notice,
        summary=_optional(summary, _SUMMARY_CHARS),
        open_url=_address(open_url),
        references=_all_ids(references, _REFERENCES),
        related=_all_ids(related, _RELATED),
    )


def _clean(text: str, most_chars: int) -> str:
    # Nearly all text is clean, and finding that out costs a fifth of cleaning it.
    if not text.isprintable() or "  " in text:
        text = " ".join(_NOISE.sub("", text).split())
    text = text.strip(" ")
    return text if len(text) <= most_chars else text[:most_chars].rstrip(" ")


def _optional(text: str | None, most_chars: int) -> str | None:
    return _clean(text, most_chars) or None if text else None


def _clean_all(texts: Iterable[str], most: int, most_chars: int) -> tuple[str, ...]:
    return tuple([kept for text in islice(texts, most) if (kept := _clean(text, most_chars))])


def _first_id(read: Callable[[str], str | None], *told: str | None) -> str | None:
    return next((found for text in told if text and (found := read(text))), None)


def _first_of_each_kind(told: Iterable[str]) -> tuple[str, ...]:
    kinds: dict[str, str] = {}
    for text in told:
        if found := identity.other_id(text):
            kinds.setdefault(found.partition(":")[0], found)
    return tuple(kinds.values())


def _all_ids(told: Iterable[str], most: int) -> tuple[str, ...]:
    found = (identity.any_id(text) for text in told)
    return tuple(islice(dict.fromkeys(one for one in found if one), most))


def _date(text: str | None) -> str | None:
    found = _DATE.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    year, month, day = found.groups(default="1")
    try:
        first_day = date(int(year), int(month), int(day))
    except ValueError:
        return None
    if not _FIRST_YEAR <= first_day.year <= _LAST_YEAR:
        return None
    return first_day.isoformat()[: _PRECISION_CHARS[found.lastindex or 1]]


def _address(text: str | None) -> str | None:
    if not text:
        return None
    url = _clean(text, _URL_CHARS + 1)
    if len(url) > _URL_CHARS or not _URL.fullmatch(url):
        return None
    try:
        # Reading the port is what makes urlsplit check it.
        _ = urlsplit(url).port
    except ValueError:
        return None
    return url
