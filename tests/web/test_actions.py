import base64
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage
from hashlib import blake2b

import pytest
from filelock import FileLock
from pydantic import SecretStr
from sqlalchemy import func, select
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.ingest import schedule
from broadsheet.ingest.run import FetchReport
from broadsheet.library import Library
from broadsheet.model import DeliveryState, SubscriptionState
from broadsheet.rules.token import Purpose, sign
from broadsheet.sources.source import Source
from broadsheet.store.tables import readers, sources
from broadsheet.store.tables import votes as votes_table
from broadsheet.web.actions import ActionLimits
from broadsheet.web.app import create_app
from broadsheet.web.dependencies import new_reader
from broadsheet.web.limits.rate_limiter import FixedWindow, Limiters

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def paper_id(library: Library) -> str:
    return library.editions.read().items[0].paper_id


def link_in(mail: EmailMessage, path: str) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    found = re.search(rf"https?://\S*?({path}\?token=\S+)", part.get_content())
    assert found is not None
    return found[1]


def token_for(library: Library, purpose: Purpose, email: str = "ada@example.org") -> str:
    library.subscriptions.subscribe(email)
    (owner,) = [s.id for s in library.subscriptions.all() if s.email == email]
    if purpose is Purpose.UNSUBSCRIBE:
        library.subscriptions.confirm(
            sign(library.secret, Purpose.CONFIRM, owner, email, library.now)
        )
    return sign(library.secret, purpose, owner, email, library.now)


def state_of(library: Library, email: str = "ada@example.org") -> SubscriptionState:
    (state,) = [s.state for s in library.subscriptions.all() if s.email == email]
    return state


def test_a_vote_counts_once_and_can_be_withdrawn(
    client: TestClient, library: Library, paper_id: str
) -> None:
    path = f"/papers/{paper_id}/vote"
    back = {"back": "/search?q=a&page=2#n21"}
    for on, votes in (("1", 1), ("1", 1), ("0", 0), ("1", 1)):
        answer = client.post(path, data={"on": on, **back})
        assert (answer.status_code, answer.headers["location"]) == (303, back["back"])
        assert library.votes([paper_id]).get(paper_id, 0) == votes
    assert 'aria-pressed="true"' in client.get("/").text


def test_withdrawing_a_vote_creates_no_reader(
    client: TestClient, library: Library, paper_id: str
) -> None:
    answer = client.post(f"/papers/{paper_id}/vote", data={"on": "0"})
    assert answer.status_code == 303
    with library._database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(readers)) == 0
    assert client.post("/papers/arxiv:0000.00000/vote", data={"on": "0"}).status_code == 404


def test_each_reader_has_one_vote(client: TestClient, library: Library, paper_id: str) -> None:
    path = f"/papers/{paper_id}/vote"
    client.post(path, data={"on": "1"})
    client.cookies.clear()
    assert 'aria-pressed="true"' not in client.get("/").text
    client.post(path, data={"on": "1"})
    assert library.votes([paper_id]) == {paper_id: 2}


def test_the_reader_cookie_is_signed_and_hidden_from_scripts(
    client: TestClient, library: Library, paper_id: str
) -> None:
    path = f"/papers/{paper_id}/vote"
    cookie = client.post(path, data={"on": "1"}).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    client.cookies.clear()
    for forged in ("x", "InJlYWRlciI.forged", "\x7f"):
        client.post(path, data={"on": "0"}, headers={"Cookie": f"reader={forged}"})
    assert library.votes([paper_id]) == {paper_id: 1}


def test_the_cookie_of_a_site_with_https_is_bound_to_its_host(
    library: Library, paper_id: str
) -> None:
    own = "https://paper.example"
    library.settings = library.settings.model_copy(update={"base_url": own})
    client = TestClient(create_app(library), own, follow_redirects=False)
    cookie = client.post(f"/papers/{paper_id}/vote", data={"on": "1"}).headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    value, *attributes = rest.split("; ")
    assert name == "__Host-reader"
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes)
    assert "Domain" not in cookie
    assert 'aria-pressed="true"' in client.get(f"/papers/{paper_id}").text
    # A subdomain or a page without https could have set this one.
    client.cookies.clear()
    client.cookies.set("reader", value)
    assert 'aria-pressed="true"' not in client.get(f"/papers/{paper_id}").text


def test_the_cookie_of_a_reader_cannot_be_guessed() -> None:
    names = {new_reader() for _ in range(100)}
    assert len(names) == 100
    assert all(len(base64.urlsafe_b64decode(f"{name}==")) * 8 >= 128 for name in names)


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_a_vote_redirects_to_this_site_only(client: TestClient, paper_id: str, back: str) -> None:
    answer = client.post(f"/papers/{paper_id}/vote", data={"on": "1", "back": back})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/papers/{paper_id}")


