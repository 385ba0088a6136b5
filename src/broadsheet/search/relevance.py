"""Whether the neighbors of a query that no paper matches are relevant to it."""

import numpy as np

from broadsheet.index.analyzer import K1
from broadsheet.index.engine import EngineResponse
from broadsheet.rules.floor import NEAREST, Evidence, is_above_floor


def has_relevant(response: EngineResponse, *, is_sentence: bool) -> bool:
    """Return whether papers found for a query are relevant: matches always are.

    Parameters
    ----------
    response : EngineResponse
        What an engine retrieved; with neighbors unless papers match.
    is_sentence : bool
        Whether the results are one list.
    """
    found = None if response.match_count else evidence(response, is_sentence=is_sentence)
    return found is None or is_above_floor(found, response.encoder)


def evidence(response: EngineResponse, *, is_sentence: bool) -> Evidence | None:
    """Return what an engine found near a query; None if it compared no vectors."""
    if response.vector is None or not response.neighbors:
        return None
    near = response.neighbors[0]
    cosines = np.sort(near.vectors.cosines(response.vector))[-NEAREST:]
    best, limit = float(near.bm25.max(initial=0.0)), response.bm25_limit
    known = set(response.terms.words) - set(response.unknown_words)
    scored = sum(response.terms.counts)
    return Evidence(
        coverage=best / limit if limit else 0.0,
        cosine=float(cosines.mean()) if len(cosines) else 0.0,
        papers=len(near) if response.exhausted else response.papers,
        words=len(response.terms.words),
        rarity=limit / (K1 + 1) / scored if scored else 0.0,
        is_sentence=is_sentence,
        has_code=any(not word.isalpha() and not word.isdecimal() for word in known),
    )
