import re
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Malformed, Paper
from broadsheet.sources.feed import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "kites.example", "/feed"
ADDRESS = f"https://{HOST}{PATH}"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
REQUEST = FetchRequest(NOW, argument=ADDRESS)
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api"
FEEDS = ("hf/huangboming_feed_weekly.xml", "arxiv_rss/*.xml")


def rss(*items: str, head: str = "") -> str:
    names = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
        'xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {names}><channel>'
        f"<title>Kites</title>{head}{''.join(items)}</channel></rss>"
    )


def item(number: int, *parts: str, title: str = "On Kites") -> str:
    link = f"<link>https://arxiv.org/abs/2603.{number:05}</link>"
    return f"<item><title>{title}</title>{link}{''.join(parts)}</item>"


def run(client: Client, request: FetchRequest = REQUEST) -> list[Batch]:
    return list(fetch(client, request))


def papers(services: Services, client: Client, body: str | bytes) -> list[Paper]:
    services.answer(HOST, PATH, body)
    (batch,) = run(client)
    assert all(isinstance(one, Paper) for one in batch.records)
    return [one for one in batch.records if isinstance(one, Paper)]


def test_every_field_of_rss_is_parsed(services: Services, client: Client) -> None:
    body = rss(
        """<item><title>On Kites &amp;amp; Wind</title><link> https://kites.example/1 </link>
        <description>&lt;p&gt;Tails &amp;lt; 5 m.&lt;/p&gt;&lt;p&gt;Why?&lt;/p&gt;</description>
        <content:encoded>The whole of it.</content:encoded>
        <media:title>A photograph</media:title>
        <guid isPermaLink="false">kites-1</guid><dc:creator>Ada Windrow, Bo Farol</dc:creator>
        <dc:creator>Lampe, Hana</dc:creator><author>post@kites.example (Cy Orrin)</author>
        <author>post@kites.example</author><category>kites</category><dc:subject>wind</dc:subject>
        <prism:doi>10.1000/KITES.1</prism:doi>
        <prism:publicationName>Journal of Kites</prism:publicationName>
        <pubDate>Tue, 10 Mar 2026 20:00:00 -0500</pubDate></item>"""
    )
    assert papers(services, client, body) == [
        Paper(
            id="doi:10.1000/kites.1",
            title="On Kites & Wind",
            abstract="Tails < 5 m. Why?",
            authors=("Cy Orrin", "Ada Windrow", "Bo Farol", "Lampe, Hana"),
            categories=("kites", "wind"),
            published="2026-03-11",
            doi="10.1000/kites.1",
            url="https://kites.example/1",
            venue="Journal of Kites",
        )
    ]


def test_every_field_of_atom_is_parsed(services: Services, client: Client) -> None:
    body = """<feed xmlns="http://www.w3.org/2005/Atom"><updated>2026-03-11T00:00:00Z</updated>
      <entry><title type="text">When p &lt; q, &lt;b&gt; is no tag</title><id>tag:kites,1</id>
      <link rel="related" href="https://other.example/"/>
      <link rel="alternate" href="https://aclanthology.org/2026.kites-long.1/"/>
      <summary type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One <b>H</b>2O.</p>
      <p>Two.</p></div></summary><content type="html">no matter</content>
      <author><name>Ada Windrow</name><email>ada@kites.example</email></author>
      <author><name>Farol, Bo; Lampe, Hana</name></author><category term="cs.CL" label="no"/>
      <published>2026-03-02T10:00:00Z</published><updated>2026-03-09T10:00:00Z</updated></entry>
      </feed>"""
    (paper,) = papers(services, client, body)
    assert paper.title == "When p < q, <b> is no tag"
    assert paper.abstract == "One H2O. Two."
    assert paper.authors == ("Ada Windrow", "Farol, Bo", "Lampe, Hana")
    assert paper.categories == ("cs.CL",)
    assert paper.published == "2026-03-02"
    assert paper.url == "https://aclanthology.org/2026.kites-long.1/"
    assert paper.ids == ("acl:2026.kites-long.1",)