@pytest.mark.parametrize("name", ["hash:none", "%00", "%ED%A0%80"])
def test_a_vote_for_an_unknown_paper_is_not_found(client: TestClient, name: str) -> None:
    answer = client.post(f"/papers/{name}/vote", data={"on": "1"})
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("data", [{}, {"on": "2"}, {"on": ""}])
def test_a_vote_without_a_valid_value_is_an_error(
    client: TestClient, paper_id: str, data: dict[str, str]
) -> None:
    response = client.post(f"/papers/{paper_id}/vote", data=data)
    assert response.status_code == 422
    assert "Invalid form: <code>on</code> is " in response.text


def test_a_vote_stores_a_hash_of_the_network_but_no_address(
    library: Library, paper_id: str
) -> None:
    addresses = ("192.0.2.7", "192.0.2.7", "198.51.100.9", "2001:db8::1", "2001:db8::2")
    app = create_app(library)
    for address in addresses:
        reader = TestClient(app, client=(address, 4711), follow_redirects=False)
        answer = reader.post(f"/papers/{paper_id}/vote", data={"on": "1"})
        assert answer.status_code == 303
    with library._database.read() as connection:
        kept = connection.scalars(select(votes_table.c.network)).all()
    names = Counter(str(name) for name in kept)
    assert sorted(names.values()) == [1, 2, 2]
    plainly = {blake2b(one.encode(), digest_size=8).hexdigest() for one in addresses}
    for name in names:
        assert re.fullmatch(r"[0-9a-f]{16}", name)
        assert name not in plainly
    files = [path for path in library.settings.data.rglob("*") if path.is_file()]
    assert not any(address.encode() in path.read_bytes() for path in files for address in addresses)


def test_the_page_after_a_sign_up_names_no_folder(client: TestClient, library: Library) -> None:
    page = client.post("/subscribe", data={"email": "ada@example.org"})
    assert "No mail server is configured" in page.text
    assert str(library.settings.data) not in page.text


def test_a_sign_up_says_that_no_mail_is_sent_without_a_public_address(settings: Settings) -> None:
    smtp = {"smtp": SecretStr("smtp://mail.example")}
    for changes, is_refused in ((smtp, True), (smtp | {"base_url": "http://testserver"}, False)):
        with Library(settings.model_copy(update=changes)) as library:
            page = TestClient(create_app(library)).post("/subscribe", data={"email": "a@b.example"})
        assert ("sends no mail until its operator" in page.text) is is_refused


def test_votes_from_all_networks_of_an_ipv6_site_are_limited_together(
    library: Library, paper_id: str
) -> None:
    app = create_app(library)
    app.state.limits = replace(app.state.limits, network_votes=FixedWindow(2, 3600))
    statuses = []
    for address in ("2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:2:1::1"):
        client = TestClient(app, client=(address, 4711), follow_redirects=False)
        statuses.append(client.post(f"/papers/{paper_id}/vote", data={"on": "1"}).status_code)
    assert statuses == [303, 303, 429, 303]


def test_votes_from_all_networks_of_an_ipv6_site_weigh_as_those_of_one(
    library: Library, paper_id: str
) -> None:
    app = create_app(library)
    for address in ("2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:ffff::1", "2001:db8:2:1::1"):
        client = TestClient(app, client=(address, 4711), follow_redirects=False)
        client.post(f"/papers/{paper_id}/vote", data={"on": "1"})
    with library._database.read() as connection:
        networks = Counter(connection.scalars(select(votes_table.c.network)).all())
    assert sorted(networks.values()) == [1, 3]


def test_new_readers_of_one_network_are_limited(client: TestClient, paper_id: str) -> None:
    responses = []
    for _ in range(61):
        client.cookies.clear()
        responses.append(client.post(f"/papers/{paper_id}/vote", data={"on": "1"}))
    assert [response.status_code for response in responses] == [303] * 60 + [429]
    assert "Too many new readers from your network; try again in 60 minutes." in responses[-1].text


def test_votes_of_one_reader_are_limited(client: TestClient, paper_id: str) -> None:
    path = f"/papers/{paper_id}/vote"
    responses = [client.post(path, data={"on": str(n % 2)}) for n in range(122)]
    assert [response.status_code for response in responses] == [303] * 121 + [429]
    assert "Too many votes; try again in 60 minutes." in responses[-1].text
    assert 0 < int(responses[-1].headers["retry-after"]) <= 3600


