"""The fields of each paper in tantivy."""

import tantivy
from tantivy import Document, SchemaBuilder

from broadsheet.index.analyzer import STEM_ANALYZER, WORD_ANALYZER, category_names
from broadsheet.model import Paper
from broadsheet.rules.dates import first_day
from broadsheet.rules.tex import may_be_tex, searchable

# How often each word of the title counts, as in BM25F.
TITLE_COUNTS = 2
_HEAP_BYTES = 128_000_000
_WORDS, _STEMS, _RAW = "exact", "stem", "raw"


def make_schema() -> tantivy.Schema:
    """Return the schema.

    ``text`` contains the stems of title, abstract and authors, which BM25 scores. One field for
    all three takes half the time of one field each and ranks better (docs/decisions.md). ``words``
    contains the same texts unstemmed, for exact forms and phrases.
    """
    builder = SchemaBuilder()
    # Signed: deleting by an unsigned term silently deletes nothing in the Python binding.
    builder.add_integer_field("num", stored=False, indexed=True, fast=True)
    builder.add_text_field("text", tokenizer_name=_STEMS, index_option="freq")
    builder.add_text_field("title", tokenizer_name=_STEMS, index_option="position")
    builder.add_text_field("authors", tokenizer_name=_WORDS, index_option="position")
    builder.add_text_field("words", tokenizer_name=_WORDS, index_option="position")
    builder.add_text_field("names", tokenizer_name=_RAW, index_option="basic")
    builder.add_text_field("within", tokenizer_name=_RAW, index_option="basic")
    builder.add_text_field("category", tokenizer_name=_RAW, index_option="basic", fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    builder.add_integer_field("day", indexed=True, fast=True)
    return builder.build()


def register_analyzers(index: tantivy.Index) -> None:
    """Register the analyzers that the schema names."""
    index.register_tokenizer(_WORDS, WORD_ANALYZER)
    index.register_tokenizer(_STEMS, STEM_ANALYZER)


class LexicalWriter:
    """Adds and deletes papers; opened by :meth:`broadsheet.index.local.lexical.Lexical.writing`."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        self._writer = index.writer(_HEAP_BYTES)

    def add(self, num: int, paper: Paper) -> None:
        """Add a paper that is not indexed."""
        self._writer.add_document(_document(num, paper))

    def delete(self, num: int) -> None:
        """Delete a paper."""
        self._writer.delete_documents_by_term("num", num)

    def commit(self) -> None:
        """Write all changes to disk and make them searchable in this process."""
        self._writer.commit()
        self._index.reload()

    def close(self) -> None:
        """Wait for the merging of segments and release tantivy's writer lock."""
        self._writer.wait_merging_threads()
        self._index.reload()


def _document(num: int, paper: Paper) -> Document:
    document = Document()
    document.add_integer("num", num)
    title, authors = searchable(paper.title), paper.authors
    # One test for all names takes a tenth of the time of one each.
    if may_be_tex(" ".join(authors)):
        authors = tuple(searchable(name) for name in authors)
    texts = (title, searchable(paper.abstract or ""), *authors)
    document.add_text("title", title)
    for text in (*[title] * (TITLE_COUNTS - 1), *texts):
        document.add_text("text", text)
    # A value each, so that no phrase extends from one text into the next.
    for text in texts:
        document.add_text("words", text)
    for author in authors:
        document.add_text("authors", author)
    for name in {paper.id, paper.arxiv_id, paper.doi} - {None}:
        document.add_text("names", str(name).lower())
    for category in dict.fromkeys(paper.categories):
        document.add_text("category", category)
    for name in {name for each in paper.categories for name in category_names(each)}:
        document.add_text("within", name)
    if paper.published is not None:
        day = first_day(paper.published)
        document.add_integer("year", day.year)
        document.add_integer("day", day.toordinal())
    return document
