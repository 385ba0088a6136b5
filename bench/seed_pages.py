"""Measure how well search reproduces saved result pages.

    python bench/seed_pages.py PAGE… --queries queries.json [--json]

The pages are imported into a temporary library and the query of each page is searched there. Prints
for each page the average precision of its papers among all imported, and the share of its leading
matches among as many first hits. The leading matches are the first papers of the page that contain
all words of the query, in singular or plural, or in any form of the stem if the first paper does
not contain them otherwise.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from broadsheet import Library, open_library
from broadsheet.index.analyzer import query_terms, stems_in, words_in
from broadsheet.model import Paper
from broadsheet.rules.identity import title_key
from broadsheet.rules.words import number_forms
from broadsheet.sources.files import read_file


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--queries", required=True, type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    queries = orjson.loads(arguments.queries.read_bytes())
    with (
        tempfile.TemporaryDirectory() as folder,
        open_library(folder, database=None) as library,
    ):
        for page in arguments.pages:
            library.import_file(page)
        library.update_index()
        pages = {page.name: _measure(library, page, queries[page.name]) for page in arguments.pages}
    mean = sum(float(row["ap"]) for row in pages.values()) / len(pages)
    document = {"pages": pages, "mean_ap": round(mean, 4)}
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table("page", "query", "average precision", "leading", box=None)
    for name, row in pages.items():
        table.add_row(name, str(row["query"]), f"{row['ap']:.3f}", f"{row['leading']:.3f}")
    Console().print(table, f"mean average precision {mean:.4f}")


def _measure(library: Library, page: Path, query: str) -> dict[str, str | float]:
    papers = [paper for paper in read_file(page)[1] if isinstance(paper, Paper)]
    wanted = {title_key(paper.title) for paper in papers}
    found = library.search(query, n=library.health().papers)
    keys = [title_key(hit.paper.title) for hit in found.hits]
    leading = _leading(library, papers, query)
    first = {title_key(paper.title) for paper in papers[:leading]}
    share = sum(key in first for key in keys[:leading]) / leading if leading else 1.0
    return {
        "query": query,
        "ap": round(_average_precision(keys, wanted), 4),
        "leading": round(share, 4),
    }


def _average_precision(found: Sequence[str], wanted: set[str]) -> float:
    hits, total = 0, 0.0
    for rank, key in enumerate(found, start=1):
        if key in wanted:
            hits += 1
            total += hits / rank
    return total / len(wanted)


def _leading(library: Library, papers: Sequence[Paper], query: str) -> int:
    terms = query_terms(query, library.index.generation.lexical.stem_frequency)
    texts = [_forms(f"{paper.title}\n{paper.abstract or ''}") for paper in papers]
    either = [
        all(any(form in text for form in number_forms(word)) for word in terms.words)
        for text in texts
    ]
    stemmed = [set(terms.stems) <= set(text.values()) for text in texts]
    return _leading_run(either) or _leading_run(stemmed)


def _forms(text: str) -> dict[str, str]:
    return dict(zip(words_in(text), stems_in(text), strict=True))


def _leading_run(contains: Sequence[bool]) -> int:
    return next((place for place, each in enumerate(contains) if not each), len(contains))


if __name__ == "__main__":
    main()
