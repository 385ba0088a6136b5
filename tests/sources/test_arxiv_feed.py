from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.sources.arxiv_feed import fetch, parse_feed
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "rss.arxiv.org", "/rss/cs.LG"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 11)
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api" / "arxiv_rss"
ADDRESS = f"https://{HOST}{PATH}"


def item(
    number: int = 1,
    kind: str = "new",
    version: int = 1,
    title: str = "How Kites Learn",
    description: str | None = None,
    more: str = "",
) -> str:
    told_id = f"2603.{number:05}"
    opening = f"arXiv:{told_id}v{version} Announce Type: {kind} \nAbstract: They rise."
    return (
        f"<item><title>{title}</title><link>https://arxiv.org/abs/{told_id}</link>"
        f"<description>{opening if description is None else description}</description>"
        f'<guid isPermaLink="false">oai:arXiv.org:{told_id}v{version}</guid>{more}</item>'
    )


def feed(
    *items: str,
    day: str = "<pubDate>Wed, 11 Mar 2026 00:00:00 -0400</pubDate>",
    head: str = '<?xml version="1.0" encoding="UTF-8"?>',
) -> bytes:
    return (
        f'{head}<rss xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>'
        f"<title>cs.LG updates on arXiv.org</title>{day}"
        "<skipDays><day>Sunday</day><day>Saturday</day></skipDays>"
        f"{''.join(items)}</channel></rss>"
    ).encode()


def run(
    client: Client, request: FetchRequest | None = None, categories: Sequence[str] = ("cs.LG",)
) -> list[Batch]:
    return list(fetch(client, replace(request or FetchRequest(NOW), categories=categories)))


def paper_of(item_xml: str) -> Paper:
    (found,) = parse_feed(feed(item_xml), "x").records
    assert isinstance(found, Paper)
    return found


def test_every_field_of_an_item_is_parsed() -> None:
    more = (
        "<category>cs.LG</category><category>stat.ML</category>"
        "<arxiv:announce_type>new</arxiv:announce_type><arxiv:DOI>10.1234/Kites.1</arxiv:DOI>"
        "<arxiv:journal_reference>J. Kites 4</arxiv:journal_reference>"
        "<dc:creator>Ada Windrow, Jos\u00e9 Farol, Hana Lampe</dc:creator>"
    )
    assert paper_of(item(more=more)) == Paper(
        id="arxiv:2603.00001",
        title="How Kites Learn",
        abstract="They rise.",
        authors=("Ada Windrow", "Jos\u00e9 Farol", "Hana Lampe"),
        categories=("cs.LG", "stat.ML"),
        published="2026-03-11",
        arxiv_id="2603.00001",
        doi="10.1234/kites.1",
        venue="J. Kites 4",
        version=1,
    )


def test_an_older_paper_has_the_month_of_its_id() -> None:
    assert paper_of(item(kind="cross", version=2)).published == "2026-03"
    assert paper_of(item(kind="replace", version=3)).version == 3
    old = item().replace("2603.00001", "math/0601001").replace(": new", ": replace")
    assert paper_of(old).arxiv_id == "math/0601001"
    assert paper_of(old).published is None


@pytest.mark.parametrize(
    ("description", "abstract"),
    [
        ("arXiv:2603.00001v1 Announce Type: new Abstract: They rise.", "They rise."),
        ("arXiv:2603.00001v1 Announce Type: replace-cross \nAbstract: They rise.", "They rise."),
        ("arXiv:2603.00001v1 Announce Type: new They rise.", "They rise."),
        ("They rise.", "They rise."),
        ("&lt;p&gt;They &lt;i&gt;rise&lt;/i&gt;.&lt;/p&gt;", "They rise."),
        ("arXiv:2603.00001v1 Announce Type: new Abstract: $a &lt; b$ and c", "$a < b$ and c"),
        ("", None),
    ],
)
def test_the_abstract_follows_the_announcement_text(description: str, abstract: str | None) -> None:
    assert paper_of(item(description=description)).abstract == abstract


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("How $k &lt; 4$ Kites Learn", "How $k < 4$ Kites Learn"),
        ("How Kites\n  Learn", "How Kites Learn"),
        ("How Kites Learn. (arXiv:2603.00001v1 [cs.LG])", "How Kites Learn"),
        ("Do Kites Learn? (arXiv:2603.00001v2 [cs.LG] UPDATED)", "Do Kites Learn?"),
    ],
)
def test_titles_are_plain_text(title: str, plain: str) -> None:
    assert paper_of(item(title=title)).title == plain


