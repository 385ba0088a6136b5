"""Error responses of the API (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """An error."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Always `about:blank`; the status identifies the error."""
    title: str
    """Name of the status."""
    status: int
    """HTTP status."""
    detail: str
    """What is wrong and how to correct it, in one sentence."""
    instance: str
    """Path of the request."""
    error: str
    """Same as `detail`; clients of the Hugging Face Hub read this field."""


_REASONS = {
    400: "A parameter is missing or invalid.",
    401: "The token is unknown or revoked, or the API requires one and none was sent.",
    404: "There is nothing with this id or period.",
    421: "The site is not served under the host name of the request.",
    422: "A parameter is missing, unknown or invalid.",
    429: "Too many requests; the header Retry-After states the seconds to wait.",
    500: "An unexpected error, which the server has logged.",
    503: "The library is not available, or the server has too much to do; try again later.",
}
_EVERYWHERE = (401, 421, 429, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe error responses for OpenAPI: the given statuses and those of every operation."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    listed = sorted({*statuses, *_EVERYWHERE})
    described = {status: _REASONS[status] for status in listed} | {"default": "An error."}
    return {
        status: {"description": reason, "content": content} for status, reason in described.items()
    }


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an error as ``application/problem+json``.

    Parameters
    ----------
    request : Request
        The failed request.
    status : int
        HTTP status, 400 to 599.
    detail : str
        What is wrong and how to correct it, in one sentence.
    headers : mapping, optional
        Additional headers.
    """
    body = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=quote(request.scope["path"], safe="/:", errors="replace"),
        error=detail,
    )
    return Response(
        body.model_dump_json().encode(),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )
