import gzip
import tracemalloc
from datetime import UTC, date, datetime

import pytest

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.model import Malformed, Paper
from broadsheet.sources import acl
from broadsheet.sources.acl import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "aclanthology.org", "/anthology+abstracts.bib.gz"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
REQUEST = FetchRequest(NOW)
WHOLE = f"https://{HOST}{PATH}"


def entry(number: int, year: int = 2025, **fields: str) -> str:
    fields = {
        "title": f"{{K}}ites {number}",
        "author": "Windrow, Ada  and\n      Far{\\'o}l, Bo",
        "booktitle": "Proceedings of the Meeting on Kites",
        "month": "aug",
        "year": str(year),
        "url": f"https://aclanthology.org/{year}.kites-long.{number}/",
        "abstract": f"Kite {number} @ 50% of the wind.",
        **fields,
    }
    lines = (
        f"    {key} = {value}," if key == "month" else f'    {key} = "{value}",'
        for key, value in fields.items()
    )
    return f"@inproceedings{{windrow-{year}-{number},\n" + "\n".join(lines) + "\n}\n"


def run(client: Client, request: FetchRequest = REQUEST) -> list[Batch]:
    return list(fetch(client, request))


def serve(services: Services, *entries: str, etag: str = '"1"') -> None:
    services.answer(HOST, PATH, gzip.compress("".join(entries).encode()), headers={"ETag": etag})


def ids(batches: list[Batch]) -> list[str]:
    records = [one for batch in batches for one in batch.records]
    return [one.ids[0] for one in records if isinstance(one, Paper)]


def test_every_field_is_parsed(services: Services, client: Client) -> None:
    serve(services, "% Of the kites\n", entry(1, doi="10.18653/v1/2025.kites-long.1"))
    (batch,) = run(client)
    assert batch.records == [
        Paper(
            id="doi:10.18653/v1/2025.kites-long.1",
            title="Kites 1",
            abstract="Kite 1 @ 50% of the wind.",
            authors=("Ada Windrow", "Bo Faról"),
            published="2025-08",
            doi="10.18653/v1/2025.kites-long.1",
            url="https://aclanthology.org/2025.kites-long.1/",
            venue="Proceedings of the Meeting on Kites",
            ids=("acl:2025.kites-long.1",),
        )
    ]
    assert batch.days == {}
    assert batch.cursor == {"what": "", "etag": '"1"'}


@pytest.mark.parametrize(
    ("entry_text", "acl_id"),
    [
        (entry(1, url="https://www.aclweb.org/anthology/P25-1001"), "acl:P25-1001"),
        (entry(1, url="", doi="10.18653/v1/2025.kites-long.9"), "acl:2025.kites-long.9"),
        (entry(1, url="").replace("windrow-2025-1", "P25-1002"), "acl:P25-1002"),
        (
            '@string{anth = "https://aclanthology.org/"}\n'
            + entry(1).replace('"https://aclanthology.org/', 'anth # "'),
            "acl:2025.kites-long.1",
        ),
    ],
)
def test_the_id_is_found_in_url_key_or_doi(
    services: Services, client: Client, entry_text: str, acl_id: str
) -> None:
    serve(services, entry_text)
    batches = run(client)
    assert ids(batches) == [acl_id]
    (paper,) = batches[0].records
    assert isinstance(paper, Paper)
    assert paper.link


def test_an_entry_without_an_id_has_no_acl_id(services: Services, client: Client) -> None:
    serve(services, entry(1, url="https://kites.example/"))
    ((paper,),) = (batch.records for batch in run(client))
    assert isinstance(paper, Paper)
    assert (paper.ids, paper.url) == ((), "https://kites.example/")


def test_abbreviations_apply_to_all_entries(services: Services, client: Client) -> None:
    named = '@string{kites = "Proceedings on Kites"}\n'
    entries = [entry(n).replace('"Proceedings of the Meeting on Kites"', "kites") for n in (1, 2)]
    serve(services, named, *entries)
    (batch,) = run(client)
    venues = [paper.venue for paper in batch.records if isinstance(paper, Paper)]
    assert venues == ["Proceedings on Kites"] * 2


def test_proceedings_entries_are_not_papers(services: Services, client: Client) -> None:
    serve(services, entry(0).replace("@inproceedings", "@proceedings"), entry(1))
    assert ids(run(client)) == ["acl:2025.kites-long.1"]


@pytest.mark.parametrize(
    ("since", "until", "years", "moves"),
    [
        (None, None, [2025, 2026], True),
        (date(2024, 6, 1), None, [2024, 2025, 2026], True),
        (date(2024, 6, 1), date(2025, 1, 1), [2024, 2025], False),
        (date(2026, 1, 1), None, [2026], False),
    ],
)
def test_entries_outside_the_requested_years_are_skipped(
    services: Services,
    client: Client,
    since: date | None,
    until: date | None,
    years: list[int],
    moves: bool,
) -> None:
    serve(services, *(entry(1, year) for year in range(2020, 2027)))
    batches = run(client, FetchRequest(NOW, since=since, until=until))
    assert ids(batches) == [f"acl:{year}.kites-long.1" for year in years]
    assert (batches[-1].cursor is not None) == moves


