"""Why a paper is a hit, in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MAX_WORDS = 4
_MAX_CHARS = 160


@dataclass(frozen=True, slots=True)
class Held:
    """The words a paper holds, in lower case and in their order.

    Parameters
    ----------
    title, abstract, authors : sequence of str
        The words of each.
    stem : callable
        Gives the stem of a word.
    """

    title: Sequence[str]
    abstract: Sequence[str]
    authors: Sequence[str]
    stem: Callable[[str], str]

    @property
    def places(self) -> tuple[tuple[str, Sequence[str]], ...]:
        """The three with their names for a reader, in the order they are looked at."""
        return (
            ("in the title", self.title),
            ("in the abstract", self.abstract),
            ("among the authors", self.authors),
        )


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


def why_match(exact: Sequence[str], stems: Sequence[str], held: Held) -> Reason:
    """Tell where a match holds the words of the query.

    Parameters
    ----------
    exact, stems : sequence of str
        The query's words and their stems.
    held : Held
        The words of the paper.

    Returns
    -------
    Reason
        For example ``every word: “training” in the title, “optimized” in the abstract``.

    Examples
    --------
    >>> held = Held([], ["it", "converges"], [], lambda word: word[:7])
    >>> why_match(["converged"], ["converg"], held).why
    'every word: “converges” for “converged” in the abstract'
    """
    told, words = _told(exact, stems, held)
    if not exact:
        return Reason("as asked", words)
    return Reason(f"every word: {told}" if told else "every word", words)


def why_neighbour(exact: Sequence[str], stems: Sequence[str], held: Held) -> Reason | None:
    """Tell which of the query's words a neighbour holds, and where; None where it holds none."""
    told, words = _told(exact, stems, held)
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


def _told(exact: Sequence[str], stems: Sequence[str], held: Held) -> tuple[str, frozenset[str]]:
    found: dict[str, list[str]] = {place: [] for place, _ in held.places}
    place_of = {word: place for place, text in reversed(held.places) for word in text}
    wanted = set(stems)
    forms = {word: stem for word in place_of if (stem := held.stem(word)) in wanted}
    spelt_as = {stem: word for word, stem in forms.items()}
    for word, stem in zip(exact, stems, strict=True):
        if word in place_of:
            found[place_of[word]].append(f"“{word}”")
        elif stem in spelt_as:
            spelt = spelt_as[stem]
            found[place_of[spelt]].append(f"“{spelt}” for “{word}”")
    told = ", ".join(f"{_listed(words)} {place}" for place, words in found.items() if words)
    return told, frozenset(forms)


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:_MAX_WORDS])
    if len(words) > _MAX_WORDS:
        shown.append(f"{len(words) - _MAX_WORDS} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
