"""What every response and every input has in common; docs/security.md names these tests."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

import pytest
from httpx2 import Response
from lxml import etree, html
from starlette.routing import Route
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.address import parse_address
from broadsheet.rules.identity import parse_any_id
from broadsheet.rules.query import paper_id_in, parse
from broadsheet.web import actions, crawlers, pages, redirects, site_files
from broadsheet.web.addresses import (
    author_path,
    category_path,
    local_path,
    paper_path,
    plain,
    possible_ids,
)
from broadsheet.web.api import docs, hub, v1
from broadsheet.web.app import create_app
from broadsheet.web.assets import asset_path
from broadsheet.web.calendar import parse_period
from broadsheet.web.feeds import routes
from broadsheet.web.middleware.guard import safe_headers
from tests.conftest import NOW

PAPER = "arxiv:2603.00001"
FILES = ("/static/style.css", "/static/favicon.svg", "/static/", "/static/unknown")
# Each is a path, a redirect or an error.
VALUES = {"paper_id": PAPER, "name": "cs.LG", "period": "2026-02-20", "part": "1"}
INJECTIONS = ("' OR '1'='1", "a'; DROP TABLE papers;--", "%_\\", "{{71*73}}", "$(id)")
FIELDS = ("q", "category", "after")
MODULES = (v1, hub, docs, routes, actions, redirects, site_files, crawlers)
ROUTERS = [module.router for module in MODULES]


Answers = dict[tuple[str, str], Response]


@pytest.fixture(scope="module")
def visitor(still_library: Library) -> TestClient:
    """A visitor of `still_library` with limits of its own."""
    return TestClient(create_app(still_library), follow_redirects=False)


@pytest.fixture(scope="module")
def answers(visitor: TestClient) -> Answers:
    """The answers to some methods for one address of each route, of files, and of nothing."""
    patterns = [
        route.path
        for router in [*ROUTERS, *pages.ROUTERS]
        for route in router.routes
        if isinstance(route, Route)
    ]
    assert len(patterns) > 40
    named = [
        re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: VALUES[found[1]], pattern)
        for pattern in dict.fromkeys(patterns)
    ]
    return {
        (method, path): visitor.request(method, path)
        for path in (*named, *FILES, "/unknown", "/api/unknown")
        for method in ("GET", "POST", "TRACE", "DELETE")
    }


def test_every_response_has_the_security_headers(answers: Answers) -> None:
    for request, answer in answers.items():
        for name, value in safe_headers("http://paper.example").items():
            assert answer.headers[name] == value, request
        assert "access-control-allow-credentials" not in answer.headers


def test_no_response_runs_foreign_or_inline_scripts_or_can_be_framed() -> None:
    policy = safe_headers("")["Content-Security-Policy"].split("; ")
    # Plugins, frames and connections fall back to default-src.
    assert {"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "script-src 'self'" in policy
    assert not [rule for rule in policy if "unsafe" in rule or "*" in rule or ":" in rule]


def test_no_page_has_an_inline_script_or_style(answers: Answers) -> None:
    for request, answer in answers.items():
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = html.fromstring(answer.text)
            for script in page.iter("script"):
                is_data = script.get("type", "").endswith("json")
                assert is_data or script.get("src", "").startswith("/static/"), request
            assert not page.xpath("//style | //@style | //@*[starts-with(name(), 'on')]"), request


def test_only_static_files_can_be_run_as_a_script(answers: Answers) -> None:
    # Browsers run nothing else, because of the header X-Content-Type-Options.
    kinds = {answer.headers.get("content-type", "") for answer in answers.values()}
    assert not [kind for kind in kinds if "javascript" in kind or "ecmascript" in kind]


def test_every_body_has_a_content_type_that_names_its_charset(answers: Answers) -> None:
    for request, answer in answers.items():
        kind = answer.headers.get("content-type", "")
        if not answer.content:
            continue
        if kind in ("image/png", "image/x-icon"):
            continue
        is_json = kind == "application/json" or kind.endswith("+json")
        assert is_json or kind.endswith("; charset=utf-8"), (request, kind)
        answer.content.decode("utf-8")


def test_a_site_with_https_tells_browsers_to_use_nothing_else(library: Library) -> None:
    name = "Strict-Transport-Security"
    assert name not in TestClient(create_app(library)).get("/").headers
    library.settings = library.settings.model_copy(update={"base_url": "https://paper.example"})
    client = TestClient(create_app(library), "https://paper.example")
    for path in ("/", "/unknown", "/api/v1/papers", "/static/style.css"):
        assert client.get(path).headers[name] == "max-age=31536000; includeSubDomains"


def test_the_answer_to_a_form_is_not_stored(client: TestClient) -> None:
    for email in ("ada@example.org", "not an address"):
        answer = client.post("/subscribe", data={"email": email})
        assert email in answer.text
        assert answer.headers["cache-control"] == "no-store"


def test_no_method_but_those_of_a_route_is_accepted(answers: Answers) -> None:
    for (method, path), answer in answers.items():
        assert method in ("GET", "POST") or answer.status_code in (404, 405), (method, path)


def test_no_folder_and_no_file_outside_of_the_static_ones_is_served(visitor: TestClient) -> None:
    outside = ("", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "..%5capp.py", "/etc/passwd", "%00")
    for path in outside:
        assert visitor.get(f"/static/{path}").status_code == 404


def test_injected_commands_are_ordinary_text(visitor: TestClient, still_library: Library) -> None:
    before = still_library.health().papers
    for text in INJECTIONS:
        for path in ("/search", "/trending", "/api/v1/papers", "/api/daily_papers", "/papers"):
            for field in FIELDS:
                answer = visitor.get(path, params={field: text})
                assert answer.status_code < 500, (path, field, text)
        for path in ("/papers/", "/authors/", "/categories/", "/api/v1/papers/", "/api/papers/"):
            assert visitor.get(path + quote(text, safe="")).status_code < 500
    assert "5183" not in visitor.get("/subscribe", params={"email": "{{71*73}}"}).text
    assert still_library.health().papers == before


def test_no_text_of_a_source_becomes_markup_on_any_page(empty_library: Library) -> None:
    links = ("javascript:alert(1)", 'http://a"><svg/onload=alert(1)>/', "https://x/'onclick='a()")
    papers = [
        Paper(
            id=f"doi:10.1000/{number}/{HOSTILE.replace(' ', '')}",
            title=f"kites {HOSTILE}",
            abstract=f"kites {HOSTILE}",
            authors=(f"Eve {HOSTILE}", HOSTILE),
            categories=(f"cs.{HOSTILE}", "javascript:alert(1)"),
            published="2026-03-01",
            url=link,
            code_url=link,
            open_url=link,
            venue=HOSTILE,
            comment=HOSTILE,
            summary=HOSTILE,
        )
        for number, link in enumerate(links)
    ]
    empty_library.add("test", papers)
    empty_library.update_index()
    empty_library.editions.publish()
    client = TestClient(create_app(empty_library))
    quoted = quote(HOSTILE)
    fixed = ("/", f"/trending?category={quoted}", "/search?q=kites", f"/search?q={quoted}")
    paths = [*fixed, category_path(papers[0].categories[0]), author_path(papers[0].authors[0])]
    for path in [*paths, *(paper_path(paper.id) for paper in papers)]:
        page = client.get(path)
        assert page.status_code == 200, path
        assert "alert(1)" in page.text, path
        for element in html.fromstring(page.text).iter():
            assert element.tag not in ("img", "iframe", etree.Comment), path
            if element.tag == "script":
                is_data = element.get("type", "").endswith("json")
                ours = (asset_path("keys.js"), asset_path("copy.js"))
                assert is_data or element.get("src") in ours, path
            for name, value in element.attrib.items():
                assert not str(name).startswith("on"), path
                assert not str(value).lower().startswith(("javascript:", "data:")), path


def test_a_field_is_read_from_one_place_only(visitor: TestClient, still_library: Library) -> None:
    # Of the query alone, and of the form alone; of two values the last one counts.
    assert visitor.post("/subscribe?email=ada@example.org").status_code == 422
    assert visitor.post("/confirm", data={"token": "x"}).status_code == 404
    assert "kites" in visitor.get("/search?q=other&q=kites", headers={"X-Q": "third"}).text
    assert list(still_library.subscriptions.all()) == []


def test_headers_that_a_client_invents_change_nothing(visitor: TestClient) -> None:
    invented = {
        "X-Forwarded-Host": "evil.example",
        "X-Original-URL": "/status",
        "X-HTTP-Method-Override": "POST",
        "X-User-Id": "1",
    }
    plain_answer, answer = visitor.get("/"), visitor.get("/", headers=invented)
    assert (answer.status_code, answer.text) == (plain_answer.status_code, plain_answer.text)
    assert "evil.example" not in answer.text


HOSTILE = "\"><svg/onload=alert(1)>'{{71*73}}</script><script>alert(2)</script>&#x3c;img src=x>"
UNITS = (
    " |a|0|1.|a.|a |-|(|\"|http://a|10.1000/|2502.|arxiv:|%|a@|'|A. |é|\t |](|year:|a:a |-(|OR |\\"
)
READERS: dict[str, Callable[[str], object]] = {
    "plain": plain,
    "local_path": lambda text: local_path(f"/{text}", "/"),
    "possible_ids": possible_ids,
    "parse_any_id": parse_any_id,
    "paper_id_in": paper_id_in,
    "parse": lambda text: parse(text[:4_000], NOW.date()),
    "parse_address": parse_address,
    "parse_period": parse_period,
}


@pytest.mark.parametrize("name", READERS)
def test_no_text_of_a_request_takes_long_to_read(name: str) -> None:
    for unit in UNITS.split("|"):
        text = (unit * (60_000 // len(unit)))[:60_000] + "!"
        # The least of three: other threads and garbage collection take processor time too.
        assert min(_seconds(READERS[name], text) for _ in range(3)) < 0.5, unit


def _seconds(read: Callable[[str], object], text: str) -> float:
    started_s = time.thread_time()
    with suppress(ValueError):
        read(text)
    return time.thread_time() - started_s