def test_the_id_is_found_if_the_description_is_malformed() -> None:
    broken = item(description="They rise.", version=2)
    assert paper_of(broken).arxiv_id == "2603.00001"
    assert paper_of(broken).version == 2
    without_guid = broken[: broken.index("<guid")] + "</item>"
    assert paper_of(without_guid).arxiv_id == "2603.00001"
    without_link = broken.replace("https://arxiv.org/abs/2603.00001", "")
    assert paper_of(without_link).arxiv_id == "2603.00001"


def test_new_versions_are_returned_but_not_counted(services: Services, client: Client) -> None:
    services.answer(
        HOST,
        PATH,
        feed(
            item(1, "new"),
            item(2, "cross"),
            item(3, "replace", 2),
            item(4, "replace-cross", 3),
            item(5, description="They rise.", version=1),
            item(6, description="They rise.", version=2),
        ),
    )
    (batch,) = run(client)
    assert len(batch.records) == 6
    assert batch.days == {TODAY: 3}


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ("<pubDate>Thu, 24 Sep 2026 00:00:00 -0400</pubDate>", date(2026, 9, 24)),
        ("<pubDate>Thu, 24 Dec 2026 00:00:00 -0500</pubDate>", date(2026, 12, 24)),
        (
            "<lastBuildDate>Fri, 25 Sep 2026 03:00:00 +0000</lastBuildDate>"
            "<pubDate>Thu, 24 Sep 2026 00:00:00 -0400</pubDate>",
            date(2026, 9, 24),
        ),
        ("<lastBuildDate>Thu, 24 Sep 2026 04:00:14 +0000</lastBuildDate>", date(2026, 9, 24)),
        ("<lastBuildDate>Thu, 24 Sep 2026 03:59:14 +0000</lastBuildDate>", date(2026, 9, 23)),
        ("<pubDate>soon</pubDate>", None),
        ("<pubDate>0001-01-01T00:00:00Z</pubDate>", None),
        ("", None),
    ],
)
def test_the_day_is_in_the_time_zone_of_arxiv(dates: str, day: date | None) -> None:
    assert parse_feed(feed(item(), day=dates), "x").day == day


def test_an_old_feed_counts_on_its_own_day(services: Services, client: Client) -> None:
    yesterday = "<pubDate>Tue, 10 Mar 2026 00:00:00 -0400</pubDate>"
    services.answer(HOST, PATH, feed(item(), day=yesterday))
    (batch,) = run(client)
    assert batch.days == {date(2026, 3, 10): 1}


def test_a_feed_with_a_future_day_is_returned_without_a_cursor(
    services: Services, client: Client
) -> None:
    tomorrow = "<pubDate>Thu, 12 Mar 2026 00:00:00 -0400</pubDate>"
    services.answer(HOST, PATH, feed(item(), day=tomorrow), headers={"ETag": '"a"'})
    (batch,) = run(client)
    assert len(batch.records) == 1
    assert batch.days == {}
    assert batch.cursor is None


def test_an_empty_weekend_feed_is_accepted(services: Services, client: Client) -> None:
    saturday = "<pubDate>Sat, 07 Mar 2026 00:00:00 -0500</pubDate>"
    services.answer(HOST, PATH, feed(day=saturday))
    assert run(client) == [Batch(records=[], days={}, cursor={"address": ADDRESS})]


