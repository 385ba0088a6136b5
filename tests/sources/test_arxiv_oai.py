from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.sources import arxiv_oai
from broadsheet.sources.arxiv_oai import fetch, sets_of
from broadsheet.sources.arxiv_oai_records import TokenRefusedError, read_page
from broadsheet.sources.client import Client
from broadsheet.sources.reply import OutOfReachError
from broadsheet.sources.source import Asked, Batch
from tests.services import Answer, Question, Services

HOST, PATH = "oaipmh.arxiv.org", "/oai"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "api"
FOLDERS = ("arxiv_oai", "oai_generic")
TODAY = date(2026, 3, 11)

RAW = """
<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">
  <id>2603.00001</id><submitter>Ada Windrow</submitter>
  <version version="v1"><date>Tue, 3 Feb 2026 11:39:16 GMT</date><size>90kb</size></version>
  <version version="v2"><date>Mon, 9 Mar 2026 20:43:27 GMT</date><source_type>D</source_type>
  </version>
  <title>How Kites
  Learn</title>
  <authors>Ada Windrow (1, 2), Jos\\'e Farol and Hana Lampe ((1) Hill, (2) Dale)</authors>
  <categories>cs.LG stat.ML</categories><comments>9 pages</comments>
  <journal-ref>J. Kites 4 (2026) 1-9</journal-ref><doi>10.1234/Kites.1 10.1234/kites.2</doi>
  <license>http://creativecommons.org/licenses/by/4.0/</license>
  <abstract>  We let $k &lt; 4$ kites choose
their tails.</abstract>
</arXivRaw>"""


def record(number: int = 1, day: str = "2026-03-10", metadata: str | None = None) -> str:
    told = (
        metadata if metadata is not None else f"<arXivRaw><title>Kites {number}</title></arXivRaw>"
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:2603.{number:05}</identifier>"
        f"<datestamp>{day}</datestamp><setSpec>cs:cs:LG</setSpec></header>"
        f"<metadata>{told}</metadata></record>"
    )


def page(*records: str, token: str = "", day: str = "2026-03-11", error: str = "") -> bytes:
    told = (
        f"<ListRecords>{''.join(records)}<resumptionToken>{token}</resumptionToken></ListRecords>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>{day}T06:00:00Z</responseDate><request>x</request>{error or told}</OAI-PMH>"
    ).encode()


def refusal(code: str, said: str = "") -> bytes:
    return page(error=f'<error code="{code}">{said}</error>')


NOTHING = refusal("noRecordsMatch")


def paper_of(metadata: str) -> Paper:
    (told,) = read_page(page(record(metadata=metadata)), "x").told
    assert isinstance(told, Paper)
    return told


def run(
    client: Client, asked: Asked | None = None, categories: Sequence[str] = ("cs.LG",)
) -> list[Batch]:
    return list(fetch(client, asked or Asked(NOW), categories))


def ids(batches: Sequence[Batch]) -> list[str]:
    return [one.id for batch in batches for one in batch.told if isinstance(one, Paper)]


def questions(services: Services) -> list[dict[str, str]]:
    plain = {"verb": "ListRecords", "metadataPrefix": "arXivRaw"}
    return [
        {name: text for name, text in one.query.items() if plain.get(name) != text}
        for one in services.questions
    ]


def in_pages(services: Services, *pages: bytes) -> None:
    """Answer the first page, and each other to the token ``t1``, ``t2`` and so on."""

    def respond(question: Question) -> Answer:
        return Answer(pages[int(question.query.get("resumptionToken", "t0")[1:])])

    services.respond(HOST, PATH, respond)


def test_every_field_of_a_record_with_its_versions_is_read() -> None:
    assert paper_of(RAW) == Paper(
        id="arxiv:2603.00001",
        title="How Kites Learn",
        abstract="We let $k < 4$ kites choose their tails.",
        authors=("Ada Windrow", "Jos\\'e Farol", "Hana Lampe"),
        categories=("cs.LG", "stat.ML"),
        published="2026-02-03",
        arxiv_id="2603.00001",
        doi="10.1234/kites.1",
        venue="J. Kites 4 (2026) 1-9",
        comment="9 pages",
        version=2,
    )


