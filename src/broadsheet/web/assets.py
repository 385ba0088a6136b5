"""The style sheet and the icon, which browsers keep."""

import os

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

# Pages link to the style sheet with a hash of it in the parameter `v`.
_VERSIONED = "public, max-age=31536000, immutable"
_UNVERSIONED = "public, max-age=86400"


class Assets(StaticFiles):
    """Static files that browsers keep for a year if their address names a version, else a day."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file with its lifetime."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = _VERSIONED if is_versioned else _UNVERSIONED
        return response
