"""What readers and operators see of the sources, and of papers that others spoke against."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.mail import render_digest
from broadsheet.model import Kind, Notice, Signal
from broadsheet.rules.normalize import make_paper
from broadsheet.store.attention import add_signals
from broadsheet.web.app import create_app
from tests.conftest import NOW
from tests.mail.conftest import NEWSLETTER
from tests.services import Services
from tests.world import Fault, World


@pytest.fixture
def world() -> Iterator[tuple[World, str]]:
    with Services() as services:
        yield World(services), services.address


@pytest.fixture
def fetching(tmp_path: Path, world: tuple[World, str]) -> Iterator[Library]:
    settings = load_settings(
        {
            "data": tmp_path,
            "rerank": False,
            "sources": "arxiv hf",
            "mirror": world[1],
            "hosts": "testserver",
        },
        environment={},
    )
    world[0].today = NOW.date()
    with Library(settings, clock=lambda: NOW) as library:
        yield library


def test_the_status_page_reports_each_source(fetching: Library, world: tuple[World, str]) -> None:
    page = TestClient(create_app(fetching))
    assert "not fetched yet" in page.get("/status").text
    world[0].faults = {"hf": Fault.RENAMED}
    list(fetching.sources.fetch())
    text = page.get("/status").text
    assert "1 day missing" in text
    assert "Tuesday, 10 March 2026" in text
    assert "was not found (status 404)" in text
    assert "newest data" in text
    assert "1 source cannot be fetched: hf" in text
    assert text.count("<table") == 1
    gaps = page.get("/healthz").json()["gaps"]
    assert [(gap["source"], gap["day"]) for gap in gaps] == [("hf", "2026-03-10")]


def test_a_source_that_fails_makes_the_site_degraded_while_its_pages_are_served(
    fetching: Library, world: tuple[World, str]
) -> None:
    page = TestClient(create_app(fetching))
    assert page.get("/healthz").json()["status"] == "ok"
    world[0].faults = {"hf": Fault.RENAMED}
    list(fetching.sources.fetch())
    page = TestClient(create_app(fetching))
    report = page.get("/healthz")
    assert (report.status_code, report.json()["status"]) == (200, "degraded")
    assert report.json()["problems"][-1] == "1 source cannot be fetched: hf"
    assert [(one["source"], one["failures"]) for one in report.json()["sources"]] == [
        ("arxiv", 0),
        ("hf", 1),
    ]
    assert page.get("/healthz?strict=true").status_code == 503


def test_the_status_page_is_one_table_of_sources_editions_mails_and_the_index(
    library: Library,
) -> None:
    library.subscriptions.subscribe("ada@example.org")
    text = TestClient(create_app(library)).get("/status").text
    groups = re.findall(r'scope="rowgroup" colspan="4">(\w+)<', text)
    assert groups == ["Sources", "Editions", "Mails", "Search"]
    assert "Everything works." in text
    assert "20 papers on Wednesday, 11 March 2026." in text
    assert "daily at 06:00 (UTC)" in text
    assert "1 due" in text
    assert "24 papers." in text


def test_page_and_mail_state_missing_days_of_an_edition(
    fetching: Library, world: tuple[World, str]
) -> None:
    world[0].faults = {"hf": Fault.BLANK}
    list(fetching.sources.fetch())
    fetching.update_index()
    fetching.editions.publish()
    lack = "hf is missing 10 March"
    assert lack in TestClient(create_app(fetching)).get("/").text
    digest = render_digest(fetching.editions.read(), NEWSLETTER)
    assert lack in digest.html
    assert lack in digest.text


@pytest.mark.parametrize("notice", list(Notice))
def test_a_notice_is_shown_on_every_page(library: Library, notice: Notice) -> None:
    paper = library.editions.read().items[0]
    library.add(
        "crossref", [make_paper(title=paper.title, arxiv=paper.paper_id, notice=notice, version=4)]
    )
    library.update_index()
    digest = render_digest(library.editions.read(), NEWSLETTER)
    assert f"{notice.capitalize()}." in digest.html
    assert notice.upper() in digest.text
    page = TestClient(create_app(library))
    for address in ("/", f"/papers/{paper.paper_id}", f"/search?q={paper.title}"):
        assert f"<strong>{notice.capitalize()}</strong>" in page.get(address).text
    assert "version 4" in page.get(f"/papers/{paper.paper_id}").text


def test_a_retracted_paper_is_in_no_new_edition(library: Library) -> None:
    first = library.editions.read().items[0]
    library.add(
        "crossref",
        [make_paper(title=first.title, arxiv=first.paper_id, notice=Notice.RETRACTED)],
    )
    again = library.editions.publish()
    assert first.paper_id not in {item.paper_id for item in again.items}


def test_a_papers_page_shows_its_attention(library: Library) -> None:
    paper_id = library.editions.read().items[0].paper_id
    with library._database.write() as connection:
        add_signals(
            connection,
            [
                Signal(paper_id, Kind.STARS, 1200, NOW - timedelta(days=1), "github"),
                Signal(paper_id, Kind.STARS, 1240, NOW, "github"),
                Signal(paper_id, Kind.COMMENTS, 1, NOW, "hn"),
            ],
        )
    page = TestClient(create_app(library)).get(f"/papers/{paper_id}").text
    text = page.partition('<section class="attention"')[2].partition("</ul>")[0]
    assert "<strong>1,240</strong> stars" in text
    assert "<strong>1</strong> comment " in text
    assert "1,200" not in text
