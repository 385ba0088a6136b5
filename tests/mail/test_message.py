"""A message holds both parts, the headers mail programs expect, and nothing smuggled in."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.mail import compose, render_confirmation, render_digest
from broadsheet.model import Edition, Period
from tests.mail.conftest import NEWSLETTER, NOW, UNSUBSCRIBE_URL, body, parsed, story


def digest(edition: Edition) -> EmailMessage:
    return parsed(
        compose(
            render_digest(edition, NEWSLETTER),
            newsletter=NEWSLETTER,
            to="ada@example.org",
            message_id="<digest.1@example.org>",
            date=NOW,
            unsubscribe_url=UNSUBSCRIBE_URL,
        )
    )


def edition(*titles: str) -> Edition:
    items = tuple(replace(story(rank), title=title) for rank, title in enumerate(titles, 1))
    return Edition(Period(NOW.date()), 1, NOW, items)


def test_a_digest_carries_the_headers_of_a_mailing_list() -> None:
    message = digest(edition("Kites"))
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{UNSUBSCRIBE_URL}>" in message["List-Unsubscribe"]
    assert "mailto:leave@example.org" in message["List-Unsubscribe"]
    assert "digest.example.org" in message["List-Id"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<digest.1@example.org>"
    assert message["Date"].datetime == NOW
    assert message["To"] == "ada@example.org"


def test_both_parts_lead_to_the_page_and_out() -> None:
    message = digest(edition("Kites over the bay"))
    for kind in ("plain", "html"):
        text = body(message, kind)
        assert "Kites over the bay" in text
        assert "https://news.example.org/papers/date/2026-11-20" in text
        assert "/unsubscribe?token=a.b" in text


def test_an_empty_edition_is_still_a_mail() -> None:
    assert "20 November 2026" in body(digest(edition()), "plain")


def test_a_confirmation_is_no_list_mail() -> None:
    link = "https://news.example.org/confirm?token=x.y"
    message = parsed(
        compose(
            render_confirmation(NEWSLETTER, link, timedelta(days=7)),
            newsletter=NEWSLETTER,
            to="ada@example.org",
            message_id="<confirmation.1@example.org>",
            date=NOW,
            unsubscribe_url=None,
        )
    )
    assert "List-Unsubscribe" not in message
    for kind in ("plain", "html"):
        assert link in body(message, kind)


@given(title=st.text(min_size=1, max_size=200))
def test_no_title_breaks_a_message(title: str) -> None:
    message = digest(edition(title))
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert body(message, "plain")


@pytest.mark.parametrize("to", ["a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example"])
def test_a_header_cannot_be_smuggled_in_by_an_address(to: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compose(
            render_digest(edition("Kites"), NEWSLETTER),
            newsletter=NEWSLETTER,
            to=to,
            message_id="<digest.1@example.org>",
            date=NOW,
            unsubscribe_url=UNSUBSCRIBE_URL,
        )
