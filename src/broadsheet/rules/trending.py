"""The trending score: decayed attention of all kinds, made comparable and added.

The score sums the square roots of a paper's decayed attention (:mod:`broadsheet.rules.gains`), each
divided by the baseline of its kind and multiplied by the weight of its kind. Scores are stored as
they were at one common moment, so only papers with new observations are scored again.

The weight of predicted upvotes was chosen by replaying the mornings of 2025 (bench/trending.py,
docs/trending.md).
"""

import numpy as np

from broadsheet.rules.gains import HALF_LIFE_H, KINDS, Floats, Ints

# Baselines are measured on the library's own papers; the start values count as this many papers.
BASELINE_PRIOR_PAPERS = 50
# Below this score a paper counts as without attention: one upvote is worth it for some ten hours.
MIN_ATTENTION = 0.2
# The share of its predicted upvotes that a new paper is scored with.
PRIOR_WEIGHT = 0.2
# A category's scores move half of the way to the mean of all, and at most by this factor.
_CATEGORY_EXPONENT = 0.5
MAX_CATEGORY_FACTOR = 2.0
_CATEGORY_PRIOR_PAPERS = 20
MAX_ANNOUNCEMENT_DELAY_H = 5 * 24.0
_WEIGHTS = np.array([kind.weight for kind in KINDS])
DEFAULT_BASELINES = np.array([kind.baseline for kind in KINDS])


def appearance_h(published_h: Floats, added_h: Floats, submitted_h: Floats) -> Floats:
    """Return when papers appeared: the time from which they could get attention.

    That is the time of submission to a public list, if known. Otherwise it is the time when the
    library received the paper, if that was before the paper's date or within days of it: papers are
    announced some days after their date. Otherwise it is the date.

    Parameters
    ----------
    published_h, added_h, submitted_h : ndarray of float64, shape (papers,)
        Hours since 1970; NaN if unknown, also for a date without a day.

    Returns
    -------
    ndarray of float64, shape (papers,)
        Hours since 1970; NaN if unknown.
    """
    is_announced = added_h - published_h <= MAX_ANNOUNCEMENT_DELAY_H
    dated_h = np.where(is_announced, added_h, published_h)
    since_h: Floats = np.where(np.isnan(submitted_h), dated_h, submitted_h)
    return since_h


def attention_start_h(published_h: Floats, added_h: Floats, submitted_h: Floats) -> Floats:
    """Return the earliest time at which a first observation may have been gained.

    That is the time of submission, if known; otherwise the paper's date, as attention may come
    before the paper is announced or reaches the library.

    Parameters
    ----------
    published_h, added_h, submitted_h : ndarray of float64, shape (papers,)
        As in :func:`appearance_h`.

    Returns
    -------
    ndarray of float64, shape (papers,)
        Hours since 1970; NaN if unknown.
    """
    dated_h = np.minimum(published_h, added_h)
    since_h: Floats = np.where(np.isnan(submitted_h), dated_h, submitted_h)
    return since_h


def prior_attention(
    predicted: Floats, appeared_h: Floats, now_h: float, half_life_h: float = HALF_LIFE_H
) -> Floats:
    """Return the upvotes that new papers are scored with in advance; they decay like gains.

    Parameters
    ----------
    predicted : ndarray of float64, shape (papers,)
        Predicted upvotes, 0 or more.
    appeared_h : ndarray of float64, shape (papers,)
        When each paper appeared, in hours since 1970; 0 upvotes if NaN.
    now_h, half_life_h : float
        As in :func:`broadsheet.rules.gains.decayed_attention`.
    """
    age_h = np.maximum(0.0, now_h - appeared_h)
    return np.nan_to_num(PRIOR_WEIGHT * predicted * np.exp2(-age_h / half_life_h))


def baselines(attention: Floats) -> Floats:
    """Measure the decayed attention of a typical paper that has any, for each kind.

    Parameters
    ----------
    attention : ndarray of float64, shape (papers, kinds)
        Decayed attention.

    Returns
    -------
    ndarray of float64, shape (kinds,)
        Means over the papers that have any; the start values count as fifty papers more.
    """
    is_counted = attention > 0.01 * DEFAULT_BASELINES
    total = np.where(is_counted, attention, 0.0).sum(axis=0)
    total += BASELINE_PRIOR_PAPERS * DEFAULT_BASELINES
    means: Floats = total / (is_counted.sum(axis=0) + BASELINE_PRIOR_PAPERS)
    return means


def score(attention: Floats, baseline: Floats) -> Floats:
    """Return the sum over kinds of weight times the root of attention over baseline.

    The root makes attention of several kinds count for more than much of one: a hundred times the
    stars are worth ten times as much.

    Parameters
    ----------
    attention : ndarray of float64, shape (papers, kinds)
        Decayed attention.
    baseline : ndarray of float64, shape (kinds,)
        As :func:`baselines` returns it.

    Returns
    -------
    ndarray of float64, shape (papers,)
        0 or more; 1 for a paper with exactly the baseline of upvotes.
    """
    scores: Floats = np.sqrt(attention / baseline) @ _WEIGHTS
    return scores


def category_factors(scores: Floats, category: Ints, categories: int) -> Floats:
    """Compute the factors that make scores comparable across fields.

    Parameters
    ----------
    scores : ndarray of float64, shape (papers,)
        Scores of all papers with recent attention.
    category : ndarray of int64, shape (papers,)
        Index of each paper's first category, from 0.
    categories : int
        The number of categories.

    Returns
    -------
    ndarray of float64, shape (categories,)
        Factors between 1/2 and 2: the root of the mean score of all papers over that of the
        category, in which the overall mean counts as twenty papers more.
    """
    mean = float(scores.mean()) if len(scores) else 0.0
    if mean <= 0:
        return np.ones(categories)
    papers = np.bincount(category, minlength=categories) + _CATEGORY_PRIOR_PAPERS
    total = np.bincount(category, scores, categories) + _CATEGORY_PRIOR_PAPERS * mean
    factors = (mean * papers / total) ** _CATEGORY_EXPONENT
    return np.clip(factors, 1 / MAX_CATEGORY_FACTOR, MAX_CATEGORY_FACTOR)


def log_score(score: Floats | float, now_h: float) -> Floats:
    """Return the logarithm of a score, shifted so that it stays equal while the score decays.

    Scores are roots of decayed attention, so they halve every two half-lives.

    Parameters
    ----------
    score : ndarray of float64 or float
        0 or more; 0 gives -inf.
    now_h : float
        The moment of the score, in hours since 1970.
    """
    with np.errstate(divide="ignore"):
        logarithm: Floats = np.log2(np.asarray(score, dtype=np.float64))
    return logarithm + now_h / (2 * HALF_LIFE_H)


def score_at(log_score: float, now_h: float) -> float:
    """Return the score at a moment; the inverse of :func:`log_score`."""
    return float(np.exp2(log_score - now_h / (2 * HALF_LIFE_H)))
