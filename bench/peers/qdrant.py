"""Qdrant Edge: its BM25 as sparse vectors and vectors of Broadsheet's encoder, fused by rank."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from qdrant_edge import (
    Bm25,
    Bm25Config,
    Distance,
    EdgeConfig,
    EdgeShard,
    EdgeSparseVectorParams,
    EdgeVectorParams,
    Fusion,
    Modifier,
    Point,
    Prefetch,
    Query,
    QueryRequest,
    UpdateOperation,
)

from broadsheet.encoders.static import load_encoder
from judged import Document
from peers import Rank

_BATCH = 2_048
_CANDIDATES = 100
# Ranks start at 1 here, so this is the 60 of Cormack, Clarke and Büttcher (2009).
_RRF_K = 61
_ABSTRACT_WORDS = 110.0


def build(documents: Sequence[Document], folder: Path) -> None:
    """Index title and text as one sparse and one dense vector, without payload."""
    encoder, bm25 = load_encoder(), _bm25()
    shard = EdgeShard.create(str(folder), _config(encoder.dim))
    for start in range(0, len(documents), _BATCH):
        batch = documents[start : start + _BATCH]
        vectors = encoder.encode([f"{paper.title}\n{paper.text}" for paper in batch])
        points = [
            Point(row, {"meaning": vector.tolist(), "words": bm25.embed_document(paper.whole)})
            for row, (paper, vector) in enumerate(zip(batch, vectors, strict=True), start)
        ]
        shard.update(UpdateOperation.upsert_points(points))
    shard.optimize()
    shard.flush()
    shard.close()


def open_index(folder: Path) -> Rank:
    """Open for queries, on one thread."""
    encoder, bm25 = load_encoder(), _bm25()
    shard = EdgeShard.load(str(folder), _config(encoder.dim))

    def rank(query: str, n: int) -> Sequence[int]:
        most = max(n, _CANDIDATES)
        words = Query.Nearest(bm25.embed_query(query), using="words")
        meaning = Query.Nearest(encoder.encode([query])[0].tolist(), using="meaning")
        request = QueryRequest(
            limit=n,
            # The stubs do not declare it as a Fusion.
            query=cast(Fusion, Fusion.Rrf(k=_RRF_K)),
            prefetches=[Prefetch(limit=most, query=words), Prefetch(limit=most, query=meaning)],
        )
        return [int(str(point.id)) for point in shard.query(request)]

    return rank


def _config(dim: int) -> EdgeConfig:
    return EdgeConfig(
        vectors={"meaning": EdgeVectorParams(size=dim, distance=Distance.Cosine)},
        sparse_vectors={"words": EdgeSparseVectorParams(modifier=Modifier.Idf)},
        max_search_threads=1,
    )


def _bm25() -> Bm25:
    return Bm25(Bm25Config(k=0.9, b=0.4, avg_len=_ABSTRACT_WORDS, language="english"))