def test_the_format_with_authors_apart_is_read() -> None:
    told = paper_of(
        "<arXiv><id>hep-th/9901002</id><created>1999-01-03</created><updated>1999-02-01</updated>"
        "<authors><author><keyname>Windrow</keyname><forenames>Ada</forenames><suffix>IV</suffix>"
        "<affiliation>Hill</affiliation></author><author><keyname>Kite Group</keyname></author>"
        "<author><keyname>:</keyname></author></authors>"
        "<title>Kites</title><categories>hep-th</categories><comments>9 pages</comments>"
        "<doi>10.1234/kites.1</doi><abstract>They rise.</abstract></arXiv>"
    )
    assert told == Paper(
        id="arxiv:hep-th/9901002",
        title="Kites",
        abstract="They rise.",
        authors=("Ada Windrow IV", "Kite Group"),
        categories=("hep-th",),
        published="1999-01-03",
        arxiv_id="hep-th/9901002",
        doi="10.1234/kites.1",
        comment="9 pages",
    )


def test_dublin_core_is_read() -> None:
    told = paper_of(
        '<oai_dc:dc xmlns:oai_dc="a" xmlns:dc="b"><dc:title>Kites</dc:title>'
        "<dc:creator>Windrow, Ada</dc:creator><dc:creator>Farol, Bo</dc:creator>"
        "<dc:subject>Computer Science - Kites</dc:subject>"
        "<dc:description>They rise.</dc:description>"
        "<dc:description>Comment: 9 pages</dc:description>"
        "<dc:date>2026-02-03</dc:date><dc:date>2026-03-09</dc:date>"
        "<dc:identifier>http://arxiv.org/abs/2603.00001</dc:identifier>"
        "<dc:identifier>J. Kites 4</dc:identifier>"
        "<dc:identifier>doi:10.1234/kites.1</dc:identifier></oai_dc:dc>"
    )
    assert told == Paper(
        id="arxiv:2603.00001",
        title="Kites",
        abstract="They rise.",
        authors=("Windrow, Ada", "Farol, Bo"),
        categories=("Computer Science - Kites",),
        published="2026-02-03",
        arxiv_id="2603.00001",
        doi="10.1234/kites.1",
        url="http://arxiv.org/abs/2603.00001",
        venue="J. Kites 4",
        comment="9 pages",
    )


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("Ada Windrow", ["Ada Windrow"]),
        ("Ada Windrow, Bo Farol, and Hana Lampe", ["Ada Windrow", "Bo Farol", "Hana Lampe"]),
        ("Ada Windrow and Bo Farol", ["Ada Windrow", "Bo Farol"]),
        ("Kite Group: A. Windrow, B. Farol", ["Kite Group", "A. Windrow", "B. Farol"]),
        ("A. Windrow (Hill (old), Dale),\n  B. Farol", ["A. Windrow", "B. Farol"]),
        ("", []),
        (", , and", ["and"]),
    ],
)
def test_authors_are_split_and_affiliations_dropped(told: str, names: list[str]) -> None:
    found = paper_of(f"<arXivRaw><title>Kites</title><authors>{told}</authors></arXivRaw>")
    assert list(found.authors) == names


def test_the_newest_version_counts_and_the_day_is_that_of_the_first() -> None:
    def told(*versions: str) -> Paper:
        return paper_of(f"<arXivRaw><title>Kites</title>{''.join(versions)}</arXivRaw>")

    date_of = "<date>Tue, 3 Feb 2026 11:39:16 GMT</date>"
    tenth = '<version version="v10"/>'
    assert told(tenth, f'<version version="v1">{date_of}</version>').version == 10
    assert told(tenth, f'<version version="v1">{date_of}</version>').published == "2026-02-03"
    assert told(f'<version version="v2">{date_of}</version>').published is None
    assert told('<version version="v1"><date>yesterday</date></version>').published is None
    assert told('<version version="last"/>', "<version/>").version is None


