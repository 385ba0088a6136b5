"""Refuse a program in words that it and its maker can read: RFC 9457."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why there is no answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """Always ``about:blank``: the status says what kind of problem it is."""
    title: str
    """The status in words."""
    status: int
    """The HTTP status."""
    detail: str
    """One sentence: what is wrong, and what to do."""
    instance: str
    """The path that was asked for."""
    error: str
    """The same sentence as `detail`, where clients of the Hugging Face Hub look for it."""


# What OpenAPI is told of all answers that are none.
PROBLEMS: dict[str, Any] = {
    "description": "Why there is no answer.",
    "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
}


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Refuse a request for data.

    Parameters
    ----------
    request : Request
        What is refused.
    status : int
        HTTP status, 400 to 599.
    detail : str
        One sentence that says what to do.
    headers : mapping, optional
        More headers.
    """
    told = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=quote(request.scope["path"], safe="/:", errors="replace"),
        error=detail,
    )
    return Response(
        told.model_dump_json().encode(),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        MEDIA_TYPE,
    )
