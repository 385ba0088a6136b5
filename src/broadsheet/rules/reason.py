"""The reason that is shown for each hit."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from broadsheet.model import Paper
from broadsheet.rules.snippet import plain
from broadsheet.rules.words import QueryTerms

_MAX_WORDS = 4
_MAX_CHARS = 160
_SHORT_STEM = 3


@dataclass(frozen=True)
class WordFinder:
    """Finds the words of a query in texts, in any form.

    Parameters
    ----------
    terms : QueryTerms
        The words.
    stem : callable
        Returns the stem of a word.
    """

    terms: QueryTerms
    stem: Callable[[str], str]

    @cached_property
    def _candidates(self) -> re.Pattern[str]:
        """Match words that may be a form of one of the terms.

        A form starts like its stem, except for the last letter ("studies" has the stem "studi"),
        so that only few words of a text have to be stemmed.
        """
        prefixes = {stem[:-1] if len(stem) > _SHORT_STEM else stem for stem in self.terms.stems}
        prefixes |= set(self.terms.words)
        either = "|".join(re.escape(prefix) for prefix in sorted(prefixes))
        return re.compile(rf"(?<![^\W_])(?:{either})[^\W_]*" if prefixes else r"(?!)")

    def forms_in(self, text: str) -> dict[str, str]:
        """Return the words of a text that are forms of the terms, each with its stem."""
        wanted = set(self.terms.stems)
        candidates = dict.fromkeys(self._candidates.findall(plain(text)))
        return {word: stem for word in candidates if (stem := self.stem(word)) in wanted}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a paper was found.

    Parameters
    ----------
    why : str
        A phrase for readers.
    words : frozenset of str
        The query's words, in every form in which the paper contains them.
    """

    why: str
    words: frozenset[str]


def why_match(finder: WordFinder, paper: Paper) -> Reason:
    """Return where a match contains the words of the query.

    Parameters
    ----------
    finder : WordFinder
        Finds the query's words.
    paper : Paper
        The match.

    Returns
    -------
    Reason
        For example ``all words: “training” in the title, “optimized” in the abstract``.

    Examples
    --------
    >>> terms = QueryTerms(("converged",), ("converg",), (1,))
    >>> finder = WordFinder(terms, lambda word: word[:7])
    >>> why_match(finder, Paper("hash:1", "Kites", "It converges.")).why
    'all words: “converges” for “converged” in the abstract'
    """
    places, words = _places(finder, paper)
    if not finder.terms.words:
        return Reason("matches all filters", words)
    return Reason(f"all words: {places}" if places else "all words", words)


def why_neighbour(finder: WordFinder, paper: Paper) -> Reason | None:
    """Return where a neighbor contains words of the query; None if it contains none."""
    places, words = _places(finder, paper)
    return Reason(f"similar in meaning; {places}", words) if places else None


def why_near(sentence: str) -> Reason:
    """Return the sentence of a paper that is most similar to the query.

    Examples
    --------
    >>> why_near("We fly kites.").why
    'similar in meaning: “We fly kites.”'
    """
    if len(sentence) > _MAX_CHARS:
        sentence = f"{sentence[:_MAX_CHARS].rpartition(' ')[0]} …"
    return Reason(f"similar in meaning: “{sentence}”", frozenset())


def _places(finder: WordFinder, paper: Paper) -> tuple[str, frozenset[str]]:
    """Return where a paper contains words of the query as a phrase, and all forms of them."""
    forms = {
        "in the title": finder.forms_in(paper.title),
        "in the abstract": finder.forms_in(paper.abstract or ""),
        "among the authors": finder.forms_in(" ".join(paper.authors)),
    }
    place_of = {word: place for place in reversed(forms) for word in forms[place]}
    form_of = {stem: word for found in forms.values() for word, stem in found.items()}
    quoted: dict[str, list[str]] = {place: [] for place in forms}
    for word, stem in zip(finder.terms.words, finder.terms.stems, strict=True):
        if word in place_of:
            quoted[place_of[word]].append(f"“{word}”")
        elif stem in form_of:
            form = form_of[stem]
            quoted[place_of[form]].append(f"“{form}” for “{word}”")
    phrase = ", ".join(f"{_listed(words)} {place}" for place, words in quoted.items() if words)
    return phrase, frozenset(place_of)


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:_MAX_WORDS])
    if len(words) > _MAX_WORDS:
        shown.append(f"{len(words) - _MAX_WORDS} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
