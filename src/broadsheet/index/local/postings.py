"""What of each paper the postings hold."""

import tantivy
from tantivy import Document, SchemaBuilder

from broadsheet.index.local.words import EXACT, STEMS
from broadsheet.model import Paper
from broadsheet.rules.dates import first_day

# How many times a word of the title counts, as in BM25F.
TITLE_COUNTS = 2
_HEAP_BYTES = 128_000_000
_RAW = "raw"


def make_schema() -> tantivy.Schema:
    """Name the fields.

    ``text`` holds title, abstract and authors as stems: what matches, and what BM25 weighs. One
    field for all takes half the time of one for each and ranks better (docs/decisions.md).
    ``words`` holds the same as written, to tell exact forms and phrases.
    """
    builder = SchemaBuilder()
    # Signed: deleting by an unsigned term silently deletes nothing in the Python binding.
    builder.add_integer_field("num", stored=False, indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name=STEMS, index_option="freq")
    builder.add_text_field("title", tokenizer_name=STEMS, index_option="position")
    builder.add_text_field("authors", tokenizer_name=EXACT, index_option="position")
    builder.add_text_field("words", tokenizer_name=EXACT, index_option="position")
    builder.add_text_field("names", tokenizer_name=_RAW, index_option="basic")
    builder.add_text_field("within", tokenizer_name=_RAW, index_option="basic")
    builder.add_text_field("category", tokenizer_name=_RAW, index_option="basic", fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    return builder.build()


class LexicalWriter:
    """Adds and removes papers; made by :meth:`broadsheet.index.local.lexical.Lexical.writing`."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        self._writer = index.writer(_HEAP_BYTES)

    def add(self, num: int, paper: Paper) -> None:
        """Add a paper that is not there."""
        self._writer.add_document(_document(num, paper))

    def remove(self, num: int) -> None:
        """Take a paper out."""
        self._writer.delete_documents_by_term("num", num)

    def commit(self) -> None:
        """Put everything so far on disk, where readers of this process see it at once."""
        self._writer.commit()
        self._index.reload()

    def close(self) -> None:
        """Wait for the merging of postings and give the writer's lock back."""
        self._writer.wait_merging_threads()
        self._index.reload()


def categories_within(category: str) -> tuple[str, ...]:
    """Give the names a category is asked for by: its own and its archive's, in lower case.

    Examples
    --------
    >>> categories_within("cs.CL")
    ('cs.cl', 'cs')
    """
    own = category.lower()
    archive = own.partition(".")[0]
    return (own,) if archive == own else (own, archive)


def _document(num: int, paper: Paper) -> Document:
    document = Document()
    document.add_integer("num", num)
    told = (paper.title, paper.abstract or "", *paper.authors)
    document.add_text("title", paper.title)
    for text in (*[paper.title] * (TITLE_COUNTS - 1), *told):
        document.add_text("text", text)
    # Each a value of its own: a phrase does not reach from one into the next.
    for text in told:
        document.add_text("words", text)
    for author in paper.authors:
        document.add_text("authors", author)
    for name in {paper.id, paper.arxiv_id, paper.doi} - {None}:
        document.add_text("names", str(name).lower())
    for category in dict.fromkeys(paper.categories):
        document.add_text("category", category)
    for name in {name for each in paper.categories for name in categories_within(each)}:
        document.add_text("within", name)
    if paper.published is not None:
        day = first_day(paper.published)
        document.add_integer("year", day.year)
        document.add_integer("day", day.toordinal())
    return document
