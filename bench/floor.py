"""Measure the relevance floor of search: what it drops and keeps by mistake.

    python bench/floor.py FOLDER[=QUERIES]… [--fit] [--json]

FOLDER is a data folder with an index, QUERIES a file in BEIR layout (JSON lines, gzipped or not)
whose queries have relevant papers there. Further relevant queries are drawn from its papers with a
fixed seed: titles, sentences and three words of a title, each without the paper that it is from. Of
all of them, those count that no other paper matches. Irrelevant are off_topic.txt, invented words
and unknown ids. Half of the relevant queries and of the subjects of off_topic.txt are for learning;
`--fit` learns the constants of `broadsheet.rules.floor` from them, and the other half is measured.
"""

import argparse
import random
import re
import string
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from broadsheet import Library, open_library
from broadsheet.index.analyzer import stem
from broadsheet.index.engine import EngineRequest, EngineResponse
from broadsheet.model import Mode, Paper
from broadsheet.rules.floor import FLOORS, Evidence, Floor, score
from broadsheet.rules.fusion import SENTENCE_WORDS
from broadsheet.rules.query import Query, plain_query
from broadsheet.rules.snippet import sentences
from broadsheet.search.ranking import SHALLOW
from broadsheet.search.relevance import evidence
from broadsheet.store.papers import nums_newest_first, papers_by_num
from judged import lines_of

_SEED = 20_260_222
_DRAWN, _OF_EACH_FILE, _INVENTED = 300, 600, 150
_LEARNING = {"cooking", "travel", "household", "family and pets", "everyday questions"}
# The share of the relevant queries for learning that the threshold drops.
_DROPPED = 0.02
# A word that fewer papers contain is a name that the paper itself may have coined.
_KNOWN_PAPERS = 5
_SENTENCE_WORDS = range(8, 41)
# What is learnt: `sentence` is chosen by the loss on SciFact.
_WEIGHTS = [field.name for field in fields(Floor) if field.name != "sentence"]
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Case:
    """One query: its kind, whether papers are relevant, and whether it is for learning."""

    kind: str
    relevant: bool
    learning: bool
    evidence: Evidence
    text: str


