"""Why a paper is a hit, in words."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from broadsheet.model import Paper
from broadsheet.rules.snippet import plain

_MAX_WORDS = 4
_MAX_CHARS = 160
_SHORT_STEM = 3


@dataclass(frozen=True)
class Asked:
    """The words of a query.

    Parameters
    ----------
    exact, stems : tuple of str
        The words in lower case, and the stem of each.
    stem : callable
        Gives the stem of a word.
    """

    exact: tuple[str, ...]
    stems: tuple[str, ...]
    stem: Callable[[str], str]

    @cached_property
    def likely(self) -> re.Pattern[str]:
        """What a word looks like that may be a form of one asked for.

        A form begins as its stem does, but for the last letter ("studies" has the stem "studi");
        so few words of a text have to be brought to their stems.
        """
        heads = {stem[:-1] if len(stem) > _SHORT_STEM else stem for stem in self.stems}
        heads |= set(self.exact)
        either = "|".join(re.escape(head) for head in sorted(heads))
        return re.compile(rf"(?<![^\W_])(?:{either})[^\W_]*" if heads else r"(?!)")

    def held(self, text: str) -> dict[str, str]:
        """Give the words of a text that are forms of those asked for, each with its stem."""
        wanted = set(self.stems)
        likely = dict.fromkeys(self.likely.findall(plain(text)))
        return {word: stem for word in likely if (stem := self.stem(word)) in wanted}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper is a hit.

    Parameters
    ----------
    why : str
        For a person to read.
    words : frozenset of str
        The words of the query in every form in which the paper holds them.
    """

    why: str
    words: frozenset[str]


def why_match(asked: Asked, paper: Paper) -> Reason:
    """Tell where a match holds the words of the query.

    Parameters
    ----------
    asked : Asked
        The query's words.
    paper : Paper
        What was found.

    Returns
    -------
    Reason
        For example ``every word: “training” in the title, “optimized” in the abstract``.

    Examples
    --------
    >>> asked = Asked(("converged",), ("converg",), lambda word: word[:7])
    >>> why_match(asked, Paper("hash:1", "Kites", "It converges.")).why
    'every word: “converges” for “converged” in the abstract'
    """
    told, words = _told(asked, paper)
    if not asked.exact:
        return Reason("as asked", words)
    return Reason(f"every word: {told}" if told else "every word", words)


def why_neighbour(asked: Asked, paper: Paper) -> Reason | None:
    """Tell which of the query's words a neighbour holds, and where; None where it holds none."""
    told, words = _told(asked, paper)
    return Reason(f"near in meaning, with {told}", words) if told else None


def why_near(sentence: str) -> Reason:
    """Tell which sentence of a paper comes nearest to the query.

    Examples
    --------
    >>> why_near("We fly kites.").why
    'near in meaning: “We fly kites.”'
    """
    if len(sentence) > _MAX_CHARS:
        sentence = f"{sentence[:_MAX_CHARS].rpartition(' ')[0]} …"
    return Reason(f"near in meaning: “{sentence}”", frozenset())


def _told(asked: Asked, paper: Paper) -> tuple[str, frozenset[str]]:
    places = {
        "in the title": asked.held(paper.title),
        "in the abstract": asked.held(paper.abstract or ""),
        "among the authors": asked.held(" ".join(paper.authors)),
    }
    place_of = {word: place for place in reversed(places) for word in places[place]}
    spelt_as = {stem: word for held in places.values() for word, stem in held.items()}
    found: dict[str, list[str]] = {place: [] for place in places}
    for word, stem in zip(asked.exact, asked.stems, strict=True):
        if word in place_of:
            found[place_of[word]].append(f"“{word}”")
        elif stem in spelt_as:
            spelt = spelt_as[stem]
            found[place_of[spelt]].append(f"“{spelt}” for “{word}”")
    told = ", ".join(f"{_listed(words)} {place}" for place, words in found.items() if words)
    return told, frozenset(place_of)


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:_MAX_WORDS])
    if len(words) > _MAX_WORDS:
        shown.append(f"{len(words) - _MAX_WORDS} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
