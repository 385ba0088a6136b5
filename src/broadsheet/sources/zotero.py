"""Fetch Zotero libraries, https://www.zotero.org/support/dev/web_api/v3/basics."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import BaseModel

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Paper
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.csl_json import parse_items
from broadsheet.sources.source import Argument, Batch, Cursor, FetchRequest, Source

NAME = "zotero"

_ADDRESS = "https://api.zotero.org"
_LIBRARY = re.compile(r"(?:users|groups)/[0-9]{1,12}(?:/collections/[A-Z0-9]{8})?")
_PAGE_ITEMS = 100
_MAX_PAGES = 2_000
# A library that changes during a run is fetched again from the start.
_MAX_STARTS = 5
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class _Position:
    """The state of a run, stored in the cursor.

    `known` is the last complete library version, `version` the version in progress (None before
    the first reply) and `start` the offset of the next page.
    """

    library: str
    known: str = "0"
    version: str | None = None
    start: int = 0

    def cursor(self) -> Cursor:
        cursor = {"what": self.library, "known": self.known}
        if self.version is not None:
            cursor |= {"version": self.version, "start": str(self.start)}
        return cursor


class _Page(BaseModel):
    items: list[object]


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the items of a library that were added or changed since the last run.

    Items have no day; `request.since` fetches all of them again.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `argument` is ``users/123`` or ``groups/456``, with ``/collections/ABCD2345`` for one
        collection.

    Raises
    ------
    SourceError
        If the library does not exist, is private, changes during the run or does not end.
    UnavailableError
        If Zotero requests a pause before the run is complete.
    """
    position = _first_place(request)
    starts, previous = 1, b""
    for _ in range(_MAX_PAGES):
        reply = _page(client, position, request.key)
        version = _number(reply, "last-modified-version")
        if position.start and version != position.version:
            # Changed items move to the end, which shifts the pages that follow.
            starts += 1
            position, previous = replace(position, version=None, start=0), b""
            if starts > _MAX_STARTS:
                break
            yield Batch(cursor=position.cursor())
        elif reply.body == previous:
            break
        else:
            previous = reply.body
            records = list(_records(reply, position))
            position = _next_place(replace(position, version=version), reply)
            yield Batch(records=records, cursor=position.cursor())
            if position.version is None:
                return
        _raise_if_paused(reply)
    raise SourceError(
        f"{_ADDRESS}/{position.library} changed during the run, repeats a page or does not end: "
        "the next fetch retries it"
    )


def _first_place(request: FetchRequest) -> _Position:
    library = request.argument or ""
    if not _LIBRARY.fullmatch(library):
        raise SourceError(
            f"{library[:100]!r} is not a Zotero library: write zotero:users/123 or "
            "zotero:groups/456, with /collections/ABCD2345 for one collection"
        )
    stored = request.cursor
    if request.since is not None or stored.get("what") != library:
        return _Position(library)
    known = stored.get("known", "")
    start, version = stored.get("start", ""), stored.get("version", "")
    known = known if _NUMBER.fullmatch(known) else "0"
    if _NUMBER.fullmatch(start) and _NUMBER.fullmatch(version):
        return _Position(library, known, version, int(start))
    return _Position(library, known)


def _page(client: Client, position: _Position, key: str | None) -> Reply:
    address = f"{_ADDRESS}/{position.library}/items/top"
    params = {
        "format": "csljson",
        "limit": str(_PAGE_ITEMS),
        "start": str(position.start),
        "since": position.known,
        "sort": "dateModified",
        "direction": "asc",
    }
    headers = {"Zotero-API-Version": "3", **({"Zotero-API-Key": key} if key else {})}
    reply = client.get(address, params, headers=headers, allowed=(_FORBIDDEN,))
    if reply.status == _FORBIDDEN:
        raise SourceError(
            f"{address} rejected the request (status {_FORBIDDEN}): set 'zotero_key' to a key with "
            "read access, from https://www.zotero.org/settings/keys"
        )
    return reply


def _raise_if_paused(reply: Reply) -> None:
    """Raise UnavailableError if a reply, successful or not, has a Backoff header."""
    backoff_s = reply.headers.get("backoff", "").strip()
    if _NUMBER.fullmatch(backoff_s) and int(backoff_s):
        raise UnavailableError(
            f"{reply.address} requested a pause of {int(backoff_s)} s: the next fetch resumes",
            float(backoff_s),
        )


def _records(reply: Reply, position: _Position) -> Iterator[Paper | Malformed]:
    page = reply.read(_Page)
    return parse_items(page.items, f"{NAME} {position.library} from {position.start}")


def _next_place(position: _Position, reply: Reply) -> _Position:
    start = position.start + _PAGE_ITEMS
    if start < int(_number(reply, "total-results")):
        return replace(position, start=start)
    return _Position(position.library, position.version or "0")


def _number(reply: Reply, header: str) -> str:
    value = reply.headers.get(header, "")
    if not _NUMBER.fullmatch(value):
        raise SourceError(
            f"{reply.address} returned no valid {header} header: the next fetch retries it"
        )
    return value


SOURCE = Source(
    NAME,
    fetch,
    Schedule.IRREGULAR,
    rate_limits={"zotero.org": 1.0},
    argument=Argument.REQUIRED,
    key="zotero_key",
)
