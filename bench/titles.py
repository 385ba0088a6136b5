"""Measure how often a title finds its paper first, as it is and with one typing error.

    python bench/titles.py DUMP [--data FOLDER] [--titles 1000] [--json]

Stores and indexes a dump (arXiv JSON lines), draws titles with a fixed seed and searches for each
twice. The error is one letter inserted, deleted or replaced, or two adjacent letters exchanged, in
a word of at least four letters. `--data` names a library that already has the papers. A title that
several papers have is found if any of them is first; `shared` counts these titles.
"""

import argparse
import random
import re
import string
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from broadsheet import Library, open_library
from broadsheet.rules.fusion import SENTENCE_WORDS
from broadsheet.rules.identity import title_key
from broadsheet.rules.query import plain_query
from judged import lines_of

_SEED = 20_260_222
_WORD = re.compile(r"[^\W\d_]{4,}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("dump", type=Path)
    parser.add_argument("--data", type=Path, metavar="FOLDER")
    parser.add_argument("--titles", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    titles = [" ".join(orjson.loads(line)["title"].split()) for line in lines_of(arguments.dump)]
    drawn = random.Random(_SEED).sample([each for each in titles if each], arguments.titles)
    with _library(arguments.dump, arguments.data) as library:
        rows = _measure(library, drawn)
    keys = [title_key(title) for title in titles]
    shared = sum(keys.count(title_key(title)) > 1 for title in drawn)
    document = {"papers": len(titles), "titles": len(drawn), "shared": shared, **rows}
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table("", "titles", "first", "among ten", box=None)
    for name, row in rows.items():
        table.add_row(name, str(row["titles"]), f"{row['first']:.3f}", f"{row['among_10']:.3f}")
    Console().print(table, f"{shared} of the titles belong to several papers")


@contextmanager
def _library(dump: Path, folder: Path | None) -> Iterator[Library]:
    with (
        tempfile.TemporaryDirectory() as empty,
        open_library(folder or Path(empty), database=None) as library,
    ):
        if folder is None:
            library.import_file(dump)
        library.update_index()
        yield library


def _measure(library: Library, titles: Sequence[str]) -> dict[str, dict[str, float]]:
    chance = random.Random(_SEED)
    typed = [with_error(title, chance) for title in titles]
    found: dict[str, list[int | None]] = {"as it is": [], "one error": []}
    for title, wrong in zip(titles, typed, strict=True):
        found["as it is"].append(_rank(library, title, title))
        found["one error"].append(_rank(library, wrong, title))
    short = [len(plain_query(title).words) < SENTENCE_WORDS for title in titles]
    rows = {}
    for name, ranks in found.items():
        rows[name] = _shares(ranks)
        of_short = [rank for rank, is_short in zip(ranks, short, strict=True) if is_short]
        of_long = [rank for rank, is_short in zip(ranks, short, strict=True) if not is_short]
        rows[f"{name}, up to 7 words"] = _shares(of_short)
        rows[f"{name}, 8 words or more"] = _shares(of_long)
    return rows


def with_error(title: str, chance: random.Random) -> str:
    """Return a title with one typing error; unchanged if it has no word of four letters."""
    words = list(_WORD.finditer(title))
    if not words:
        return title
    word = chance.choice(words)
    while True:
        at = chance.randrange(word.start(), word.end() - 1)
        letter = chance.choice(string.ascii_lowercase)
        wrong = chance.choice(
            [
                title[:at] + title[at + 1 :],
                title[:at] + letter + title[at:],
                title[:at] + letter + title[at + 1 :],
                title[:at] + title[at + 1] + title[at] + title[at + 2 :],
            ]
        )
        if title_key(wrong) != title_key(title):
            return wrong


def _rank(library: Library, query: str, title: str) -> int | None:
    key = title_key(title)
    hits = library.search(query, n=10).hits
    return next((hit.rank for hit in hits if title_key(hit.paper.title) == key), None)


def _shares(ranks: Sequence[int | None]) -> dict[str, float]:
    count = max(1, len(ranks))
    return {
        "titles": len(ranks),
        "first": round(sum(rank == 1 for rank in ranks) / count, 4),
        "among_10": round(sum(rank is not None for rank in ranks) / count, 4),
    }


if __name__ == "__main__":
    main()
