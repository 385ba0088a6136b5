"""Fetch the ACL Anthology from its BibTeX files, https://aclanthology.org."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice, pairwise

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.decoding import decode
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Paper
from broadsheet.rules.identity import parse_external_id
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.bibtex import parse_entries
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "acl"

_ADDRESS = "https://aclanthology.org"
_ALL_PAPERS = "anthology+abstracts.bib.gz"
_VOLUME = re.compile(r"[0-9]{4}\.[a-z0-9]{1,30}-[a-z0-9]{1,30}|[A-Z][0-9]{2}-[0-9]{1,2}", re.ASCII)
# In 2026 the file of all papers has 35 MiB compressed and 170 MiB uncompressed.
_MAX_COMPRESSED_BYTES, _MAX_BYTES = 256 << 20, 1 << 30
_CHUNK_BYTES, _MAX_ENTRY_BYTES = 1 << 18, 1 << 20
_ENTRY_HEAD_BYTES = 1 << 10
_BATCH_PAPERS = 500
_YEARS_BACK = 1
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ENTRY = re.compile(rb"^@([a-z]+)[ \t]*[{(]", re.IGNORECASE | re.MULTILINE)
_YEAR = re.compile(rb"^[ \t]*year[ \t]*=[ \t]*[\"{]?[ \t]*([0-9]{4})", re.IGNORECASE | re.MULTILINE)
_URL_ID = re.compile(
    r"^[ \t]*url[ \t]*=[^\n]{0,200}?\b"
    r"([0-9]{4}\.[a-z0-9]{1,30}-[a-z0-9]{1,30}\.[0-9]{1,4}|[A-Z][0-9]{2}-[0-9]{4})/?[\"}]",
    re.IGNORECASE | re.MULTILINE,
)
_KEY = re.compile(r"@[a-z]{1,30}[ \t]*[{(][ \t]*([A-Z][0-9]{2}-[0-9]{4})[ \t]*,", re.IGNORECASE)
_DOI = "10.18653/v1/"
_ABBREVIATION, _NOT_PAPERS = b"string", (b"proceedings", b"comment", b"preamble")
_MAX_ABBREVIATION_CHARS = 10_000
_MAX_GZIP_MEMBERS = 64


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch papers of the Anthology, 500 per batch.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is a volume such as ``2024.acl-long``. Without it, all papers from the year of
        `since` to the year of `until` are fetched, by default those of this year and last year,
        if the file has changed since the last run.

    Raises
    ------
    SourceError
        If the volume does not exist, or the file is damaged or not BibTeX.
    """
    if request.argument is not None and not _VOLUME.fullmatch(request.argument):
        raise SourceError(
            f"{request.argument[:100]!r} is not a volume of the ACL Anthology: write acl:VOLUME "
            "such as acl:2024.acl-long"
        )
    path = f"volumes/{request.argument}.bib" if request.argument else _ALL_PAPERS
    is_same = request.since is None and request.cursor.get("what", "") == (request.argument or "")
    unless = request.cursor if is_same else None
    reply = client.get(f"{_ADDRESS}/{path}", unless=unless, most_bytes=_MAX_COMPRESSED_BYTES)
    if reply.unchanged:
        return
    yield from _batches(_papers(reply, request), reply, request)


def _batches(
    papers: Iterator[Paper | Malformed], reply: Reply, request: FetchRequest
) -> Iterator[Batch]:
    records = list(islice(papers, _BATCH_PAPERS))
    while len(records) == _BATCH_PAPERS:
        yield Batch(records=records)
        records = list(islice(papers, _BATCH_PAPERS))
    yield Batch(records=records, cursor=_cursor(reply, request))


def _cursor(reply: Reply, request: FetchRequest) -> Cursor | None:
    """Return the cursor after the file, or None if `since` or `until` excluded default years."""
    first, _ = _years(replace(request, since=None))
    if request.until or (request.since and request.since.year > first):
        return None
    return {"what": request.argument or "", **reply.validators}


def _years(request: FetchRequest) -> tuple[int, int]:
    default = 0 if request.argument else request.now.year - _YEARS_BACK
    first = request.since.year if request.since else default
    return first, request.until.year if request.until else 9999


