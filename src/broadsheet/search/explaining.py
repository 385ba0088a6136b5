"""Explain why each hit was found."""

from collections.abc import Sequence
from itertools import chain, islice

import numpy as np

from broadsheet.encoders.static import load_encoder
from broadsheet.index.analyzer import stem
from broadsheet.model import Paper, Tier
from broadsheet.rules.query import Query
from broadsheet.rules.reason import Reason, WordFinder, why_match, why_near, why_neighbour
from broadsheet.rules.snippet import sentences
from broadsheet.rules.tex import to_unicode
from broadsheet.rules.words import QueryTerms

# What is compared: the papers of one answer, and of each abstract so many sentences of the first
# characters. Encoding them would take most of the time of an answer of 500 papers.
_BY_SENTENCE, _SENTENCES, _CHARS = 30, 12, 5_000


def explain(query: Query, terms: QueryTerms, hits: Sequence[tuple[Paper, Tier]]) -> list[Reason]:
    """Return the reason of each hit: the query's words in it, or its most similar sentence.

    At most 30 hits get a sentence; others without words of the query are similar in meaning.

    The shipped encoder compares the sentences, whichever encoder the index uses: another one may
    be a remote service.

    Parameters
    ----------
    query : Query
        The query.
    terms : QueryTerms
        Its words.
    hits : sequence of (Paper, Tier)
        The papers found.
    """
    finder = WordFinder(terms, stem)
    found = [
        why_match(finder, paper, query.filters)
        if tier is Tier.MATCH
        else why_neighbour(finder, paper)
        for paper, tier in hits
    ]
    without = [paper for (paper, _), reason in zip(hits, found, strict=True) if reason is None]
    nearest = iter(_most_similar_sentences(query.plain, without[:_BY_SENTENCE]))
    return [
        reason or why_near(next(nearest, None), paper)
        for reason, (paper, _) in zip(found, hits, strict=True)
    ]


def _most_similar_sentences(text: str, papers: Sequence[Paper]) -> list[str]:
    if not papers:
        return []
    candidates = [
        sentences(to_unicode((paper.abstract or "")[:_CHARS]))[:_SENTENCES]
        or (to_unicode(paper.title),)
        for paper in papers
    ]
    vector, *vectors = load_encoder().encode([text, *chain.from_iterable(candidates)])
    rest = iter(vectors)
    return [
        each[int(np.argmax(np.stack(list(islice(rest, len(each)))) @ vector))]
        for each in candidates
    ]
