"""Parse paper identifiers and compare titles and authors across sources."""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b

_YEAR_MONTH = r"\d\d(?:0[1-9]|1[0-2])"
_ARXIV_NEW = rf"{_YEAR_MONTH}\.\d{{4,5}}"
_ARXIV_OLD = rf"[a-z]+(?:-[a-z]+)?(?:\.[a-z]{{2}})?/{_YEAR_MONTH}\d{{3}}"
_ARXIV = re.compile(
    r"(?:(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html|format|src)/"
    r"|(?:https?://)?(?:dx\.)?(?:doi\.org/)?10\.48550/arxiv\."
    r"|arxiv:\s*)?"
    rf"(?P<id>{_ARXIV_NEW}|{_ARXIV_OLD})(?:v\d+)?(?:\.pdf)?/?(?:[?#].*)?",
    re.IGNORECASE | re.ASCII,
)
_DOI = re.compile(
    r"(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi:\s*)?"
    r"(?P<doi>10\.[0-9]{4,9}/\S{0,500}[^\s.,;])[.,;]*",
    re.IGNORECASE,
)
_OPENALEX = re.compile(
    r"(?:openalex:|https?://openalex\.org/(?:works/)?)?(W\d{1,12})", re.IGNORECASE
)
_S2 = re.compile(
    r"(?:s2:|https?://(?:www\.)?semanticscholar\.org/paper/(?:[^/?#\s]{1,300}/)?)?([0-9a-f]{40})",
    re.IGNORECASE,
)
_ACL = re.compile(
    r"(?:acl:|https?://(?:www\.)?aclanthology\.org/)?"
    r"(\d{4}\.[a-z0-9]+(?:-[a-z0-9]+)?\.\d{1,4}|[A-Z]\d{2}-\d{4})(?:v\d+)?(?:\.pdf)?/?",
    re.IGNORECASE,
)
_TITLE_NOISE = re.compile(r"\\[a-zA-Z]+|[^\w\s]|_")
_MIN_TITLE_CHARS = 12


def parse_arxiv_id(text: str) -> str | None:
    """Parse an arXiv id.

    Parameters
    ----------
    text : str
        An old or new style id with or without a version, an ``arXiv:`` prefix, an abstract or
        PDF URL, or an arXiv DOI.

    Returns
    -------
    str or None
        The id without its version, or None if `text` is not an arXiv id. The archive of an old
        style id is in lower case and has no subject class.

    Examples
    --------
    >>> parse_arxiv_id("https://arxiv.org/pdf/2502.14802v2.pdf")
    '2502.14802'
    >>> parse_arxiv_id("math.AG/0601001")
    'math/0601001'
    """
    found = _ARXIV.fullmatch(text.strip())
    if found is None:
        return None
    archive, slash, number = found["id"].rpartition("/")
    return f"{archive.partition('.')[0].lower()}{slash}{number}" if slash else number


def parse_doi(text: str) -> str | None:
    """Parse a DOI.

    Parameters
    ----------
    text : str
        A bare DOI, a DOI with a ``doi:`` prefix, or a DOI resolver URL.

    Returns
    -------
    str or None
        The DOI in lower case, or None if `text` is not a DOI.

    Examples
    --------
    >>> parse_doi("https://doi.org/10.1007/BF02096567")
    '10.1007/bf02096567'
    """
    # Lower case may be longer; the limit holds for what is returned, which is a DOI again.
    found = _DOI.fullmatch(text.strip().lower())
    return found["doi"] if found and found["doi"].isprintable() else None


def parse_external_id(text: str) -> str | None:
    """Parse an OpenAlex, Semantic Scholar or ACL Anthology id.

    Parameters
    ----------
    text : str
        A bare id, an id with the prefix ``openalex:``, ``s2:`` or ``acl:``, or the URL of its
        page.

    Returns
    -------
    str or None
        The id with its prefix, or None if `text` is none of these.

    Examples
    --------
    >>> parse_external_id("https://openalex.org/W2741809807")
    'openalex:W2741809807'
    >>> parse_external_id("https://aclanthology.org/P19-1001/")
    'acl:P19-1001'
    """
    stripped = text.strip()
    if found := _OPENALEX.fullmatch(stripped):
        return f"openalex:{found[1].upper()}"
    if found := _S2.fullmatch(stripped):
        return f"s2:{found[1].lower()}"
    if found := _ACL.fullmatch(stripped):
        return f"acl:{found[1].upper() if '-' in found[1][:4] else found[1].lower()}"
    return None


