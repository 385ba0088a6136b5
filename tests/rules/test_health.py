"""What an operator has to act on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from broadsheet.model.health import Health, MailBacklog, Status
from broadsheet.rules.health import problems, status_of
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


def test_a_damaged_library_is_unavailable() -> None:
    assert status_of(replace(_HEALTHY, damage="malformed"), NOW) is Status.UNAVAILABLE