def test_a_paper_is_withdrawn_where_its_newest_version_or_its_words_say_so() -> None:
    def notice(kinds: Sequence[str], said: str = "") -> Notice | None:
        versions = "".join(
            f'<version version="v{n}"><source_type>{kind}</source_type></version>'
            for n, kind in enumerate(kinds, 1)
        )
        return paper_of(f"<arXivRaw><title>Kites</title>{versions}{said}</arXivRaw>").notice

    assert notice(["D", "I"]) is Notice.WITHDRAWN
    assert notice(["AI"]) is Notice.WITHDRAWN
    assert notice(["I", "D"]) is None
    assert notice(["D"], "<comments>Withdrawn by the author</comments>") is Notice.WITHDRAWN
    assert notice(["D"], "<abstract>This paper has been withdrawn.</abstract>") is Notice.WITHDRAWN
    assert notice(["I"], "<comments>Retracted.</comments>") is Notice.RETRACTED


def test_records_are_told_page_by_page_with_the_cursor_after_each(
    services: Services, client: Client
) -> None:
    in_pages(
        services,
        page(record(1, "2026-03-09"), record(2, "2026-03-10"), token="t1"),
        page(record(3, "2026-03-10"), record(4, "2026-03-10")),
    )
    batches = fetch(client, Asked(NOW), ["cs.LG"])
    first = next(batches)
    assert len(services.questions) == 1
    (second,) = batches
    assert ids([first, second]) == [f"arxiv:2603.0000{n}" for n in (1, 2, 3, 4)]
    assert [dict(batch.days) for batch in (first, second)] == [
        {date(2026, 3, 9): 1, date(2026, 3, 10): 1},
        {date(2026, 3, 10): 2},
    ]
    assert second.cursor == {"next": "2026-03-11"}
    assert questions(services) == [
        {"from": "2026-03-08", "set": "cs:cs:LG"},
        {"resumptionToken": "t1"},
    ]


def test_a_killed_run_goes_on_after_any_batch_and_neither_loses_nor_repeats(
    services: Services, client: Client
) -> None:
    def respond(question: Question) -> Answer:
        told = question.query.get("resumptionToken") or question.query["set"]
        papers = {
            "cs:cs:LG": page(record(1), token="a%3D1&amp;b=2"),
            "a%3D1&b=2": page(record(2)),
            "math:math:AG": page(record(3), token="c"),
            "c": page(record(4)),
        }
        return Answer(papers[told])

    services.respond(HOST, PATH, respond)
    whole = run(client, categories=["cs.LG", "math.AG"])
    assert ids(whole) == [f"arxiv:2603.0000{n}" for n in (1, 2, 3, 4)]
    for kept in range(1, 4):
        cursor = whole[kept - 1].cursor or {}
        assert all(isinstance(text, str) for text in cursor.values())
        rest = run(client, Asked(NOW, cursor), ["cs.LG", "math.AG"])
        assert rest == whole[kept:]


def test_the_next_run_begins_on_the_day_of_the_first_reply(
    services: Services, client: Client
) -> None:
    in_pages(services, page(record(1), token="t1"), page(record(2), day="2026-03-12"))
    later = datetime(2026, 3, 13, tzinfo=UTC)
    cursor = run(client, Asked(later, {"next": "2026-03-10"}))[-1].cursor
    assert cursor == {"next": "2026-03-11"}
    run(client, Asked(later, cursor))
    assert questions(services)[-2] == {"from": "2026-03-11", "set": "cs:cs:LG"}


@pytest.mark.parametrize("day", ["", "soon", "2036-01-01"])
def test_a_reply_of_no_day_or_one_to_come_is_of_today(
    services: Services, client: Client, day: str
) -> None:
    services.answer(HOST, PATH, page(record(), day=day))
    assert run(client)[-1].cursor == {"next": "2026-03-11"}


def test_a_reply_kept_by_arxiv_since_before_the_last_harvest_does_not_turn_the_cursor_back(
    services: Services, client: Client
) -> None:
    services.answer(HOST, PATH, page(record(), day="2026-03-07"))
    assert run(client, Asked(NOW, {"next": "2026-03-09"}))[-1].cursor == {"next": "2026-03-09"}


def test_a_clock_that_ran_ahead_holds_nothing_up(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, Asked(NOW, {"next": "2031-01-01"}))
    assert questions(services) == [{"from": "2026-03-11", "set": "cs:cs:LG"}]


@pytest.mark.parametrize("told", ["", "yesterday", "2026-99-99"])
def test_a_cursor_that_cannot_be_read_is_a_first_run(
    services: Services, client: Client, told: str
) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, Asked(NOW, {"next": told, "from": told, "set": "cs:cs:LG", "token": "t"}))
    assert questions(services) == [{"from": "2026-03-08", "set": "cs:cs:LG"}]


