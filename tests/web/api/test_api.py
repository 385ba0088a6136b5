from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Kind, Period, Signal
from broadsheet.web.api.paging import signals_after
from tests.conftest import NOW
from tests.web.test_pages import NASTY, text_of

PAPER = "arxiv:2603.00001"


def all_of(client: TestClient, path: str, field: str) -> list[dict[str, object]]:
    """Follow `next` to the end."""
    listed: list[dict[str, object]] = []
    address: str | None = path
    while address is not None:
        page = client.get(address.replace("http://127.0.0.1:8000", "")).json()
        listed += page[field]
        assert (page["after"] is None) is (page["next"] is None)
        address = page["next"]
    return listed


def test_papers_are_listed_newest_first(client: TestClient, library: Library) -> None:
    listed_items = all_of(client, "/api/v1/papers?limit=7", "papers")
    assert [one["id"] for one in listed_items] == [one.id for one in library.newest(100)[0]]
    assert all_of(client, "/api/v1/papers?category=cs.LG&limit=500", "papers") == listed_items
    assert all_of(client, "/api/v1/papers?category=cs.CL", "papers") == []


@pytest.mark.parametrize(
    "name", [PAPER, "2603.00001", "arXiv:2603.00001v2", "https://arxiv.org/pdf/2603.00001"]
)
def test_a_paper_is_found_by_any_of_its_ids(
    client: TestClient, library: Library, name: str
) -> None:
    library.vote(PAPER, "ada", on=True)
    listed_items = client.get(f"/api/v1/papers/{name}").json()
    assert listed_items["id"] == PAPER
    assert listed_items["counts"] == {"votes": 1}
    assert listed_items["submission"] is None
    assert listed_items["links"]["work"] == "https://arxiv.org/abs/2603.00001"
    assert listed_items["links"]["page"] == f"http://127.0.0.1:8000/papers/{PAPER}"
    assert client.get(f"/api/v1/papers/{name}/signals").json()["id"] == PAPER


def test_links_are_valid_web_addresses(client: TestClient, library: Library) -> None:
    library.add("test", [NASTY])
    listed_items = client.get("/api/v1/papers?limit=500").json()["papers"]
    (nasty,) = [one for one in listed_items if one["title"] == NASTY.title]
    assert nasty["links"]["work"] == NASTY.url
    assert client.get(nasty["links"]["api"].replace("http://127.0.0.1:8000", "")).json()["title"]


def test_late_signals_do_not_shift_pages() -> None:
    hours = (0, 1, 1, 1, 2, 3)
    signals = [
        Signal(PAPER, Kind.STARS, n, NOW + timedelta(hours=hour), "s")
        for n, hour in enumerate(hours)
    ]
    first, after = signals_after(signals, None, 2)
    late = Signal(PAPER, Kind.STARS, 9, NOW - timedelta(hours=9), "s")
    second, after = signals_after([late, *signals], after, 3)
    rest, end = signals_after([late, *signals], after, 3)
    assert [*first, *second, *rest] == signals
    assert end is None


def test_signals_are_listed_as_observed(client: TestClient, library: Library) -> None:
    for reader, on in (("ada", True), ("bo", True), ("ada", False)):
        library.vote(PAPER, reader, on=on)
    listed_items = all_of(client, f"/api/v1/papers/{PAPER}/signals?limit=1", "signals")
    assert [one["kind"] for one in listed_items] == ["votes"] * len(library.signals(PAPER))
    assert listed_items[0]["observed_at"] == "2026-03-11T09:00:00Z"


def test_search_pages_list_every_result_in_order(client: TestClient, library: Library) -> None:
    found = library.search("kites valley", n=500)
    page = client.get("/api/v1/search?q=kites+valley&limit=5").json()
    assert (page["total"], page["matches"]) == (found.total, found.matches)
    listed_items = all_of(client, "/api/v1/search?q=kites+valley&limit=5", "hits")
    assert [(one["rank"], one["tier"], one["why"]) for one in listed_items] == [
        (hit.rank, hit.tier, hit.reason) for hit in found.hits
    ]
    by_date = client.get("/api/v1/search?q=kites&sort=date&mode=lexical").json()["hits"]
    assert by_date
    assert client.get("/api/v1/search?q=lantrens+optimized").json()["meant"]


def test_trending_papers_have_reasons(client: TestClient, library: Library) -> None:
    library.vote(PAPER, "ada", on=True)
    library.trending.update()
    trending = library.trending.list(100)
    listed_items = all_of(client, "/api/v1/trending?limit=1", "trends")
    assert [(one["rank"], one["reason"]) for one in listed_items] == [
        (one.rank, one.reason) for one in trending.trends
    ]


