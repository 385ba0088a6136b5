"""LanceDB: its full-text index and vectors of Broadsheet's encoder, fused by reciprocal rank."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import lancedb
import pyarrow
from lancedb.query import MatchQuery
from lancedb.rerankers import RRFReranker

from broadsheet.encoders.static import StaticEncoder, load_encoder
from judged import Document
from peers import Rank
from peers.words import words_of

_BATCH = 8_192
# LanceDB recommends a scan for fewer vectors.
_FEWEST_INDEXED = 50_000
_CANDIDATES = 100


def build(documents: Sequence[Document], folder: Path) -> None:
    """Index title and text as one field, and a vector for it."""
    encoder = load_encoder()
    schema = pyarrow.schema(
        [
            pyarrow.field("row", pyarrow.int64()),
            pyarrow.field("text", pyarrow.string()),
            pyarrow.field("vector", pyarrow.list_(pyarrow.float32(), encoder.dim)),
        ]
    )
    table = lancedb.connect(folder).create_table(
        "papers", data=_batches(documents, encoder, schema), schema=schema
    )
    table.create_fts_index("text", stem=True, remove_stop_words=True, with_position=False)
    if len(documents) >= _FEWEST_INDEXED:
        table.create_index("cosine", vector_column_name="vector", index_type="IVF_HNSW_SQ")
    table.optimize()


def open_index(folder: Path) -> Rank:
    """Open for queries."""
    encoder, fused = load_encoder(), RRFReranker()
    table = lancedb.connect(folder).open_table("papers")

    def rank(query: str, n: int) -> Sequence[int]:
        words = " ".join(words_of(query))
        vector = encoder.encode([query])[0]
        hybrid = table.search(query_type="hybrid").vector(vector).text(MatchQuery(words, "text"))
        found = hybrid.rerank(fused).select(["row"]).limit(max(n, _CANDIDATES)).to_arrow()
        return [int(row) for row in found["row"].to_pylist()[:n]]

    return rank


def _batches(
    documents: Sequence[Document], encoder: StaticEncoder, schema: pyarrow.Schema
) -> Iterator[pyarrow.RecordBatch]:
    for start in range(0, len(documents), _BATCH):
        batch = documents[start : start + _BATCH]
        texts = [f"{paper.title}\n{paper.text}" for paper in batch]
        vectors = pyarrow.array(encoder.encode(texts).ravel())
        yield pyarrow.RecordBatch.from_arrays(
            [
                pyarrow.array(range(start, start + len(batch))),
                pyarrow.array([paper.whole for paper in batch]),
                pyarrow.FixedSizeListArray.from_arrays(vectors, encoder.dim),
            ],
            schema=schema,
        )
