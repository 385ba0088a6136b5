"""Broadsheet, through the same interface as a user."""

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from broadsheet import Library, open_library
from broadsheet.model import Mode, Paper
from broadsheet.rules.normalize import make_paper, title_from
from judged import Document, size_mb
from peers import Rank

# A DOI prefix reserved for examples. Each document gets its own DOI, because papers with different
# DOIs are never merged, however similar their titles are.
_DOI = "10.5555/bench."
_BATCH = 2_000


def fill(library: Library, documents: Sequence[Document], on_papers: Callable[[int], None]) -> int:
    """Store documents as papers and index them.

    Parameters
    ----------
    library : Library
        An empty library.
    documents : sequence of Document
        Title and text become title and abstract. A document without a title gets the first words
        of its text as title, or its id if it has no text either.
    on_papers : callable
        Called with the number of papers stored or indexed; each paper counts twice.

    Returns
    -------
    int
        Number of documents without a title.

    Raises
    ------
    SystemExit
        If documents were merged.
    """
    untitled = 0
    for start in range(0, len(documents), _BATCH):
        batch = documents[start : start + _BATCH]
        papers = [_paper(row, document) for row, document in enumerate(batch, start)]
        report = library.add("bench", papers)
        untitled += sum(not document.title.strip() for document in batch)
        if report.tally.new != len(batch):
            raise SystemExit(f"of {len(batch)} documents {report.tally.new} became papers")
        on_papers(len(batch))
    library.update_index(on_papers=on_papers)
    return untitled


def rank_with(library: Library, mode: Mode) -> Rank:
    """Return a function that ranks the documents by the library's search."""

    def rank(query: str, n: int) -> Sequence[int]:
        return [_row(hit.paper) for hit in library.search(query, n=n, mode=mode).hits]

    return rank


def rerank(library: Library, papers: int, on_papers: Callable[[int], None]) -> bool:
    """Compute the rerank vectors of so many papers in all, in the order of storage.

    Returns
    -------
    bool
        False if the extra ``rerank`` is not installed.
    """
    if not library.reranker.available:
        return False
    # Otherwise the papers that the judged queries requested would be the first.
    library.reranker.requested.clear()
    done = library.health().papers - library.reranker.count_missing()
    if papers > done:
        library.reranker.compute_missing(papers - done, on_papers)
    return True


def _paper(row: int, document: Document) -> Paper:
    title = document.title.strip() or title_from(document.text) or document.id
    return make_paper(title=title, abstract=document.text, doi=f"{_DOI}{row}")


def _row(paper: Paper) -> int:
    return int(paper.id.rpartition(".")[2])


def build_library(papers: Path, folder: Path) -> dict[str, float]:
    """Import a dump into a new library and index it, as ``broadsheet import`` does.

    Returns
    -------
    dict of str to float
        ``import_s`` and ``index_s``, seconds to store the papers and to index them;
        ``library_mb`` and ``disk_mb``, megabytes of the database and of the index.
    """
    with open_library(folder, database=None) as library:
        start = perf_counter()
        library.import_file(papers)
        stored = perf_counter()
        library.update_index()
        indexed = perf_counter()
    index_mb = size_mb(folder / "index")
    return {
        "import_s": stored - start,
        "index_s": indexed - stored,
        "library_mb": size_mb(folder) - index_mb,
        "disk_mb": index_mb,
    }


def open_dump(folder: Path) -> Callable[[str], list[str]]:
    """Open a library of :func:`build_library`; return a search for the arXiv ids of one page."""
    library = open_library(folder, database=None)
    return lambda query: [hit.paper.arxiv_id or "" for hit in library.search(query).hits]