def test_an_unchanged_feed_is_requested_with_validators(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        if question.headers.get("if-none-match") == '"a"':
            return Answer(b"", 304)
        sent = {"ETag": '"a"', "Last-Modified": "Wed, 11 Mar 2026 04:00:00 GMT"}
        return Answer(feed(item()), 200, sent)

    services.respond(HOST, "/rss/*", respond)
    (batch,) = run(client)
    cursor = batch.cursor or {}
    assert cursor == {
        "address": ADDRESS,
        "etag": '"a"',
        "modified": "Wed, 11 Mar 2026 04:00:00 GMT",
    }
    assert run(client, FetchRequest(NOW, cursor)) == []
    assert services.questions[-1].headers["if-modified-since"] == "Wed, 11 Mar 2026 04:00:00 GMT"
    assert len(run(client, FetchRequest(NOW, cursor, since=TODAY))) == 1
    assert len(run(client, FetchRequest(NOW, cursor), ["cs.CL"])) == 1


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        (TODAY, TODAY, 1),
        (date(2026, 3, 1), None, 1),
        (date(2026, 3, 12), None, 0),
        (None, date(2026, 3, 10), 0),
        (None, date(2026, 3, 12), 1),
    ],
)
def test_feeds_outside_the_requested_days_are_skipped(
    services: Services, client: Client, since: date | None, until: date | None, count: int
) -> None:
    services.answer(HOST, PATH, feed(item()))
    assert len(run(client, FetchRequest(NOW, since=since, until=until))) == count


def test_categories_share_one_request_and_the_default_is_all(
    services: Services, client: Client
) -> None:
    services.answer(HOST, "/rss/*", feed(item()))
    run(client, categories=["cs.LG", "stat.ML", "cs.LG", " "])
    run(client, categories=["../kites?a=b"])
    run(client, categories=[])
    paths = [question.path for question in services.questions]
    assert paths[:2] == ["/rss/cs.LG+stat.ML", "/rss/..%2Fkites%3Fa%3Db"]
    assert paths[2].startswith("/rss/astro-ph+cond-mat+cs+")


def test_a_bad_item_is_reported_and_skipped(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, feed(item(1, title=""), "<item/>", item(3)))
    (batch,) = run(client)
    assert batch.records[:2] == [
        Malformed(f"{ADDRESS} item 1", "missing title"),
        Malformed(f"{ADDRESS} item 2", "missing title"),
    ]
    assert isinstance(batch.records[2], Paper)
    assert batch.days == {TODAY: 1}


def test_a_withdrawn_paper_has_the_notice() -> None:
    description = (
        "arXiv:2603.00001v2 Announce Type: replace Abstract: This paper has been withdrawn."
    )
    assert paper_of(item(description=description)).notice is Notice.WITHDRAWN


def test_a_truncated_feed_is_returned_without_a_cursor(services: Services, client: Client) -> None:
    body = feed(item(1), item(2))[:-60]
    services.answer(HOST, PATH, body, headers={"ETag": '"a"'})
    (batch,) = run(client)
    assert next(one.id for one in batch.records if isinstance(one, Paper)) == "arxiv:2603.00001"
    assert batch.cursor is None


def test_a_truncated_item_is_dropped() -> None:
    body = feed(item(1), item(2))
    found = parse_feed(body[: body.rindex(b"Kites Learn")], "x")
    assert [one.id for one in found.records if isinstance(one, Paper)] == ["arxiv:2603.00001"]
    assert len(found.records) == 1
    assert not found.is_complete


@pytest.mark.parametrize("flaw", ["&", "&nbsp;", "<br>", "</i>", "<x:y/>"])
def test_items_before_a_syntax_error_are_parsed(flaw: str) -> None:
    found = parse_feed(feed(item(1), item(2), item(3, title=f"Of {flaw} Kites")), "x")
    first, second, *_ = found.records
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.arxiv_id, second.arxiv_id) == ("2603.00001", "2603.00002")
    assert found.day == TODAY
    assert not found.is_complete


