"""The ACL Anthology, from the BibTeX file of all its papers, or that of one volume."""

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
_WHOLE = "anthology+abstracts.bib.gz"
_VOLUME = re.compile(r"[0-9]{4}\.[a-z0-9]{1,30}-[a-z0-9]{1,30}|[A-Z][0-9]{2}-[0-9]{1,2}", re.ASCII)
# In 2026 the whole packs 35 MiB, and 170 unpacked.
_PACKED_BYTES, _UNPACKED_BYTES = 256 << 20, 1 << 30
_PIECE_BYTES, _ENTRY_BYTES = 1 << 18, 1 << 20
_ENTRY_HEAD_BYTES = 1 << 10
_PAPERS = 500
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
_ABBREVIATION, _NO_PAPERS = b"string", (b"proceedings", b"comment", b"preamble")
_ABBREVIATIONS_CHARS = 10_000
_MEMBERS = 64


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read the papers of the Anthology, 500 in a batch.

    Parameters
    ----------
    client : Client
        Asks aclanthology.org.
    request : FetchRequest
        `argument` is a volume such as ``2024.acl-long``; without it all papers are read from the
        year of `since` to that of `until`, by default of this year and the one before, and only
        where the file is another than the last time.

    Raises
    ------
    SourceError
        Where there is no such volume, or the file is broken or no BibTeX.
    """
    if request.argument is not None and not _VOLUME.fullmatch(request.argument):
        raise SourceError(
            f"{request.argument[:100]!r} is not a volume of the ACL Anthology: write it as "
            "2024.acl-long"
        )
    path = f"volumes/{request.argument}.bib" if request.argument else _WHOLE
    is_same = request.since is None and request.cursor.get("what", "") == (request.argument or "")
    unless = request.cursor if is_same else None
    reply = client.get(f"{_ADDRESS}/{path}", unless=unless, most_bytes=_PACKED_BYTES)
    if reply.unchanged:
        return
    yield from _batches(_papers(reply, request), reply, request)


def _batches(
    papers: Iterator[Paper | Malformed], reply: Reply, request: FetchRequest
) -> Iterator[Batch]:
    told = list(islice(papers, _PAPERS))
    while len(told) == _PAPERS:
        yield Batch(records=told)
        told = list(islice(papers, _PAPERS))
    yield Batch(records=told, cursor=_cursor(reply, request))


def _cursor(reply: Reply, request: FetchRequest) -> Cursor | None:
    """Give the cursor after the file, where nothing was left out that is to come by itself."""
    first, _ = _years(replace(request, since=None))
    if request.until or (request.since and request.since.year > first):
        return None
    return {"what": request.argument or "", **reply.validators}


def _years(request: FetchRequest) -> tuple[int, int]:
    unasked = 0 if request.argument else request.now.year - _YEARS_BACK
    first = request.since.year if request.since else unasked
    return first, request.until.year if request.until else 9999


def _papers(reply: Reply, request: FetchRequest) -> Iterator[Paper | Malformed]:
    first, last = _years(request)
    abbreviations = ""
    number = 0
    for raw, kind in _entries(_pieces(reply)):
        if kind == _ABBREVIATION and len(abbreviations) + len(raw) < _ABBREVIATIONS_CHARS:
            abbreviations += decode(raw)
        number += 1
        if kind == _ABBREVIATION or kind in _NO_PAPERS:
            continue
        year = _YEAR.search(raw)
        if year is None or first <= int(year[1]) <= last:
            yield from _read(raw, abbreviations, f"{reply.address} entry {number}")
    if not number:
        raise SourceError(
            f"{reply.address} gave no BibTeX: it is tried again at the next fetch; if that fails "
            "too, the Anthology has moved its files"
        )


def _read(raw: bytes, abbreviations: str, place: str) -> Iterator[Paper | Malformed]:
    if len(raw) > _ENTRY_BYTES:
        yield Malformed(place, f"it is longer than {_ENTRY_BYTES >> 20} MiB")
        return
    text = decode(raw).replace("\r\n", "\n")
    try:
        told = list(parse_entries(abbreviations + text, place))
    except SourceError:
        told = [Malformed(place, "it is not well formed, and was passed over")]
    for one in told:
        yield _named(one, text) if isinstance(one, Paper) else Malformed(place, one.reason)


def _named(paper: Paper, text: str) -> Paper:
    """Give a paper the Anthology's id, which stands in its address, its old key or its DOI."""
    told = _URL_ID.search(text) or _KEY.match(text)
    named = parse_external_id(told[1] if told else (paper.doi or "").removeprefix(_DOI))
    if named is None or not named.startswith("acl:"):
        return paper
    address = f"{_ADDRESS}/{named.removeprefix('acl:')}/"
    return replace(paper, ids=(named,), url=paper.url or address)


def _entries(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Split a file at the lines on which entries begin; each comes with its kind."""
    waiting = b""
    for piece in pieces:
        waiting += piece
        begins = list(_ENTRY.finditer(waiting))
        for begin, following in pairwise(begins):
            yield waiting[begin.start() : following.start()], begin[1].lower()
        if begins:
            waiting = waiting[begins[-1].start() :]
        if len(waiting) > _ENTRY_BYTES:
            if begins:
                yield waiting, begins[-1][1].lower()
            # The next entry may begin within this line.
            waiting = waiting[waiting.rfind(b"\n") + 1 :][:_ENTRY_HEAD_BYTES]
    if last := _ENTRY.match(waiting):
        yield waiting, last[1].lower()


def _pieces(reply: Reply) -> Iterator[bytes]:
    """Unpack a file piece by piece, of a service that may have unpacked it already."""
    body = reply.body
    if not body.startswith(_GZIP):
        yield from (body[at : at + _PIECE_BYTES] for at in range(0, len(body), _PIECE_BYTES))
        return
    unpacked_bytes = 0
    try:
        for piece in _unpacked(body):
            unpacked_bytes += len(piece)
            if unpacked_bytes > _UNPACKED_BYTES:
                raise SourceError(
                    f"{reply.address} unpacks to more than {_UNPACKED_BYTES >> 20} MiB, the most "
                    "that is read of it"
                )
            yield piece
    except (zlib.error, EOFError) as error:
        raise SourceError(
            f"{reply.address} is damaged or breaks off: it is tried again at the next fetch"
        ) from error


def _unpacked(body: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(_MEMBERS):
        if not body.startswith(_GZIP, at):
            return
        inflate = zlib.decompressobj(_GZIP_WINDOW)
        while not inflate.eof:
            packed = body[at : at + _PIECE_BYTES]
            piece = inflate.decompress(packed, _PIECE_BYTES)
            at += len(packed) - len(inflate.unconsumed_tail) - len(inflate.unused_data)
            if not packed and not piece and not inflate.eof:
                raise EOFError
            yield piece


SOURCE = Source(
    NAME,
    fetch,
    Schedule.IRREGULAR,
    interval=timedelta(days=1),
    rate_limits={"aclanthology.org": 2.0},
    argument=Argument.OPTIONAL,
)