def main() -> None:
    """Learn or measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="FOLDER[=QUERIES]")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    cases: dict[str, list[Case]] = {}
    listed: dict[str, float] = {}
    for each in arguments.folders:
        folder, _, queries = each.partition("=")
        with open_library(folder, database=None) as library:
            library.update_index()
            name = f"{library.health().papers:,} papers"
            cases[name] = list(_cases(library, Path(queries) if queries else None))
            listed[name] = _listed(library)
            encoder = library.index.generation.encoder.name
    floor = _fitted(cases) if arguments.fit else FLOORS[encoder]
    rows = {name: _rates(of, floor) | {"ids": listed[name]} for name, of in cases.items()}
    document = {"encoder": encoder, "floor": asdict(floor), "libraries": rows}
    if arguments.json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table("", *next(iter(rows.values())), box=None)
    for name, row in rows.items():
        table.add_row(name, *(str(value) for value in row.values()))
    Console().print(table, document["floor"])


def _cases(library: Library, queries: Path | None) -> Iterator[Case]:
    chance = random.Random(_SEED)
    for kind, text, num in _relevant(library, queries, chance):
        learning = chance.random() < 0.5
        found = _evidence(library, plain_query(text), num)
        if found is not None:
            yield Case(kind, True, learning, found, text)
    for kind, learning, text in _irrelevant(chance):
        found = _evidence(library, plain_query(text), None)
        if found is not None:
            yield Case(kind, False, learning, found, text)


def _relevant(
    library: Library, queries: Path | None, chance: random.Random
) -> Iterator[tuple[str, str, int | None]]:
    for num, paper in _drawn(library, chance).items():
        words = [word for word in _WORD.findall(paper.title) if _is_known(library, word)]
        yield "title", paper.title, num
        if len(words) >= 3:
            yield "words", " ".join(chance.sample(words, 3)), num
        long = [
            each for each in sentences(paper.abstract or "") if len(each.split()) in _SENTENCE_WORDS
        ]
        if long:
            yield "sentence", chance.choice(long), num
    if queries is not None:
        texts = [orjson.loads(line)["text"] for line in lines_of(queries)]
        for text in chance.sample(texts, min(_OF_EACH_FILE, len(texts))):
            yield "judged", text, None


def _is_known(library: Library, word: str) -> bool:
    return library.index.generation.lexical.stem_frequency(stem(word.lower())) >= _KNOWN_PAPERS


def _drawn(library: Library, chance: random.Random) -> dict[int, Paper]:
    with library._database.read() as connection:
        nums = sorted(nums_newest_first(connection))
        return papers_by_num(connection, chance.sample(nums, min(_DRAWN, len(nums))))


def _irrelevant(chance: random.Random) -> Iterator[tuple[str, bool, str]]:
    subject = ""
    for line in (Path(__file__).parent / "off_topic.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            subject = line.strip("[]")
        elif line and not line.startswith("#"):
            yield "off topic", subject in _LEARNING, line
    for number in range(_INVENTED):
        words = [_invented(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
        yield "invented", number % 2 == 0, " ".join(words)


def _invented(chance: random.Random) -> str:
    length = chance.randint(5, 10)
    if chance.random() < 0.5:
        return "".join(chance.choice(string.ascii_lowercase) for _ in range(length))
    pairs = ((chance.choice("bcdfgklmnprstvz"), chance.choice("aeiou")) for _ in range(length // 2))
    return "".join(letter for pair in pairs for letter in pair)


def _evidence(library: Library, query: Query, num: int | None) -> Evidence | None:
    """Return the evidence of a query without the paper that it is from; None if others match."""
    request = EngineRequest(query, 1, (SHALLOW,), Mode.HYBRID, one_list=True, exhaustive=2_000)
    response = library.index.search(request)
    return (
        None if response.match_count - (num is not None) else _found(query, _without(response, num))
    )


def _found(query: Query, response: EngineResponse) -> Evidence | None:
    return evidence(response, is_sentence=len(query.words) >= SENTENCE_WORDS)


def _without(response: EngineResponse, num: int | None) -> EngineResponse:
    (near,) = response.neighbors
    kept = near.nums != num
    others = replace(
        near,
        nums=near.nums[kept],
        bm25=near.bm25[kept],
        vectors=near.vectors.take(np.flatnonzero(kept)),
        matched=near.matched[kept],
    )
    return replace(response, neighbors=(others,))


def _listed(library: Library) -> float:
    """Return the share of unknown ids for which a search lists papers."""
    chance = random.Random(_SEED)
    ids = [f"{chance.randint(1, 12):04}.{chance.randint(1, 99_999):05}" for _ in range(50)]
    ids += [f"10.{chance.randint(1000, 9999)}/{_invented(chance)}.{i}" for i in range(50)]
    unknown = [
        each
        for each in ids
        if (name := plain_query(each).paper_id) is None or not library.has_paper(name)
    ]
    return round(sum(library.search(each).total > 0 for each in unknown) / len(unknown), 4)


def _rates(cases: Sequence[Case], floor: Floor) -> dict[str, float]:
    held_out = [case for case in cases if not case.learning]
    rows: dict[str, float] = {}
    for kind in dict.fromkeys(case.kind for case in held_out):
        of = [case for case in held_out if case.kind == kind]
        kept = sum(_is_kept(case.evidence, floor) for case in of) / len(of)
        wrong = 1 - kept if of[0].relevant else kept
        name = "dropped" if of[0].relevant else "kept"
        rows[f"{kind} {name}"] = round(wrong, 4)
        rows[f"{kind} queries"] = len(of)
    return rows


def _is_kept(of: Evidence, floor: Floor) -> bool:
    return of.has_code or score(of, floor) >= 0


def _fitted(cases: dict[str, list[Case]]) -> Floor:
    """Fit a logistic model by Newton's method; each library and each class weighs the same."""
    learning = {name: [case for case in of if case.learning] for name, of in cases.items()}
    rows = [(name, case) for name, of in learning.items() for case in of]
    count = dict.fromkeys(((name, relevant) for name in cases for relevant in (True, False)), 0)
    for name, case in rows:
        count[name, case.relevant] += 1
    features = np.array([_features(case.evidence) for _, case in rows])
    labels = np.array([float(case.relevant) for _, case in rows])
    weights = np.array([1_000 / count[name, case.relevant] for name, case in rows])
    parameters = np.zeros(features.shape[1])
    for _ in range(50):
        chances = 1 / (1 + np.exp(-features @ parameters))
        slopes = weights * chances * (1 - chances) + 1e-9
        hessian = features.T @ (features * slopes[:, None]) + 1e-3 * np.eye(len(parameters))
        gradient = features.T @ (weights * (labels - chances)) - 1e-3 * parameters
        parameters += np.linalg.solve(hessian, gradient)
    logits: NDArray[np.float64] = features @ parameters
    names = np.array([name for name, _ in rows])
    threshold = np.mean(
        [np.quantile(logits[(names == name) & (labels == 1)], _DROPPED) for name in cases]
    )
    parameters[-1] -= threshold
    learnt = dict(zip(_WEIGHTS, (round(float(each), 2) for each in parameters), strict=True))
    return Floor(**learnt, sentence=0.0)


def _features(of: Evidence) -> list[float]:
    zero = Floor(**dict.fromkeys((*_WEIGHTS, "sentence"), 0.0))
    return [score(of, replace(zero, **{name: 1.0})) for name in _WEIGHTS]


if __name__ == "__main__":
    main()
