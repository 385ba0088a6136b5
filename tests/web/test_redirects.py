"""Permanent redirects from earlier addresses and the hub's page addresses."""

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Period, Span
from broadsheet.web.app import create_app
from broadsheet.web.redirects import MOVED


@pytest.fixture
def site(library: Library) -> TestClient:
    """A site with a daily, a weekly and a monthly edition."""
    for span in (Span.WEEK, Span.MONTH):
        library.editions.publish(Period.containing(library.today, span))
    library.trending.update()
    return TestClient(create_app(library), follow_redirects=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/papers", "/"),
        ("/papers?q=kites+and+lanterns", "/search?q=kites+and+lanterns"),
        ("/papers?date=2026-03-11", "/editions/2026-03-11"),
        ("/papers/date/2026-03-11", "/editions/2026-03-11"),
        ("/papers/date/2026-03-11?printing=1", "/editions/2026-03-11?revision=1"),
        ("/papers/week/2026-W11", "/editions/2026-W11"),
        ("/papers/month/2026-03", "/editions/2026-03"),
        ("/papers/trending?category=cs.LG", "/trending?category=cs.LG"),
        ("/papers/trending.json?category=cs.LG", "/trending.json?category=cs.LG"),
        ("/category/cs.LG.atom", "/categories/cs.LG.atom"),
        ("/category/cs.LG", "/categories/cs.LG"),
        *MOVED.items(),
    ],
)
def test_an_old_address_redirects_permanently_to_a_page(
    site: TestClient, old: str, new: str
) -> None:
    for response in (site.get(old), site.head(old)):
        assert (response.status_code, response.headers["location"]) == (308, new)
    assert site.get(new).status_code == 200


@pytest.mark.parametrize("text", ["//evil.example", "%5C%5Cevil.example", "x", "\ud800"])
def test_a_redirect_stays_on_this_site(site: TestClient, text: str) -> None:
    quoted = quote(text, safe="%", errors="surrogatepass")
    for path in (f"/papers?date={quoted}", f"/papers?q={quoted}", f"/category/{quoted}"):
        location = site.get(path).headers["location"]
        assert location.startswith(("/editions/", "/search?", "/categories/"))
    assert site.get(f"/papers/date/{quoted}").status_code in (308, 404)


ADDRESSES = {
    "/": 200,
    "/editions": 200,
    "/editions/2026-03-11": 200,
    "/editions/2026-W11": 200,
    "/editions/2026-03": 200,
    "/editions/day.atom": 200,
    "/editions/week.json": 200,
    "/trending": 200,
    "/trending.atom": 200,
    "/categories/cs.LG": 200,
    "/categories/cs.LG.atom": 200,
    "/categories/cs.LG.json": 200,
    "/authors/Ada%20Windrow": 200,
    "/papers/arxiv:2603.00001": 200,
    "/papers/arxiv:2603.00001.md": 200,
    "/papers/2603.00001": 308,
    "/papers/arxiv:2603.00001/vote": 405,
    "/papers/date/2026-03-11": 308,
    "/papers/date/x.md": 404,
    "/papers/date.atom": 308,
    "/papers/date.md": 404,
    "/papers/trending": 308,
    "/papers/trending.json": 308,
    "/papers/search": 404,
    "/papers/hep-th/9901001": 404,
    "/papers": 308,
    "/api/papers/search?q=kites": 200,
    "/api/papers/2603.00001": 200,
    "/api/v1/papers/2603.00001": 200,
    "/api/v1/papers/2603.00001/signals": 200,
    "/api/v1/editions/2026-W11": 200,
}


def test_routes_do_not_depend_on_their_order(site: TestClient, library: Library) -> None:
    app = create_app(library)
    app.router.routes.reverse()
    reversed_site = TestClient(app, follow_redirects=False)
    for path, status in ADDRESSES.items():
        first, second = site.get(path), reversed_site.get(path)
        assert (path, first.status_code) == (path, status)
        assert (path, second.status_code) == (path, status)
        assert first.headers.get("location") == second.headers.get("location")
        assert first.headers.get("content-type") == second.headers.get("content-type")
    vote = "/papers/arxiv:2603.00001/vote"
    assert reversed_site.post(vote, data={"on": "1"}).status_code == 303
