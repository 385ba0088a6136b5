import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Kind, Paper, Period, Span
from broadsheet.sources.hf_items import parse_list
from broadsheet.web.api.hub import MAX_DEPTH
from tests.web.api.hub_library import (
    BRIDGES,
    KITES,
    LAMPS,
    MONDAY,
    NOW,
    ORCHARDS,
    RIVERS,
    VIOLINS,
    fill,
    publish_edition,
)

# What huggingface_hub looks for outside of `paper`, where the hub does not write it.
BESIDE_THE_PAPER = {"githubRepo", "githubStars", "ai_summary"}


@pytest.fixture
def library(empty_library: Library) -> Library:
    fill(empty_library)
    return empty_library


def listed(client: TestClient, query: str = "") -> list[str]:
    """The ids of a list of daily papers."""
    answer = client.get(f"/api/daily_papers{query}")
    assert answer.status_code == 200, answer.text
    return [item["paper"]["id"] for item in answer.json()]


def wire(*papers: Paper) -> list[str]:
    """The ids that papers go by at the hub."""
    return [paper.arxiv_id or paper.id for paper in papers]


def refusal(client: TestClient, path: str, status: int = 400) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["x-error-message"] == answer.json()["error"]
    return answer.headers["x-error-message"]


def test_a_daily_item_wraps_the_paper_under_the_names_of_the_hub(client: TestClient) -> None:
    (item,) = client.get("/api/daily_papers?submitter=ada").json()
    ada = {"user": "ada", "name": "ada", "fullname": "ada"}
    assert item == {
        "paper": {
            "id": "2602.00001",
            "authors": [{"name": "Ada Windrow"}, {"name": "Bo Farol"}],
            "publishedAt": "2026-02-13T00:00:00.000Z",
            "title": "On the growth of kites",
            "summary": "We study how kites change over four seasons.",
            "upvotes": 42,
            "submittedOnDailyAt": "2026-02-15T12:00:00.000Z",
            "submittedOnDailyBy": ada,
            "githubRepo": "https://code.example/kites",
            "githubStars": 1200,
            "ai_summary": "Kites grow.",
        },
        "publishedAt": "2026-02-17T00:00:00.000Z",
        "title": "On the growth of kites",
        "summary": "We study how kites change over four seasons.",
        "numComments": 3,
        "submittedBy": ada,
        "githubRepo": "https://code.example/kites",
        "githubStars": 1200,
        "ai_summary": "Kites grow.",
    }


def test_no_name_is_used_that_the_hub_does_not_use(client: TestClient, shared: Path) -> None:
    recorded = [
        item
        for path in (shared / "data" / "api" / "hf").glob("daily_papers_*.json")
        for item in orjson.loads(path.read_bytes())
    ]
    for item in client.get("/api/daily_papers").json():
        assert item.keys() - BESIDE_THE_PAPER <= {name for one in recorded for name in one}
        assert item["paper"].keys() <= {name for one in recorded for name in one["paper"]}


def test_another_broadsheet_can_read_the_lists_as_those_of_the_hub(client: TestClient) -> None:
    (entry,) = parse_list(client.get("/api/daily_papers?submitter=ada").json(), "hf", NOW)
    assert isinstance(entry.record, Paper)
    assert replace(entry.record, categories=KITES.categories) == KITES
    assert {one.kind: one.value for one in entry.signals} == {
        Kind.UPVOTES: 42,
        Kind.COMMENTS: 3,
        Kind.STARS: 1200,
    }


def test_unknown_fields_are_left_out(client: TestClient, library: Library) -> None:
    bare = Paper(id="hash:bare", title="A bare title")
    library.add("test", [bare])
    publish_edition(library, Period(NOW.date()), [bare], [0.0])
    item = client.get("/api/daily_papers").json()[0]
    day = "2026-03-11T00:00:00.000Z"
    assert item == {
        "paper": {
            "id": library.paper("hash:bare").id,
            "authors": [],
            "title": "A bare title",
            "summary": "",
            "upvotes": 0,
            "submittedOnDailyAt": day,
        },
        "publishedAt": day,
        "title": "A bare title",
        "summary": "",
        "numComments": 0,
    }


def test_the_newest_edition_comes_first_and_no_paper_twice(client: TestClient) -> None:
    assert listed(client) == wire(BRIDGES, RIVERS, KITES, LAMPS)
    assert listed(client, "?sort=publishedAt") == listed(client)


def test_pages_follow_on_each_other_and_end(client: TestClient) -> None:
    pages = [listed(client, f"?limit=3&p={page}") for page in range(3)]
    assert pages == [wire(BRIDGES, RIVERS, KITES), wire(LAMPS), []]


