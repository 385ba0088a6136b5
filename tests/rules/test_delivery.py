"""Deliveries after a failure: unknown, failed, or due again later."""

from datetime import UTC, datetime, timedelta

import pytest

from broadsheet.model import DeliveryState
from broadsheet.rules.delivery import state_after_failure

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)


def test_a_delivery_in_doubt_becomes_unknown() -> None:
    for permanent in (False, True):
        state = state_after_failure(1, permanent=permanent, in_doubt=True, now=NOW)
        assert state == (DeliveryState.UNKNOWN, None)


def test_a_permanent_failure_is_final() -> None:
    state = state_after_failure(1, permanent=True, in_doubt=False, now=NOW)
    assert state == (DeliveryState.FAILED, None)


@pytest.mark.parametrize(
    ("attempts", "delay_min"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 320)],
)
def test_the_delay_doubles_with_each_transient_failure(attempts: int, delay_min: int) -> None:
    state, due_at = state_after_failure(attempts, permanent=False, in_doubt=False, now=NOW)
    assert state is DeliveryState.DUE
    assert due_at == NOW + timedelta(minutes=delay_min)


def test_the_eighth_transient_failure_is_final() -> None:
    state = state_after_failure(8, permanent=False, in_doubt=False, now=NOW)
    assert state == (DeliveryState.FAILED, None)