def test_editions_are_listed_and_each_revision_is_readable(
    client: TestClient, library: Library
) -> None:
    day = Period(library.today)
    first = client.get(f"/api/v1/editions/{day}").json()
    assert [item["reason"] for item in first["items"]] == [
        item.reason for item in library.editions.read().items
    ]
    library.editions.publish()
    assert client.get(f"/api/v1/editions/{day}").json()["revision"] == 2
    assert client.get(f"/api/v1/editions/{day}?revision=1").json() == first
    listed = all_of(client, "/api/v1/editions?limit=1", "editions")
    assert [one["period"] for one in listed] == [str(one) for one in library.editions.periods()]
    assert client.get("/api/v1/editions?span=week").json()["editions"] == []


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("papers?limit=0", 422, "'limit' must be an integer from 1 to 500"),
        ("papers?limit=9" + "9" * 5000, 422, "'limit' must be an integer"),
        ("papers?limit=x", 422, "'limit' must be an integer"),
        ("papers?catgory=cs.LG", 422, "known parameters are category, limit, after"),
        ("papers/2603.00001?x=%00", 422, "there are none"),
        ("papers?after=x", 422, "'after' must be the 'after' of a previous page"),
        ("papers?after=2026-01-01." + "9" * 25, 422, "'after'"),
        ("papers?after=" + "9" * 101, 422, "text of at most 100 characters"),
        ("papers/hash:none", 404, "search for its title"),
        ("papers/%00", 404, "search for its title"),
        ("papers/", 404, "search for its title"),
        (f"papers/{PAPER}/signals?after=1", 422, "'after'"),
        ("papers/none/signals", 404, "search for its title"),
        ("search", 422, "'q' is required and must be text of 1 to 4,000 characters"),
        ("search?q=%00%20", 422, "it must contain a word"),
        ("search?q=" + "a" * 4001, 422, "text of 1 to 4,000 characters"),
        ("search?q=a&mode=x", 422, "one of hybrid, lexical, semantic"),
        ("search?q=a&after=10001", 422, "from 0 to 10,000"),
        ("trending?after=1.0x1p9999.3", 422, "'after'"),
        ("trending?after=1.0x1p1." + "9" * 25, 422, "'after'"),
        ("editions?span=year", 422, "one of day, week, month"),
        ("editions?span=week&after=2026-W08", 422, "'after'"),
        ("editions/2026-02-30", 404, "2026-02-20, 2026-W08 or 2026-02"),
        ("editions/1999-W01", 404, "is not published"),
        ("editions/2026-03-11?revision=99", 404, "no revision 99"),
        ("editions/2026-03-11?revision=0", 422, "from 1 to 1,000,000"),
        ("nowhere", 404, "/docs lists"),
    ],
)
def test_an_error_is_a_problem_that_states_the_correction(
    client: TestClient, path: str, status: int, reason: str
) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert reason in problem["detail"]
    assert problem["detail"] == problem["error"]
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["instance"].startswith("/api/v1/")
    assert problem["title"]


def test_the_api_is_read_only(client: TestClient) -> None:
    for ask in (client.post, client.put, client.delete, client.patch):
        answer = ask("/api/v1/papers")
        assert answer.status_code == 405
        assert "GET and HEAD only" in answer.json()["detail"]


def test_an_unchanged_resource_returns_304(client: TestClient, library: Library) -> None:
    path = f"/api/v1/papers/{PAPER}"
    held = {"If-None-Match": client.get(path).headers["etag"]}
    assert client.get(path, headers=held).status_code == 304
    library.vote(PAPER, "ada", on=True)
    assert client.get(path, headers=held).status_code == 200
    assert client.head(path).content == b""


def test_openapi_describes_the_api_and_no_page(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = document["paths"]
    for path in ("papers", "papers/{paper_id}", "search", "trending", "editions/{period}"):
        listed_items = paths[f"/api/v1/{path}"]["get"]
        shape = listed_items["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        assert shape.removeprefix("#/components/schemas/") in document["components"]["schemas"]
        assert "application/problem+json" in listed_items["responses"]["default"]["content"]
    assert not {"/", "/search", "/subscribe", "/docs", "/healthz"} & set(paths)
    assert all(set(item) == {"get"} for item in paths.values())


def test_the_documentation_page_describes_every_operation(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "style=" not in page.text
    text = text_of(page.text)
    for path in client.get("/openapi.json").json()["paths"]:
        assert f"GET {path}" in text
    assert "An integer from 1 to 500; default 50." in text
    assert "Version 1 returns null for a value that is unknown" in text
    assert "Pages of any site may read the API with scripts (CORS)" in text
    assert "curl 'http://127.0.0.1:8000/api/v1/search?q=sparse+attention&limit=2'" in text
    assert '"reason": "+43 upvotes in 24 h, 2 days old"' in text
    assert 'href="/docs"' in client.get("/").text
