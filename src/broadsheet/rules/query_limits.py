"""Limits on the words and operators of a query, which bound the work of one search."""

import re
from collections.abc import Sequence
from dataclasses import replace

from broadsheet.rules.query_tokens import Kind, Token

# Plain text: room for the longest abstracts, of which the index scores the rarest words.
MAX_WORDS = 512
# A query with operators, each word of which is looked up several times.
MAX_WORDS_OF_OPERATORS = 128
# Filters, phrases, parentheses, OR and NOT. A query of more than 25 words is plain text, so only
# one without spaces, or with many filters, has more.
MAX_OPERATORS = 32

_WORD = re.compile(r"[^\W_]+")
_OPENING = (Kind.OPEN, Kind.NOT, Kind.OR)


def within_limits(
    tokens: Sequence[Token], max_words: int = MAX_WORDS
) -> tuple[list[Token], str | None]:
    """Cut a query before the first word or operator over a limit.

    Parameters
    ----------
    tokens : sequence of Token
        The whole query.
    max_words : int
        The most words.

    Returns
    -------
    tokens : list of Token
        The beginning of the query, with its parentheses closed.
    note : str or None
        For readers: what was left out; None if nothing was.

    Examples
    --------
    >>> cut, note = within_limits([Token(Kind.WORD, ".".join(["kites"] * 600))])
    >>> len(cut[0].text.split(".")), note
    (512, 'The query is too long; only its first 512 words are used.')
    """
    kept: list[Token] = []
    words = operators = 0
    for token in tokens:
        operators += token.kind not in (Kind.WORD, Kind.CLOSE)
        if operators > MAX_OPERATORS:
            return _closed(kept), (
                f"The query has too many operators; only its first {MAX_OPERATORS} filters, "
                "phrases and operators are used."
            )
        ends = [word.end() for word in _WORD.finditer(token.text)]
        if words + len(ends) > max_words:
            if words < max_words:
                kept.append(replace(token, text=token.text[: ends[max_words - words - 1]]))
            note = f"The query is too long; only its first {max_words} words are used."
            return _closed(kept), note
        words += len(ends)
        kept.append(token)
    return kept, None


def _closed(kept: Sequence[Token]) -> list[Token]:
    """Remove operators without an operand from the end, and close the open parentheses."""
    tokens = list(kept)
    while tokens and tokens[-1].kind in _OPENING:
        tokens.pop()
    kinds = [token.kind for token in tokens]
    unclosed = kinds.count(Kind.OPEN) - kinds.count(Kind.CLOSE)
    return tokens + [Token(Kind.CLOSE)] * unclosed
