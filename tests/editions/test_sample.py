"""An edition of the starter library is a sample, until the first papers are fetched."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes, policy

import pytest
from starlette.testclient import TestClient

from broadsheet.cli.app import OUT
from broadsheet.cli.output import show_edition, show_trends
from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.model import SAMPLE_LABEL, STARTER, Edition, Period, Section, Span
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.token import Purpose, sign
from broadsheet.web.app import create_app

TODAY = date(2026, 3, 11)
NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)
OLD = tuple(
    make_paper(title=f"Measuring {subject}", published="2024-07-01", arxiv=f"2407.{number:05}")
    for number, subject in enumerate(("kites", "lanterns", "rivers"), start=1)
)
FETCHED = make_paper(title="Bridges at dawn", published="2026-03-11", arxiv="2603.00001")


@pytest.fixture
def fresh(settings: Settings) -> Iterator[Library]:
    """A library with the papers of the starter library, and no edition."""
    with Library(settings, clock=lambda: NOW) as library:
        library.add(STARTER, OLD)
        yield library


@pytest.fixture
def sample(fresh: Library) -> Library:
    fresh.editions.publish()
    return fresh


@pytest.fixture
def client(sample: Library) -> Iterator[TestClient]:
    with TestClient(create_app(sample)) as client:
        yield client


def titles(edition: Edition | None) -> list[str]:
    return [] if edition is None else [item.title for item in edition.items]


def test_an_edition_of_the_starter_library_is_a_sample(fresh: Library) -> None:
    assert fresh.editions.publish().is_sample
    assert fresh.editions.read().is_sample
    assert {item.section for item in fresh.editions.read().items} == {Section.LIBRARY}


def test_a_paper_that_another_source_describes_too_is_not_of_the_starter_library(
    fresh: Library,
) -> None:
    fresh.add("arxiv", [make_paper(title=OLD[0].title, arxiv=OLD[0].arxiv_id)])
    assert not fresh.editions.publish().is_sample


def test_the_first_fetched_papers_replace_a_sample_and_keep_it_as_a_revision(
    sample: Library,
) -> None:
    assert sample.editions.replace_sample() is None
    sample.add("arxiv", [FETCHED])
    replaced = sample.editions.replace_sample()
    assert replaced is not None and replaced.revision == 2 and not replaced.is_sample
    assert titles(replaced) == [FETCHED.title]
    assert sample.editions.read(TODAY, 1).is_sample
    assert sample.editions.replace_sample() is None


def test_old_papers_of_a_first_edition_are_not_introduced_as_new(settings: Settings) -> None:
    undated = make_paper(title="A history of kites", published="2019", doi="10.1234/history")
    with Library(settings, clock=lambda: NOW) as library:
        library.add("arxiv-dump", [*OLD, FETCHED, undated])
        items = library.editions.publish().items
    assert {item.title: item.section for item in items} == {
        FETCHED.title: Section.NEW,
        undated.title: Section.LIBRARY,
        **{paper.title: Section.LIBRARY for paper in OLD},
    }
    assert items[0].title == FETCHED.title


@pytest.mark.parametrize("address", ["/", "/editions/2026-03-11", "/editions/day.atom"])
def test_pages_and_feeds_label_a_sample(client: TestClient, address: str) -> None:
    text = client.get(address).text
    assert SAMPLE_LABEL in text
    assert ">New<" not in text and "New <" not in text


def test_the_api_labels_a_sample(client: TestClient) -> None:
    assert client.get("/api/v1/editions/2026-03-11").json()["sample"] is True
    assert client.get("/api/daily_papers").headers["Broadsheet-Note"] == SAMPLE_LABEL
    assert client.get("/editions/day.json").json()["description"] == f"{SAMPLE_LABEL}."


def test_mail_and_terminal_label_a_sample(
    sample: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    sample.subscriptions.subscribe("ada@example.org")
    sample.outbox.send_due()
    (reader,) = sample.subscriptions.all()
    sample.subscriptions.confirm(
        sign(sample.secret, Purpose.CONFIRM, reader.id, reader.email, sample.now)
    )
    sample.outbox.send()
    mails = [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sample.settings.outbox.rglob("*.eml")
    ]
    (digest,) = [mail for mail in mails if "sample edition of 11 March 2026" in mail["Subject"]]
    body = digest.get_body(("plain",))
    assert body is not None and SAMPLE_LABEL in body.get_content()
    show_edition(OUT, sample.editions.read())
    assert SAMPLE_LABEL in capsys.readouterr().out


def test_an_empty_trending_list_falls_back_to_the_edition_and_says_so(
    client: TestClient, sample: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = (
        "No paper has recent attention yet: these are the papers of the sample edition of "
        "11 March 2026."
    )
    page = client.get("/trending").text
    assert sentence in page and OLD[0].title in page
    assert "Ranked by recently gained attention" not in page
    document = client.get("/api/v1/trending").json()
    assert document["note"] == sentence and len(document["trends"]) == 3
    listed = client.get("/api/daily_papers", params={"sort": "trending"})
    assert len(listed.json()) == 3 and listed.headers["Broadsheet-Note"] == sentence
    assert f"<subtitle>{sentence}</subtitle>" in client.get("/trending.atom").text
    assert client.get("/trending.json").json()["description"] == sentence
    show_trends(OUT, sample.trending_or_edition(), None)
    assert "of the sample edition of 2026-03-11" in capsys.readouterr().out


def test_a_trending_paper_ends_the_fallback(sample: Library) -> None:
    assert sample.trending_or_edition().edition is not None
    sample.add("arxiv", [make_paper(title="A large language model", published="2026-03-11")])
    sample.trending.update()
    found = sample.trending_or_edition()
    assert found.edition is None and len(found.trends) == 1
    assert sample.trending_or_edition(category="math.CO").trends == ()


def test_a_week_without_an_edition_lists_its_days(client: TestClient) -> None:
    week = Period.containing(TODAY, Span.WEEK)
    page = client.get(f"/editions/{week}")
    assert page.status_code == 404
    assert 'href="/editions/2026-03-11"' in page.text