def test_one_harvest_is_made_for_each_set(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, categories=["cs.LG", "hep-th", "cs.LG"])
    run(client, categories=[])
    assert questions(services) == [
        {"from": "2026-03-08", "set": "cs:cs:LG"},
        {"from": "2026-03-08", "set": "physics:hep-th"},
        {"from": "2026-03-08"},
    ]


@pytest.mark.parametrize(
    ("categories", "sets"),
    [
        (["cs.LG"], ("cs:cs:LG",)),
        (["cs"], ("cs",)),
        (["math.AG", "math-ph"], ("math:math:AG", "physics:math-ph")),
        (["astro-ph.CO", "physics.optics"], ("physics:astro-ph:CO", "physics:physics:optics")),
        (["q-bio.NC", " stat.ML "], ("q-bio:q-bio:NC", "stat:stat:ML")),
        (["cs.LG", "cs", "nlin", "nlin.CD"], ("cs", "physics:nlin")),
        ([], ("",)),
        ([" "], ("",)),
    ],
)
def test_sets_are_named_and_none_lies_in_another(
    categories: list[str], sets: tuple[str, ...]
) -> None:
    assert sets_of(categories) == sets


@pytest.mark.parametrize(
    ("asked", "question"),
    [
        (Asked(NOW, since=date(2026, 2, 1)), {"from": "2026-02-01"}),
        (Asked(NOW, {"next": "2026-03-09"}, since=date(2026, 2, 1)), {"from": "2026-02-01"}),
        (
            Asked(NOW, since=date(2026, 2, 1), until=date(2026, 2, 3)),
            {"from": "2026-02-01", "until": "2026-02-03"},
        ),
        (Asked(NOW, until=date(2026, 2, 3)), {"from": "2026-01-31", "until": "2026-02-03"}),
        (Asked(NOW, since=date(2026, 3, 9), until=TODAY), {"from": "2026-03-09"}),
        (Asked(NOW, since=date(1991, 8, 14)), {"from": "2005-09-16"}),
    ],
)
def test_days_are_asked_for(
    services: Services, client: Client, asked: Asked, question: dict[str, str]
) -> None:
    services.answer(HOST, PATH, page(record()))
    run(client, asked, [])
    assert questions(services) == [question]


@pytest.mark.parametrize(
    "asked",
    [
        Asked(NOW, since=date(2026, 3, 12)),
        Asked(NOW, since=date(2026, 3, 5), until=date(2026, 3, 4)),
        Asked(NOW, {"next": "2026-03-09"}, until=date(2026, 3, 4)),
        Asked(NOW, until=date(2001, 1, 1)),
    ],
)
def test_where_no_day_is_wanted_nothing_is_asked(
    services: Services, client: Client, asked: Asked
) -> None:
    assert run(client, asked) == []
    assert not services.questions


def test_what_lies_between_the_cursor_and_the_days_asked_for_is_not_forgotten(
    services: Services, client: Client
) -> None:
    services.answer(HOST, PATH, page(record()))

    def after(cursor: dict[str, str], since: date | None, until: date | None = None) -> object:
        return run(client, Asked(NOW, cursor, since, until))[-1].cursor

    kept = {"next": "2026-03-05"}
    assert after(kept, date(2026, 3, 1)) == {"next": "2026-03-11"}
    assert after(kept, date(2026, 3, 9)) == kept
    assert after(kept, date(2026, 2, 1), date(2026, 2, 9)) == kept
    assert after({}, date(2026, 2, 1), date(2026, 2, 9)) == {}
    assert after({}, date(2026, 2, 1)) == {"next": "2026-03-11"}