def _papers(reply: Reply, request: FetchRequest) -> Iterator[Paper | Malformed]:
    first, last = _years(request)
    abbreviations = ""
    number = 0
    for raw, kind in _entries(_chunks(reply)):
        if kind == _ABBREVIATION and len(abbreviations) + len(raw) < _MAX_ABBREVIATION_CHARS:
            abbreviations += decode(raw)
        number += 1
        if kind == _ABBREVIATION or kind in _NOT_PAPERS:
            continue
        year = _YEAR.search(raw)
        if year is None or first <= int(year[1]) <= last:
            yield from _parse_entry(raw, abbreviations, f"{reply.address} entry {number}")
    if not number:
        raise SourceError(
            f"{reply.address} is not BibTeX: the next fetch retries it; if the error persists, the "
            "Anthology has moved its files"
        )


def _parse_entry(raw: bytes, abbreviations: str, place: str) -> Iterator[Paper | Malformed]:
    if len(raw) > _MAX_ENTRY_BYTES:
        yield Malformed(place, f"entry exceeds {_MAX_ENTRY_BYTES >> 20} MiB")
        return
    text = decode(raw).replace("\r\n", "\n")
    try:
        records = list(parse_entries(abbreviations + text, place))
    except SourceError:
        records = [Malformed(place, "malformed entry")]
    for record in records:
        yield (
            _with_id(record, text) if isinstance(record, Paper) else Malformed(place, record.reason)
        )


def _with_id(paper: Paper, text: str) -> Paper:
    """Add the Anthology's id, found in the URL, in an old citation key or in the DOI."""
    found = _URL_ID.search(text) or _KEY.match(text)
    acl_id = parse_external_id(found[1] if found else (paper.doi or "").removeprefix(_DOI))
    if acl_id is None or not acl_id.startswith("acl:"):
        return paper
    address = f"{_ADDRESS}/{acl_id.removeprefix('acl:')}/"
    return replace(paper, ids=(acl_id,), url=paper.url or address)


def _entries(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Split a file before each line that starts an entry; yield the entry and its kind."""
    pending = b""
    for chunk in chunks:
        pending += chunk
        starts = list(_ENTRY.finditer(pending))
        for start, following in pairwise(starts):
            yield pending[start.start() : following.start()], start[1].lower()
        if starts:
            pending = pending[starts[-1].start() :]
        if len(pending) > _MAX_ENTRY_BYTES:
            if starts:
                yield pending, starts[-1][1].lower()
            # The next entry can start in the last line.
            pending = pending[pending.rfind(b"\n") + 1 :][:_ENTRY_HEAD_BYTES]
    if last := _ENTRY.match(pending):
        yield pending, last[1].lower()


def _chunks(reply: Reply) -> Iterator[bytes]:
    """Yield the uncompressed file in chunks; the body can be uncompressed already."""
    body = reply.body
    if not body.startswith(_GZIP):
        yield from (body[at : at + _CHUNK_BYTES] for at in range(0, len(body), _CHUNK_BYTES))
        return
    size_bytes = 0
    try:
        for chunk in _decompress(body):
            size_bytes += len(chunk)
            if size_bytes > _MAX_BYTES:
                raise SourceError(
                    f"{reply.address} exceeds {_MAX_BYTES >> 20} MiB uncompressed, the limit"
                )
            yield chunk
    except (zlib.error, EOFError) as error:
        raise SourceError(
            f"{reply.address} is damaged or truncated: the next fetch retries it"
        ) from error


def _decompress(body: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(_MAX_GZIP_MEMBERS):
        if not body.startswith(_GZIP, at):
            return
        inflate = zlib.decompressobj(_GZIP_WINDOW)
        while not inflate.eof:
            compressed = body[at : at + _CHUNK_BYTES]
            chunk = inflate.decompress(compressed, _CHUNK_BYTES)
            at += len(compressed) - len(inflate.unconsumed_tail) - len(inflate.unused_data)
            if not compressed and not chunk and not inflate.eof:
                raise EOFError
            yield chunk


SOURCE = Source(
    NAME,
    fetch,
    Schedule.IRREGULAR,
    interval=timedelta(days=1),
    rate_limits={"aclanthology.org": 2.0},
    argument=Argument.OPTIONAL,
)
