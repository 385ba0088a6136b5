"""Likes of the models, datasets and spaces that papers name, from the Hugging Face hub."""

from collections.abc import Iterator
from datetime import timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.decoding import decode
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, PaperFilter
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.code_links import counted, hub_repositories, number_in
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "hub"

_ADDRESS = "https://huggingface.co/api"
_UNAUTHORISED, _FORBIDDEN = 401, 403
_UNKNOWN = (404, 410, 451)
# A model of many files fills megabytes; this leaves the name and the likes.
_PARAMS = {"expand": "likes"}


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read how many likes the hub's repositories of papers have.

    Parameters
    ----------
    client : Client
        Asks ``huggingface.co``.
    request : FetchRequest
        Tells the papers; of several repositories of one, the first that is known counts.

    Yields
    ------
    Batch
        For each paper one, and first one for those that name no repository.

    Raises
    ------
    SourceError
        Where the hub refuses the key, or gives something else than JSON.
    UnavailableError
        Where it is not to be asked for a while.
    """
    headers = {"Authorization": f"Bearer {request.key}"} if request.key else {}
    allowed = (_UNAUTHORISED, _FORBIDDEN, *_UNKNOWN)

    def likes(path: str) -> float | None:
        reply = client.get(f"{_ADDRESS}/{path}", _PARAMS, headers=headers, allowed=allowed)
        if reply.status in _UNKNOWN or refuses_this_one(reply):
            return None
        return number_in(reply.json(), "likes", "likes")

    return counted(request, hub_repositories, likes, Kind.LIKES, NAME)


def refuses_this_one(reply: Reply) -> bool:
    """Tell a repository that is not shown from a refusal of all that is asked.

    Raises
    ------
    SourceError
        Where it is the latter.
    """
    if reply.status not in (_UNAUTHORISED, _FORBIDDEN):
        return False
    why = (reply.headers.get("x-error-message") or decode(reply.body[:1_000])).lower()
    # The hub says 401 of what does not exist, so as not to tell what is private.
    if reply.status == _UNAUTHORISED and "invalid credentials" not in why:
        return True
    if reply.status == _FORBIDDEN and "disabled" in why:
        return True
    raise SourceError(
        f"{reply.address} refuses (status {reply.status}): check the key in the settings, or "
        "whether the hub still lets programs in"
    )


SOURCE = Source(
    NAME,
    fetch,
    Schedule.PER_QUERY,
    rate_limits={"huggingface.co": 0.5},
    key="hub_key",
    paper_filter=PaperFilter.WITH_MODEL,
    papers_per_run=300,
    requery_after=timedelta(hours=20),
)
