"""Parse BibTeX and BibLaTeX with bibtexparser."""

import logging
import re
from collections.abc import Iterator
from typing import BinaryIO

from bibtexparser.library import Library
from bibtexparser.middlewares import (
    LatexDecodingMiddleware,
    MonthIntMiddleware,
    NormalizeFieldKeys,
    RemoveEnclosingMiddleware,
    ResolveStringReferencesMiddleware,
)
from bibtexparser.middlewares.names import (
    parse_single_name_into_parts,
    split_multiple_persons_names,
)
from bibtexparser.model import (
    Block,
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    Entry,
    Field,
    ParsingFailedBlock,
)
from bibtexparser.splitter import Splitter

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode
from broadsheet.model import Malformed, Paper
from broadsheet.rules.normalize import make_paper, title_from
from broadsheet.sources.decoding import arxiv_mention, read_text, records

NAME = "bibtex"

# The citation key distinguishes an entry from a decorator in source code.
_ENTRY_HEAD = re.compile(
    r"^[ \t]*@[ \t]*(?:(?:comment|preamble|string)[ \t]*[{(]"
    r"|[a-z]+[ \t]*[{(][^\s,={}()\"]*[ \t]*,)",
    re.IGNORECASE | re.MULTILINE,
)
_STACK = (
    ResolveStringReferencesMiddleware(),
    RemoveEnclosingMiddleware(),
    NormalizeFieldKeys(),
    MonthIntMiddleware(),
)
_LATEX = LatexDecodingMiddleware()
_PROSE = ("title", "abstract", "journal", "journaltitle", "booktitle", "note", "keywords")
_LATEX_MARK = re.compile(r"[\\{}~]|--|``|''")
# Decoding takes 6 microseconds per character.
_LATEX_CHARS = 40_000
# A LaTeX comment, but abstracts contain "50% of" as text.
_BARE_PERCENT = re.compile(r"(?<!\\)%")
_ARXIV = "arxiv"
_OTHERS = "others"
# Errors are reported as Malformed only.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)


def recognises(head: bytes) -> bool:
    """Return whether a file that starts with `head` is BibTeX."""
    return _ENTRY_HEAD.search(decode(head)) is not None


def parse(stream: BinaryIO, place: str) -> Iterator[Paper | Malformed]:
    """Parse the entries of a file.

    Parameters
    ----------
    stream : BinaryIO
        The file, at most 64 MiB.
    place : str
        File name, used in `Malformed.place`.

    Raises
    ------
    SourceError
        If the file is larger or is not valid BibTeX.
    """
    return parse_entries(read_text(stream, place), place)


def parse_entries(text: str, place: str) -> Iterator[Paper | Malformed]:
    """Parse the entries of a text; `Malformed.place` is their line."""
    blocks = _blocks(text, place)
    # bibtexparser counts lines from 0.
    placed = ((f"{place} line {(block.start_line or 0) + 1}", block) for block in blocks)
    return records(placed, _paper)


def _blocks(text: str, place: str) -> list[Block]:
    """Split a file into entries and the blocks that are not valid entries, in order."""
    try:
        library = Splitter(text).split()
        blocks = [_accept_duplicate(block, str(n)) for n, block in enumerate(library.blocks)]
        library = Library(blocks, fail_on_duplicate_key=False)
        for step in _STACK:
            library = step.transform(library)
    except Exception as error:
        raise SourceError(
            f"{place!r} is not valid BibTeX ({type(error).__name__}): "
            "split the file to find the malformed entry"
        ) from error
    return [
        block
        for block in library.blocks
        if isinstance(block, Entry | ParsingFailedBlock)
        and not isinstance(block, DuplicateBlockKeyBlock)
    ]


def _accept_duplicate(block: Block, number: str) -> Block:
    """Undo bibtexparser's rejection of duplicate keys, which do not identify papers."""
    if isinstance(block, DuplicateBlockKeyBlock | DuplicateFieldKeyBlock):
        block = block.ignore_error_block or block
    if isinstance(block, Entry):
        block.key = number
    return block


def _paper(block: Block) -> Paper:
    if not isinstance(block, Entry):
        raise ValueError("malformed entry or missing closing brace")
    raw = {field.key: str(field.value) for field in block.fields}
    names, prose = _decoded(raw)
    abstract = prose.get("abstract")
    journal = prose.get("journal") or prose.get("journaltitle")
    archive = raw.get("archiveprefix") or raw.get("eprinttype") or _ARXIV
    eprint = raw.get("eprint") if archive.lower() == _ARXIV else None
    subject = raw.get("primaryclass") or raw.get("eprintclass") or ""
    return make_paper(
        title=prose.get("title") or title_from(abstract),
        abstract=abstract,
        authors=names,
        categories=[subject, *re.split("[,;]", prose.get("keywords", ""))],
        published=_date(raw),
        arxiv=eprint or arxiv_mention(journal, prose.get("note")),
        doi=raw.get("doi"),
        url=raw.get("url"),
        venue=journal or prose.get("booktitle"),
        comment=prose.get("note"),
    )


def _decoded(raw: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the author names and the prose fields with LaTeX outside formulas decoded."""
    authors = split_multiple_persons_names(raw.get("author", ""))
    names = [_given_name_first(name) for name in authors]
    fields = [Field("author", name) for name in names if name != _OTHERS]
    fields += [Field(key, raw[key]) for key in _PROSE if key in raw]
    latex = [field for field in fields if _LATEX_MARK.search(field.value)]
    for field in latex:
        field.value = _BARE_PERCENT.sub(r"\\%", field.value[:_LATEX_CHARS])
    # A field that cannot be decoded keeps its value.
    _LATEX.transform_entry(Entry("", "", latex), Library())
    decoded = [field.value for field in fields if field.key == "author"]
    return decoded, {field.key: field.value for field in fields if field.key != "author"}


def _given_name_first(name: str) -> str:
    return parse_single_name_into_parts(name, strict=False).merge_first_name_first


def _date(raw: dict[str, str]) -> str | None:
    if date := raw.get("date"):
        return date.partition("/")[0]
    parts = [raw.get("year", "")]
    for key in ("month", "day"):
        if not raw.get(key, "").isdecimal():
            break
        parts.append(raw[key])
    return "-".join(parts)
