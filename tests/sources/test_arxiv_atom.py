from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.sources.arxiv_atom import fetch, parse_entries
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "export.arxiv.org", "/api/query"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api" / "arxiv_atom"

KITES = """
<entry>
  <id>http://arxiv.org/abs/2603.00001v3</id>
  <title>How Kites
  Learn</title>
  <updated>2026-03-09T11:00:00Z</updated><published>2026-02-03T23:59:59Z</published>
  <link href="https://arxiv.org/abs/2603.00001v3" rel="alternate" type="text/html"/>
  <summary>  We let $k &lt; 4$ kites choose their tails.</summary>
  <category term="stat.ML" scheme="http://arxiv.org/schemas/atom"/>
  <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
  <arxiv:comment>9 pages</arxiv:comment>
  <arxiv:primary_category term="cs.LG"/>
  <arxiv:journal_ref>J. Kites 4 (2026) 1-9</arxiv:journal_ref>
  <author><name>Ada Windrow</name><arxiv:affiliation>Hill</arxiv:affiliation></author>
  <author><name>Jos\u00e9 Farol</name></author>
  <arxiv:doi>10.1234/Kites.1 10.1234/kites.2</arxiv:doi>
</entry>"""
ERROR = """
<entry>
  <id>https://arxiv.org/api/errors#incorrect_id_format_for_kite</id><title>Error</title>
  <summary>incorrect id format for kite</summary><author><name>arXiv api core</name></author>
</entry>"""


def entry(told_id: str, title: str = "Kites", more: str = "") -> str:
    return f"<entry><id>http://arxiv.org/abs/{told_id}</id><title>{title}</title>{more}</entry>"


def feed(*entries: str) -> bytes:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>"
        '<feed xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
        f"<id>x</id><title>arXiv Query</title>{''.join(entries)}</feed>"
    ).encode()


def run(client: Client, what: str | None) -> list[Batch]:
    return list(fetch(client, FetchRequest(NOW, argument=what)))


def parsed(body: bytes) -> Sequence[Paper | Malformed]:
    return parse_entries(body, "x")


def test_every_field_is_parsed_with_the_primary_category_first(
    services: Services, client: Client
) -> None:
    services.answer(HOST, PATH, feed(KITES))
    assert run(client, "2603.00001") == [
        Batch(
            [
                Paper(
                    id="arxiv:2603.00001",
                    title="How Kites Learn",
                    abstract="We let $k < 4$ kites choose their tails.",
                    authors=("Ada Windrow", "Jos\u00e9 Farol"),
                    categories=("cs.LG", "stat.ML"),
                    published="2026-02-03",
                    arxiv_id="2603.00001",
                    doi="10.1234/kites.1",
                    venue="J. Kites 4 (2026) 1-9",
                    comment="9 pages",
                    version=3,
                )
            ]
        )
    ]


def test_ids_are_requested_once_and_without_version(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, feed(entry("2603.00001v1"), entry("math/0601001v2")))
    (batch,) = run(client, "arXiv:2603.00001v2, https://arxiv.org/abs/math.AG/0601001,2603.00001,")
    assert [question.query for question in services.questions] == [
        {"id_list": "2603.00001,math/0601001", "max_results": "2"}
    ]
    assert [one.id for one in batch.records if isinstance(one, Paper)] == [
        "arxiv:2603.00001",
        "arxiv:math/0601001",
    ]


