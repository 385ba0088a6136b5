"""Messages: both bodies, the headers of bulk mail, and no header injection."""

from datetime import timedelta
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broadsheet.mail import compose, render_confirmation, render_digest
from broadsheet.mail.envelope import check_envelope
from broadsheet.model import Edition
from broadsheet.rules.address import parse_address
from tests.mail.conftest import (
    NEWSLETTER,
    NOW,
    UNSUBSCRIBE_URL,
    body,
    edition,
    edition_item,
    parsed,
)

_CONFIRMATION = render_confirmation(
    NEWSLETTER, "https://news.example.org/confirm?token=x.y", timedelta(days=7)
)


def compose_digest(digest_edition: Edition, to: str = "ada@example.org") -> EmailMessage:
    return parsed(
        compose(
            render_digest(digest_edition, NEWSLETTER),
            newsletter=NEWSLETTER,
            to=to,
            message_id="<digest.1@example.org>",
            date=NOW,
            unsubscribe_url=UNSUBSCRIBE_URL,
        )
    )


def compose_confirmation(to: str) -> bytes:
    return compose(
        _CONFIRMATION,
        newsletter=NEWSLETTER,
        to=to,
        message_id="<confirmation.1@example.org>",
        date=NOW,
        unsubscribe_url=None,
    )


def digest(*titles: str) -> EmailMessage:
    items = (edition_item(rank, title=title) for rank, title in enumerate(titles, 1))
    return compose_digest(edition(*items))


def test_a_digest_has_the_headers_of_a_mailing_list() -> None:
    message = digest("Kites")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{UNSUBSCRIBE_URL}>" in message["List-Unsubscribe"]
    assert "mailto:leave@example.org" in message["List-Unsubscribe"]
    assert message["List-Id"] == "<digest.example.org>"
    assert message["Precedence"] == "bulk"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == "<digest.1@example.org>"
    assert message["Date"].datetime == NOW
    assert message["To"] == "ada@example.org"


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_each_body_links_to_the_edition_and_to_unsubscribe(kind: str) -> None:
    text = body(digest("Kites over the bay"), kind)
    assert "Kites over the bay" in text
    assert "https://news.example.org/editions/2026-11-20" in text
    assert "/unsubscribe?token=a.b" in text


def test_a_confirmation_has_no_list_headers() -> None:
    url = "https://news.example.org/confirm?token=x.y"
    message = parsed(
        compose(
            render_confirmation(NEWSLETTER, url, timedelta(days=7)),
            newsletter=NEWSLETTER,
            to="ada@example.org",
            message_id="<confirmation.1@example.org>",
            date=NOW,
            unsubscribe_url=None,
        )
    )
    assert message["Subject"] == "Confirm your subscription to Broadsheet"
    assert "List-Unsubscribe" not in message
    for kind in ("plain", "html"):
        assert url in body(message, kind)
        assert "valid for 7 days" in " ".join(body(message, kind).split())


@given(title=st.text(min_size=1, max_size=200))
def test_any_title_gives_a_valid_message(title: str) -> None:
    message = digest(title)
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert body(message, "plain")


_LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", fullmatch=True)
_DOMAIN = st.sampled_from(["example.org", "bücher.example", f"{'b' * 60}.example.org"])


@given(local=_LOCAL, domain=_DOMAIN)
@example(local="!#$%&'*+-/=?^_`{|}~", domain="example.org")
@example(local="a" * 64, domain=f"{'b' * 60}.example.org")
def test_every_valid_address_gives_a_message_that_names_it(local: str, domain: str) -> None:
    try:
        to = parse_address(f"{local}@{domain}")
    except ValueError:
        return
    check_envelope("news@example.org", to)
    assert parsed(compose_confirmation(to))["To"] == to


@pytest.mark.parametrize(
    "to",
    [
        "=?utf-8?q?a?=@example.org",
        "=?*?q?%=40=40=41-=?=41a&{=00@example.org",
        "=?utf-8?q?=28_=0AQQ+?=?q?@example.org",
        "=??q?=40%=28=2C?=@1.a2",
        "",
        "ada",
        "ada@example.org\0",
        "äda@example.org",
        "\udcff@example.org",
        "(c)ada@example.org",
    ],
)
def test_an_address_that_no_form_accepts_is_rejected(to: str) -> None:
    with pytest.raises(ValueError, match="is not an email address"):
        compose_confirmation(to)


@pytest.mark.parametrize("to", ["a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example"])
def test_an_address_cannot_inject_a_header(to: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compose_digest(edition(edition_item()), to)


def test_a_digest_without_unsubscribe_url_is_rejected() -> None:
    with pytest.raises(ValueError, match="unsubscribe_url"):
        compose(
            render_digest(edition(edition_item()), NEWSLETTER),
            newsletter=NEWSLETTER,
            to="ada@example.org",
            message_id="<digest.1@example.org>",
            date=NOW,
            unsubscribe_url=None,
        )
