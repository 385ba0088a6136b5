"""The OpenAPI document describes every response, field by field."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Notice, Period, Span
from broadsheet.rules.normalize import make_paper
from broadsheet.web.app import create_app
from tests.web.api.hub_library import KITES, fill

JSON, PROBLEM = "application/json", "application/problem+json"
BARE = make_paper(title="A paper that has nothing but its title")

# Requests by the path of their operation, each with its status.
REQUESTS = (
    ("/api/v1/papers", "/api/v1/papers?limit=500", 200),
    ("/api/v1/papers", "/api/v1/papers?limit=1", 200),
    ("/api/v1/papers", "/api/v1/papers?catgory=x", 422),
    ("/api/v1/papers/{paper_id}", f"/api/v1/papers/{KITES.id}", 200),
    ("/api/v1/papers/{paper_id}", f"/api/v1/papers/{BARE.id}", 200),
    ("/api/v1/papers/{paper_id}", "/api/v1/papers/none", 404),
    ("/api/v1/papers/{paper_id}/signals", f"/api/v1/papers/{KITES.id}/signals", 200),
    ("/api/v1/papers/{paper_id}/signals", f"/api/v1/papers/{KITES.id}/signals?limit=1", 200),
    ("/api/v1/papers/{paper_id}/signals", "/api/v1/papers/none/signals", 404),
    ("/api/v1/search", "/api/v1/search?q=kites", 200),
    ("/api/v1/search", "/api/v1/search?q=kitse+in+2026&limit=1", 200),
    ("/api/v1/search", "/api/v1/search?q=nothing", 200),
    ("/api/v1/search", "/api/v1/search", 422),
    ("/api/v1/trending", "/api/v1/trending", 200),
    ("/api/v1/trending", "/api/v1/trending?limit=1", 200),
    ("/api/v1/editions", "/api/v1/editions?limit=1", 200),
    ("/api/v1/editions", "/api/v1/editions?span=week", 200),
    ("/api/v1/editions/{period}", "/api/v1/editions/2026-02-16", 200),
    ("/api/v1/editions/{period}", "/api/v1/editions/2026-03-11", 200),
    ("/api/v1/editions/{period}", "/api/v1/editions/2026-W01", 404),
    ("/api/v1/editions/{period}", "/api/v1/editions/x", 404),
    ("/api/daily_papers", "/api/daily_papers", 200),
    ("/api/daily_papers", "/api/daily_papers?sort=trending", 200),
    ("/api/daily_papers", "/api/daily_papers?date=x", 400),
    ("/api/daily_papers", "/api/daily_papers?week=2025-W53", 404),
    ("/api/papers/search", "/api/papers/search?q=growth", 200),
    ("/api/papers/search", "/api/papers/search?q=paper", 200),
    ("/api/papers/search", "/api/papers/search", 400),
    ("/api/papers/{paper_id}", f"/api/papers/{KITES.id}", 200),
    ("/api/papers/{paper_id}", f"/api/papers/{BARE.id}", 200),
    ("/api/papers/{paper_id}", "/api/papers/none", 404),
    ("/papers/{paper_id}.md", f"/papers/{KITES.id}.md", 200),
    ("/papers/{paper_id}.md", "/papers/none.md", 404),
)


@pytest.fixture
def site(empty_library: Library) -> Iterator[TestClient]:
    """A site whose papers have every field, and one that has only a title."""
    fill(empty_library)
    whole = make_paper(
        title="On the growth of lanterns",
        abstract="We study lanterns.",
        authors=("Ada Windrow",),
        categories=("cs.LG",),
        published="2026-03-10",
        arxiv="2603.00001",
        doi="10.1000/lanterns",
        venue="Journal of Lanterns",
        comment="12 pages",
        summary="Lanterns grow.",
        code_url="https://code.example/lanterns",
        notice=Notice.RETRACTED,
    )
    empty_library.add("test", [whole, BARE])
    empty_library.update_index()
    empty_library.trending.update()
    empty_library.editions.publish()
    empty_library.editions.publish(Period.containing(empty_library.today, Span.WEEK))
    with TestClient(create_app(empty_library), follow_redirects=False) as client:
        yield client


def closed(schema: Any) -> Any:
    """Return a schema that allows no field but those it describes."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(each) for name, each in schema.items()}
    return {**inner, "additionalProperties": False} if "properties" in inner else inner


def check(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {**closed(schema), "components": closed(document["components"])}
    Draft202012Validator(whole, validate_formats=True).validate(value)


def test_every_response_is_as_described(site: TestClient) -> None:
    document = site.get("/openapi.json").json()
    described = {path: item["get"]["responses"] for path, item in document["paths"].items()}
    assert {path for path, _, _ in REQUESTS} == described.keys()
    for path, address, status in REQUESTS:
        answer = site.get(address)
        assert (address, answer.status_code) == (address, status)
        contents = described[path][str(status)]["content"]
        media = answer.headers["content-type"].partition(";")[0]
        assert media in contents
        if media in (JSON, PROBLEM):
            check(document, contents[media]["schema"], answer.json())


def test_fields_are_null_in_version_1_and_absent_at_the_hubs_addresses(site: TestClient) -> None:
    bare = site.get(f"/api/v1/papers/{BARE.id}").json()
    assert bare["doi"] is bare["abstract"] is bare["links"]["code"] is None
    at_hub = site.get(f"/api/papers/{BARE.id}").json()
    assert None not in at_hub.values()
    schemas = site.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["Links"]["required"] == ["api", "page", "work", "code", "free"]
    for name in ("HubPaper", "HubPaperAlone", "HubItem"):
        optional = schemas[name]["properties"].keys() - set(schemas[name]["required"])
        assert {"publishedAt", "githubRepo", "githubStars", "ai_summary"} <= optional
        assert "null" not in str(schemas[name])


def test_every_operation_describes_its_errors(site: TestClient) -> None:
    for item in site.get("/openapi.json").json()["paths"].values():
        responses = item["get"]["responses"]
        assert {"401", "421", "429", "500", "503", "default"} <= responses.keys()
        assert {"400", "422"} & responses.keys()
        for status, response in responses.items():
            assert status in ("200", "308") or PROBLEM in response["content"]
