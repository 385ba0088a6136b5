"""Measure the quality of search on judged collections, compared with other engines.

    python bench/quality.py DIR… [--corpus FILE…] [--peers NAME…] [--rerank PERCENT…] [--json]

Each DIR is a collection in BEIR layout: corpus.jsonl.gz, queries.jsonl.gz and qrels.test.tsv.gz.
Its documents are indexed in a temporary library, and its queries are run unchanged. Prints nDCG@10
(linear gains) and recall@100, means over the judged queries, for words alone, meaning alone and
both; with `--rerank` (formerly `--refine`) also after reranking with the vectors of that percentage
of the papers; and the same for other engines.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from broadsheet import open_library
from broadsheet.cli.progress import count_bar
from broadsheet.model import Mode
from judged import Collection, measure, read_collection
from own import fill, rank_with, rerank
from peers import PEERS, Rank, load_peer

Figures = dict[str, dict[str, float]]


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    document = {}
    for folder in arguments.folders:
        collection = read_collection(folder, arguments.corpus)
        figures = _own(collection, arguments.rerank) | _peers(collection, arguments.peers)
        if arguments.minilm:
            figures |= _minilm(collection)
        document[collection.name] = figures
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    for name, figures in document.items():
        Console().print(_table(name, figures))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--corpus", nargs="+", type=Path, default=[], metavar="FILE")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=["bm25s"])
    parser.add_argument("--no-minilm", dest="minilm", action="store_false")
    parser.add_argument(
        "--rerank",
        "--refine",
        nargs="*",
        type=_percent,
        default=[],
        metavar="PERCENT",
        help="percentage of papers with rerank vectors, 1 to 100",
    )
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _percent(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)


def _own(collection: Collection, percents: Sequence[int]) -> Figures:
    documents = collection.documents
    with (
        tempfile.TemporaryDirectory() as folder,
        open_library(folder, database=None) as library,
    ):
        with count_bar(f"{collection.name}: store and index", 2 * len(documents)) as advance:
            untitled = fill(library, documents, advance)
        if untitled:
            sys.stderr.write(f"{collection.name}: {untitled} documents without a title\n")
        figures = _measured(collection, {mode.value: rank_with(library, mode) for mode in Mode})
        for percent in sorted(percents):
            papers = len(documents) * percent // 100
            with count_bar(f"{collection.name}: rerank {percent}%", None) as advance:
                if not rerank(library, papers, advance):
                    sys.stderr.write("reranking is skipped: its extra is not installed\n")
                    break
            ranks = {f"hybrid+refine {percent}%": rank_with(library, Mode.HYBRID)}
            figures |= _measured(collection, ranks)
        return figures


def _peers(collection: Collection, names: Sequence[str]) -> Figures:
    figures: Figures = {}
    for name in names:
        peer = load_peer(name)
        if peer is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            with count_bar(f"{collection.name}: index with {name}", None):
                peer.build(collection.documents, Path(folder))
            figures |= _measured(collection, {name: peer.open_index(Path(folder))})
    return figures


def _minilm(collection: Collection) -> Figures:
    try:
        from peers import bm25s, fusing, minilm
    except ModuleNotFoundError as error:
        sys.stderr.write(f"minilm is skipped: {error.name!r} is not installed\n")
        return {}
    documents = collection.documents
    if len(documents) > minilm.MOST_DOCUMENTS:
        sys.stderr.write(f"minilm is skipped for {collection.name}: it would take hours\n")
        return {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with count_bar(f"{collection.name}: encode with minilm", len(documents)) as advance:
            minilm.build(documents, folder, advance)
        bm25s.build(documents, folder)
        words, meaning = bm25s.open_scores(folder), minilm.open_scores(folder)
        ranks = {
            "minilm": fusing.alone(meaning),
            "bm25s+minilm": fusing.summed(words, meaning),
            "bm25s+minilm by ranks": fusing.by_ranks(words, meaning),
        }
        return _measured(collection, ranks)


def _measured(collection: Collection, ranks: Mapping[str, Rank]) -> Figures:
    figures = {}
    for name, rank in ranks.items():
        with count_bar(f"{collection.name}: ask {name}", len(collection.queries)) as advance:
            figures[name] = measure(collection, rank, advance)
    return figures


def _table(name: str, figures: Figures) -> Table:
    table = Table(name, "nDCG@10", "recall@100", box=None)
    for engine, row in figures.items():
        table.add_row(engine, f"{row['nDCG@10']:.3f}", f"{row['R@100']:.3f}")
    return table


if __name__ == "__main__":
    main()
