"""Update the stored scores with what changed since the last update."""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import Connection

from broadsheet.model import Kind
from broadsheet.rules.trending import log_score
from broadsheet.store.database import Database
from broadsheet.store.metadata import get_value, put_value
from broadsheet.store.trends import (
    changed_since,
    newest_positions,
    replace_scores,
    update_scores,
)
from broadsheet.trending.scoring import Calibration, Scored, hours, score_all, score_some

_STATE = "trending_position"
# Baselines change slowly, and measuring them reads all papers.
_CALIBRATION_VALID_H = 24.0
# With more papers, reading all at once is faster than looking up each.
_MAX_RESCORED = 20_000
# Papers below are not stored: a score of three hundredths of a typical paper's.
MIN_STORED_SCORE = 0.03
_NEVER_H = -1.0


class State(BaseModel):
    """What the last update read, and the calibration in use."""

    signal: int = 0
    change: int = 0
    calibrated_h: float = _NEVER_H
    baselines: dict[str, float] = {}
    category_factors: dict[str, float] = {}
    voters: float | None = None

    @property
    def calibration(self) -> Calibration:
        """The calibration in use."""
        return Calibration(
            {kind: self.baselines[kind] for kind in Kind if kind in self.baselines},
            self.category_factors,
            self.voters or 0.0,
        )

    def is_calibrated(self, now_h: float) -> bool:
        """Return whether the calibration is recent and complete."""
        is_recent = 0 <= now_h - self.calibrated_h < _CALIBRATION_VALID_H
        return is_recent and self.voters is not None and set(Kind) <= set(self.baselines)


def read_state(connection: Connection) -> State:
    """Return the state of the last update; the initial state if there was none."""
    return State.model_validate_json(get_value(connection, _STATE) or "{}")


def update(database: Database, clock: Callable[[], datetime]) -> int:
    """Score the papers that changed since the last update.

    If the calibration is a day old, it is measured again and all papers are scored. Without any
    change the update only reads two positions.

    Parameters
    ----------
    database : Database
        The library.
    clock : callable
        Returns the current time, aware UTC.

    Returns
    -------
    int
        The number of papers scored.
    """
    with database.read() as connection:
        state = read_state(connection)
        # Read the positions first: what is written meanwhile belongs to the next update, and is
        # scored twice at most. Read the clock after them: no observation they cover is later.
        signal, change = newest_positions(connection)
        now = clock()
        now_h = hours(now)
        changed: list[int] | None = None
        if state.is_calibrated(now_h):
            if (signal, change) == (state.signal, state.change):
                return 0
            changed = changed_since(connection, state.signal, state.change)
            if len(changed) > _MAX_RESCORED:
                changed = None
        scored = (
            score_all(connection, now)
            if changed is None
            else score_some(connection, changed, now, state.calibration)
        )
    reached = state.model_copy(update={"signal": signal, "change": change})
    if changed is None:
        reached = _recalibrated(reached, scored, now_h)
    _store(database, scored, now_h, changed, reached)
    return len(scored.papers.nums)


def _recalibrated(state: State, scored: Scored, now_h: float) -> State:
    return state.model_copy(
        update={
            "calibrated_h": now_h,
            "baselines": dict(scored.calibration.baselines),
            "category_factors": dict(scored.calibration.category_factors),
            "voters": scored.calibration.voters,
        }
    )


def _store(
    database: Database, scored: Scored, now_h: float, changed: list[int] | None, state: State
) -> None:
    """Store the scores of the changed papers, or of all if `changed` is None, and the state."""
    is_stored = scored.scores > MIN_STORED_SCORE
    nums, log_scores = scored.papers.nums[is_stored], log_score(scored.scores[is_stored], now_h)
    with database.write() as connection:
        if changed is None:
            replace_scores(connection, nums, log_scores)
        else:
            update_scores(connection, changed, nums, log_scores)
        put_value(connection, _STATE, state.model_dump_json())
