"""Fetch the stars of the repositories that papers name, from GitHub's REST API.

https://docs.github.com/en/rest/repos/repos
"""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import BaseModel

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply, retry_after_s
from broadsheet.model import Kind, PaperFilter
from broadsheet.rules.code_links import github_repositories
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.repository_counts import fetch_counts, parse_count
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "github"

_ADDRESS = "https://api.github.com/repos"
_VERSION = "2022-11-28"
_FORBIDDEN = 403
_NOT_FOUND = (404, 410, 451)
# Of the 60 requests an hour without a key. The rest is for renamed repositories, which take two
# requests: exceeding the limit would count as a failed run.
_REPOSITORIES_WITHOUT_KEY = 55


class _Error(BaseModel):
    message: str = ""


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Fetch the stars of the repositories of papers.

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
        If GitHub rejects the key or the reply is not JSON.
    UnavailableError
        If the rate limit is reached.
    """
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION}
    if request.key:
        headers["Authorization"] = f"Bearer {request.key}"

    def stars(name: str) -> float | None:
        allowed = (_FORBIDDEN, *_NOT_FOUND)
        reply = client.get(f"{_ADDRESS}/{name}", headers=headers, allowed=allowed)
        if reply.status in _NOT_FOUND or is_blocked(reply):
            return None
        return parse_count(reply.json(), "stargazers_count", "stars")

    limit = None if request.key else _REPOSITORIES_WITHOUT_KEY
    return fetch_counts(
        request, github_repositories, stars, Kind.STARS, NAME, max_repositories=limit
    )


def is_blocked(reply: Reply) -> bool:
    """Return whether a reply says that GitHub has blocked the repository.

    Raises
    ------
    SourceError
        If GitHub rejects all requests.
    UnavailableError
        If the rate limit is reached.
    """
    if reply.status != _FORBIDDEN:
        return False
    wait_s = retry_after_s(reply.headers)
    if wait_s is not None:
        raise UnavailableError(
            f"{reply.address} is rate limited for {round(wait_s)} s (status 403): it is retried "
            "after that",
            wait_s,
        )
    try:
        blocked = "access blocked" in reply.read(_Error).message.lower()
    except SourceError:
        blocked = False
    if not blocked:
        raise SourceError(
            f"{reply.address} rejected the request (status 403): check the setting 'github_key'"
        )
    return True


SOURCE = Source(
    NAME,
    fetch,
    Schedule.PER_QUERY,
    rate_limits={"github.com": 0.75},
    key="github_key",
    paper_filter=PaperFilter.WITH_CODE,
    papers_per_run=1_000,
    # Without a key GitHub allows 60 requests an hour.
    papers_per_run_without_key=50,
    requery_after=timedelta(hours=20),
)
