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
    """Always ``about:blank``; the status identifies the error."""
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


# Description of every error response in OpenAPI.
PROBLEMS: dict[str, Any] = {
    "description": "An error.",
    "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
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
