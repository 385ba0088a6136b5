"""Make the starter library: the papers of saved pages, identified by title in an arXiv dump.

    python train/starter.py PAGE… --dump DUMP --out src/broadsheet/starter/papers.jsonl

Papers are in the order of the pages, each once. A paper whose normalised title is that of exactly
one work of the dump gets its id, date, authors and categories; others have title and abstract only.
"""

import argparse
import gzip
from collections.abc import Sequence
from pathlib import Path

import orjson

from broadsheet.model import Paper
from broadsheet.rules.identity import title_key
from broadsheet.sources.files import read_file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--dump", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    papers = _papers_of(arguments.pages)
    known = _identify(set(papers), arguments.dump)
    lines = [orjson.dumps(_line(paper, known.get(key))) for key, paper in papers.items()]
    arguments.out.write_bytes(b"\n".join(lines) + b"\n")
    print(f"{len(lines)} papers, {sum(key in known for key in papers)} identified")


def _papers_of(pages: Sequence[Path]) -> dict[str, Paper]:
    papers: dict[str, Paper] = {}
    for page in pages:
        for item in read_file(page)[1]:
            if isinstance(item, Paper):
                papers.setdefault(title_key(item.title), item)
    return papers


def _identify(wanted: set[str], dump: Path) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    ambiguous: set[str] = set()
    with gzip.open(dump, "rb") as lines:
        for line in lines:
            record = orjson.loads(line)
            key = title_key(record["title"])
            if key in found:
                ambiguous.add(key)
            elif key in wanted:
                found[key] = record
    return {key: record for key, record in found.items() if key not in ambiguous}


def _line(paper: Paper, record: dict[str, object] | None) -> dict[str, object]:
    fields = ("id", "published", "authors", "categories")
    known = {name: record[name] for name in fields if record.get(name)} if record else {}
    return {**known, "title": paper.title, "abstract": paper.abstract}


if __name__ == "__main__":
    main()
