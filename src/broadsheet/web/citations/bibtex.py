"""A citation as BibTeX, written with bibtexparser. Pure."""

import re
from collections.abc import Iterator

from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.model import Entry, Field
from bibtexparser.writer import BibtexFormat
from pylatexenc.latexencode import (
    RULE_DICT,
    UnicodeToLatexConversionRule,
    UnicodeToLatexEncoder,
)

from broadsheet.rules.formula import is_harmless
from broadsheet.rules.tex import formulas, to_unicode
from broadsheet.web.citations.citation import Citation, WorkType
from broadsheet.web.citations.names import Name

MEDIA_TYPE = "application/x-bibtex"

_TYPES = {WorkType.ARTICLE: "article", WorkType.CONFERENCE: "inproceedings"}
_VENUES = {WorkType.ARTICLE: "journal", WorkType.CONFERENCE: "booktitle"}
# Styles write titles in lower case: a word with a capital after its first letter is protected.
_WORD = re.compile(r"[^\W_](?:\w|[-.](?=\w))*")
_AND = re.compile(r"\band\b", re.IGNORECASE)
# BibTeX counts braces even where LaTeX escapes them.
_BRACES = {ord("{"): r"\textbraceleft", ord("}"): r"\textbraceright"}
_ENCODER = UnicodeToLatexEncoder(
    conversion_rules=[UnicodeToLatexConversionRule(RULE_DICT, _BRACES), "defaults"],
    replacement_latex_protection="braces-all",
    unknown_char_policy="keep",
    unknown_char_warning=False,
)
_FORMAT = BibtexFormat()  # type: ignore[no-untyped-call]
_FORMAT.indent = "  "


def write(citation: Citation) -> str:
    """Return a citation as one entry, in ASCII but for scripts that LaTeX has no commands for."""
    fields = [Field(name, text) for name, text in _fields(citation)]
    entry = Entry(_TYPES.get(citation.work_type, "misc"), citation.key, fields)
    return write_string(Library([entry]), bibtex_format=_FORMAT)


def _fields(citation: Citation) -> Iterator[tuple[str, str]]:
    yield "title", _title(citation.tex_title)
    if citation.authors:
        yield "author", " and ".join(_author(name) for name in citation.authors)
    if citation.venue:
        yield _VENUES.get(citation.work_type, "howpublished"), latex(citation.venue)
    if citation.year:
        yield "year", str(citation.year)
    if citation.arxiv_id:
        yield "eprint", citation.arxiv_id
        yield "archivePrefix", "arXiv"
        if citation.subject:
            yield "primaryClass", latex(citation.subject)
    elif citation.publisher:
        yield "publisher", latex(citation.publisher)
    # Styles print both as they are, without LaTeX's special characters taking effect.
    if citation.doi:
        yield "doi", _verbatim(citation.doi)
    if citation.url:
        yield "url", _verbatim(citation.url)


def latex(text: str) -> str:
    r"""Escape plain text for LaTeX.

    Examples
    --------
    >>> latex("Gödel & 50% of {x}")
    'G{\\"o}del {\\&} 50{\\%} of {\\textbraceleft}x{\\textbraceright}'
    """
    return str(_ENCODER.unicode_to_latex(text))


def _title(text: str) -> str:
    """Return a title with its formulas, and with the capitals that a style must keep."""
    parts = []
    done = 0
    for start, end, formula in formulas(text):
        # The reader's LaTeX runs what it contains.
        if _balanced(formula) and is_harmless(formula):
            parts += [_capitals_kept(to_unicode(text[done:start])), f"{{${formula}$}}"]
            done = end
    return "".join([*parts, _capitals_kept(to_unicode(text[done:]))])


def _capitals_kept(text: str) -> str:
    parts = []
    end = 0
    for word in _WORD.finditer(text):
        if word[0][1:] == word[0][1:].lower():
            continue
        parts += [latex(text[end : word.start()]), f"{{{latex(word[0])}}}"]
        end = word.end()
    return "".join([*parts, latex(text[end:])])


def _balanced(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if depth < 0:
            return False
    return depth == 0


def _author(name: Name) -> str:
    if name.is_group:
        family = latex(name.family)
        return f"{{{family}}}" if re.search(r"[\s,]", name.family) else family
    last = " ".join(part for part in (latex(name.particle), _part(name.family)) if part)
    return ", ".join(part for part in (last, latex(name.suffix), _part(name.given)) if part)


def _part(text: str) -> str:
    """Escape a part of a name, so that no word or comma in it divides the names."""
    return f"{{{latex(text)}}}" if "," in text or _AND.search(text) else latex(text)


def _verbatim(text: str) -> str:
    # An unbalanced brace would end the field, and % a line in some styles.
    return re.sub(r"[{}\\]", lambda found: f"%{ord(found[0]):02X}", text)