def test_batches_have_500_papers_and_the_last_has_the_cursor(
    services: Services, client: Client
) -> None:
    serve(services, *(entry(n) for n in range(1, 702)))
    batches = run(client)
    assert [len(batch.records) for batch in batches] == [500, 201]
    assert [batch.cursor is None for batch in batches] == [True, False]
    assert len(set(ids(batches))) == 701


def test_an_unchanged_file_returns_no_batch(services: Services, client: Client) -> None:
    def respond(question: Question) -> Answer:
        known = question.headers.get("if-none-match") == '"1"'
        body = gzip.compress(entry(1).encode())
        return Answer(status=304) if known else Answer(body, 200, {"ETag": '"1"'})

    services.respond(HOST, PATH, respond)
    (batch,) = run(client)
    assert batch.cursor is not None
    assert run(client, FetchRequest(NOW, cursor=batch.cursor)) == []
    assert len(run(client, FetchRequest(NOW, cursor=batch.cursor, since=date(2025, 1, 1)))) == 1


def test_a_volume_of_any_year_is_fetched(services: Services, client: Client) -> None:
    services.answer(HOST, "/volumes/2019.kites-long.bib", entry(1, 2019))
    batches = run(client, FetchRequest(NOW, argument="2019.kites-long"))
    assert ids(batches) == ["acl:2019.kites-long.1"]


@pytest.mark.parametrize("what", ["", "../2024", "2024", "2024.acl-long.1", "2024.acl-long/x"])
def test_an_invalid_volume_raises_without_a_request(
    services: Services, client: Client, what: str
) -> None:
    with pytest.raises(SourceError, match="not a volume of the ACL Anthology"):
        run(client, FetchRequest(NOW, argument=what))
    assert services.questions == []


def test_an_uncompressed_reply_is_parsed(services: Services, client: Client) -> None:
    packed = gzip.compress(entry(1).encode())
    services.answer(HOST, PATH, packed, headers={"Content-Encoding": "gzip"})
    assert ids(run(client)) == ["acl:2025.kites-long.1"]


def test_a_gzip_file_with_several_members_is_parsed(services: Services, client: Client) -> None:
    parts = b"".join(gzip.compress(entry(n).encode()) for n in (1, 2))
    services.answer(HOST, PATH, parts + b"\0\0")
    assert ids(run(client)) == ["acl:2025.kites-long.1", "acl:2025.kites-long.2"]


def test_malformed_entries_are_reported_and_the_others_are_parsed(
    services: Services, client: Client
) -> None:
    unclosed = entry(1).removesuffix("}\n")
    untitled = entry(2, title="", abstract="")
    too_long = entry(3, abstract="a\n" * (1 << 20))
    serve(services, unclosed, untitled, too_long, entry(4))
    (batch,) = run(client)
    assert [one for one in batch.records if isinstance(one, Malformed)] == [
        Malformed(f"{WHOLE} entry 1", "malformed entry or missing closing brace"),
        Malformed(f"{WHOLE} entry 2", "missing title"),
        Malformed(f"{WHOLE} entry 3", "entry exceeds 1 MiB"),
    ]
    assert ids([batch]) == ["acl:2025.kites-long.4"]


def test_other_charsets_and_line_ends_are_parsed(services: Services, client: Client) -> None:
    body = entry(1, title="Caf\u00e9").replace("\n", "\r\n").encode("latin-1")
    services.answer(HOST, PATH, gzip.compress(body))
    (batch,) = run(client)
    assert [one.title for one in batch.records if isinstance(one, Paper)] == ["Caf\u00e9"]


@pytest.mark.parametrize("cut_bytes", [1, 9, 500])
def test_a_truncated_file_raises_and_leaves_the_cursor(
    services: Services, client: Client, cut_bytes: int
) -> None:
    body = gzip.compress("".join(entry(n) for n in range(1, 1202)).encode())
    services.answer(HOST, PATH, body[:-cut_bytes], headers={"ETag": '"1"'})
    cursors = []
    with pytest.raises(SourceError, match="damaged or truncated"):
        for batch in fetch(client, REQUEST):
            cursors.append(batch.cursor)  # noqa: PERF401
    assert set(cursors) <= {None}


def test_batches_before_the_damage_are_returned(services: Services, client: Client) -> None:
    body = gzip.compress("".join(entry(n) for n in range(1, 2002)).encode())
    services.answer(HOST, PATH, body[:-500])
    batches = fetch(client, REQUEST)
    first = next(batches)
    assert (len(first.records), first.cursor) == (500, None)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>moved</html>",
        b"",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"<html>moved</html>", mtime=0),
        b"\x1f\x8b",
        b"\x1f\x8bno gzip at all",
    ],
)
def test_a_reply_that_is_not_bibtex_raises(services: Services, client: Client, body: bytes) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match="aclanthology"):
        run(client)


def test_a_decompression_bomb_raises_in_bounded_memory(
    services: Services, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acl, "_MAX_BYTES", 32 << 20)
    services.answer(HOST, PATH, gzip.compress(b" " * (64 << 20)))
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="exceeds 32 MiB uncompressed"):
            run(client)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("status", "error"), [(404, SourceError), (503, UnavailableError)])
def test_an_error_status_raises(
    services: Services, client: Client, status: int, error: type[SourceError]
) -> None:
    services.answer(HOST, PATH, b"", status)
    with pytest.raises(error):
        run(client)
