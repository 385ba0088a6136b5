"""Why a paper is a hit, in words."""

from collections.abc import Mapping, Sequence

_MAX_WORDS = 4


def why_match(
    exact: Sequence[str],
    stems: Sequence[str],
    title: Mapping[str, str],
    abstract: Mapping[str, str],
) -> str:
    """Tell where a match holds the words of the query.

    Parameters
    ----------
    exact, stems : sequence of str
        The query's words and their stems.
    title, abstract : mapping of str to str
        The words of the paper's title and abstract, with their stems.

    Returns
    -------
    str
        For example ``every word: “training” in the title, “optimized” in the abstract``.

    Examples
    --------
    >>> why_match(["converged"], ["converg"], {}, {"converges": "converg"})
    'every word: “converges” for “converged” in the abstract'
    """
    places: dict[str, list[str]] = {"title": [], "abstract": []}
    for word, stem in zip(exact, stems, strict=True):
        place, spelt = _find(word, stem, title, abstract)
        if spelt is not None:
            shown = f"“{word}”" if spelt == word else f"“{spelt}” for “{word}”"
            places[place].append(shown)
    told = [f"{_listed(words)} in the {place}" for place, words in places.items() if words]
    return f"every word: {', '.join(told)}" if told else "every word"


def why_neighbour(
    exact: Sequence[str], stems: Sequence[str], text: Mapping[str, str], cosine: float
) -> str:
    """Tell how near a neighbour is, and which of the query's words it shares.

    Parameters
    ----------
    exact, stems : sequence of str
        The query's words and their stems.
    text : mapping of str to str
        The words of the paper, with their stems.
    cosine : float
        Between the vectors of query and paper.
    """
    held = set(text.values())
    shared = [f"“{word}”" for word, stem in zip(exact, stems, strict=True) if stem in held]
    near = f"near in meaning ({cosine:.2f})" if cosine > 0 else "shares words"
    return f"{near}, has {_listed(shared)}" if shared else near


def _find(
    word: str, stem: str, title: Mapping[str, str], abstract: Mapping[str, str]
) -> tuple[str, str | None]:
    for place, text in (("title", title), ("abstract", abstract)):
        if word in text:
            return place, word
    for place, text in (("title", title), ("abstract", abstract)):
        for spelt, its_stem in text.items():
            if its_stem == stem:
                return place, spelt
    return "title", None


def _listed(words: Sequence[str]) -> str:
    shown = list(words[:_MAX_WORDS])
    if len(words) > _MAX_WORDS:
        shown.append(f"{len(words) - _MAX_WORDS} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
