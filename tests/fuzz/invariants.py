"""Invariants of the output of every parser, for any input."""

import math
from collections.abc import Iterable
from dataclasses import fields
from unicodedata import category

from broadsheet.model import Malformed, Paper, Signal
from broadsheet.sources.source import Batch

_MAX_CHARS = 20_000


class InvariantError(Exception):
    """A parser returned a value that cannot be stored."""


def check_batch(batch: Batch) -> None:
    """Raise InvariantError if a batch cannot be stored."""
    check_records(batch.records)
    for signal in batch.signals:
        _check_signal(signal)
    for count in batch.days.values():
        _require(count > 0, "days", count)
    for texts in (*(batch.cursor or {}).items(), batch.queried):
        for text in texts:
            _check_encodable(text, "cursor")


def check_records(records: Iterable[object]) -> None:
    """Raise InvariantError if a record cannot be stored."""
    for record in records:
        if isinstance(record, Malformed):
            check_text(record.place, "place")
            check_text(record.reason, "reason")
        else:
            _require(isinstance(record, Paper), "record", type(record))
            assert isinstance(record, Paper)
            check_paper(record)


def check_paper(paper: Paper) -> None:
    """Raise InvariantError if a paper cannot be stored."""
    _require(bool(paper.title), "title", paper)
    for field in fields(paper):
        value = getattr(paper, field.name)
        for text in value if isinstance(value, tuple) else [value]:
            if isinstance(text, str):
                check_text(text, field.name)


def check_text(text: str, name: str) -> None:
    """Raise InvariantError if a text cannot be encoded, is too long, or has control characters."""
    _check_encodable(text, name)
    has_controls = not text.isprintable() and any(category(letter) == "Cc" for letter in text)
    _require(not has_controls and len(text) <= _MAX_CHARS, name, text)


def _check_encodable(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvariantError(f"{name} cannot be encoded: {text[:80]!r}") from error


def _check_signal(signal: Signal) -> None:
    check_text(signal.paper_id, "paper_id")
    _require(math.isfinite(signal.value), "value", signal.value)
    _require(signal.observed_at.tzinfo is not None, "observed_at", signal.observed_at)


def _require(condition: bool, name: str, value: object) -> None:
    if not condition:
        raise InvariantError(f"{name}: {str(value)[:80]!r}")
