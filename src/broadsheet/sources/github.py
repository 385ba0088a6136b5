"""Stars of the repositories that papers name, from GitHub's REST API."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic import BaseModel

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.errors import UnavailableError
from broadsheet.http.reply import Reply, retry_after_s
from broadsheet.model import Kind, PaperFilter
from broadsheet.rules.schedule import Schedule
from broadsheet.sources.code_links import counted, github_repositories, number_in
from broadsheet.sources.source import Batch, FetchRequest, Source

NAME = "github"

_ADDRESS = "https://api.github.com/repos"
_VERSION = "2022-11-28"
_FORBIDDEN = 403
_UNKNOWN = (404, 410, 451)
# Of the 60 an hour; a refusal would count as a failure of the source. The rest is for repositories
# that were renamed, which take two.
_ASKED_WITHOUT_KEY = 55


class _Refusal(BaseModel):
    message: str = ""


def fetch(client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Read how many stars the repositories of papers have.

    Parameters
    ----------
    client : Client
        Asks ``api.github.com``.
    request : FetchRequest
        Tells the papers; of several repositories of one, the first that is known counts.

    Yields
    ------
    Batch
        For each paper one, and first one for those that name no repository.

    Raises
    ------
    SourceError
        Where GitHub refuses the key, or gives something else than JSON.
    UnavailableError
        Where it is not to be asked for a while.
    """
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION}
    if request.key:
        headers["Authorization"] = f"Bearer {request.key}"

    def stars(name: str) -> float | None:
        allowed = (_FORBIDDEN, *_UNKNOWN)
        reply = client.get(f"{_ADDRESS}/{name}", headers=headers, allowed=allowed)
        if reply.status in _UNKNOWN or refuses_this_one(reply):
            return None
        return number_in(reply.json(), "stargazers_count", "stars")

    most = None if request.key else _ASKED_WITHOUT_KEY
    return counted(request, github_repositories, stars, Kind.STARS, NAME, most_asked=most)


def refuses_this_one(reply: Reply) -> bool:
    """Tell a repository that GitHub has blocked from a refusal of all that is asked.

    Raises
    ------
    SourceError
        Where it is the latter.
    UnavailableError
        Where GitHub asks to wait.
    """
    if reply.status != _FORBIDDEN:
        return False
    wait_s = retry_after_s(reply.headers)
    if wait_s is not None:
        raise UnavailableError(
            f"{reply.address} asks to wait for {round(wait_s)} seconds (status 403): it is tried "
            "again then",
            wait_s,
        )
    try:
        blocked = "access blocked" in reply.read(_Refusal).message.lower()
    except SourceError:
        blocked = False
    if not blocked:
        raise SourceError(
            f"{reply.address} refuses (status 403): check the key in the settings, or whether "
            "GitHub still lets programs in"
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
