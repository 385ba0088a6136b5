"""A query as plain words, for engines that would parse it as a query language."""

import re

# Lucene's English stop words: a union over them visits nearly every paper.
_STOP_WORDS = """a an and are as at be but by for if in into is it no not of on or such that the
their then there these they this to was will with"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_WORD = re.compile(r"\w+")


def words_of(query: str) -> list[str]:
    """Return the words of a query in lower case, each once, without stop words."""
    words = dict.fromkeys(word.lower() for word in _WORD.findall(query))
    return [word for word in words if word not in STOP_WORDS]
