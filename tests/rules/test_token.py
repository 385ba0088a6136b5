"""Tokens: valid for one library, one purpose and one subscription of one address."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from broadsheet.rules.token import CONFIRM_FOR, Grant, Purpose, is_mailed_to, sign, verify

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
ADA = "Ada@example.org"


def earlier_token(secret: str, purpose: Purpose, subscription_id: int, now: datetime) -> str:
    """Return a token as versions signed it whose tokens named an id only."""
    issued_s = int(now.timestamp()) if purpose is Purpose.CONFIRM else 0
    serializer = URLSafeSerializer(secret, salt=f"broadsheet {purpose}")
    return serializer.dumps([subscription_id, issued_s])


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_grants_its_subscription_to_its_address(purpose: Purpose) -> None:
    grant = verify("secret", purpose, sign("secret", purpose, 7, ADA, NOW), NOW)
    assert grant is not None
    assert grant.subscription_id == 7
    assert is_mailed_to("secret", grant, ADA)
    assert is_mailed_to("secret", grant, "ada@EXAMPLE.org")
    assert not is_mailed_to("secret", grant, "bo@example.org")
    assert not is_mailed_to("another", grant, ADA)


def test_a_token_does_not_contain_its_address() -> None:
    tokens = [sign(secret, Purpose.CONFIRM, 7, ADA, NOW) for secret in ("secret", "another")]
    assert not any("ada" in token.casefold() for token in tokens)
    assert tokens[0][:40] != tokens[1][:40]


def test_a_token_is_invalid_for_another_purpose_or_secret() -> None:
    token = sign("secret", Purpose.CONFIRM, 7, ADA, NOW)
    assert verify("secret", Purpose.UNSUBSCRIBE, token, NOW) is None
    assert verify("another", Purpose.CONFIRM, token, NOW) is None


def test_only_tokens_to_confirm_expire() -> None:
    confirm = sign("secret", Purpose.CONFIRM, 7, ADA, NOW)
    assert verify("secret", Purpose.CONFIRM, confirm, NOW + CONFIRM_FOR) is not None
    late = NOW + CONFIRM_FOR + timedelta(seconds=1)
    assert verify("secret", Purpose.CONFIRM, confirm, late) is None
    token = sign("secret", Purpose.UNSUBSCRIBE, 7, ADA, NOW)
    assert verify("secret", Purpose.UNSUBSCRIBE, token, NOW + timedelta(days=9_999)) is not None


def test_a_token_to_confirm_that_was_issued_in_the_future_is_invalid() -> None:
    token = sign("secret", Purpose.CONFIRM, 7, ADA, NOW)
    assert verify("secret", Purpose.CONFIRM, token, NOW - timedelta(minutes=5)) is not None
    for ahead in (timedelta(minutes=5, seconds=1), timedelta(days=1), timedelta(days=400)):
        assert verify("secret", Purpose.CONFIRM, token, NOW - ahead) is None


def test_a_token_to_unsubscribe_is_the_same_at_any_time() -> None:
    tokens = {
        sign("secret", Purpose.UNSUBSCRIBE, 7, ADA, NOW + timedelta(days=days)) for days in range(3)
    }
    assert len(tokens) == 1


def test_of_the_tokens_of_earlier_versions_only_those_to_unsubscribe_are_valid() -> None:
    old = earlier_token("secret", Purpose.UNSUBSCRIBE, 7, NOW)
    assert verify("secret", Purpose.UNSUBSCRIBE, old, NOW) == Grant(7, None)
    assert not is_mailed_to("secret", Grant(7, None), ADA)
    assert verify("secret", Purpose.CONFIRM, old, NOW) is None
    confirm = earlier_token("secret", Purpose.CONFIRM, 7, NOW)
    assert verify("secret", Purpose.CONFIRM, confirm, NOW) is None
    assert verify("secret", Purpose.UNSUBSCRIBE, confirm, NOW) is None


@given(token=st.text(max_size=80))
def test_any_other_text_is_not_a_token(token: str) -> None:
    assert verify("secret", Purpose.CONFIRM, token, NOW) is None
    assert verify("secret", Purpose.UNSUBSCRIBE, token, NOW) is None
