"""Static files, which browsers keep for a year: their addresses contain a hash of the content."""

import re
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

_PACKAGE, _FOLDER = "broadsheet.web", "static"
_HASH_BYTES = 4
_HASHED = re.compile(r"(.+)\.([0-9a-f]{8})(\.\w+)")
_IMMUTABLE = "public, max-age=31536000, immutable"
_UNVERSIONED = "public, max-age=86400"
# A page of another version of the site, which a server of that version may answer next time.
_OTHER_VERSION = "no-store"


@lru_cache
def asset(name: str) -> bytes:
    """Return the content of a static file."""
    return (files(_PACKAGE) / _FOLDER / name).read_bytes()


@lru_cache
def asset_path(name: str) -> str:
    """Return the path of a static file; it changes when the content changes.

    Examples
    --------
    >>> asset_path("favicon.svg")
    '/static/favicon.55fee6c1.svg'
    """
    stem, dot, extension = name.rpartition(".")
    return f"/{_FOLDER}/{stem}.{_hash(name)}{dot}{extension}"


class Assets(StaticFiles):
    """The static files, under their own names and under those of `asset_path`.

    A path with the hash of another content returns the present content, which is not stored.
    """

    def __init__(self) -> None:
        super().__init__(packages=[(_PACKAGE, _FOLDER)])

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with its lifetime."""
        found = _HASHED.fullmatch(path)
        if found is None:
            response = await super().get_response(path, scope)
            response.headers["Cache-Control"] = _UNVERSIONED
            return response
        name = found[1] + found[3]
        response = await super().get_response(name, scope)
        is_current = found[2] == _hash(name)
        response.headers["Cache-Control"] = _IMMUTABLE if is_current else _OTHER_VERSION
        return response


def _hash(name: str) -> str:
    return blake2b(asset(name), digest_size=_HASH_BYTES).hexdigest()
