"""Sign-ups under attack: who is mailed at once, after a proof of work, later, or not at all."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import text
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.rules import proof_of_work, signup
from broadsheet.rules.token import Purpose, sign
from broadsheet.web import actions
from broadsheet.web.app import create_app
from broadsheet.web.limits.counters import BoundedMemory
from broadsheet.web.limits.rate_limiter import Limiters
from tests.conftest import NOW
from tests.rules.test_proof_of_work import solve

Post = Callable[..., Response]


@pytest.fixture
def app(empty_library: Library) -> FastAPI:
    return create_app(empty_library)


@pytest.fixture
def post(app: FastAPI) -> Post:
    """Return a function that signs an address up from a network address."""

    def post(email: str, client: str = "192.0.2.1", **fields: str) -> Response:
        return TestClient(app, client=(client, 4711)).post(
            "/subscribe", data={"email": email, **fields}
        )

    return post


@pytest.fixture
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number solves a round."""
    monkeypatch.setattr(proof_of_work, "_BELOW", 2**32)


def mails(library: Library) -> list[tuple[str, str]]:
    """Return the recipient and time of each confirmation that is due."""
    query = (
        "SELECT email, due_at FROM deliveries JOIN subscriptions "
        "ON subscriptions.id = subscription_id WHERE kind = 'confirmation' ORDER BY deliveries.id"
    )
    with library._database.read() as connection:
        return [(row.email, row.due_at) for row in connection.execute(text(query))]


def challenge_in(page: Response) -> str:
    found = re.search(r'data-challenge="([^"]+)"', page.text)
    assert found is not None
    return unescape(found[1])


def networks(count: int) -> list[str]:
    return [f"10.{number // 250}.{number % 250}.7" for number in range(count)]


def test_plus_addresses_and_dots_bring_a_mailbox_three_mails(
    empty_library: Library, post: Post
) -> None:
    variants = [f"a{'.' * (n % 2)}da+{n}@example.org" for n in range(17)]
    variants += [f"{name}@EXAMPLE.org" for name in ("ada", "a.d.a", "ad.a", "Ada")] * 5
    for client, email in zip(networks(37), variants, strict=True):
        post(email, client)
    assert len(mails(empty_library)) == 3


def test_a_domain_gets_ten_mails_an_hour_without_proof_of_work(
    empty_library: Library, post: Post
) -> None:
    pages = [
        post(f"reader{n}@{'mail.' * (n % 3)}example.org", client)
        for n, client in enumerate(networks(34))
    ]
    assert [page.status_code for page in pages] == [200] * 10 + [429] * 24
    assert len(mails(empty_library)) == 10
    assert all("One more step" in page.text for page in pages[10:])
    assert post("reader@example.com", "172.16.0.1").status_code == 200


@pytest.mark.parametrize("form", ["198.51.100.{}", "2001:db8:1:{}::1"])
def test_a_network_gets_ten_sign_ups_an_hour_without_proof_of_work(
    empty_library: Library, post: Post, form: str
) -> None:
    pages = [post(f"reader@example{n}.org", form.format(n)) for n in range(1, 131)]
    assert [page.status_code for page in pages] == [200] * 10 + [429] * 120
    assert len(mails(empty_library)) == 10
    assert post("reader@example.com", "198.51.101.1").status_code == 200


def test_a_flood_of_other_requests_resets_no_cap_of_sign_ups(empty_library: Library) -> None:
    app = create_app(empty_library, Limiters(BoundedMemory(max_clients=20)))
    pages = [
        TestClient(app, client=(f"2001:db8:1:{n:x}::1", 4711)).post(
            "/subscribe", data={"email": f"reader@example{n}.org"}
        )
        for n in range(30)
    ]
    assert [page.status_code for page in pages] == [200] * 10 + [429] * 20


def test_a_public_provider_has_no_cap_of_its_own(empty_library: Library, post: Post) -> None:
    pages = [post(f"reader{n}@gmail.com", client) for n, client in enumerate(networks(60))]
    assert {page.status_code for page in pages} == {200}


def test_sixty_sign_ups_an_hour_in_all_need_no_proof_of_work(
    empty_library: Library, post: Post
) -> None:
    pages = [post(f"reader@example{n}.org", client) for n, client in enumerate(networks(62))]
    assert [page.status_code for page in pages] == [200] * 60 + [429] * 2


@pytest.mark.usefixtures("easy")
def test_a_proof_of_work_brings_one_mail_to_its_address(empty_library: Library, post: Post) -> None:
    for n in range(10):
        post(f"reader@example{n}.org")
    page = post("ada@example.org")
    challenge = challenge_in(page)
    solved = {"challenge": challenge, "solution": solve(challenge)}
    assert post("bo@example.org", **solved).status_code == 429
    assert post("ada@example.org", challenge=challenge, solution="").status_code == 429
    assert len(mails(empty_library)) == 10
    assert post("ada@example.org", **solved).status_code == 200
    assert mails(empty_library)[-1][0] == "ada@example.org"
    again = post("ada@example.org", **solved)
    assert again.status_code == 429
    assert challenge_in(again) != challenge
    assert len(mails(empty_library)) == 11