def test_a_killed_run_is_gone_on_with_only_where_the_same_days_are_asked_for(
    services: Services, client: Client
) -> None:
    in_pages(services, page(record(1), token="t1"), page(record(2)))
    since, until = date(2026, 2, 1), date(2026, 2, 9)
    asked = Asked(NOW, {"next": "2026-03-05"}, since, until)
    (first,) = islice(fetch(client, asked, ["cs.LG"]), 1)
    killed = replace(asked, cursor=first.cursor or {})
    rest = run(client, killed)
    assert ids(rest) == ["arxiv:2603.00002"]
    assert rest[-1].cursor == {"next": "2026-03-05"}
    services.questions.clear()
    run(client, replace(killed, since=None, until=None))
    run(client, replace(killed, since=date(2026, 2, 2)))
    run(client, killed, ["math"])
    assert [question for question in questions(services) if "from" in question] == [
        {"from": "2026-03-05", "set": "cs:cs:LG"},
        {"from": "2026-02-02", "until": "2026-02-09", "set": "cs:cs:LG"},
        {"from": "2026-02-01", "until": "2026-02-09", "set": "math"},
    ]


def test_a_token_that_is_refused_begins_its_set_again_and_counts_nothing_twice(
    services: Services, client: Client
) -> None:
    asked_first = 0

    def respond(question: Question) -> Answer:
        nonlocal asked_first
        if question.query.get("resumptionToken") == "old":
            return Answer(refusal("badResumptionToken", "expired"))
        if question.query.get("resumptionToken") == "new":
            return Answer(page(record(3), record(4, "2026-03-11")))
        asked_first += 1
        return Answer(page(record(1), record(2), token="old" if asked_first == 1 else "new"))

    services.respond(HOST, PATH, respond)
    batches = run(client)
    assert ids(batches) == [f"arxiv:2603.0000{n}" for n in (1, 2, 1, 2, 3, 4)]
    assert [dict(batch.days) for batch in batches] == [
        {date(2026, 3, 10): 2},
        {},
        {date(2026, 3, 10): 1, date(2026, 3, 11): 1},
    ]


def test_a_token_of_a_killed_run_that_is_refused_begins_its_set_again(
    services: Services, client: Client
) -> None:
    def respond(question: Question) -> Answer:
        refused = "resumptionToken" in question.query
        return Answer(refusal("badResumptionToken") if refused else page(record(1)))

    services.respond(HOST, PATH, respond)
    cursor = {"from": "2026-03-02", "set": "math", "token": "old", "next": "2026-03-02"}
    (batch,) = run(client, Asked(NOW, cursor), ["cs", "math"])
    assert questions(services)[1] == {"from": "2026-03-02", "set": "math"}
    assert batch.days == {date(2026, 3, 10): 1}
    assert batch.cursor == {"next": "2026-03-11"}


