"""Say why each hit is there."""

from collections.abc import Sequence

import numpy as np

from broadsheet.encoders.static import load_encoder
from broadsheet.index.local.words import Words, stem
from broadsheet.model import Paper, Tier
from broadsheet.rules.reason import Asked, Reason, why_match, why_near, why_neighbour
from broadsheet.rules.snippet import sentences

_SENTENCES = 12


def explain(text: str, words: Words, hits: Sequence[tuple[Paper, Tier]]) -> list[Reason]:
    """Give the reason of each hit: the words it holds and where, or its nearest sentence.

    The shipped encoder tells which sentence that is, whatever made the index's vectors: another
    may be on another machine.

    Parameters
    ----------
    text : str
        What was asked.
    words : Words
        The words of it.
    hits : sequence of (Paper, Tier)
        What was found.
    """
    asked = Asked(words.exact, words.stems, stem)
    told: list[Reason] = []
    for paper, tier in hits:
        if tier is Tier.MATCH:
            told.append(why_match(asked, paper))
        else:
            shared = why_neighbour(asked, paper)
            told.append(shared or why_near(_nearest_sentence(text, paper)))
    return told


def _nearest_sentence(text: str, paper: Paper) -> str:
    told = sentences(paper.abstract or "")[:_SENTENCES] or (paper.title,)
    vector, *vectors = load_encoder().encode([text, *told])
    return told[int(np.argmax(np.stack(vectors) @ vector))]