@pytest.mark.parametrize(
    "body",
    [
        feed(item(more=f"<dc:creator>{'a' * 80_000}</dc:creator>")),
        b"\n" * 80_000 + feed(item()),
        b"\n" * 80_000 + feed(item(), head=""),
        feed(item(title=f"Of{' ' * 80_000}Kites")),
    ],
    ids=["a long word for an author", "leading lines", "lines and no declaration", "spaces"],
)
def test_hostile_repetitions_are_parsed_in_linear_time(body: bytes) -> None:
    (kites,) = parse_feed(body, "x").records
    assert isinstance(kites, Paper)
    assert kites.arxiv_id == "2603.00001"


def test_control_characters_and_other_charsets_are_repaired() -> None:
    references = (b"&#0;", b"&#xD800;", b"&#99999999;", b"&#x000000000D800;")
    for noise in (b"\0", b"\x0c", *references):
        (kites,) = parse_feed(feed(item(title="K@tes")).replace(b"@", noise), "x").records
        assert isinstance(kites, Paper)
        assert kites.title == "Ktes"
    (kites,) = parse_feed(feed(item(title="K@tes")).replace(b"@", b"\xee"), "x").records
    assert isinstance(kites, Paper)
    assert kites.title == "K\u00eetes"


def test_entities_are_not_expanded_or_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("lanterns")
    entities = '<!ENTITY a "kites"><!ENTITY b "&a;&a;&a;">'
    head = f'<!DOCTYPE rss [{entities}<!ENTITY c SYSTEM "{secret.as_uri()}">]>'
    with suppress(SourceError):
        for one in parse_feed(feed(item(title="Of &b;&c;"), head=head), "x").records:
            assert isinstance(one, Malformed) or "lanterns" not in one.title


def test_a_reply_that_is_a_file_name_is_not_opened(tmp_path: Path) -> None:
    saved = tmp_path / "feed.xml"
    saved.write_bytes(feed(item()))
    with pytest.raises(SourceError):
        parse_feed(str(saved).encode(), "x")
    with pytest.raises(SourceError):
        parse_feed(saved.as_uri().encode(), "x")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"kites",
        b"<html><body><p>Down for repair</body></html>",
        b"<!DOCTYPE html><html><head><title>Kites</title></head></html>",
        b'{"kites": 4}',
        b"<kites/>",
        feed()[:-40],
    ],
)
def test_a_reply_that_is_not_a_feed_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match="the next fetch retries it"):
        run(client)


def test_a_feed_with_too_many_items_raises() -> None:
    with pytest.raises(SourceError, match="more than 20,000 items"):
        parse_feed(feed("<item/>" * 20_001), "x")


@pytest.mark.parametrize(
    ("status", "error"), [(400, SourceError), (404, SourceError), (429, UnavailableError)]
)
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)


@pytest.mark.parametrize("name", sorted(file.name for file in RECORDED.glob("*")))
def test_recorded_feeds_are_parsed(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    body = (shared / "data" / "api" / "arxiv_rss" / name).read_bytes()
    services.answer(HOST, PATH, body)
    (batch,) = run(client, FetchRequest(datetime(2026, 12, 1, tzinfo=UTC)))
    papers = [one for one in batch.records if isinstance(one, Paper)]
    assert len(batch.records) == body.count(b"<item>")
    assert len(papers) == len(batch.records) - body.count(b"<title></title>")
    assert all(paper.arxiv_id and paper.version and paper.authors for paper in papers)
    assert all("Announce" not in (paper.abstract or "Announce") for paper in papers)
    assert sum(batch.days.values()) == len(papers) - body.count(b"Announce Type: replace")
    assert batch.cursor is not None


_NAMES = ["item", "title", "link", "description", "guid", "pubDate", "category", "dc:creator"]
_NODES = st.recursive(
    st.text(alphabet="ab v1:/.-2026@ \n", max_size=12),
    lambda inner: st.builds(
        lambda name, inside: f"<{name}>{''.join(inside)}</{name}>",
        st.sampled_from([*_NAMES, "arxiv:announce_type", "content", "channel", "rss"]),
        st.lists(inner, max_size=4),
    ),
)


@given(_NODES)
def test_any_elements_raise_nothing_but_source_error(node: str) -> None:
    with suppress(SourceError):
        parse_feed(feed(f"<item>{node}</item>", node), "x")
