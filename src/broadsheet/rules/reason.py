"""The reason that is shown for each hit."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broadsheet.model import Paper
from broadsheet.rules.filter_reason import filter_reason
from broadsheet.rules.query import Clause
from broadsheet.rules.snippet import plain
from broadsheet.rules.tex import to_unicode
from broadsheet.rules.words import QueryTerms

_MAX_WORDS = 4
_MAX_CHARS = 160
_SHORT_STEM = 3
# The words of a query are looked up in a text one by one, up to this cost; with more of them, the
# words of the text are compared. A single letter is part of most words, two letters of many.
_MOST_LOOKED_UP, _COST_OF_LETTER = 24, 30
_MAX_TEXT = 20_000
_WORD = re.compile(r"[^\W_]+")
_ASCII_WORDS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))
_REST_OF_WORD = re.compile(r"[^\W_]*")


class WordFinder:
    """Finds the words of a query in texts, in any form.

    Parameters
    ----------
    terms : QueryTerms
        The words of the query.
    stem : callable
        Returns the stem of a word.
    """

    def __init__(self, terms: QueryTerms, stem: Callable[[str], str]) -> None:
        self.terms = terms
        self._stem = stem
        self._stems = frozenset(terms.stems)
        # A form starts like its stem, except for the last letter ("studies" has the stem "studi"),
        # so that only few words of a text have to be stemmed.
        starts = {stem[:-1] if len(stem) > _SHORT_STEM else stem for stem in terms.stems}
        irregular = {word for word in terms.words if not word.startswith(tuple(starts))}
        self._starts = starts | irregular
        self._heads = frozenset(start[:_SHORT_STEM] for start in self._starts)
        cost = sum(
            1 if len(start) >= _SHORT_STEM else _COST_OF_LETTER // len(start)
            for start in self._starts
        )
        self._find = self._starting if cost <= _MOST_LOOKED_UP else self._likely

    def forms_in(self, text: str) -> dict[str, str]:
        """Return the words of a text that are forms of the terms, each with its stem.

        Of a text of more than 20,000 characters only the beginning is read.
        """
        words = self._find(plain(to_unicode(text[:_MAX_TEXT])))
        return {word: stem for word in words if (stem := self._stem(word)) in self._stems}

    def _starting(self, text: str) -> list[str]:
        """Return the words that start like a term, in order."""
        found: list[tuple[int, str]] = []
        for start in self._starts:
            at = text.find(start)
            while at >= 0:
                end = at + len(start)
                if not (at and text[at - 1].isalnum()):
                    rest = _REST_OF_WORD.match(text, end)
                    end = rest.end() if rest else end
                    found.append((at, text[at:end]))
                at = text.find(start, end)
        return [word for _, word in sorted(found)]

    def _likely(self, text: str) -> list[str]:
        """Return the words that have the first letters of a term, in order."""
        heads = self._heads
        return [
            word
            for word in _words(text)
            if word[:_SHORT_STEM] in heads or word[: _SHORT_STEM - 1] in heads
        ]


def _words(text: str) -> list[str]:
    # Twice as fast as the pattern.
    return text.translate(_ASCII_WORDS).split() if text.isascii() else _WORD.findall(text)


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


def why_match(finder: WordFinder, paper: Paper, filters: Sequence[Clause] = ()) -> Reason:
    """Return where a match contains the words of the query, and which fields satisfy its filters.

    Parameters
    ----------
    finder : WordFinder
        Finds the query's words.
    paper : Paper
        The match.
    filters : sequence of Clause
        The filters of the query.

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
    if not filters:
        return Reason(f"all words: {places}" if places else "all words", words)
    fields = filter_reason(filters, paper) or ("" if places else "matches all filters")
    return Reason("; ".join(part for part in (places, fields) if part), words)


def why_neighbour(finder: WordFinder, paper: Paper) -> Reason | None:
    """Return where a neighbor contains words of the query; None if it contains none."""
    places, words = _places(finder, paper)
    return Reason(f"similar in meaning; {places}", words) if places else None


def why_near(sentence: str | None, paper: Paper) -> Reason:
    """Return the sentence of a paper that is most similar to the query, if it is known.

    Examples
    --------
    >>> why_near("We fly kites.", Paper("hash:1", "Kites", "We fly kites.")).why
    'similar in meaning to the abstract: “We fly kites.”'
    """
    if not paper.abstract:
        return Reason("similar in meaning to the title", frozenset())
    if sentence is None:
        return Reason("similar in meaning to the title and abstract", frozenset())
    if len(sentence) > _MAX_CHARS:
        sentence = f"{sentence[:_MAX_CHARS].rpartition(' ')[0]} …"
    return Reason(f"similar in meaning to the abstract: “{sentence}”", frozenset())


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
