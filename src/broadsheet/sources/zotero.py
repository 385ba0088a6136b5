"""Libraries and collections of Zotero, https://www.zotero.org/support/dev/web_api/v3/basics."""

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
_PAGES = 2_000
# A library that is changed while it is read is read again from its beginning.
_BEGINNINGS = 5
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reading of a library stands.

    `known` is the version that was read in full, `version` the one that is being read, None
    before the first reply, and `start` the item to go on with.
    """

    library: str
    known: str = "0"
    version: str | None = None
    start: int = 0

    def cursor(self) -> Cursor:
        told = {"what": self.library, "known": self.known}
        if self.version is not None:
            told |= {"version": self.version, "start": str(self.start)}
        return told


class _Page(BaseModel):
    items: list[object]


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read what was added to a library, or changed in it, since it was last read.

    Days are not told apart; with `request.since` all is read again.

    Parameters
    ----------
    client : Client
        Asks api.zotero.org.
    request : FetchRequest
        `argument` is ``users/123`` or ``groups/456``, ``/collections/ABCD2345`` after it for one
        collection.

    Raises
    ------
    SourceError
        Where there is no such library, it is closed, changes too fast, or has no end.
    UnavailableError
        Where Zotero asks to be left alone before all is read.
    """
    place = _first_place(request)
    beginnings, previous = 1, b""
    for _ in range(_PAGES):
        reply = _page(client, place, request.key)
        version = _number(reply, "last-modified-version")
        if place.start and version != place.version:
            # Changed items move to the end, and others up, past what was read already.
            beginnings += 1
            place, previous = replace(place, version=None, start=0), b""
            if beginnings > _BEGINNINGS:
                break
            yield Batch(cursor=place.cursor())
        elif reply.body == previous:
            break
        else:
            previous = reply.body
            told = list(_told(reply, place))
            place = _next_place(replace(place, version=version), reply)
            yield Batch(records=told, cursor=place.cursor())
            if place.version is None:
                return
        _leave_alone(reply)
    raise SourceError(
        f"{_ADDRESS}/{place.library} changes while it is read, repeats a page or has no end: it is "
        "tried again at the next fetch"
    )


def _first_place(request: FetchRequest) -> _Place:
    library = request.argument or ""
    if not _LIBRARY.fullmatch(library):
        raise SourceError(
            f"{library[:100]!r} names no Zotero library: write users/123 or groups/456, and "
            "/collections/ABCD2345 after it for one collection"
        )
    told = request.cursor
    if request.since is not None or told.get("what") != library:
        return _Place(library)
    known = told.get("known", "")
    start, version = told.get("start", ""), told.get("version", "")
    known = known if _NUMBER.fullmatch(known) else "0"
    if _NUMBER.fullmatch(start) and _NUMBER.fullmatch(version):
        return _Place(library, known, version, int(start))
    return _Place(library, known)


def _page(client: Client, place: _Place, key: str | None) -> Reply:
    address = f"{_ADDRESS}/{place.library}/items/top"
    question = {
        "format": "csljson",
        "limit": str(_PAGE_ITEMS),
        "start": str(place.start),
        "since": place.known,
        "sort": "dateModified",
        "direction": "asc",
    }
    headers = {"Zotero-API-Version": "3", **({"Zotero-API-Key": key} if key else {})}
    reply = client.get(address, question, headers=headers, allowed=(_FORBIDDEN,))
    if reply.status == _FORBIDDEN:
        raise SourceError(
            f"{address} refuses (status {_FORBIDDEN}): set zotero_key to a key that may read it, "
            "from https://www.zotero.org/settings/keys"
        )
    return reply


def _leave_alone(reply: Reply) -> None:
    """Stop where the service is overloaded, which it may say of a good reply too."""
    told = reply.headers.get("backoff", "").strip()
    if _NUMBER.fullmatch(told) and int(told):
        raise UnavailableError(
            f"{reply.address} asks to be left alone for {int(told)} seconds: the rest is asked for "
            "after that",
            float(told),
        )


def _told(reply: Reply, place: _Place) -> Iterator[Paper | Malformed]:
    page = reply.read(_Page)
    return parse_items(page.items, f"{NAME} {place.library} from {place.start}")


def _next_place(place: _Place, reply: Reply) -> _Place:
    start = place.start + _PAGE_ITEMS
    if start < int(_number(reply, "total-results")):
        return replace(place, start=start)
    return _Place(place.library, place.version or "0")


def _number(reply: Reply, header: str) -> str:
    told = reply.headers.get(header, "")
    if not _NUMBER.fullmatch(told):
        raise SourceError(
            f"{reply.address} did not tell {header}, and so is not Zotero's: it is tried again at "
            "the next fetch"
        )
    return told


SOURCE = Source(
    NAME,
    fetch,
    Schedule.IRREGULAR,
    rate_limits={"zotero.org": 1.0},
    argument=Argument.REQUIRED,
    key="zotero_key",
)
