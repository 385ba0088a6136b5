"""The sentence of an abstract that states what is new.

A sentence is scored by the words that announce a contribution, such as "we propose", and by those
that begin an aside, a detail or an evaluation; of equal ones the first is taken. The words were
chosen on 50 abstracts and measured on 50 others (bench/contribution.py). Words are looked up in
sets: regular expressions for the same take ten times longer, and lists choose fifty sentences.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from broadsheet.rules.snippet import sentence_spans

# Beginnings of verbs: of those that name something new, and of others that tell what was done.
_MAKES = (
    "propos", "introduc", "present", "develop", "design", "devis", "construct", "formulat",
    "describ", "establish", "engineer", "creat", "releas", "build", "built", "offer",
    "unveil",
)  # fmt: skip
_STUDIES = (
    "show", "prov", "demonstrat", "stud", "investigat", "analy", "explor", "examin",
    "address", "tackl", "consider", "comput", "deriv", "compar", "measur", "report", "aim",
    "seek", "sought", "characteri", "focus", "discuss", "contribut", "assess", "translat",
    "extend", "emulat", "identif", "obtain", "determin", "generali", "revisit", "adapt",
    "integrat", "combin", "find", "found", "argu", "giv", "classif", "interpret", "perform",
    "conduct", "observ", "predict", "review", "survey", "appl", "detect", "model", "simulat",
    "calculat", "estimat", "us", "constrain", "quantif", "evaluat", "attempt", "sketch",
    "resolv", "solv",
)  # fmt: skip
_TEXTS = frozenset((
    "paper", "work", "article", "letter", "study", "report", "thesis", "chapter", "survey",
    "manuscript", "note", "notes", "tutorial", "research",
))  # fmt: skip
_THIS = frozenset(("this", "our", "the", "present", "following", "these", "lecture", "given"))
_ADVERBS = frozenset(("also", "here", "then", "have", "has", "first", "further", "now", "thus"))
_MADE = frozenset((
    "proposed", "introduced", "presented", "developed", "derived", "investigated", "studied",
    "obtained",
))  # fmt: skip
_BE = frozenset(("is", "are", "was", "were", "been"))
_AIMS = frozenset(("aim", "goal", "purpose", "objective", "contribution", "contributions"))
_REMEDIES = frozenset((
    "address", "overcome", "resolve", "tackle", "solve", "bridge", "fill", "mitigate",
    "alleviate", "this",
))  # fmt: skip
_NEW = frozenset(("novel", "new", "first", "named", "called", "dubbed", "termed"))
_SUBJECTS = _TEXTS | {"we", "i"}
_CUES = _SUBJECTS | _MADE | _AIMS
_ASIDES = (
    "also", "moreover", "furthermore", "finally", "in addition", "additionally", "besides",
    "second", "then", "result", "experiment", "numerical", "extensive", "simulation", "our result",
    "these result", "the result", "our finding", "our experiment", "the experiment", "code",
    "the code", "conclusion", "as an application", "in our previous", "empirically",
)  # fmt: skip
_LATER = frozenset(("also", "further", "then", "additionally", "next", "finally"))
_MAX_CHARS = 20_000
# Pages list the same papers again and again.
_ABSTRACTS_KEPT = 2_048
_SAID, _NO_BACKGROUND = 2.0, 1.5
_PUNCTUATION = ",;:()"


@lru_cache(_ABSTRACTS_KEPT)
def contribution(abstract: str) -> str:
    """Return the sentence of an abstract that states what is new; the first one if none does.

    Parameters
    ----------
    abstract : str
        Plain text.

    Examples
    --------
    >>> contribution("Kites are old. Wind is hard to see. We propose a kite that shows it.")
    'We propose a kite that shows it.'
    """
    spans = sentence_spans(abstract[:_MAX_CHARS])
    if not spans:
        return ""
    scores = [_score(abstract[start:end].lower()) for start, end in spans]
    # An abstract that begins with "we" or "this paper" has no background.
    scores[0] += _NO_BACKGROUND if scores[0] >= _SAID else 0.0
    start, end = spans[scores.index(max(scores))]
    return abstract[start:end]


def _score(sentence: str) -> float:
    """Return how much a sentence in lower case speaks for being the contribution."""
    for mark in _PUNCTUATION:
        sentence = sentence.replace(mark, " ")
    words = sentence.rstrip(".").split()
    known = _CUES.intersection(words)
    if not known:
        return 0.0
    score = _said(words)
    if not score and known & _MADE and not _BE.isdisjoint(words):
        score = 1.5
    if _is_announced(words, known):
        score += 1.5
    if score and not _NEW.isdisjoint(words):
        score += 0.5
    if sentence.startswith(_ASIDES):
        score -= 2.0
    return score


def _said(words: Sequence[str]) -> float:
    """Return 3 where the authors name something new, 2 where they say what they did, else 0."""
    best = 0.0
    for at, word in enumerate(words):
        if word not in _SUBJECTS or (word in _TEXTS and not (at and words[at - 1] in _THIS)):
            continue
        after = at + 1
        later = 0.0
        while after < len(words) - 1 and (words[after] in _ADVERBS or words[after][-2:] == "ly"):
            later = 1.5 if words[after] in _LATER else later
            after += 1
        verb = words[after] if after < len(words) else ""
        weight = 3.0 if verb.startswith(_MAKES) else 2.0 if verb.startswith(_STUDIES) else 0.0
        best = max(best, weight and weight - later)
    return best


def _is_announced(words: Sequence[str], known: frozenset[str]) -> bool:
    """Return whether a sentence speaks of the paper, of its aim or of a remedy."""
    if known & _AIMS or words[0] == "here" or (words[0] == "to" and words[1] in _REMEDIES):
        return True
    return "this" in words and any(
        first == "this" and second in _TEXTS for first, second in pairwise(words)
    )
