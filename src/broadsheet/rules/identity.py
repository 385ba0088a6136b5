"""Which records tell of the same work."""

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


def arxiv_id(text: str) -> str | None:
    """Read an arXiv id in any of its forms.

    Parameters
    ----------
    text : str
        An id of old or new style with or without version, ``arXiv:`` prefix, abstract or PDF
        address, or arXiv DOI.

    Returns
    -------
    str or None
        The id without version, old archives in lower case and without their subject class, or
        None where `text` is no arXiv id.

    Examples
    --------
    >>> arxiv_id("https://arxiv.org/pdf/2502.14802v2.pdf")
    '2502.14802'
    >>> arxiv_id("math.AG/0601001")
    'math/0601001'
    """
    found = _ARXIV.fullmatch(text.strip())
    if found is None:
        return None
    archive, slash, number = found["id"].rpartition("/")
    return f"{archive.partition('.')[0].lower()}{slash}{number}" if slash else number


def doi(text: str) -> str | None:
    """Read a DOI in any of its forms.

    Parameters
    ----------
    text : str
        A bare DOI, one with ``doi:`` before it, or a resolver's address.

    Returns
    -------
    str or None
        The DOI in lower case, or None where `text` is none.

    Examples
    --------
    >>> doi("https://doi.org/10.1007/BF02096567")
    '10.1007/bf02096567'
    """
    found = _DOI.fullmatch(text.strip())
    return found["doi"].lower() if found and found["doi"].isprintable() else None


def other_id(text: str) -> str | None:
    """Read an id that OpenAlex, Semantic Scholar or the ACL Anthology gave, in any of its forms.

    Parameters
    ----------
    text : str
        Bare, with ``openalex:``, ``s2:`` or ``acl:`` before it, or as the address of its page.

    Returns
    -------
    str or None
        With the prefix, or None where `text` is none of these.

    Examples
    --------
    >>> other_id("https://openalex.org/W2741809807")
    'openalex:W2741809807'
    >>> other_id("https://aclanthology.org/P19-1001/")
    'acl:P19-1001'
    """
    told = text.strip()
    if found := _OPENALEX.fullmatch(told):
        return f"openalex:{found[1].upper()}"
    if found := _S2.fullmatch(told):
        return f"s2:{found[1].lower()}"
    if found := _ACL.fullmatch(told):
        return f"acl:{found[1].upper() if '-' in found[1][:4] else found[1].lower()}"
    return None


def in_the_anthology(ids: Iterable[str]) -> str | None:
    """Find the id that the ACL Anthology gave, if there is one among further ids."""
    return next((one for one in ids if one.startswith("acl:")), None)


def any_id(text: str) -> str | None:
    """Read an id of any of the known kinds, as papers are named by it.

    Examples
    --------
    >>> any_id("https://doi.org/10.48550/arXiv.2502.14802")
    'arxiv:2502.14802'
    """
    if found := arxiv_id(text):
        return f"arxiv:{found}"
    if found := doi(text):
        return f"doi:{found}"
    return other_id(text)


def title_key(title: str) -> str:
    r"""Normalise a title so that two spellings of it compare equal.

    Case, accents, punctuation, LaTeX commands and spacing are dropped.

    Parameters
    ----------
    title : str
        As a source wrote it.

    Returns
    -------
    str
        Letters and digits of any script only, without spaces; may be empty.

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
    """Fold a name and put the family name last, whichever way it was written."""
    family, comma, given = name.partition(",")
    ordered = f"{given} {family}" if comma else name
    decomposed = unicodedata.normalize("NFKD", ordered).casefold()
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"[^\w\s]|_", " ", kept).split()


def same_author(one: str | None, other: str | None) -> bool:
    """Tell whether two spellings may name the same person.

    Parameters
    ----------
    one, other : str or None
        Names as sources wrote them, ``First Last`` or ``Last, First``; None is compatible with
        everyone.

    Returns
    -------
    bool
        True where the family name of one is a word of the other and no given name or initial
        contradicts.
    """
    if not one or not other:
        return True
    a, b = _name_words(one), _name_words(other)
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
    paper_doi: str | None = None,
    ids: Iterable[str] = (),
) -> str:
    """Name a paper.

    Parameters
    ----------
    title : str
        The paper's title.
    first_author : str or None
        Its first author, where known.
    arxiv : str or None
        An id as :func:`arxiv_id` gives it.
    paper_doi : str or None
        A DOI as :func:`doi` gives it.
    ids : iterable of str
        Further ids as :func:`other_id` gives them.

    Returns
    -------
    str
        ``arxiv:`` and the id, else ``doi:`` and the DOI, else the id of the Anthology, else
        ``hash:`` and 16 hex digits of title and first author's family name.
    """
    if arxiv:
        return f"arxiv:{arxiv}"
    if paper_doi:
        return f"doi:{paper_doi}"
    if acl := in_the_anthology(ids):
        return acl
    family = _name_words(first_author)[-1:] if first_author else []
    told = f"{title_key(title) or title}\n{''.join(family)}"
    return f"hash:{blake2b(told.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def titles_identify(key: str) -> bool:
    """Tell whether a normalised title is long enough to identify a work by itself."""
    return len(key) >= _MIN_TITLE_CHARS
