"""The sentence of an abstract that states what is new."""

import re

from broadsheet.rules.snippet import sentences

_CUE = re.compile(
    r"\b(?:we|this (?:paper|work|study|article|letter|report)|in this|here,? we) .{0,40}?"
    r"(?:propose|introduce|present|develop|describe|design|show|study|investigate|prove|report)",
    re.IGNORECASE,
)


def contribution(abstract: str) -> str:
    """Return the sentence that states what is new; the first one if none does."""
    found = sentences(abstract)
    for sentence in found:
        if _CUE.search(sentence):
            return sentence
    return found[0] if found else ""
