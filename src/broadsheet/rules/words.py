"""The words of a query, and the singular and plural spellings of a word."""

from dataclasses import dataclass

_MIN_PLURAL_CHARS = 4


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """The words of a query that papers are scored by.

    Parameters
    ----------
    words : tuple of str
        In lower case and without accents, as they were typed, each once.
    stems : tuple of str
        The stem of each of `words`.
    counts : tuple of int
        How often each of `words` occurs in the query, 1 or more.
    """

    words: tuple[str, ...]
    stems: tuple[str, ...]
    counts: tuple[int, ...]


def number_forms(word: str) -> tuple[str, ...]:
    """List a word's singular and plural spellings, starting with the word.

    The list may contain spellings that do not exist. They are harmless, because no paper contains
    them.

    Parameters
    ----------
    word : str
        One lower-case English word.

    Returns
    -------
    tuple of str
        Without repetition.

    Examples
    --------
    >>> number_forms("models")
    ('models', 'model', 'modelses')
    >>> number_forms("study")
    ('study', 'studies')
    """
    forms = [word]
    if word.endswith("ies") and len(word) > _MIN_PLURAL_CHARS:
        forms.append(f"{word[:-3]}y")
    elif word.endswith("es") and len(word) > _MIN_PLURAL_CHARS:
        forms += [word[:-1], word[:-2]]
    elif word.endswith("s") and not word.endswith("ss") and len(word) >= _MIN_PLURAL_CHARS:
        forms.append(word[:-1])
    if word.endswith("y"):
        forms.append(f"{word[:-1]}ies")
    elif word.endswith(("s", "x", "z", "ch", "sh")):
        forms.append(f"{word}es")
    else:
        forms.append(f"{word}s")
    return tuple(dict.fromkeys(forms))
