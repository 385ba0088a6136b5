"""Queries drawn from papers with a fixed seed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from judged import Document
from peers.words import STOP_WORDS

_WORD = re.compile(r"[A-Za-z]{4,}")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_SPAN_WORDS = 12
_SENTENCE_WORDS = range(8, 31)


@dataclass(frozen=True, slots=True)
class Question:
    """One query and the paper that it was drawn from.

    Parameters
    ----------
    kind : str
        A key of :data:`KINDS`.
    text : str
        The query.
    row : int
        The row of the paper.
    """

    kind: str
    text: str
    row: int


def draw(papers: Sequence[Document], seed: int, each: int = 100) -> list[Question]:
    """Draw queries of every kind, shuffled.

    Parameters
    ----------
    papers : sequence of Document
        The papers.
    seed : int
        The same seed and papers return the same queries.
    each : int
        The number of queries of each kind.

    Returns
    -------
    list of Question
        `each` queries of every kind.

    Raises
    ------
    SystemExit
        If the papers contain too little text.
    """
    chance = Random(seed)
    questions = [
        _drawn(kind, make, papers, chance) for kind, make in KINDS.items() for _ in range(each)
    ]
    chance.shuffle(questions)
    return questions


def _drawn(
    kind: str, make: "Make", papers: Sequence[Document], chance: Random, tries: int = 1_000
) -> Question:
    for _ in range(tries):
        row = chance.randrange(len(papers))
        text = make(papers[row], chance)
        if text:
            return Question(kind, text, row)
    raise SystemExit(f"no query of {kind} could be drawn: use a dump of papers with abstracts")


def _two_words(paper: Document, chance: Random) -> str | None:
    return _some(paper.title, 2, chance)


def _three_words(paper: Document, chance: Random) -> str | None:
    words = paper.text.split()
    start = chance.randrange(max(1, len(words) - _SPAN_WORDS))
    return _some(" ".join(words[start : start + _SPAN_WORDS]), 3, chance)


def _title(paper: Document, chance: Random) -> str | None:
    return paper.title or None


def _sentence(paper: Document, chance: Random) -> str | None:
    sentences = _SENTENCE_END.split(paper.text)
    candidates = [text for text in sentences if len(text.split()) in _SENTENCE_WORDS]
    return chance.choice(candidates) if candidates else None


def _some(text: str, many: int, chance: Random) -> str | None:
    """Return some words of a text in their order, without stop words."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(text))
    words = [word for word in found if word not in STOP_WORDS]
    if len(words) < many:
        return None
    return " ".join(words[place] for place in sorted(chance.sample(range(len(words)), many)))


Make = Callable[[Document, Random], str | None]

KINDS: dict[str, Make] = {
    "two words": _two_words,
    "three words": _three_words,
    "title": _title,
    "sentence": _sentence,
}
"""Two words of a title, three of a span of twelve in an abstract, a title, a sentence of 8 to 30
words of an abstract."""

KNOWN_ITEM = ("three words", "sentence")
"""The kinds drawn from an abstract; found-in-10 counts whether the paper is found."""
