"""Judged collections in BEIR layout, and the measures of a ranking against their judgements."""

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log2
from pathlib import Path

import orjson

CORPUS, QUERIES, QRELS = "corpus.jsonl.gz", "queries.jsonl.gz", "qrels.test.tsv.gz"
DEPTH = 100


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a collection.

    Parameters
    ----------
    id : str
        The id that the judgements use.
    title : str
        Empty if the collection has none.
    text : str
        The abstract; may be empty.
    """

    id: str
    title: str
    text: str

    @property
    def whole(self) -> str:
        """Title and text in one string."""
        return f"{self.title} {self.text}".strip()


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries and relevance judgements.

    Parameters
    ----------
    name : str
        The folder's name.
    documents : sequence of Document
        Each id once.
    queries : mapping of str to str
        By id, the text of every judged query.
    gains : mapping of str to (mapping of str to int)
        By query id, the gain of each judged document; 0 if it is not relevant.
    """

    name: str
    documents: Sequence[Document]
    queries: Mapping[str, str]
    gains: Mapping[str, Mapping[str, int]]


def read_collection(folder: Path, corpus: Sequence[Path] = ()) -> Collection:
    """Read a folder in BEIR layout.

    Parameters
    ----------
    folder : Path
        Contains `queries.jsonl.gz`, `qrels.test.tsv.gz` and usually `corpus.jsonl.gz`.
    corpus : sequence of Path
        Files of the documents, if the folder contains no corpus: records with
        ``_id``, ``title`` and ``text``, or ``id``, ``title`` and ``abstract``.

    Raises
    ------
    SystemExit
        If a file is missing or no query is judged.
    """
    own = folder / CORPUS
    files = [own] if own.exists() or not corpus else corpus
    documents: dict[str, Document] = {}
    for document in chain.from_iterable(map(read_documents, files)):
        documents.setdefault(document.id, document)
    gains = _gains(folder / QRELS)
    texts = {record["_id"]: record["text"] for record in _records(folder / QUERIES)}
    queries = {name: texts[name] for name in gains if name in texts}
    if not queries:
        raise SystemExit(
            f"no query of {str(folder / QUERIES)!r} is judged in {QRELS!r}: check both"
        )
    return Collection(folder.resolve().name, list(documents.values()), queries, gains)


def read_documents(file: Path) -> Iterator[Document]:
    """Read the documents of one file, gzipped or not, as :func:`read_collection` takes them."""
    for record in _records(file):
        name, text = ("_id", "text") if "_id" in record else ("id", "abstract")
        yield Document(record[name], record.get("title") or "", record.get(text) or "")


def ndcg(found: Sequence[str], gains: Mapping[str, int], depth: int = 10) -> float:
    """Compute the normalised discounted cumulative gain of a ranking, with linear gains.

    The sum over ranks of gain / log2(rank + 1), divided by the largest sum of any ranking
    (Järvelin and Kekäläinen 2002, with linear gains, as trec_eval computes ``ndcg_cut``).

    Parameters
    ----------
    found : sequence of str
        Document ids, best first.
    gains : mapping of str to int
        By document id; other documents have gain 0.
    depth : int
        The number of first documents that count.

    Returns
    -------
    float
        In [0, 1]; 0 if every gain is 0.
    """
    best = _discounted(sorted(gains.values(), reverse=True)[:depth])
    return _discounted([gains.get(name, 0) for name in found[:depth]]) / best if best else 0.0


def recall(found: Sequence[str], gains: Mapping[str, int], depth: int = DEPTH) -> float:
    """Compute the share of the documents with a gain that are among the first `depth` found.

    Parameters
    ----------
    found, gains, depth
        As in :func:`ndcg`.

    Returns
    -------
    float
        In [0, 1]; 0 if no document has a gain.
    """
    wanted = {name for name, gain in gains.items() if gain > 0}
    return len(wanted.intersection(found[:depth])) / len(wanted) if wanted else 0.0


def measure(
    collection: Collection,
    rank: Callable[[str, int], Sequence[int]],
    on_query: Callable[[int], None] = lambda _: None,
) -> dict[str, float]:
    """Run every judged query and average the measures.

    Parameters
    ----------
    collection : Collection
        The collection.
    rank : callable
        Given a query and a number of hits, returns the rows of documents, best first.
    on_query : callable, optional
        Called with 1 after each query.

    Returns
    -------
    dict of str to float
        ``nDCG@10`` and ``R@100``, means over the judged queries, to four decimals.
    """
    gained, recalled = 0.0, 0.0
    for name, text in collection.queries.items():
        found = [collection.documents[row].id for row in rank(text, DEPTH)]
        gained += ndcg(found, collection.gains[name])
        recalled += recall(found, collection.gains[name])
        on_query(1)
    count = len(collection.queries)
    return {"nDCG@10": round(gained / count, 4), "R@100": round(recalled / count, 4)}


def size_mb(folder: Path) -> float:
    """Return the megabytes of disk used by the files below a folder."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def lines_of(file: Path) -> Iterator[bytes]:
    """Read the lines of a file, gzipped or not.

    Raises
    ------
    SystemExit
        If there is no such file.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            yield from stream
    except FileNotFoundError:
        raise SystemExit(
            f"there is no file {str(file)!r}: name a folder in BEIR layout, and with --corpus the "
            "files of its documents if they are elsewhere"
        ) from None


def _records(file: Path) -> Iterator[dict[str, str]]:
    for line in lines_of(file):
        yield orjson.loads(line)


def _gains(file: Path) -> dict[str, dict[str, int]]:
    gains: dict[str, dict[str, int]] = {}
    lines = lines_of(file)
    next(lines, None)
    for line in lines:
        query, document, gain = line.decode().split("\t")
        gains.setdefault(query, {})[document] = int(gain)
    return gains
