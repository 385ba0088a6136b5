"""Fetch the likes of models, datasets and spaces that papers name, from the Hugging Face hub."""

from collections.abc import Iterator
from datetime import timedelta

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.decoding import decode
from broadsheet.http.reply import Reply
from broadsheet.model import Kind, PaperFilter
from broadsheet.rules.code_links import hub_repositories
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.repository_counts import fetch_counts, parse_count
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "hub"

_ADDRESS = "https://huggingface.co/api"
_UNAUTHORIZED, _FORBIDDEN = 401, 403
_NOT_FOUND = (404, 410, 451)
# A model with many files fills megabytes; this returns the id and the likes only.
_PARAMS = {"expand": "likes"}


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the likes of the models, datasets and spaces of papers.

    Parameters
    ----------
    client : Client
        HTTP client.
    request : FetchRequest
        `papers` are looked up. If a paper names several repositories, the first that exists counts.

    Yields
    ------
    Batch
        First one for the papers without a repository, then one per paper.

    Raises
    ------
    SourceError
        If the hub rejects the key or the reply is not JSON.
    UnavailableError
        If the rate limit is reached.
    """
    headers = {"Authorization": f"Bearer {request.key}"} if request.key else {}
    allowed = (_UNAUTHORIZED, _FORBIDDEN, *_NOT_FOUND)

    def likes(path: str) -> float | None:
        reply = client.get(f"{_ADDRESS}/{path}", _PARAMS, headers=headers, allowed=allowed)
        if reply.status in _NOT_FOUND or is_hidden(reply):
            return None
        return parse_count(reply.json(), "likes", "likes")

    return fetch_counts(request, hub_repositories, likes, Kind.LIKES, NAME)


def is_hidden(reply: Reply) -> bool:
    """Return whether a reply says that the repository is private, disabled or does not exist.

    Raises
    ------
    SourceError
        If the hub rejects all requests.
    """
    if reply.status not in (_UNAUTHORIZED, _FORBIDDEN):
        return False
    reason = (reply.headers.get("x-error-message") or decode(reply.body[:1_000])).lower()
    # The hub returns 401 for private and for missing repositories alike.
    if reply.status == _UNAUTHORIZED and "invalid credentials" not in reason:
        return True
    if reply.status == _FORBIDDEN and "disabled" in reason:
        return True
    raise SourceError(
        f"{reply.address} rejected the request (status {reply.status}): check the setting 'hub_key'"
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