def test_votes_of_one_network_are_limited_whoever_casts_them(
    library: Library, paper_id: str
) -> None:
    app = create_app(library)
    limits = ActionLimits.of(Limiters())
    app.state.limits = replace(limits, network_votes=FixedWindow(3, 3600))
    path = f"/papers/{paper_id}/vote"
    statuses = []
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db9::1"):
        reader = TestClient(app, client=(address, 4711), follow_redirects=False)
        statuses.append(reader.post(path, data={"on": "1"}).status_code)
    assert statuses == [303, 303, 303, 429, 303]
    assert library.votes([paper_id]) == {paper_id: 4}


def test_a_reader_subscribes_confirms_and_unsubscribes(
    client: TestClient, library: Library, newest_mail: Callable[[], EmailMessage]
) -> None:
    page = client.post("/subscribe", data={"email": "ada@example.org"})
    assert page.status_code == 200
    mail = newest_mail()
    assert mail["To"] == "ada@example.org"
    link = link_in(mail, "/confirm")

    form = client.get(link)
    assert (form.status_code, form.headers["cache-control"]) == (200, "no-store")
    assert "<button>Confirm subscription" in form.text
    assert state_of(library) is SubscriptionState.PENDING

    assert "You are subscribed" in client.post(link).text
    assert client.post(link).status_code == 200
    assert state_of(library) is SubscriptionState.CONFIRMED

    library.outbox.send()
    leave = link_in(newest_mail(), "/unsubscribe")
    assert "<button>Unsubscribe" in client.get(leave).text
    assert state_of(library) is SubscriptionState.CONFIRMED
    assert "You are unsubscribed" in client.post(leave).text
    assert state_of(library) is SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK.encode(), "application/x-www-form-urlencoded"),
        (
            b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
            b"One-Click\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
        (b"", "text/plain"),
    ],
)
def test_one_click_unsubscribe_can_be_repeated(
    empty_client: TestClient, empty_library: Library, body: bytes, content_type: str
) -> None:
    token = token_for(empty_library, Purpose.UNSUBSCRIBE)
    headers = {
        "Content-Type": content_type,
        "Origin": "https://mail.example",
        "Sec-Fetch-Site": "cross-site",
    }
    for _ in range(3):
        answer = empty_client.post(f"/unsubscribe?token={token}", content=body, headers=headers)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert state_of(empty_library) is SubscriptionState.UNSUBSCRIBED


def test_a_token_is_valid_for_its_purpose_only(
    empty_client: TestClient, empty_library: Library
) -> None:
    confirm = token_for(empty_library, Purpose.CONFIRM)
    assert empty_client.post(f"/unsubscribe?token={confirm}").status_code == 404
    leave = token_for(empty_library, Purpose.UNSUBSCRIBE, "bo@example.org")
    assert empty_client.post(f"/confirm?token={leave}").status_code == 404
    assert empty_client.post("/confirm").status_code == 404
    assert empty_client.post("/unsubscribe?token=" + "a" * 5000).status_code == 404


def test_the_response_does_not_reveal_subscriptions(
    empty_client: TestClient, empty_library: Library
) -> None:
    token_for(empty_library, Purpose.UNSUBSCRIBE)
    known = empty_client.post("/subscribe", data={"email": "ada@example.org"}).text
    new = empty_client.post("/subscribe", data={"email": "eve@example.org"}).text
    assert known.replace("ada@", "eve@") == new


@pytest.mark.parametrize(
    "email",
    [
        *("", "x", "<script>@a.example", "a@b\r\nBcc: c@d.example", "a@b.example,c@d.example"),
        *("=?utf-8?q?x?=@x.example", "äda@x.example", "ada@localhost", "ada\0@x.example"),
    ],
)
def test_an_invalid_address_is_an_error(
    empty_client: TestClient, empty_library: Library, email: str
) -> None:
    page = empty_client.post("/subscribe", data={"email": email})
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert "<script>" not in page.text
    assert list(empty_library.subscriptions.all()) == []