def test_rss_1_is_parsed(services: Services, client: Client) -> None:
    body = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel><dc:date>2026-03-10</dc:date></channel>
      <item rdf:about="https://doi.org/10.1000/kites.1"><title>On Kites</title>
      <dc:identifier>doi:10.1000/kites.1</dc:identifier><dc:date>2026-03-09</dc:date></item>
      </rdf:RDF>"""
    (paper,) = papers(services, client, body)
    assert (paper.doi, paper.published) == ("10.1000/kites.1", "2026-03-09")
    assert paper.link == "https://doi.org/10.1000/kites.1"


def test_json_feed_is_parsed(services: Services, client: Client) -> None:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "items": [
            {
                "id": "1",
                "url": "https://kites.example/1",
                "external_url": "https://arxiv.org/abs/2603.00001v2",
                "title": "On <Kites>",
                "content_html": "<p>They <em>fly</em>.</p>",
                "date_published": "2026-03-02T10:00:00+01:00",
                "authors": [{"name": "Ada Windrow"}, {"url": "https://kites.example"}, 7],
                "tags": ["kites", 7],
            },
            {"id": 2, "title": "Plain", "content_text": "a < b", "author": {"name": "Bo"}},
            7,
            {"content_text": "A note without a title"},
        ],
    }
    services.answer(HOST, PATH, orjson.dumps(document))
    (batch,) = run(client)
    no_object, kites, plain, no_title = batch.records
    assert kites == Paper(
        id="arxiv:2603.00001",
        title="On <Kites>",
        abstract="They fly.",
        authors=("Ada Windrow",),
        categories=("kites",),
        published="2026-03-02",
        arxiv_id="2603.00001",
        url="https://arxiv.org/abs/2603.00001v2",
    )
    assert isinstance(plain, Paper)
    assert (plain.abstract, plain.authors) == ("a < b", ("Bo",))
    assert no_object == Malformed(f"{ADDRESS} entry 3", "not a JSON object")
    assert no_title == Malformed(f"{ADDRESS} entry 4", "missing title")
    assert batch.days == {date(2026, 3, 2): 1}


@pytest.mark.parametrize(
    ("when", "published"),
    [
        ("2026-03-02", "2026-03-02"),
        ("2026-04-02", "2026-03"),
        ("2024-01-01", "2026-03"),
        ("2099-01-01", "2026-03"),
        ("soon", "2026-03"),
    ],
)
def test_an_arxiv_paper_has_the_month_of_its_id(
    services: Services, client: Client, when: str, published: str
) -> None:
    body = rss(item(1, f"<pubDate>{when}</pubDate>"))
    assert papers(services, client, body)[0].published == published


def test_entries_count_on_their_day_else_on_the_day_of_the_feed(
    services: Services, client: Client
) -> None:
    body = rss(
        item(1, "<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate>"),
        item(2, "<pubDate>Mon, 02 Mar 2026 11:00:00 GMT</pubDate>"),
        item(3),
        item(4, "<pubDate>Mon, 01 Mar 2027 11:00:00 GMT</pubDate>"),
        head="<lastBuildDate>Tue, 10 Mar 2026 10:00:00 GMT</lastBuildDate>",
    )
    services.answer(HOST, PATH, body)
    (batch,) = run(client)
    assert len(batch.records) == 4
    assert batch.days == {date(2026, 3, 2): 2, date(2026, 3, 10): 1}


def test_entries_without_a_date_are_not_counted(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, rss(item(1)))
    (batch,) = run(client)
    assert (len(batch.records), batch.days) == (1, {})


def test_since_and_until_limit_the_range_and_leave_the_cursor(
    services: Services, client: Client
) -> None:
    days = range(1, 10)
    items = (item(n, f"<pubDate>2026-03-{n:02}</pubDate>") for n in days)
    services.answer(HOST, PATH, rss(*items), headers={"ETag": '"1"'})
    request = FetchRequest(NOW, argument=ADDRESS, since=date(2026, 3, 4), until=date(2026, 3, 5))
    (batch,) = run(client, request)
    assert batch.days == {date(2026, 3, 4): 1, date(2026, 3, 5): 1}
    assert len(batch.records) == 2
    assert batch.cursor is None


def test_an_unchanged_feed_returns_no_batch(services: Services, client: Client) -> None:
    validators = {"ETag": '"1"', "Last-Modified": "Tue, 10 Mar 2026 10:00:00 GMT"}

    def respond(question: Question) -> Answer:
        known = question.headers.get("if-none-match") == '"1"'
        return Answer(status=304) if known else Answer(rss(item(1)).encode(), 200, validators)

    services.respond(HOST, PATH, respond)
    services.respond(HOST, "/other", respond)
    (batch,) = run(client)
    cursor = {"what": ADDRESS, "etag": '"1"', "modified": validators["Last-Modified"]}
    assert batch.cursor == cursor
    assert run(client, FetchRequest(NOW, cursor=cursor, argument=ADDRESS)) == []
    assert services.questions[-1].headers["if-modified-since"] == validators["Last-Modified"]
    # Validators of another feed do not apply.
    assert len(run(client, FetchRequest(NOW, cursor=cursor, argument=f"https://{HOST}/other"))) == 1


def test_an_empty_feed_is_accepted(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, rss())
    (batch,) = run(client)
    assert (batch.records, batch.days) == ([], {})


def test_a_missing_title_is_reported_and_the_others_are_parsed(
    services: Services, client: Client
) -> None:
    services.answer(HOST, PATH, rss("<item><link>https://kites.example</link></item>", item(2)))
    (batch,) = run(client)
    bad, good = batch.records
    assert bad == Malformed(f"{ADDRESS} entry 1", "missing title")
    assert isinstance(good, Paper)


def test_the_last_entry_of_a_truncated_feed_is_reported(services: Services, client: Client) -> None:
    whole = rss(item(1), item(2, title="Lanterns"))
    services.answer(HOST, PATH, whole[: whole.index("terns")], headers={"ETag": '"1"'})
    (batch,) = run(client)
    bad, good = batch.records
    assert bad == Malformed(f"{ADDRESS} entry 2", "truncated entry")
    assert isinstance(good, Paper)
    assert batch.cursor is None


def test_entities_are_not_expanded(services: Services, client: Client, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE rss [<!ENTITY f SYSTEM "{secret.as_uri()}"><!ENTITY e0 "a">{entities}]>'
    body = rss(item(1, "<description>&f; &e9;</description>")).replace("<rss", f"{doctype}<rss")
    (paper,) = papers(services, client, body)
    assert "secret" not in str(paper)
    assert len(str(paper)) < 1000


def test_a_reply_that_is_not_a_feed_raises(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, "<!doctype html><html><body><p>Not found</body></html>")
    with pytest.raises(SourceError, match=f"{ADDRESS} is not a feed: check that the address"):
        run(client)


def test_a_missing_address_raises_without_a_request(services: Services, client: Client) -> None:
    with pytest.raises(SourceError, match="missing address"):
        run(client, FetchRequest(NOW))
    assert services.questions == []


@pytest.mark.parametrize(
    ("status", "error"), [(404, SourceError), (401, SourceError), (503, UnavailableError)]
)
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)


def test_a_feed_over_the_size_limit_raises(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, b" " * (9 << 20))
    with pytest.raises(SourceError, match="returned more than 8 MiB"):
        run(client)


@pytest.mark.parametrize(
    "name", sorted(str(f.relative_to(RECORDED)) for one in FEEDS for f in RECORDED.glob(one))
)
def test_recorded_feeds_are_parsed(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    body = (shared / "data" / "api" / name).read_bytes()
    services.answer(HOST, PATH, body)
    (batch,) = run(client, FetchRequest(datetime(2026, 12, 1, tzinfo=UTC), argument=ADDRESS))
    entries = body.count(b"<item>")
    papers = [one for one in batch.records if isinstance(one, Paper)]
    assert len(batch.records) == entries
    assert len(papers) == len(re.findall(rb"<title>\s*[^<\s]", body)) - 1
    assert all(paper.arxiv_id and paper.abstract and paper.published for paper in papers)
    assert sum(batch.days.values()) == entries