def test_tokens_that_are_all_refused_end_the_run(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        refused = "resumptionToken" in question.query
        return Answer(refusal("badResumptionToken") if refused else page(record(1), token="t"))

    services.respond(HOST, PATH, respond)
    with pytest.raises(TokenRefusedError, match="badResumptionToken"):
        run(client)
    assert len(services.questions) < 20


def test_nothing_new_is_a_complete_harvest(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, NOTHING)
    (batch,) = run(client, Asked(NOW, {"next": "2026-03-10"}))
    assert batch == Batch(told=[], days={}, cursor={"next": "2026-03-11"})


def test_a_set_without_news_does_not_end_the_harvest(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        return Answer(NOTHING if question.query["set"] == "cs" else page(record(1)))

    services.respond(HOST, PATH, respond)
    assert ids(run(client, categories=["cs", "math"])) == ["arxiv:2603.00001"]


def test_other_refusals_are_told(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, refusal("badArgument", "Set does\n not exist"))
    with pytest.raises(SourceError, match=r"badArgument: Set does not exist\): check the categor"):
        run(client)
    services.answer(HOST, PATH, refusal("badResumptionToken"))
    with pytest.raises(TokenRefusedError):
        run(client)


def test_a_token_that_comes_twice_ends_the_run(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record(), token="t"))
    batches = fetch(client, Asked(NOW), ["cs.LG"])
    assert ids(list(islice(batches, 2))) == ["arxiv:2603.00001"] * 2
    with pytest.raises(SourceError, match="same token twice"):
        next(batches)


def test_pages_without_end_end_the_run(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_oai, "_PAGES", 5)
    services.respond(
        HOST, PATH, lambda question: Answer(page(record(), token=f"t{len(services.questions)}"))
    )
    with pytest.raises(SourceError, match="5 pages and no end"):
        run(client)
    assert len(services.questions) == 5


def test_days_are_those_of_the_service_and_none_is_to_come(
    services: Services, client: Client
) -> None:
    services.answer(
        HOST,
        PATH,
        page(
            record(1, "2026-03-10"),
            record(2, "2026-03-10T23:00:00Z"),
            record(3, "2026-03-12"),
            record(4, "someday"),
        ),
    )
    (batch,) = run(client)
    assert len(batch.told) == 4
    assert batch.days == {date(2026, 3, 10): 2}


def test_a_frozen_service_counts_on_its_own_days(services: Services, client: Client) -> None:
    services.answer(HOST, PATH, page(record(1, "2026-03-06"), day="2026-03-06"))
    (batch,) = run(client, Asked(NOW, {"next": "2026-03-06"}))
    assert batch.days == {date(2026, 3, 6): 1}
    assert batch.cursor == {"next": "2026-03-06"}


def test_deleted_records_are_counted_and_not_told() -> None:
    gone = '<record><header status="deleted"><identifier>x</identifier></header></record>'
    found = read_page(page(gone, record(2), gone), "x")
    assert [one.id for one in found.told if isinstance(one, Paper)] == ["arxiv:2603.00002"]
    assert len(found.told) == 1
    assert found.deleted == 2


def test_bad_records_are_told_by_their_place_and_the_rest_goes_on() -> None:
    bare = "<record><header/></record>"
    found = read_page(
        page(
            record(1, metadata="<arXivRaw><abstract>They rise.</abstract></arXivRaw>"),
            bare,
            record(3, metadata=""),
            record(4, metadata="<marc><title>Kites</title></marc>"),
            record(5),
        ),
        "x",
    )
    assert found.told[:4] == [
        Malformed("x oai:arXiv.org:2603.00001", "it has no title"),
        Malformed("x record 2", "it has no metadata"),
        Malformed("x oai:arXiv.org:2603.00003", "it has no metadata"),
        Malformed("x oai:arXiv.org:2603.00004", "its metadata are of a format that is not known"),
    ]
    assert isinstance(found.told[4], Paper)
    assert found.days == {date(2026, 3, 10): 1}


def test_control_characters_and_letters_of_another_charset_lose_no_page() -> None:
    broken = page(record(1, metadata="<arXiv><title>K@tes</title></arXiv>"), record(2))
    for noise in (b"\0", b"\x0c", b"&#0;", b"&#x1f;", b"&#xD800;", b"&#99999999;"):
        (kites, _) = read_page(broken.replace(b"@", noise), "x").told
        assert isinstance(kites, Paper)
        assert kites.title == "Ktes"
    (kites, _) = read_page(broken.replace(b"@", b"\xee"), "x").told
    assert isinstance(kites, Paper)
    assert kites.title == "K\u00eetes"


def test_markup_in_a_title_is_text() -> None:
    assert paper_of("<arXiv><title>Of <i>kites</i> &amp; tails</title></arXiv>").title == (
        "Of kites & tails"
    )


BOMB = '<!DOCTYPE a [<!ENTITY a "kite">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">' for n in range(8)
)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "no XML"),
        (b"Rate exceeded.", "no XML"),
        (b"<html><body><p>Down for repair</body></html>", "no XML"),
        (b"<!DOCTYPE html><html><body/></html>", "document type"),
        (b"<html><body/></html>", "'html' where 'OAI-PMH'"),
        (page(record(1), record(2))[:-60], "no XML"),
        (page(record(1, metadata="<arXiv><title>&kite;</title></arXiv>")), "no XML"),
        (page(error="<ListRecords/>"), "neither records nor an error"),
        (page(error="<ListRecords><resumptionToken>t</resumptionToken></ListRecords>"), "neither"),
        (page(error="<Identify/>"), "neither records nor an error"),
        (page(record(), token="t" * 5_000), "resumption token of more than"),
        (page("<record/>" * 20_001), "more than 20,000 records"),
        (b"<OAI-PMH>" + b"<a>" * 2_000_001, "more than 2,000,000 tags"),
        (b"<OAI-PMH>" + b"<a>" * 3_000 + b"</a>" * 3_000 + b"</OAI-PMH>", "no XML"),
        (f"{BOMB}]><OAI-PMH><error>&i;</error></OAI-PMH>".encode(), "no XML|document type"),
        (f"{BOMB}]><OAI-PMH><error code='&i;'/></OAI-PMH>".encode("utf-16"), "no XML|document t"),
        (
            b'<!DOCTYPE a [<!ENTITY k SYSTEM "file:///etc/hosts">]><OAI-PMH><error>&k;</error>'
            b"</OAI-PMH>",
            "document type",
        ),
        (b'<!DOCTYPE a SYSTEM "http://kites.example/a.dtd"><OAI-PMH/>', "document type"),
    ],
)
def test_what_is_no_page_is_refused_whole(
    services: Services, client: Client, body: bytes, why: str
) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match=why):
        next(fetch(client, Asked(NOW), ["cs.LG"]))