def test_a_day_returns_its_edition_in_order(client: TestClient) -> None:
    assert listed(client, "?date=2026-02-17") == wire(RIVERS, KITES)
    assert listed(client, "?date=2026-02-17&limit=1&p=1") == wire(KITES)


@pytest.mark.parametrize("period", ["week=2026-W08", "month=2026-02"])
def test_a_week_or_month_without_an_edition_returns_its_daily_editions(
    client: TestClient, period: str
) -> None:
    assert listed(client, f"?{period}") == wire(RIVERS, KITES, LAMPS)


def test_a_week_with_an_edition_returns_it(client: TestClient, library: Library) -> None:
    publish_edition(library, Period(MONDAY, Span.WEEK), [VIOLINS, KITES], [1.0, 2.0])
    assert listed(client, "?week=2026-W08") == wire(VIOLINS, KITES)
    assert listed(client, "?week=2026-W08&sort=trending") == wire(KITES, VIOLINS)
    assert listed(client, "?month=2026-02") == wire(RIVERS, KITES, LAMPS)


@pytest.mark.parametrize(
    "period",
    ["date=2026-02-18", "week=2026-W12", "month=2020-01", "month=9999-12", "date=9999-12-31"],
)
def test_a_period_without_editions_is_an_empty_list(client: TestClient, period: str) -> None:
    assert listed(client, f"?{period}") == []


def test_trending_orders_the_papers_of_a_time_by_score(client: TestClient) -> None:
    assert listed(client, "?month=2026-02&sort=trending") == wire(RIVERS, KITES, LAMPS)
    assert listed(client, "?date=2026-02-16&sort=trending") == wire(KITES, LAMPS)


def test_trending_without_a_period(client: TestClient, library: Library) -> None:
    library.trending.update()
    trending = [trend.paper for trend in library.trending.list().trends]
    assert set(wire(*trending)) >= set(wire(LAMPS, KITES))
    assert listed(client, "?sort=trending") == wire(*trending)
    assert listed(client, "?sort=trending&limit=1&p=1") == wire(trending[1])
    assert listed(client, "?sort=trending&submitter=ada") == wire(KITES)


def test_a_submitter_is_known_by_name(client: TestClient) -> None:
    assert listed(client, "?submitter=bo") == wire(BRIDGES)
    assert listed(client, "?submitter=bo&month=2026-02") == []
    assert listed(client, "?submitter=nobody") == []


def test_a_paper_that_was_printed_under_an_older_id_is_still_listed(
    client: TestClient, library: Library
) -> None:
    loose = Paper(id="hash:loose", title="On the growth of loose things", authors=("Cy Ro",))
    library.add("test", [loose])
    before = library.paper("hash:loose")
    publish_edition(library, Period(NOW.date()), [before], [1.0])
    library.add("other", [replace(before, id="arxiv:2603.09999", arxiv_id="2603.09999")])
    assert listed(client, f"?date={NOW.date()}") == ["2603.09999"]


def test_words_and_meaning_are_searched(client: TestClient, library: Library) -> None:
    found = client.get("/api/papers/search", params={"q": "kites"}).json()
    assert found[0]["paper"]["id"] == "2602.00001"
    assert found[0]["publishedAt"] == "2026-02-15T12:00:00.000Z"
    assert len(found) == library.search("kites", n=120).total
    assert len(client.get("/api/papers/search?q=growth&limit=2").json()) == 2


@pytest.mark.parametrize(
    "q", ["2602.00001", "arXiv:2602.00001v3", "https://arxiv.org/abs/2602.00001"]
)
def test_a_search_for_an_id_returns_its_paper(client: TestClient, q: str) -> None:
    (found,) = client.get("/api/papers/search", params={"q": q}).json()
    assert found["title"] == KITES.title


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("2602.00001", KITES),
        ("2602.00001v2", KITES),
        ("arxiv:2602.00001", KITES),
        ("arXiv:2602.00001", KITES),
        ("https://arxiv.org/abs/2602.00001", KITES),
        ("hep-th/9901001", RIVERS),
        ("doi:10.1000/bridges", BRIDGES),
        ("10.1000/BRIDGES", BRIDGES),
        (ORCHARDS.id, ORCHARDS),
    ],
)
def test_any_form_of_an_id_finds_the_paper(client: TestClient, text: str, paper: Paper) -> None:
    found = client.get(f"/api/papers/{text}").json()
    assert [found["id"], found["title"]] == [*wire(paper), paper.title]
    markdown = client.get(f"/papers/{text}.md")
    assert markdown.text.startswith(f"# {paper.title}\n")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"


def test_a_paper_alone_is_not_wrapped(client: TestClient) -> None:
    found = client.get("/api/papers/2602.00001").json()
    assert found["upvotes"] == 42
    assert found["numComments"] == 3
    assert found["submittedOnDailyBy"]["fullname"] == "ada"
    assert "paper" not in found