def test_ids_are_requested_in_groups_of_100(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        return Answer(feed(*(entry(f"{one}v1") for one in question.query["id_list"].split(","))))

    services.respond(HOST, PATH, respond)
    batches = fetch(
        client, FetchRequest(NOW, argument=",".join(f"2603.{n:05}" for n in range(250)))
    )
    (first,) = islice(batches, 1)
    assert len(services.questions) == 1
    assert [len(batch.records) for batch in (first, *batches)] == [100, 100, 50]


def test_an_id_not_on_arxiv_is_malformed(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, feed(entry("2603.00001v1")))
    (batch,) = run(client, "2603.00002,2603.00001")
    assert batch.records[1:] == [Malformed("2603.00002", "not found on arXiv")]
    services.answer(HOST, PATH, feed())
    (batch,) = run(client, "2603.00002")
    assert batch.records == [Malformed("2603.00002", "not found on arXiv")]


def test_an_invalid_id_is_malformed_and_not_requested(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, feed(entry("2603.00001v1")))
    first, second = run(client, "kites, 2603.00001")
    assert first.records == [Malformed("kites", "not an arXiv id")]
    assert len(second.records) == 1
    assert services.questions[0].query["id_list"] == "2603.00001"
    assert len(run(client, "kites")) == 1
    assert len(services.questions) == 1


@pytest.mark.parametrize("what", [None, "", " , "])
def test_a_missing_id_raises(client: Client, what: str | None) -> None:
    with pytest.raises(SourceError, match="missing arXiv id"):
        run(client, what)


@pytest.mark.parametrize("status", [200, 400])
def test_the_message_quotes_the_error_of_arxiv(
    services: Services, client: Client, status: int
) -> None:
    services.answer(HOST, PATH, feed(ERROR), status)
    with pytest.raises(SourceError, match="incorrect id format for kite"):
        run(client, "2603.00001")
    elsewhere = ERROR.replace("https://arxiv.org/api/errors", "http://kites.example/x")
    services.answer(HOST, PATH, feed(elsewhere), status)
    with pytest.raises(SourceError, match="incorrect id format for kite"):
        run(client, "2603.00001")


def test_a_paper_with_the_title_error_is_parsed(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, feed(entry("2603.00001v1", "Error")))
    (batch,) = run(client, "2603.00001")
    assert isinstance(batch.records[0], Paper)


def test_a_bad_entry_is_reported_and_skipped() -> None:
    first, second = parsed(feed(entry("2603.00001v1", ""), entry("2603.00002v1")))
    assert first == Malformed("x entry 1", "missing title")
    assert isinstance(second, Paper)


def test_a_withdrawn_paper_has_the_notice() -> None:
    comment = "<comment>This paper has been withdrawn by the author</comment>"
    (found,) = parsed(feed(entry("2603.00001v2", more=comment)))
    assert isinstance(found, Paper)
    assert found.notice is Notice.WITHDRAWN


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "invalid XML"),
        (b"Rate exceeded.", "invalid XML"),
        (b"<!DOCTYPE html><html><body/></html>", "document type"),
        (b"<html><body/></html>", "'html' instead of 'feed'"),
        (
            feed(ERROR.replace("for kite", "&#x9b;\x7f")),
            r"returned an error \(incorrect id format\)",
        ),
        (feed(KITES)[:-9], "invalid XML"),
        (feed("<entry/>" * 10_001), "more than 10,000 entries"),
        (
            b'<!DOCTYPE a [<!ENTITY k SYSTEM "file:///etc/hosts">]><feed><entry>&k;</entry></feed>',
            "document type",
        ),
    ],
)
def test_a_reply_that_is_not_a_feed_raises(
    services: Services, client: Client, body: bytes, why: str
) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match=why):
        run(client, "2603.00001")


@pytest.mark.parametrize(
    ("status", "error"), [(403, SourceError), (404, SourceError), (503, UnavailableError)]
)
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client, "2603.00001")


@pytest.mark.parametrize("name", sorted(file.name for file in RECORDED.glob("*")))
def test_recorded_replies_are_parsed(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    body = (shared / "data" / "api" / "arxiv_atom" / name).read_bytes()
    status = int(name.rpartition("http")[2][:3])
    services.answer(HOST, PATH, body, status)
    if status != 200:
        with pytest.raises(SourceError, match="returned an error"):
            run(client, "2603.00001")
        return
    (batch,) = run(client, "2603.00001")
    papers = [one for one in batch.records if isinstance(one, Paper)]
    assert len(papers) == body.count(b"<entry>")
    assert batch.records[len(papers) :] == [Malformed("2603.00001", "not found on arXiv")]
    assert all(paper.arxiv_id and paper.version and paper.authors for paper in papers)
    assert all(paper.abstract and paper.published and paper.categories for paper in papers)


_NAMES = ["id", "title", "summary", "published", "author", "name", "category", "doi", "comment"]
_NODES = st.recursive(
    st.text(alphabet="ab v1:/.-2026 \n", max_size=12),
    lambda inner: st.builds(
        lambda name, inside: f"<{name}>{''.join(inside)}</{name}>",
        st.sampled_from([*_NAMES, "entry", "feed"]),
        st.lists(inner, max_size=4),
    ),
)


@given(_NODES)
def test_any_elements_are_parsed(node: str) -> None:
    parsed(feed(f"<entry>{node}</entry>", node))
