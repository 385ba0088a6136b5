"""Judged collections: a folder in BEIR layout, and how well a ranking meets its judgements."""

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
    """One document to be found.

    Parameters
    ----------
    id : str
        As the judgements name it.
    title : str
        Empty where the collection gives none.
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
    """Queries over documents, and which documents answer them.

    Parameters
    ----------
    name : str
        The folder's name.
    documents : sequence of Document
        Each id once.
    queries : mapping of str to str
        By id, the text of every judged query.
    gains : mapping of str to (mapping of str to int)
        By query id, the gain of each judged document, 0 for one that does not answer.
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
        Holds `queries.jsonl.gz` and `qrels.test.tsv.gz`, most often `corpus.jsonl.gz` too.
    corpus : sequence of Path
        Files that hold the documents where the folder has no corpus of its own: records with
        ``_id``, ``title`` and ``text``, or ``id``, ``title`` and ``abstract``.

    Raises
    ------
    SystemExit
        Where a file is missing or no judged query is known.
    """
    own = folder / CORPUS
    files = [own] if own.exists() or not corpus else corpus
    documents: dict[str, Document] = {}
    for document in chain.from_iterable(map(read_documents, files)):
        documents.setdefault(document.id, document)
    gains = _gains(folder / QRELS)
    asked = {record["_id"]: record["text"] for record in _records(folder / QUERIES)}
    queries = {name: asked[name] for name in gains if name in asked}
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
    """Give the normalised discounted cumulative gain of a ranking, gains counted as they are.

    The sum over ranks of gain / log2(rank + 1), as a share of the best sum that any ranking could
    have (Järvelin and Kekäläinen 2002, with linear gains, as trec_eval computes ``ndcg_cut``).

    Parameters
    ----------
    found : sequence of str
        Document ids, best first.
    gains : mapping of str to int
        By document id; one that is not named has gain 0.
    depth : int
        How many of the first are looked at.

    Returns
    -------
    float
        In [0, 1]; 0 where nothing could be gained.
    """
    best = _discounted(sorted(gains.values(), reverse=True)[:depth])
    return _discounted([gains.get(name, 0) for name in found[:depth]]) / best if best else 0.0


def recall(found: Sequence[str], gains: Mapping[str, int], depth: int = DEPTH) -> float:
    """Give the share of the documents with a gain that are among the first `depth` found.

    Parameters
    ----------
    found, gains, depth
        As in :func:`ndcg`.

    Returns
    -------
    float
        In [0, 1]; 0 where no document has a gain.
    """
    wanted = {name for name, gain in gains.items() if gain > 0}
    return len(wanted.intersection(found[:depth])) / len(wanted) if wanted else 0.0


def measure(
    collection: Collection,
    rank: Callable[[str, int], Sequence[int]],
    on_query: Callable[[int], None] = lambda _: None,
) -> dict[str, float]:
    """Ask every judged query and average how well the answers meet the judgements.

    Parameters
    ----------
    collection : Collection
        What is asked.
    rank : callable
        Given a query's text and a number of hits, the places of documents, best first.
    on_query : callable, optional
        Told 1 after each query.

    Returns
    -------
    dict of str to float
        ``nDCG@10`` and ``R@100``, means over the judged queries, to four places.
    """
    gained, recalled = 0.0, 0.0
    for name, text in collection.queries.items():
        found = [collection.documents[row].id for row in rank(text, DEPTH)]
        gained += ndcg(found, collection.gains[name])
        recalled += recall(found, collection.gains[name])
        on_query(1)
    asked = len(collection.queries)
    return {"nDCG@10": round(gained / asked, 4), "R@100": round(recalled / asked, 4)}


def size_mb(folder: Path) -> float:
    """Give the megabytes of disk that the files below a folder take."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def lines_of(file: Path) -> Iterator[bytes]:
    """Read the lines of a file, gzipped or not.

    Raises
    ------
    SystemExit
        Where there is no such file.
    """
    try:
        with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
            yield from stream
    except FileNotFoundError:
        raise SystemExit(
            f"there is no file {str(file)!r}: name a folder in BEIR layout, and with --corpus the "
            "files of its documents where they are kept elsewhere"
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
