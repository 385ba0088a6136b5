import gzip
import os
import threading
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.model import Malformed, Paper
from broadsheet.sources import arxiv_dump, bibtex, csl_json, ris, saved_page
from broadsheet.sources.files import read_file

FIXTURES = Path(__file__).parents[1] / "fixtures"
FORMATS = [saved_page, arxiv_dump, bibtex, ris, csl_json]
FILES = {
    "trending_glued.txt": ("saved-page", 4),
    "trending_dated.txt": ("saved-page", 2),
    "dump.jsonl": ("arxiv-dump", 2),
    "snapshot.jsonl": ("arxiv-dump", 2),
    "library.bib": ("bibtex", 3),
    "library.ris": ("ris", 2),
    "library.json": ("csl-json", 2),
}
PIECES = [piece for name in FILES for piece in (FIXTURES / name).read_bytes().split(b"\n")]
SCRAPS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=30)
ANY_BYTES = st.binary() | SCRAPS.map(b"\n".join) | SCRAPS.map(b"".join)
LINES = b"".join(b'{"title":"Kite number %d"}\n' % n for n in range(20_000))


def written(folder: Path, data: bytes, name: str = "papers") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def error_of(path: Path) -> str:
    with pytest.raises(SourceError) as raised:
        list(read_file(path)[1])
    message = str(raised.value)
    assert message[0] in "t'\""
    assert repr(str(path)) in message
    assert "\n" not in message
    assert "BibTeX" in message
    return message


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("compressed", [False, True])
def test_the_format_is_detected_from_the_content(
    name: str, compressed: bool, tmp_path: Path
) -> None:
    data = (FIXTURES / name).read_bytes()
    path = written(tmp_path, gzip.compress(data) if compressed else data, "misleading.pdf")
    source, records = read_file(path)
    found = list(records)
    assert (source, len(found)) == FILES[name]
    assert all(isinstance(item, Paper) for item in found)


@pytest.mark.parametrize("compressed", [False, True])
def test_on_bytes_reports_the_size_on_disk(compressed: bool, tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(LINES) if compressed else LINES)
    steps: list[int] = []
    assert sum(1 for _ in read_file(path, steps.append)[1]) == 20_000
    assert sum(steps) == path.stat().st_size
    assert min(steps) > 0


def test_a_missing_file_raises(tmp_path: Path) -> None:
    assert "does not exist" in error_of(tmp_path / "no\u202epapers")


def test_a_directory_raises(tmp_path: Path) -> None:
    assert "is a directory" in error_of(tmp_path)


def test_an_invalid_file_name_raises() -> None:
    assert "cannot be read" in error_of(Path("papers\0.bib"))


@pytest.mark.parametrize("data", [b"", gzip.compress(b"")])
def test_an_empty_file_raises(data: bytes, tmp_path: Path) -> None:
    assert "is empty" in error_of(written(tmp_path, data))


@pytest.mark.parametrize("data", [b"%PDF-1.7\n\0\xff", bytes(range(256)), b"PK\x03\x04\0\0"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_binary_file_raises(data: bytes, compressed: bool, tmp_path: Path) -> None:
    assert "is binary" in error_of(written(tmp_path, gzip.compress(data) if compressed else data))


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><p>Get trending papers in your email inbox</p>",
        b"\xef\xbb\xbf \n<!-- saved -->\n<HTML lang=en>",
        b'<?xml version="1.0"?><html>@article{a, title={b}}',
    ],
)
def test_html_raises_and_names_the_alternative(data: bytes, tmp_path: Path) -> None:
    assert "save the page as plain text" in error_of(written(tmp_path, data))


@pytest.mark.parametrize("head", [b"\n" * 30_000, b" \t" * 9_000, b"<!-- kites -->\n" * 2_000])
@pytest.mark.parametrize("name", ["library.bib", "library.ris"])
def test_text_before_the_first_record_takes_linear_time(
    name: str, head: bytes, tmp_path: Path
) -> None:
    path = written(tmp_path, head + b"\n" + (FIXTURES / name).read_bytes())
    assert sum(1 for _ in read_file(path)[1]) == FILES[name][1]


@pytest.mark.parametrize(
    "data",
    [b"Kites fly.\n", b" \n\n", b"{}", b"[]", b'{"type": "module", "author": 1}', b"a,b\n1,2\n"],
)
def test_an_unsupported_format_raises(data: bytes, tmp_path: Path) -> None:
    assert "unsupported format" in error_of(written(tmp_path, data))


