"""Stars of the repositories that papers name, from GitHub's REST API."""

from collections.abc import Iterator

from pydantic import BaseModel

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.reply import OutOfReachError, Reply, retry_after_s
from broadsheet.model import Kind
from broadsheet.sources.code_links import counted, github_repositories, number_in
from broadsheet.sources.source import Asked, Batch

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


def fetch(client: Client, asked: Asked, key: str | None) -> Iterator[Batch]:
    """Read how many stars the repositories of papers have.

    Parameters
    ----------
    client : Client
        Asks ``api.github.com``.
    asked : Asked
        Tells the papers; of several repositories of one, the first that is known counts.
    key : str or None
        A token. Without one GitHub answers 60 times an hour, so that a run ends before that and
        leaves the papers beyond unanswered.

    Yields
    ------
    Batch
        For each paper one, and first one for those that name no repository.

    Raises
    ------
    SourceError
        Where GitHub refuses the key, or gives something else than JSON.
    OutOfReachError
        Where it is not to be asked for a while.
    """
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": _VERSION}
    if key:
        headers["Authorization"] = f"Bearer {key}"

    def stars(name: str) -> float | None:
        allowed = (_FORBIDDEN, *_UNKNOWN)
        reply = client.get(f"{_ADDRESS}/{name}", headers=headers, allowed=allowed)
        if reply.status in _UNKNOWN or refuses_this_one(reply):
            return None
        return number_in(reply.json(), "stargazers_count", "stars")

    most = None if key else _ASKED_WITHOUT_KEY
    return counted(asked, github_repositories, stars, Kind.STARS, NAME, most_asked=most)


def refuses_this_one(reply: Reply) -> bool:
    """Tell a repository that GitHub has blocked from a refusal of all that is asked.

    Raises
    ------
    SourceError
        Where it is the latter.
    OutOfReachError
        Where GitHub asks to wait.
    """
    if reply.status != _FORBIDDEN:
        return False
    wait_s = retry_after_s(reply.headers)
    if wait_s is not None:
        raise OutOfReachError(
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