def test_subscription_requests_are_limited(empty_client: TestClient) -> None:
    answers = [empty_client.post("/subscribe", data={"email": "x"}) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [422] * 60 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


def test_a_subscribe_request_enqueues_the_confirmation_and_sends_nothing(
    empty_client: TestClient, empty_library: Library
) -> None:
    # The worker holds this lock during a mailing, which takes minutes.
    with FileLock(empty_library.settings.data / "outbox.lock"):
        assert empty_client.post("/subscribe", data={"email": "ada@example.org"}).status_code == 200
    assert empty_library.health().deliveries == {DeliveryState.DUE: 1}
    assert not empty_library.settings.outbox.exists()


@pytest.mark.parametrize("path", ["/subscribe", "/confirm", "/requests", "/papers/{paper_id}/vote"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    ],
)
def test_forms_of_other_sites_are_refused(
    client: TestClient, library: Library, paper_id: str, path: str, headers: dict[str, str]
) -> None:
    data = {"email": "ada@example.org", "on": "1"}
    answer = client.post(path.format(paper_id=paper_id), data=data, headers=headers)
    assert answer.status_code == 403
    assert 'role="search"' in answer.text
    assert list(library.subscriptions.all()) == []
    assert library.votes([paper_id]) == {}


def test_a_large_body_is_an_error(client: TestClient, paper_id: str) -> None:
    for path in ("/subscribe", f"/papers/{paper_id}/vote"):
        answer = client.post(path, content=b"email=" + b"a" * 70_000, headers=FORM)
        assert answer.status_code == 413
        assert 'role="search"' in answer.text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"%", "application/x-www-form-urlencoded"),
        (b"email=%ED%A0%80%00&email", "application/x-www-form-urlencoded; charset=utf-7"),
        (b"email=a@b.example", "multipart/form-data"),
        (b"--b\r\nnonsense", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n\xff+2AA-\r\n--b--\r\n',
            "multipart/form-data; boundary=b; charset=utf-7",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\na..b\r\n--b--\r\n',
            "multipart/form-data; boundary=b; charset=idna",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="email"; filename="f"\r\n\r\na\r\n'
            b"--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
        (b'{"email": 1}', "application/json"),
        (b"\xff\xfe", ""),
    ],
)
def test_malformed_bodies_are_client_errors(
    empty_client: TestClient, body: bytes, content_type: str
) -> None:
    answer = empty_client.post("/subscribe", content=body, headers={"Content-Type": content_type})
    assert 400 <= answer.status_code < 500
    assert 'role="search"' in answer.text


@pytest.fixture
def fetching(library: Library) -> Library:
    library.settings = library.settings.model_copy(update={"sources": "arxiv"})
    return library


def test_an_unknown_id_can_be_requested_and_is_fetched_with_the_sources(
    client: TestClient, fetching: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.get("/search", params={"q": "arXiv:2603.99999"}).text
    assert '<form method="post" action="/requests">' in page
    for _ in range(2):
        answer = client.post("/requests", data={"paper": "2603.99999"})
        assert (answer.status_code, "Paper requested" in answer.text) == (200, True)
    specs: list[str] = []

    def record(chosen: list[str]) -> list[FetchReport]:
        specs.extend(chosen)
        return [FetchReport("arxiv-atom")]

    monkeypatch.setattr(fetching.sources, "fetch", record)
    fetching.sources.fetch_requested()
    fetching.sources.fetch_requested()
    assert specs == ["2603.99999"]


def test_only_ids_of_unknown_papers_can_be_requested(client: TestClient, paper_id: str) -> None:
    assert client.post("/requests", data={"paper": "kites"}).status_code == 422
    known = client.post("/requests", data={"paper": paper_id.partition(":")[2]})
    assert known.headers["location"] == f"/papers/{paper_id}"


def test_no_request_stops_the_fetching_of_other_papers(
    client: TestClient, fetching: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str | None] = []

    def record(_: object, source: Source, *__: object) -> FetchReport:
        fetched.append(source.name)
        return FetchReport(source.name)

    monkeypatch.setattr(schedule, "fetch", record)
    # In lower case it is twice as long, and longer than a DOI may be.
    client.post("/requests", data={"paper": f"10.1000/{'İ' * 300}"})
    fetching.request_paper("doi:no DOI")
    client.post("/requests", data={"paper": "10.1000/kites"})
    fetching.sources.fetch_requested()
    assert fetched == ["crossref:10.1000/kites"]
    fetching.sources.fetch_requested()
    assert len(fetched) == 1


def test_a_request_leaves_no_source_behind(
    fetching: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Reply:
        raise UnavailableError("Crossref does not reply")

    monkeypatch.setattr(Client, "get", refuse)
    fetching.request_paper("doi:10.1000/kites")
    (report,) = fetching.sources.fetch_requested()
    assert (report.source, report.error) == ("crossref:10.1000/kites", "Crossref does not reply")
    with fetching.database.read() as connection:
        assert connection.scalars(select(sources.c.name)).all() == []


@pytest.mark.usefixtures("fetching")
def test_requested_papers_are_limited(client: TestClient) -> None:
    answers = [client.post("/requests", data={"paper": f"2603.9{n:04}"}) for n in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]


def test_no_more_papers_are_requested_than_one_run_fetches(library: Library) -> None:
    accepted = [library.request_paper(f"arxiv:2603.9{n:04}") for n in range(52)]
    assert accepted == [True] * 50 + [False] * 2


def test_without_sources_the_page_of_an_unknown_id_names_the_command(
    client: TestClient, library: Library
) -> None:
    library.settings = library.settings.model_copy(update={"sources": "none"})
    page = client.get("/search", params={"q": "2603.99999"}).text
    assert "broadsheet fetch 2603.99999" in page
    assert client.post("/requests", data={"paper": "2603.99999"}).status_code == 422
