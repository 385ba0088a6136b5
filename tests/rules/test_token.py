"""Tokens: valid for one library, one purpose and one subscription."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rules.token import CONFIRM_FOR, Purpose, sign, verify

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_returns_its_subscription(purpose: Purpose) -> None:
    assert verify("secret", purpose, sign("secret", purpose, 7, NOW), NOW) == 7


def test_a_token_is_invalid_for_another_purpose_or_secret() -> None:
    token = sign("secret", Purpose.CONFIRM, 7, NOW)
    assert verify("secret", Purpose.UNSUBSCRIBE, token, NOW) is None
    assert verify("another", Purpose.CONFIRM, token, NOW) is None


def test_only_tokens_to_confirm_expire() -> None:
    late = NOW + CONFIRM_FOR + timedelta(seconds=1)
    assert verify("secret", Purpose.CONFIRM, sign("secret", Purpose.CONFIRM, 7, NOW), late) is None
    token = sign("secret", Purpose.UNSUBSCRIBE, 7, NOW)
    assert verify("secret", Purpose.UNSUBSCRIBE, token, NOW + timedelta(days=9_999)) == 7


def test_a_token_to_unsubscribe_is_the_same_at_any_time() -> None:
    tokens = {
        sign("secret", Purpose.UNSUBSCRIBE, 7, NOW + timedelta(days=days)) for days in range(3)
    }
    assert len(tokens) == 1


@given(token=st.text(max_size=80))
def test_any_other_text_is_not_a_token(token: str) -> None:
    assert verify("secret", Purpose.CONFIRM, token, NOW) is None
