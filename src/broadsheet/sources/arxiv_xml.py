"""XML from outside: read element by element, mended where that is safe, refused where it is not."""

import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import TypeVar

from lxml import etree

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode

Element = etree._Element
Told = TypeVar("Told")

# https://info.arxiv.org/help/api/tou.html: one request in three seconds, all interfaces together.
ARXIV_RATE_LIMITS = {"arxiv.org": 3.0}

# A full page of arXiv's has some 300,000; an element takes a hundred times its bytes in memory.
_TAGS = 2_000_000
_SHOWN_CHARS = 200
_NO_CHARACTER = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x0*([0-9a-f]{1,8})|0*([0-9]{1,8}));", re.IGNORECASE)
_LAST_CODE = 0x10FFFF
# Only at the start: searched for, it takes 6 s in 80 kB of empty lines.
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")


def read_xml(body: bytes, place: str, read: Callable[[bytes], Told]) -> Told:
    """Read XML by :func:`elements`, mended once where that is needed.

    Bytes of another charset than declared, NUL and control characters are mended; a reply that
    breaks off is not.

    Raises
    ------
    SourceError
        Where it is no XML.
    """
    try:
        return read(body)
    except etree.XMLSyntaxError:
        pass
    try:
        return read(mended(body))
    except etree.XMLSyntaxError as error:
        reason = shown(error.msg or "no reason told")
        raise SourceError(
            f"{place} gave no XML that can be read ({reason}): it is tried again at the next fetch"
        ) from error


def mended(body: bytes) -> bytes:
    """Write XML or HTML anew as UTF-8, without what XML forbids; markup is left as it is."""
    text = _DECLARATION.sub("", _NO_CHARACTER.sub("", decode(body)))
    return _REFERENCE.sub(_allowed, text).encode()


def elements(
    body: bytes,
    place: str,
    roots: Sequence[str],
    names: Sequence[str],
    *,
    is_broken: bool = False,
) -> Iterator[Element]:
    """Read XML element by element, each emptied once it was used.

    Parameters
    ----------
    body : bytes
        The whole reply.
    place : str
        Where it came from.
    roots : sequence of str
        What the outermost element may be called.
    names : sequence of str
        Which elements are wanted, of any namespace.
    is_broken : bool
        To read what can be read of what is no XML as it stands; what is cut off is closed.

    Raises
    ------
    SourceError
        Where it declares a document type, and with it entities; is too large; or is another
        document.
    lxml.etree.XMLSyntaxError
        Where it is no XML, or empty.
    """
    if body.count(b"<") > _TAGS:
        raise SourceError(f"{place} gave more than {_TAGS:,} tags, the most that are read")
    reader = etree.iterparse(
        BytesIO(body),
        tag=[f"{{*}}{name}" for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=is_broken,
    )
    for _, element in reader:
        _refuse_doctype(element, place)
        yield element
        _forget(element)
    root = reader.root
    if root is not None:
        _refuse_doctype(root, place)
    if root is None or name_of(root) not in roots:
        shown = name_of(root)[:_SHOWN_CHARS] if root is not None else ""
        raise SourceError(
            f"{place} gave a document {shown!r} where {roots[0]!r} was expected: it is tried again "
            "at the next fetch"
        )


def name_of(element: Element) -> str:
    """Give the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_in(element: Element) -> str:
    """Give all text in an element."""
    return "".join(element.itertext()) if len(element) else element.text or ""


def shown(text: str) -> str:
    """Put a text on one line of at most 200 letters, without those that steer a terminal."""
    kept = "".join(letter for letter in text if letter.isprintable() or letter.isspace())
    return " ".join(kept.split())[:_SHOWN_CHARS]


def _allowed(reference: re.Match[str]) -> str:
    hexadecimal, decimal = reference.groups()
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    forbidden = code > _LAST_CODE or _NO_CHARACTER.match(chr(code))
    return "" if forbidden else reference[0]


def _refuse_doctype(element: Element, place: str) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise SourceError(
            f"{place} gave a document type declaration, as web pages and attacks have: it is tried "
            "again at the next fetch"
        )


def _forget(element: Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
