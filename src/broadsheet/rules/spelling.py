"""Which word a reader most likely meant."""

from collections.abc import Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

_SHORTEST = 5
_LONG = 8
# A word that stands in fewer papers than one of so many is rare enough to be a slip.
_RARE_SHARE = 20_000
# A slip is far rarer than the word that was meant.
_TIMES_COMMONER = 20


def worth_asking(word: str, count: int, papers: int) -> bool:
    """Tell whether a word is rare enough to be a misspelling.

    Parameters
    ----------
    word : str
        In lower case.
    count : int
        How many papers hold it.
    papers : int
        How many papers there are.
    """
    return word.isalpha() and len(word) >= _SHORTEST and count <= papers // _RARE_SHARE


def best_spelling(word: str, known: Mapping[str, int]) -> str | None:
    """Find the commonest of the known words nearest to one.

    Parameters
    ----------
    word : str
        What was typed.
    known : mapping of str to int
        Words, with the number of papers that hold each.

    Returns
    -------
    str or None
        None where none is near: one slip in a word of up to seven letters, two in a longer one.
        A slip is a letter too many, too few or wrong, or two that changed places (optimal string
        alignment distance).

    Examples
    --------
    >>> best_spelling("tranformer", {"transformer": 900, "informer": 40, "tranformers": 1})
    'transformer'
    """
    most = 2 if len(word) >= _LONG else 1
    least = _TIMES_COMMONER * known.get(word, 0)
    common = [other for other, count in known.items() if other != word and count > least]
    near = process.extract(
        word, common, scorer=OSA.distance, score_cutoff=most, limit=None, processor=None
    )
    best = min(near, key=lambda found: (found[1], -known[found[0]], found[0]), default=None)
    return None if best is None else best[0]
