"""Sign-ups: what counts as one mailbox, domain and network, and where the caps lie."""

from datetime import UTC, datetime, timedelta

import pytest

from broadsheet.rules.signup import (
    Caps,
    counted_domain,
    free_caps,
    mailbox_of,
    proven_caps,
    waits_until,
    wide_network,
)

NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)


def test_plus_tags_dots_and_case_lead_to_one_mailbox() -> None:
    typed = (
        "ada.b@example.org",
        "a.d.a.b+1@EXAMPLE.org",
        "ADAB+x+y@example.org",
        "adab@example.org",
    )
    assert {mailbox_of(address) for address in typed} == {"adab@example.org"}
    assert mailbox_of("ada@googlemail.com") == mailbox_of("a.da+1@gmail.com")


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("ada@example.org", "example.org"),
        ("ada@a.b.c.example.org", "example.org"),
        ("ada@cs.example.ac.uk", "example.ac.uk"),
        ("ada@example.co.uk", "example.co.uk"),
        ("ada@example.de", "example.de"),
        ("ada@GMAIL.com", None),
        ("ada@outlook.com", None),
    ],
)
def test_subdomains_count_together_and_public_providers_not_at_all(
    address: str, domain: str | None
) -> None:
    assert counted_domain(address) == domain


def test_networks_are_those_that_one_customer_gets() -> None:
    assert {wide_network(f"198.51.100.{n}") for n in range(256)} == {"198.51.100.0"}
    assert wide_network("198.51.101.0") != wide_network("198.51.100.0")
    assert wide_network("2001:db8:1::") == wide_network("2001:db8:1:ffff::")
    assert wide_network("2001:db8:2::") != wide_network("2001:db8:1::")
    assert wide_network("testclient") == "testclient"


def test_a_proof_allows_six_times_what_is_free() -> None:
    assert free_caps(0) == free_caps(30_000) == Caps(10, 10, 60)
    assert proven_caps(0) == Caps(60, 60, 360)


def test_a_large_newspaper_has_more_sign_ups_an_hour() -> None:
    assert free_caps(1_000_000) == Caps(10, 10, 2_000)
    assert proven_caps(1_000_000).in_all == 12_000


def test_confirmations_that_wait_are_three_minutes_apart_for_at_most_six_hours() -> None:
    times = [waits_until(None, NOW)]
    while times[-1] is not None:
        times.append(waits_until(times[-1], NOW))
    assert times[:2] == [NOW + timedelta(minutes=3), NOW + timedelta(minutes=6)]
    assert len(times) - 1 == 120
    assert times[-2] == NOW + timedelta(hours=6)
    assert waits_until(NOW - timedelta(days=1), NOW) == NOW + timedelta(minutes=3)