@pytest.mark.usefixtures("easy")
def test_beyond_the_cap_of_proofs_a_mail_waits(
    empty_library: Library, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signup, "_PROVEN_TIMES_FREE", 1)

    def prove(email: str, client: str) -> None:
        challenge = proof_of_work.new_puzzle(empty_library.secret, email, email, NOW).challenge
        page = post(email, client, challenge=challenge, solution="0 0 0 0")
        assert page.status_code == 200

    for n, client in enumerate(networks(13)):
        prove(f"reader{n}@example.org", client)
    now = NOW.isoformat(timespec="microseconds").replace("+00:00", "Z")
    times = [due_at for _, due_at in mails(empty_library)]
    assert times[:10] == [now] * 10
    waits = [NOW + timedelta(minutes=minutes) for minutes in (3, 6, 9)]
    assert times[10:] == [
        at.isoformat(timespec="microseconds").replace("+00:00", "Z") for at in waits
    ]


def test_a_reader_without_javascript_waits_and_a_network_has_five_such_an_hour(
    empty_library: Library, post: Post
) -> None:
    pages = [post(f"reader@example{n}.org", f"192.0.2.{n}", wait="1") for n in range(6)]
    assert [page.status_code for page in pages] == [200] * 5 + [429]
    assert "is sent to reader@example0.org within six hours" in pages[0].text
    assert empty_library.outbox.send_due().sent == 0
    with Library(empty_library.settings, clock=lambda: NOW + timedelta(minutes=6)) as later:
        assert later.outbox.send_due().sent == 2


def test_a_full_queue_refuses_every_address_alike(
    empty_library: Library, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signup, "_WAITING_EVERY", timedelta(hours=2))
    subscribed(empty_library, "ada@example.org")
    for n in range(3):
        assert empty_library.subscriptions.subscribe(f"reader{n}@example.org", waits=True)
    known, new = (post(f"{name}@example.org", wait="1") for name in ("ada", "eve"))
    assert known.status_code == new.status_code == 429
    assert known.text == new.text
    assert len(mails(empty_library)) == 4
    assert "eve@example.org" not in {one.email for one in empty_library.subscriptions.all()}


def subscribed(library: Library, email: str) -> None:
    library.subscriptions.subscribe(email)
    (owner,) = [one.id for one in library.subscriptions.all() if one.email == email]
    library.subscriptions.confirm(sign(library.secret, Purpose.CONFIRM, owner, email, NOW))


@pytest.mark.usefixtures("easy")
def test_no_step_reveals_whether_an_address_is_subscribed(
    empty_library: Library, post: Post
) -> None:
    subscribed(empty_library, "ada@example.org")

    def pages(email: str) -> list[str]:
        found = [post(email).text, post(email, wait="1").text]
        for n in range(3):
            challenge = proof_of_work.new_puzzle(empty_library.secret, email, str(n), NOW).challenge
            found.append(post(email, challenge=challenge, solution="0 0 0 0").text)
        return [page.replace(email, "EMAIL") for page in found]

    assert pages("ada@example.org") == pages("eve@example.org")


def test_the_time_of_a_response_does_not_reveal_whether_an_address_is_subscribed(
    empty_library: Library, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(empty_library, "ada@example.org")
    monkeypatch.setattr(actions, "RESPONSE_S", 0.3)
    for email in ("ada@example.org", "eve@example.org"):
        started = time.perf_counter()
        post(email)
        assert time.perf_counter() - started >= 0.3


def test_the_page_with_the_proof_of_work_has_its_script_and_no_other_page_has(post: Post) -> None:
    pages = [post(f"reader{n}@example.org") for n in range(11)]
    assert re.search(r'<script src="/static/proof\.[0-9a-f]{8}\.js" defer>', pages[10].text)
    assert not [page for page in pages[:10] if "proof." in page.text]
    # Without a script, the other form works, and the first is not shown.
    assert (
        '<form id="proof" class="proof" method="post" action="/subscribe" hidden' in pages[10].text
    )
    assert '<input type="hidden" name="wait" value="1">' in pages[10].text


def test_an_expired_link_shows_the_form_and_no_address(
    empty_library: Library, app: FastAPI
) -> None:
    empty_library.subscriptions.subscribe("ada@example.org")
    expired = sign(empty_library.secret, Purpose.CONFIRM, 1, "ada@example.org", NOW - timedelta(8))
    client = TestClient(app)
    for page in (client.get(f"/confirm?token={expired}"), client.post(f"/confirm?token={expired}")):
        assert page.status_code == 404
        assert "This link is invalid or has expired: subscribe again" in page.text
        assert 'name="email"' in page.text
        assert "ada@" not in page.text


def test_pages_of_unsubscribing_name_no_address(empty_library: Library, app: FastAPI) -> None:
    subscribed(empty_library, "ada@example.org")
    token = sign(empty_library.secret, Purpose.UNSUBSCRIBE, 1, "ada@example.org", NOW)
    client = TestClient(app)
    for page in (
        client.get(f"/unsubscribe?token={token}"),
        client.post(f"/unsubscribe?token={token}"),
    ):
        assert page.status_code == 200
        assert "ada@" not in page.text
