"""Say why each hit is there."""

from collections.abc import Sequence

import numpy as np

from broadsheet.index.words import stem
from broadsheet.model import Paper, Tier
from broadsheet.rules.reason import Asked, Reason, why_match, why_near, why_neighbour
from broadsheet.rules.snippet import sentences
from broadsheet.search.ranking import Question

_SENTENCES = 12


def explain(question: Question, hits: Sequence[tuple[Paper, Tier]]) -> list[Reason]:
    """Give the reason of each hit: the words it holds and where, or its nearest sentence.

    Parameters
    ----------
    question : Question
        What was asked.
    hits : sequence of (Paper, Tier)
        What was found.
    """
    words = question.asked.words
    asked = Asked(words.exact, words.stems, stem)
    told: list[Reason] = []
    for paper, tier in hits:
        if tier is Tier.MATCH:
            told.append(why_match(asked, paper))
        else:
            shared = why_neighbour(asked, paper)
            told.append(shared or why_near(_nearest_sentence(question, paper)))
    return told


def _nearest_sentence(question: Question, paper: Paper) -> str:
    told = sentences(paper.abstract or "")[:_SENTENCES] or (paper.title,)
    vectors = question.generation.encoder.encode(told)
    return told[int(np.argmax(vectors @ question.vector))]
