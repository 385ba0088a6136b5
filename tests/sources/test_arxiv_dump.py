import gzip
import io
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from broadsheet.model import Malformed, Notice, Paper
from broadsheet.sources.arxiv_dump import parse, recognises
from broadsheet.sources.files import read_file

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIXTURES = Path(__file__).parents[1] / "fixtures"
GOOD = b'{"id":"2502.00001","title":"Kites"}\n'


def parsed(data: bytes) -> list[Paper | Malformed]:
    return list(parse(io.BytesIO(data), "papers.jsonl"))


def paper(line: bytes) -> Paper:
    (found,) = parsed(line)
    assert isinstance(found, Paper)
    return found


def test_every_field_of_a_broadsheet_dump_is_parsed() -> None:
    kites, lanterns = parsed((FIXTURES / "dump.jsonl").read_bytes())
    assert kites == Paper(
        id="arxiv:2502.00001",
        title="How Kites Learn",
        abstract="We let four hundred $k$-kites choose their tails.",
        authors=("Ada Windrow", "José Farol"),
        categories=("cs.LG", "stat.ML"),
        published="2025-02-03",
        arxiv_id="2502.00001",
        doi="10.1234/kites.1",
        comment="9 pages",
        code_url="https://code.example/kites",
    )
    assert lanterns == Paper(
        id="arxiv:hep-th/9901002",
        title="The Age of Lanterns",
        abstract="Lanterns go out.",
        published="1999-01",
        arxiv_id="hep-th/9901002",
    )


def test_the_public_snapshot_is_parsed() -> None:
    kites, lanterns = parsed((FIXTURES / "snapshot.jsonl").read_bytes())
    assert kites == Paper(
        id="arxiv:0704.0003",
        title="How Kites Learn",
        abstract="We let four hundred kites choose their tails.",
        authors=("Ada Windrow", "Jos\\'e Farol Jr."),
        categories=("cs.LG", "stat.ML"),
        published="2007-04-02",
        arxiv_id="0704.0003",
        doi="10.1234/kites.1",
        venue="J. Kites 4 (2007) 1-9",
        comment="9 pages",
        version=2,
    )
    assert isinstance(lanterns, Paper)
    assert lanterns.authors == ("Hana Lampe", "Ada Windrow", "Jos\\'e Farol")
    assert lanterns.categories == ("math.CO",)


def test_a_withdrawal_is_found_in_the_comment_or_the_abstract() -> None:
    line = b'{"id":"2603.00001","title":"Kites","%s":"This paper has been withdrawn"}'
    for field in (b"comment", b"comments", b"abstract"):
        assert paper(line % field).notice is Notice.WITHDRAWN


def test_a_missing_date_is_the_month_in_the_id_not_the_update_date() -> None:
    line = b'{"id":"%s","title":"Kites","update_date":"2015-06-30"}'
    assert paper(line % b"math/0102003").published == "2001-02"
    assert paper(line % b"hep-th/9101001").published == "1991-01"
    assert paper(line % b"kites").published is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{not json}", "not JSON: "),
        (b'{"title":"Kites"', "not JSON: "),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'"Kites"', "not a JSON object"),
        (b'{"id":"2502.00001"}', "missing title"),
        (b'{"title":null}', "missing title"),
        (b'{"title":5}', "missing title"),
    ],
)
def test_a_bad_line_is_reported_and_the_others_are_parsed(line: bytes, why: str) -> None:
    first, bad, last = parsed(GOOD + line + b"\n" + GOOD)
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert isinstance(bad, Malformed)
    assert bad.place == "papers.jsonl line 2"
    assert bad.reason.startswith(why)


def test_values_of_the_wrong_type_are_ignored() -> None:
    found = paper(
        b'{"title":"Kites","id":7,"abstract":[],"authors":{"a":1},"categories":9,"doi":false,'
        b'"published":20250203,"versions":"v1","authors_parsed":"Ada"}'
    )
    assert found == Paper(id=found.id, title="Kites")


@pytest.mark.parametrize("created", ["soon", "Mon, 99 Foo 2007 19:18:42 GMT", "", "1 2 3 4 5"])
def test_an_invalid_date_is_ignored(created: str) -> None:
    line = f'{{"title":"Kites","versions":[{{"created":"{created}"}}]}}'
    assert paper(line.encode()).published is None


def test_lone_surrogates_byte_order_marks_and_invalid_bytes_are_accepted() -> None:
    assert paper(b'{"title":"Ki\\ud800tes"}').title == "Kites"
    assert paper(b"\xef\xbb\xbf" + GOOD).title == "Kites"
    assert paper(b'{"title":"Caf\xe9 Kites"}').title == "Café Kites"
    assert paper('{"title":"Café '.encode() + b'\xff Kites"}').title == "Café \ufffd Kites"


def test_blank_lines_and_a_missing_final_newline_are_accepted() -> None:
    assert len(parsed(b"\n\r\n" + GOOD.rstrip() + b"\r\n  \n" + GOOD.rstrip())) == 2


class EndlessLine(io.RawIOBase):
    """A stream with a line of 64 MiB between two papers."""

    def __init__(self) -> None:
        self._chunks = self._chunk_stream()

    def _chunk_stream(self) -> Iterator[bytes]:
        yield GOOD + b'{"title":"'
        yield from (b"a" * (1 << 16) for _ in range(1 << 10))
        yield b'"}\n' + GOOD

    def readable(self) -> bool:
        return True

    def readinto(self, room: "WriteableBuffer", /) -> int:
        chunk = next(self._chunks, b"")
        memoryview(room)[: len(chunk)] = chunk
        return len(chunk)


def test_an_overlong_line_is_skipped_in_constant_memory() -> None:
    tracemalloc.start()
    try:
        found = list(parse(io.BufferedReader(EndlessLine(), 1 << 17), "papers.jsonl"))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    first, bad, last = found
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert bad == Malformed("papers.jsonl line 2", "line exceeds 4 MiB")
    assert peak_bytes < 16 << 20


def test_a_first_line_longer_than_the_head_is_recognised() -> None:
    assert recognises(b'{"id":"x","abstract":"' + b"a" * (1 << 16))


def test_the_first_2000_lines_of_the_dump_are_papers(shared: Path) -> None:
    name, records = read_file(shared / "data" / "arxiv" / "arxiv_papers.jsonl.gz")
    found = list(islice(records, 2_000))
    assert name == "arxiv-dump"
    assert len(found) == 2_000
    assert all(isinstance(item, Paper) and item.arxiv_id and item.published for item in found)


def test_ids_of_the_dump_are_unchanged(shared: Path) -> None:
    with gzip.open(shared / "data" / "arxiv" / "arxiv_papers.jsonl.gz") as dump:
        for line in islice(dump, 500):
            assert f'"id":"{paper(line).arxiv_id}"'.encode() in line