def test_a_query_with_too_many_operators_is_an_error(client: TestClient) -> None:
    why = refusal(client, f"/api/papers/search?q=kites{'(x)' * 40}", 400)
    assert "only its first 32 filters, phrases and operators" in why


@pytest.mark.parametrize("path", ["/api/papers/2602.09999", "/api/papers/", "/api/papers/%00%0a"])
def test_an_unknown_paper_is_not_found(client: TestClient, path: str) -> None:
    assert refusal(client, path, 404) == (
        "No paper in this library has this id; search for its title."
    )


def test_markdown_of_an_unknown_paper_is_not_found(client: TestClient) -> None:
    assert client.get("/papers/2602.09999.md").status_code == 404


def test_markdown_supports_head(client: TestClient) -> None:
    head = client.head("/papers/2602.00001.md")
    assert (head.status_code, head.text) == (200, "")
    assert head.headers["content-type"] == "text/markdown; charset=utf-8"


def test_markdown_contains_all_fields(client: TestClient, library: Library) -> None:
    library.trending.update()
    text = client.get("/papers/2602.00001.md").text
    for line in (
        "Ada Windrow, Bo Farol",
        "- Published: 13 February 2026",
        "- Summary: Kites grow.",
        "- Paper: <https://arxiv.org/abs/2602.00001>",
        "- Code: <https://code.example/kites>",
        "We study how kites change over four seasons.",
        "- 41 upvotes (Hugging Face, 11 March 2026)",
        "- 1 vote (this site, 11 March 2026)",
        "- Rank 2 in the edition of Tuesday, 17 February 2026: +2 upvotes in 24 h",
    ):
        assert f"\n{line}\n" in text
    assert re.search(r"\n- Rank \d of the trending papers: \+", text)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("date=2026-02-30", "Invalid day; the format is 2026-02-20."),
        ("date=yesterday", "Invalid day; the format is 2026-02-20."),
        ("date=", "Invalid day; the format is 2026-02-20."),
        ("week=2026-W54", "Invalid week; the format is 2026-W08."),
        ("month=2026-2", "Invalid month; the format is 2026-02."),
        (
            "sort=upvotes",
            "The parameter 'sort' must be one of publishedAt, trending; "
            "/docs describes all parameters.",
        ),
    ],
)
def test_an_invalid_time_or_order_is_an_error(client: TestClient, query: str, why: str) -> None:
    assert refusal(client, f"/api/daily_papers?{query}") == why


def test_what_does_not_exist_is_not_found(client: TestClient) -> None:
    deep = refusal(client, f"/api/daily_papers?limit=1&p={MAX_DEPTH}", 404)
    assert "10,000 papers" in deep
    assert (
        refusal(client, "/api/daily_papers?week=2025-W53", 404) == "The year 2025 has no week 53."
    )


def test_a_day_a_week_and_a_month_all_apply(client: TestClient) -> None:
    day = listed(client, "?date=2026-02-16")
    assert listed(client, "?date=2026-02-16&week=2026-W08&month=2026-02") == day
    assert listed(client, "?date=2026-02-16&week=2026-W09") == []
    assert listed(client, "?week=2026-W08&month=2026-03") == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/daily_papers?limit=0", "'limit'"),
        ("/api/daily_papers?limit=101", "'limit'"),
        ("/api/daily_papers?p=-1", "'p'"),
        ("/api/daily_papers?p=one", "'p'"),
        (f"/api/daily_papers?p={'9' * 5_000}", "'p'"),
        ("/api/papers/search", "'q'"),
        ("/api/papers/search?q=", "'q'"),
        ("/api/papers/search?q=%00%20", "'q'"),
        (f"/api/papers/search?q={'x' * 251}", "'q'"),
        ("/api/papers/search?q=x&limit=0", "'limit'"),
        ("/api/papers/search?q=x&limit=121", "'limit'"),
    ],
)
def test_a_parameter_out_of_range_is_refused_by_name(
    client: TestClient, path: str, named: str
) -> None:
    assert named in refusal(client, path)


@pytest.mark.parametrize(
    "text", ["%00", "%ED%A0%80", "%FF", "%F0%9F%92%A9", "'%22;--", "..%2f..%2f"]
)
def test_hostile_words_do_not_break_anything(client: TestClient, text: str) -> None:
    for name in ("date", "week", "month", "submitter", "sort", "p", "limit"):
        assert client.get(f"/api/daily_papers?{name}={text}").status_code in (200, 400)
    assert client.get(f"/api/papers/search?q={text}").status_code in (200, 400)
    assert client.get(f"/api/papers/{text}").status_code == 404
    assert client.get(f"/papers/{text}.md").status_code == 404
