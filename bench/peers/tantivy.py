"""Raw tantivy: one field, English stems, BM25 over papers containing any word."""

from collections.abc import Sequence
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from judged import Document
from peers import Rank

_HEAP_BYTES = 256_000_000


def build(documents: Sequence[Document], folder: Path) -> None:
    """Index title and text as one field, and store only the row."""
    index = _index(folder)
    writer = index.writer(_HEAP_BYTES)
    for row, paper in enumerate(documents):
        document = tantivy.Document()
        document.add_integer("row", row)
        document.add_text("text", paper.whole)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def open_index(folder: Path) -> Rank:
    """Open for queries."""
    index, analyzer = _index(folder), _analyzer()
    schema, searcher = index.schema, index.searcher()

    def rank(query: str, n: int) -> Sequence[int]:
        words = dict.fromkeys(analyzer.analyze(query))
        terms = [(Occur.Should, Query.term_query(schema, "text", word)) for word in words]
        if not terms:
            return []
        hits = searcher.search(Query.boolean_query(terms), limit=n, count=False).hits
        rows = searcher.fast_field_values("row", [address for _, address in hits])
        return [int(str(row)) for row in rows]

    return rank


def _index(folder: Path) -> tantivy.Index:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("row", stored=False, indexed=False, fast=True)
    builder.add_text_field("text", tokenizer_name="words", index_option="freq")
    index = tantivy.Index(builder.build(), path=str(folder))
    index.register_tokenizer("words", _analyzer())
    return index


def _analyzer() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.stopword("english"))
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )
