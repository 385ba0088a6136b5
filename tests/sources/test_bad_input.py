"""Malformed files and replies: at least one test for each kind of error.

The tests import and fetch into a library, as `broadsheet import` and `broadsheet fetch` do.
"""

import gzip
import json
import os
import resource
import sys
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest
from markupsafe import escape
from starlette.testclient import TestClient

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.ingest.run import FetchOptions, FetchReport, fetch
from broadsheet.library import Library
from broadsheet.model import Malformed, Mode, Paper
from broadsheet.sources import files
from broadsheet.sources.registry import NAMES, source_named
from broadsheet.sources.source import Batch
from broadsheet.web.app import create_app
from tests.conftest import NOW
from tests.fuzz.parsers import ABOUT, SPECS, all_parsers
from tests.services import Answer, Services

HOSTS = (
    "oaipmh.arxiv.org",
    "rss.arxiv.org",
    "export.arxiv.org",
    "huggingface.co",
    "api.openalex.org",
    "api.semanticscholar.org",
    "api.crossref.org",
    "api.biorxiv.org",
    "aclanthology.org",
    "api.github.com",
    "hn.algolia.com",
    "www.reddit.com",
    "public.api.bsky.app",
    "kites.example",
    "api.zotero.org",
)
# These sources treat the rejection of one repository as a result.
ANSWER_REFUSALS = ("github", "hub")
OF_XML = ("arxiv", "arxiv-atom", "arxiv-feed", "feed", "reddit")
REFUSALS = {
    "301": Answer(b"", 301, {"Location": "/elsewhere"}),
    "301 to another site": Answer(b"", 301, {"Location": "https://evil.example/"}),
    "301 to nowhere": Answer(b"", 301),
    "401": Answer(b"no", 401),
    "403": Answer(b"no", 403),
    "404": Answer(b"no", 404),
    "429": Answer(b"slower", 429, {"Retry-After": "120"}),
    "429 for ever": Answer(b"slower", 429, {"Retry-After": "9" * 17}),
    "429 beyond all numbers": Answer(b"slower", 429, {"Retry-After": "9" * 400}),
    "500": Answer(b"broken", 500),
    "503": Answer(b"busy", 503, {"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"}),
}
NONSENSE = {
    "nothing": Answer(b""),
    "a web page": Answer(b"<!DOCTYPE html><html><body>Just a moment</body></html>"),
    "NUL bytes": Answer(b"\0" * 100),
    "no text": Answer(bytes(range(256))),
    "half of some JSON": Answer(b'{"items": [{"title": "Kites'),
    "half of some XML": Answer(b'<?xml version="1.0"?><feed><entry><title>Kites'),
    "half of a gzip file": Answer(
        gzip.compress(b'{"title": "Kites"}' * 99)[:-30], headers={"Content-Encoding": "gzip"}
    ),
    "no gzip file": Answer(b"kites", headers={"Content-Encoding": "gzip"}),
    "another charset": Answer('{"title": "Übung"}'.encode("utf-16")),
    "brackets without end": Answer(b"[" * 100_000),
    "a number without end": Answer(b"9" * 10_000),
    "half of a surrogate pair": Answer(b'{"\\ud800": "\\udfff"}', headers={"ETag": "\xe9"}),
}
LONG = 2 << 30


def run_all(library: Library, client: Client) -> dict[str, FetchReport]:
    """Fetch every source with every kind of argument, for papers of all kinds."""
    library.add("test", ABOUT)
    reports = {}
    for spec in (spec for name in NAMES for spec in SPECS.get(name, (name,))):
        source, argument = source_named(spec)
        options = FetchOptions(
            argument=argument, key="key", contact="desk@paper.example", categories=("cs.CL",)
        )
        reports[spec] = fetch(library._database, source, client, NOW, options)
        error = reports[spec].error
        assert error is None or "unexpected error" not in error, f"{spec}: {error}"
        assert error is None or error.isprintable()
    return reports


def serve(services: Services, answer: Answer) -> None:
    for host in HOSTS:
        services.respond(host, "/*", lambda question: answer)


@pytest.mark.parametrize("kind", REFUSALS)
def test_an_error_status_of_any_service_is_reported(
    kind: str, services: Services, client: Client, empty_library: Library
) -> None:
    serve(services, REFUSALS[kind])
    for spec, report in run_all(empty_library, client).items():
        assert report.error or spec in ANSWER_REFUSALS
        assert not report.records


@pytest.mark.parametrize("kind", NONSENSE)
def test_an_invalid_reply_of_any_service_is_reported(
    kind: str, services: Services, client: Client, empty_library: Library
) -> None:
    serve(services, NONSENSE[kind])
    for report in run_all(empty_library, client).values():
        assert not report.records


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_json_in_other_charsets_is_parsed(
    charset: str, services: Services, client: Client, empty_library: Library
) -> None:
    body = '[{"paper": {"id": "2603.00001", "title": "Drachen über Täler"}}]'
    serve(services, Answer(body.encode(charset)))
    source, _ = source_named("hf")
    assert fetch(empty_library._database, source, client, NOW).error is None
    assert empty_library.paper("arxiv:2603.00001").title == "Drachen über Täler"


@pytest.mark.parametrize("name", OF_XML)
def test_entities_are_not_expanded_or_fetched(
    name: str, services: Services, client: Client, empty_library: Library, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret of the valley")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    seed = all_parsers()[name].corpus.seeds[0].decode()
    root = seed.index("<", seed.index("?>") + 2 if "?>" in seed else 0)
    for entity in ("l29", "quadratic", "file", "web"):
        doctype = (
            f'<!DOCTYPE x SYSTEM "{services.address}/evil.example/x.dtd" [<!ENTITY l0 "kites">'
            f'{laughs}<!ENTITY quadratic "{"kites" * 20_000}">'
            f'<!ENTITY file SYSTEM "{secret.as_uri()}">'
            f'<!ENTITY web SYSTEM "{services.address}/evil.example/">'
            f'<!ENTITY % p SYSTEM "{services.address}/evil.example/"> %p;]>'
        )
        inside = f"&{entity};" * (10_000 if entity == "quadratic" else 1)
        body = seed[:root] + doctype + seed[root:].replace("<title>", f"<title>{inside}")
        serve(services, Answer(body.encode()))
        before_mb = _peak_mb()
        source, argument = source_named(SPECS.get(name, (name,))[0])
        report = fetch(
            empty_library._database, source, client, NOW, FetchOptions(argument=argument)
        )
        assert "unexpected error" not in (report.error or "")
        assert _peak_mb() - before_mb < 200
    assert {question.host for question in services.questions} <= set(HOSTS)
    assert not _holding(empty_library, "the secret")


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _holding(library: Library, words: str) -> list[str]:
    library.update_index()
    return [hit.paper.title for hit in library.search(words, mode=Mode.LEXICAL).hits]


def _encode(folder: Path, *records: Mapping[str, object]) -> Path:
    path = folder / "papers.jsonl"
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n")
    return path


def test_a_line_of_2_gb_is_skipped_in_bounded_memory(
    empty_library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "dump.gz"
    lines = b"".join(b'{"title": "Kite number %d"}\n' % n for n in range(3_000))
    with path.open("wb") as file:
        file.write(gzip.compress(lines + b'{"title": "'))
        file.write(gzip.compress(b" " * (1 << 24), 1) * (LONG >> 24))
        file.write(gzip.compress(b'"}\n{"title": "The last"}\n'))
    tracemalloc.start()
    try:
        report = empty_library.import_file(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report.tally.new == 3_001
    (complaint,) = report.malformed
    assert (complaint.place, complaint.reason) == ("dump.gz line 3001", "line exceeds 4 MiB")
    assert peak_bytes < 64 << 20


@pytest.mark.parametrize(
    "head",
    [b"@article{k, title={Kites},", b"TY  - JOUR\nTI  - ", b'[{"title": "Kites", "type": "'],
)
def test_a_file_over_64_mib_raises_if_the_format_is_read_whole(
    head: bytes, empty_library: Library, tmp_path: Path
) -> None:
    path = tmp_path / "library"
    path.write_bytes(head.ljust(100_000))
    # A sparse file uses no disk space.
    os.truncate(path, LONG)
    before_mb = _peak_mb()
    with pytest.raises(SourceError, match="exceeds 64 MiB"):
        empty_library.import_file(path)
    assert _peak_mb() - before_mb < 200


def test_nul_bytes_affect_only_their_line(empty_library: Library, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    lines = b'{"title": "Kites\\u0000 and \\u0000tails"}\n'.ljust(100_000, b"\n")
    path.write_bytes(lines + b'{"title": "St\0rings"}\n\0\0\0\n{"title": "The last"}\n')
    report = empty_library.import_file(path)
    assert (report.tally.new, report.skipped) == (2, 2)
    assert _holding(empty_library, "tails") == ["Kites and tails"]


def test_future_papers_are_withheld_and_invalid_dates_are_unknown(
    empty_library: Library, tmp_path: Path
) -> None:
    real = ("2026-03-11", "2026-03-12", "2199-12-31")
    unreal = ("2201-01-01", "99999-01-01", "2026-02-30")
    records = [{"title": f"Kites on {day}", "published": day} for day in (*real, *unreal)]
    empty_library.import_file(_encode(tmp_path, *records))
    reasons = {item.title: item.reason for item in empty_library.editions.publish().items}
    assert reasons == {
        "Kites on 2026-03-11": "selected by predicted interest, published today",
        **{
            f"Kites on {day}": "selected by predicted interest, publication date unknown"
            for day in unreal
        },
    }
    assert len(_holding(empty_library, "kites")) == len(records)


def test_10000_authors_are_stored_and_shown(empty_library: Library, tmp_path: Path) -> None:
    names = [f"Ada Windrow {number}" for number in range(10_001)]
    record = {"id": "2603.00001", "title": "Kites", "abstract": "They fly.", "authors": names}
    empty_library.import_file(_encode(tmp_path, record))
    assert empty_library.paper("arxiv:2603.00001").authors == tuple(names[:10_000])
    empty_library.editions.publish()
    assert _holding(empty_library, 'author:"Windrow 9999"') == ["Kites"]
    with TestClient(create_app(empty_library)) as client:
        for path in ("/", "/papers/arxiv:2603.00001", "/search?q=kites"):
            assert client.get(path).status_code == 200


def test_empty_abstracts_are_none_in_every_format(empty_library: Library, tmp_path: Path) -> None:
    files_by_format = {
        "dump": '{"title": "Kites one", "abstract": " \\n "}\n{"title": "Kites two"}',
        "bibtex": "@article{k, title={Kites three}, abstract={}}",
        "ris": "TY  - JOUR\nTI  - Kites four\nAB  - \nER  - \n",
        "csl": '[{"title": "Kites five", "type": "book", "abstract": "<p> </p>"}]',
        "page": "Get trending papers in your email inbox\nSubscribe\nKites six\n",
    }
    for name, text in files_by_format.items():
        (tmp_path / name).write_text(text)
        for paper in files.read_file(tmp_path / name)[1]:
            assert isinstance(paper, Paper)
            assert paper.abstract is None
        empty_library.import_file(tmp_path / name)
    assert len(_holding(empty_library, "kites")) == 6
    assert len(empty_library.search("what flies in the wind").hits) == 6
    assert len(empty_library.editions.publish().items) == 6


@pytest.mark.parametrize(
    ("title", "word", "shown"),
    [
        (
            r"$\mathcal{O}(n^{2})$ bounds for \textsc{Kite}-sorting \& {\'E}tudes",
            "bounds",
            " bounds for Kite-sorting & Études",
        ),
        (r"\documentclass{kites} \input{/etc/passwd} %", "documentclass", None),
        ("山谷中的风筝研究", "山谷中的风筝研究", None),
        ("الطائرات الورقية في الوادي", "الطائرات", None),
        ("עפיפונים בעמק", "עפיפונים", None),
        ("घाटी में पतंगें: क्\u200dष का अध्ययन", "पतंगें", None),
        ("Змеи в долине ветров", "долине", None),
        ("Drachen über Täler – eine Übersicht", "drachen", None),
        ("🪁 kites & <b>tails</b>", "kites", None),
    ],
)
def test_titles_in_latex_and_other_scripts_are_stored_and_found(
    title: str, word: str, shown: str | None, empty_library: Library, tmp_path: Path
) -> None:
    empty_library.import_file(_encode(tmp_path, {"title": title}, {"title": "Of other things"}))
    assert _holding(empty_library, word) == [title]
    assert title in [item.title for item in empty_library.editions.publish().items]
    with TestClient(create_app(empty_library)) as client:
        assert str(escape(shown or title)) in client.get("/").text


def test_every_parser_has_a_fuzz_target_that_accepts_its_seeds() -> None:
    parsers = all_parsers()
    assert {*NAMES, *(source.NAME for source in files._FORMATS)} <= parsers.keys()
    for name, parser in parsers.items():
        results = [one for start in parser.inputs for one in _listed(parser.run(start))]
        batches = [one for one in results if isinstance(one, Batch)]
        results += [one for batch in batches for one in (*batch.records, *batch.signals)]
        assert any(not isinstance(one, Malformed | Batch) for one in results), name


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value] if value else []