def find_acl_id(ids: Iterable[str]) -> str | None:
    """Return the first ACL Anthology id among external ids, or None."""
    return next((external_id for external_id in ids if external_id.startswith("acl:")), None)


def parse_any_id(text: str) -> str | None:
    """Parse an id of any supported kind and return it with its prefix, or None.

    Examples
    --------
    >>> parse_any_id("https://doi.org/10.48550/arXiv.2502.14802")
    'arxiv:2502.14802'
    """
    if found := parse_arxiv_id(text):
        return f"arxiv:{found}"
    if found := parse_doi(text):
        return f"doi:{found}"
    return parse_external_id(text)


def title_key(title: str) -> str:
    r"""Normalise a title so that different spellings compare equal.

    Drops case, accents, punctuation, LaTeX commands and spaces.

    Parameters
    ----------
    title : str
        The title as the source wrote it.

    Returns
    -------
    str
        Letters and digits of any script, without spaces; may be empty.

    Examples
    --------
    >>> title_key("Caf\u00e9-{S}tyle  $k$-NN") == title_key("cafe style k nn")
    True
    """
    if title.isascii():
        folded = title.lower()
    else:
        decomposed = unicodedata.normalize("NFKD", title).casefold()
        folded = "".join(c for c in decomposed if not unicodedata.combining(c))
    return "".join(_TITLE_NOISE.sub(" ", folded).split())


def _name_words(name: str) -> list[str]:
    """Return the words of a name, case-folded and without accents, the family name last."""
    family, comma, given_names = name.partition(",")
    ordered = f"{given_names} {family}" if comma else name
    decomposed = unicodedata.normalize("NFKD", ordered).casefold()
    folded = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^\w\s]|_", " ", folded).split()


def may_be_same_author(name: str | None, other: str | None) -> bool:
    """Return whether two names may belong to the same person.

    Parameters
    ----------
    name, other : str or None
        Names as ``First Last`` or ``Last, First``. None is compatible with every name.

    Returns
    -------
    bool
        True if the family names are equal and the first initials do not differ, or if both names
        consist of the same words.
    """
    if not name or not other:
        return True
    a, b = _name_words(name), _name_words(other)
    if not a or not b:
        return True
    if a[-1] != b[-1]:
        return sorted(a) == sorted(b)
    if len(a) == 1 or len(b) == 1:
        return True
    return a[0][0] == b[0][0]


def paper_id(
    title: str,
    first_author: str | None,
    arxiv: str | None = None,
    doi: str | None = None,
    ids: Iterable[str] = (),
) -> str:
    """Return the primary id of a paper.

    Parameters
    ----------
    title : str
        The paper's title.
    first_author : str or None
        The first author, if known.
    arxiv : str or None
        An id returned by :func:`parse_arxiv_id`.
    doi : str or None
        A DOI returned by :func:`parse_doi`.
    ids : iterable of str
        External ids returned by :func:`parse_external_id`.

    Returns
    -------
    str
        ``arxiv:`` and the arXiv id, else ``doi:`` and the DOI, else the ACL Anthology id, else
        ``hash:`` and 16 hex digits computed from the title and the first author's family name.
    """
    if arxiv:
        return f"arxiv:{arxiv}"
    if doi:
        return f"doi:{doi}"
    if acl_id := find_acl_id(ids):
        return acl_id
    family = _name_words(first_author)[-1:] if first_author else []
    identity = f"{title_key(title) or title}\n{''.join(family)}"
    return f"hash:{blake2b(identity.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def is_distinctive(key: str) -> bool:
    """Return whether a normalised title is long enough to identify a work."""
    return len(key) >= _MIN_TITLE_CHARS
