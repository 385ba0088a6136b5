"""What an operator has to act on."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from broadsheet.model import SourceState
from broadsheet.model.health import Health, MailBacklog, Status
from broadsheet.rules.health import last_due_day, problems, status_of
from tests.conftest import NOW

_HOUR = timedelta(hours=1)
_HEALTHY = Health(620, 0, None, NOW.date(), False, {}, {}, free_bytes=10**10)


def test_a_library_without_problems_is_ok() -> None:
    assert problems(_HEALTHY, NOW) == []
    assert status_of(_HEALTHY, NOW) is Status.OK


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"write_error": "read-only: /srv/news"}, "the library accepts no writes"),
        ({"free_bytes": 10**7}, "the disk is nearly full"),
        ({"late_edition": NOW.date()}, "the edition of the day is late"),
        (
            {"sources": (SourceState("hf", error="status 500"), SourceState("arxiv"))},
            "1 source cannot be fetched: hf",
        ),
        ({"mail": MailBacklog(NOW - 2 * _HOUR)}, "mails that are due are not sent"),
        ({"mail": MailBacklog(NOW + _HOUR, 3, "550 ada@x")}, "the last mails could not be sent"),
        (
            {"mail": MailBacklog(NOW + _HOUR, 3, "550 ada@x", NOW - 2 * _HOUR)},
            "the last mails could not be sent",
        ),
    ],
)
def test_a_library_with_a_problem_is_degraded(change: dict[str, object], problem: str) -> None:
    health = replace(_HEALTHY, **change)  # type: ignore[arg-type]
    assert problems(health, NOW) == [problem]
    assert status_of(health, NOW) is Status.DEGRADED


@pytest.mark.parametrize(
    "mail",
    [
        MailBacklog(NOW - timedelta(minutes=59)),
        MailBacklog(NOW + 2 * _HOUR, 0, None),
        MailBacklog(NOW + _HOUR, 1, "450 greylisted", NOW - timedelta(minutes=5)),
    ],
)
def test_mail_that_is_on_its_way_is_no_problem(mail: MailBacklog) -> None:
    assert problems(replace(_HEALTHY, mail=mail), NOW) == []


@pytest.mark.parametrize(
    ("hour", "days_ago"),
    [(0, 1), (12, 1), (13, 0), (23, 0)],
)
def test_an_edition_is_late_an_hour_after_the_longest_hold(hour: int, days_ago: int) -> None:
    now = NOW.replace(hour=hour)
    due = last_due_day(now, time(6), timedelta(hours=6))
    assert due == now.date() - timedelta(days=days_ago)


def test_a_damaged_library_is_unavailable() -> None:
    assert status_of(replace(_HEALTHY, damage="malformed"), NOW) is Status.UNAVAILABLE