def test_a_busy_service_is_waited_for(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        busy = len(services.questions) == 1
        return Answer(b"", 503, {"Retry-After": "5"}) if busy else Answer(page(record()))

    services.respond(HOST, PATH, respond)
    assert ids(run(client)) == ["arxiv:2603.00001"]


@pytest.mark.parametrize(
    ("status", "error"), [(404, SourceError), (403, SourceError), (429, OutOfReachError)]
)
def test_a_refusal_ends_the_run_and_what_came_before_is_kept(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    def respond(question: Question) -> Answer:
        first = "resumptionToken" not in question.query
        return Answer(page(record(), token="t")) if first else Answer(b"", status)

    services.respond(HOST, PATH, respond)
    batches = fetch(client, Asked(NOW), ["cs.LG"])
    assert ids([next(batches)]) == ["arxiv:2603.00001"]
    with pytest.raises(error):
        next(batches)


@pytest.mark.parametrize(
    "name",
    sorted(f"{folder}/{file.name}" for folder in FOLDERS for file in (RECORDED / folder).glob("*")),
)
def test_recorded_replies_are_read(
    shared: Path, services: Services, client: Client, name: str
) -> None:
    body = (shared / "data" / "api" / name).read_bytes()
    first = [True]

    def respond(question: Question) -> Answer:
        return Answer(body if first and first.pop() else NOTHING)

    services.respond(HOST, PATH, respond)
    whole = body.count(b"<record>")
    asked = Asked(datetime(2026, 12, 1, tzinfo=UTC))
    if b"badResumptionToken" in body or not (whole or b"noRecordsMatch" in body):
        with pytest.raises(SourceError):
            run(client, asked)
        return
    batch = run(client, asked)[0]
    papers = [one for one in batch.told if isinstance(one, Paper)]
    assert len(papers) == len(batch.told) == whole - body.count(b'status="deleted"')
    assert sum(batch.days.values()) == len(papers)
    assert all(paper.authors and paper.published for paper in papers)
    if name.startswith("arxiv_oai"):
        assert all(paper.arxiv_id and paper.abstract and paper.categories for paper in papers)


_NAMES = ["record", "header", "identifier", "datestamp", "metadata", "arXivRaw", "arXiv", "dc"]
_NAMES += ["id", "title", "version", "date", "authors", "author", "keyname", "categories", "doi"]
_NAMES += ["created", "source_type", "resumptionToken", "responseDate", "error"]
_NODES = st.recursive(
    st.text(alphabet="ab v1I:/.-2026 \n", max_size=12),
    lambda inner: st.builds(
        lambda name, inside, said: (
            f'<{name} version="{said}" code="{said}">{"".join(inside)}</{name}>'
        ),
        st.sampled_from(_NAMES),
        st.lists(inner, max_size=4),
        st.sampled_from(["v1", "deleted", "noRecordsMatch", ""]),
    ),
)


@given(st.binary() | st.text().map(lambda text: page(text).decode().encode("utf-8", "replace")))
def test_any_bytes_raise_nothing_but_source_errors(body: bytes) -> None:
    with suppress(SourceError):
        read_page(body, "x")


@given(_NODES)
def test_any_elements_raise_nothing_but_source_errors(node: str) -> None:
    with suppress(SourceError):
        read_page(page(record(metadata=node), node), "x")


@given(st.integers(0, 2_000), st.binary(max_size=5), st.integers(0, 9))
def test_a_damaged_page_raises_nothing_but_source_errors(
    place: int, noise: bytes, lost: int
) -> None:
    body = page(record(metadata=RAW), record(2), token="t1")
    with suppress(SourceError):
        read_page(body[:place] + noise + body[place + lost :], "x")
