"""Whether a word is misspelled, and which word was probably meant."""

from collections.abc import Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

_MIN_CHARS = 5
# Words of this length or more may contain two errors.
_TWO_ERRORS_CHARS = 8
# A word is rare if at most one paper in this many contains it.
_RARE_PAPERS = 20_000
# A correction is more than this many times as frequent as the misspelling.
_MIN_FREQUENCY_RATIO = 20


def is_likely_misspelling(word: str, frequency: int, papers: int) -> bool:
    """Return whether a word is rare enough to be a misspelling.

    Parameters
    ----------
    word : str
        In lower case.
    frequency : int
        The number of papers that contain it.
    papers : int
        The number of all papers.
    """
    return word.isalpha() and len(word) >= _MIN_CHARS and frequency <= papers // _RARE_PAPERS


def best_spelling(word: str, known: Mapping[str, int]) -> str | None:
    """Return the known word nearest to a misspelled one, the most frequent if several are.

    Parameters
    ----------
    word : str
        The word as typed.
    known : mapping of str to int
        Known words, each with the number of papers that contain it.

    Returns
    -------
    str or None
        None if no word is near: at most one error in a word of up to seven letters, two in a
        longer one. An error is a letter inserted, deleted or replaced, or two adjacent letters
        exchanged (optimal string alignment distance).

    Examples
    --------
    >>> best_spelling("tranformer", {"transformer": 900, "informer": 40, "tranformers": 1})
    'transformer'
    """
    max_errors = 2 if len(word) >= _TWO_ERRORS_CHARS else 1
    min_frequency = _MIN_FREQUENCY_RATIO * known.get(word, 0)
    common = [
        other for other, frequency in known.items() if other != word and frequency > min_frequency
    ]
    near = process.extract(
        word, common, scorer=OSA.distance, score_cutoff=max_errors, limit=None, processor=None
    )
    best = min(near, key=lambda found: (found[1], -known[found[0]], found[0]), default=None)
    return None if best is None else best[0]
