"""Make the starter library: the papers of saved pages, identified by title in an arXiv dump.

    python train/starter.py PAGE… --dump DUMP --out src/broadsheet/starter/papers.jsonl

Papers are in the order of the pages, each once. A paper whose normalised title is that of exactly
one work of the dump gets its id, date, authors, categories and abstract; others have title and
abstract only. Saved pages have lost the backslashes of TeX ("256times 256"), which the dump has.

    python train/starter.py --repair --dump DUMP --out src/broadsheet/starter/papers.jsonl

repairs the abstracts of an existing file in the same way, by arXiv id.
"""

import argparse
import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from broadsheet.model import Paper
from broadsheet.rules.identity import title_key
from broadsheet.sources.files import read_file

# Commands that lost their backslash, where the dump does not have the abstract.
_LOST = tuple(
    (re.compile(pattern), tex)
    for pattern, tex in (
        (r"(\d+) ?\{?times\}? ?(\d+)", r"$\1 \\times \2$"),
        (r"(\d+(?:\.\d+)?)times\b", r"$\1\\times$"),
        (r"(?<![\w\\])(ell)_(\d)", r"$\\\1_\2$"),
        (r"(?<![\w\\])(leq|geq|approx|sim) ?(\d+(?:\.\d+)?)", r"$\\\1 \2$"),
        (r"(?<![\w\\])(textit|textbf|texttt|emph)\{", r"\\\1{"),
        (r"\b([A-Z]+)\^top\b", r"$\1^\\top$"),
        (r"\b1-lambda\b(?! *[)^])", r"$1-\\lambda$"),
        (r"\$(\\text[a-z]+\{[A-Za-z]\})\$(?=[a-z])", r"\1"),
        (r"\bObig\(", r"$O\\big("),
        (r"(?<=})big\)", r"\\big)$"),
        (r"(?<=[(+])1\{", r"\\frac{1}{"),
        (r"(?<![\w\\$])lambda(?=[\^)])", r"\\lambda"),
        (r"(\d) rightarrow (\d)", r"\1 $\\rightarrow$ \2"),
        (r"\((ge|le) (\d+B)\)", r"($\\\1$ \2)"),
        (r"\bD\{to\} ?infty\b", r"$D \\to \\infty$"),
        (r"\bgamma to infty\b", r"$\\gamma \\to \\infty$"),
        (r"(?<![\w\\])url\{", r"\\url{"),
        (r"\\(GitChameleon)\b(?:\{\})?", r"\1"),
        (r"\\sysname\b", "StablePT"),
    )
)
_TAIL = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--dump", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--repair", action="store_true")
    arguments = parser.parse_args()
    if arguments.repair:
        _repair(arguments.out, arguments.dump)
        return
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


def _line(paper: Paper, record: dict[str, Any] | None) -> dict[str, object]:
    fields = ("id", "published", "authors", "categories")
    known = {name: record[name] for name in fields if record.get(name)} if record else {}
    return {**known, "title": paper.title, "abstract": _abstract(paper.abstract, record)}


def _repair(path: Path, dump: Path) -> None:
    papers = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    wanted = {paper.get("id") for paper in papers} - {None}
    with gzip.open(dump, "rb") as lines:
        records = (orjson.loads(line) for line in lines)
        found = {record["id"]: record for record in records if record["id"] in wanted}
    changed = 0
    for paper in papers:
        abstract = _abstract(paper["abstract"], found.get(paper.get("id")))
        changed += abstract != paper["abstract"]
        paper["abstract"] = abstract
    path.write_bytes(b"".join(orjson.dumps(paper) + b"\n" for paper in papers))
    print(f"{len(papers)} papers, {len(found)} in the dump, {changed} abstracts repaired")


def _abstract(text: str | None, record: dict[str, Any] | None) -> str | None:
    """Return an abstract as the dump has it, with the end of `text` where the dump's is cut off."""
    if record and record.get("abstract"):
        known = str(record["abstract"]).strip()
        if known.endswith((".", "!", "?", ")")) and not record.get("abstract_truncated"):
            text = known
        elif (end := _end_in(text or "", known := known.rstrip(" .…"))) is not None:
            text = known + (text or "")[end:]
    if not text:
        return text
    for pattern, tex in _LOST:
        text = pattern.sub(tex, text)
    return " ".join(text.split())


def _end_in(text: str, beginning: str) -> int | None:
    """Return where a text continues that begins like another but for signs."""
    letters = [(place, letter) for place, letter in enumerate(text) if letter.isalnum()]
    tail = "".join(filter(str.isalnum, beginning))[-_TAIL:]
    at = "".join(letter for _, letter in letters).find(tail)
    return letters[at + len(tail) - 1][0] + 1 if at >= 0 and len(tail) == _TAIL else None


if __name__ == "__main__":
    main()
