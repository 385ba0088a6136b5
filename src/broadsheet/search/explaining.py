"""Explain why each hit was found."""

from collections.abc import Sequence

import numpy as np

from broadsheet.encoders.static import load_encoder
from broadsheet.index.analyzer import stem
from broadsheet.model import Paper, Tier
from broadsheet.rules.reason import Reason, WordFinder, why_match, why_near, why_neighbour
from broadsheet.rules.snippet import sentences
from broadsheet.rules.words import QueryTerms

_SENTENCES = 12


def explain(text: str, terms: QueryTerms, hits: Sequence[tuple[Paper, Tier]]) -> list[Reason]:
    """Return the reason of each hit: the query's words in it, or its most similar sentence.

    The shipped encoder compares the sentences, whichever encoder the index uses: another one may
    be a remote service.

    Parameters
    ----------
    text : str
        The plain text of the query.
    terms : QueryTerms
        Its words.
    hits : sequence of (Paper, Tier)
        The papers found.
    """
    finder = WordFinder(terms, stem)
    reasons: list[Reason] = []
    for paper, tier in hits:
        if tier is Tier.MATCH:
            reasons.append(why_match(finder, paper))
        else:
            by_words = why_neighbour(finder, paper)
            reasons.append(by_words or why_near(_most_similar_sentence(text, paper)))
    return reasons


def _most_similar_sentence(text: str, paper: Paper) -> str:
    candidates = sentences(paper.abstract or "")[:_SENTENCES] or (paper.title,)
    vector, *vectors = load_encoder().encode([text, *candidates])
    return candidates[int(np.argmax(np.stack(vectors) @ vector))]
