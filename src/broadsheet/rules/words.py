"""Forms of words: which spellings are one word in the singular and the plural."""

_MIN_PLURAL_CHARS = 4


def number_forms(word: str) -> tuple[str, ...]:
    """List a word's singular and plural spellings, itself first.

    Spellings that do not exist are among them; they are harmless, as no paper holds them.

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