def test_records_before_the_end_of_a_truncated_gzip_file_are_parsed(tmp_path: Path) -> None:
    compressed = gzip.compress(LINES)
    path = written(tmp_path, compressed[: len(compressed) // 2], "dump.gz")
    *papers, last = read_file(path)[1]
    assert len(papers) > 5_000
    assert all(isinstance(item, Paper) for item in papers)
    assert last == Malformed(
        "dump.gz", "the gzip file is truncated: the records before that were read"
    )


def test_a_truncated_gzip_file_read_whole_is_reported_once(tmp_path: Path) -> None:
    text = b"".join(
        b"@article{k%d, title={Kite %d %s}}\n" % (n, n, os.urandom(9).hex().encode())
        for n in range(999)
    )
    compressed = gzip.compress(text)
    *papers, last = read_file(written(tmp_path, compressed[: len(compressed) // 2]))[1]
    assert papers
    assert all(isinstance(item, Paper) for item in papers)
    assert isinstance(last, Malformed)
    assert "truncated" in last.reason


def test_a_gzip_file_without_its_last_bytes_returns_every_paper(tmp_path: Path) -> None:
    *papers, last = read_file(written(tmp_path, gzip.compress(LINES)[:-3]))[1]
    assert len(papers) == 20_000
    assert isinstance(last, Malformed)


def test_records_before_the_damage_of_a_gzip_file_are_parsed(tmp_path: Path) -> None:
    compressed = bytearray(gzip.compress(LINES))
    compressed[-8] ^= 0xFF
    *papers, last = read_file(written(tmp_path, bytes(compressed)))[1]
    assert len(papers) > 15_000
    assert isinstance(last, Malformed)
    assert "damaged" in last.reason


def test_gzip_members_and_padding_are_decompressed(tmp_path: Path) -> None:
    members = gzip.compress(LINES) + b"\0" * 100_000 + gzip.compress(LINES) + b"\0" * 512
    found = list(read_file(written(tmp_path, members))[1])
    assert len(found) == 40_000
    assert all(isinstance(item, Paper) for item in found)


def test_a_gzip_bomb_raises_if_the_format_is_read_whole(tmp_path: Path) -> None:
    deflate = zlib.compressobj(wbits=31)
    zeros = b" " * (1 << 20)
    chunks = [deflate.compress(b"@comment{kites}\n")]
    chunks += [deflate.compress(zeros) for _ in range(200)]
    path = written(tmp_path, b"".join([*chunks, deflate.flush()]))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(SourceError, match="exceeds 64 MiB"):
        list(read_file(path)[1])


def test_a_gzip_bomb_of_lines_is_parsed_in_constant_memory(tmp_path: Path) -> None:
    deflate = zlib.compressobj(wbits=31)
    chunks = [deflate.compress(b'{"title":"Kites"}\n{"title":"')]
    chunks += [deflate.compress(b" " * (1 << 20)) for _ in range(100)]
    path = written(tmp_path, b"".join([*chunks, deflate.flush()]))
    tracemalloc.start()
    try:
        kites, bomb = read_file(path)[1]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(kites, Paper)
    assert isinstance(bomb, Malformed)
    assert peak_bytes < 16 << 20


def test_a_latin_1_file_is_decoded(tmp_path: Path) -> None:
    data = (FIXTURES / "library.ris").read_text("utf-8").encode("latin-1")
    first = next(read_file(written(tmp_path, data))[1])
    assert isinstance(first, Paper)
    assert first.authors == ("José Farol", "Ø. Berg Jr.")


def test_a_pipe_is_parsed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(LINES),))
    writer.start()
    assert sum(1 for _ in read_file(pipe)[1]) == 20_000
    writer.join()


def test_a_partly_read_file_is_closed(tmp_path: Path) -> None:
    _, records = read_file(written(tmp_path, LINES))
    assert isinstance(records, Iterator)
    assert next(records)
    del records


@given(data=ANY_BYTES, compressed=st.booleans(), keep=st.floats(0, 1))
def test_any_file_raises_nothing_but_source_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, compressed: bool, keep: float
) -> None:
    whole = gzip.compress(data) if compressed else data
    path = written(tmp_path_factory.getbasetemp(), whole[: int(len(whole) * keep)], "scraps")
    try:
        found = list(read_file(path)[1])
    except SourceError as error:
        assert "scraps" in str(error)
        return
    assert all(isinstance(item, Paper | Malformed) for item in found)
