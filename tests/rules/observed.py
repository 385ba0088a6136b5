"""Observations and gains of invented papers, for tests."""

import numpy as np
from hypothesis import strategies as st

from broadsheet.model import Kind
from broadsheet.rules.gains import (
    KINDS,
    Gains,
    Observations,
    decayed_attention,
    gains_of,
    separate_gains,
)

NOW_H = 490_000.0
UNKNOWN = float("nan")
# Ages in hours with totals, the oldest first.
Series = list[tuple[float, float]]

SERIES = st.lists(
    st.tuples(st.floats(0, 100), st.integers(0, 10_000)), min_size=1, max_size=12
).map(lambda pairs: sorted(pairs, key=lambda pair: -pair[0]))


def observed(*series: tuple[int, Kind, Series], shared: bool = False) -> Observations:
    """Observations of (paper, kind, series)."""
    rows = [
        (paper, KINDS.index(kind), place == 0, value, NOW_H - age_h)
        for paper, kind, pairs in series
        for place, (age_h, value) in enumerate(pairs)
    ]
    paper, kind_code, starts, value, at_h = zip(*rows, strict=True)
    return Observations(
        paper=np.array(paper),
        kind=np.array(kind_code),
        starts=np.array(starts),
        shared=np.full(len(rows), shared),
        value=np.array(value, dtype=np.float64),
        at_h=np.array(at_h),
    )


def gains(kind: Kind, series: Series, started_h: float = NOW_H - 200) -> Gains:
    """Gains of one series of one paper."""
    return gains_of(observed((0, kind, series)), np.array([started_h]))


def one_gain(amount: float, since_h: float, until_h: float) -> Gains:
    """One gain of upvotes between two ages."""
    zero = np.zeros(1, dtype=np.int64)
    return separate_gains(
        zero,
        zero + KINDS.index(Kind.UPVOTES),
        np.array([amount]),
        np.array([NOW_H - since_h]),
        np.array([NOW_H - until_h]),
    )


def attention(of: Gains, now_h: float = NOW_H) -> float:
    """The decayed attention of one paper in all kinds."""
    return float(decayed_attention(of, 1, now_h).sum())
