"""What holds of all that a parser tells, whatever it was given."""

import math
from collections.abc import Iterable
from dataclasses import fields
from unicodedata import category

from broadsheet.model import Malformed, Paper, Signal
from broadsheet.sources.source import Batch

_MOST_CHARS = 20_000


class UnsoundError(Exception):
    """Something was told that no library can keep."""


def check_batch(batch: Batch) -> None:
    """Raise UnsoundError where a batch cannot be kept."""
    check_told(batch.records)
    for signal in batch.signals:
        _check_signal(signal)
    for count in batch.days.values():
        _hold(count > 0, "days", count)
    for told in (*(batch.cursor or {}).items(), batch.queried):
        for text in told:
            _check_written(text, "cursor")


def check_told(told: Iterable[object]) -> None:
    """Raise UnsoundError where what was told cannot be kept."""
    for one in told:
        if isinstance(one, Malformed):
            check_text(one.place, "place")
            check_text(one.reason, "reason")
        else:
            _hold(isinstance(one, Paper), "told", type(one))
            assert isinstance(one, Paper)
            check_paper(one)


def check_paper(paper: Paper) -> None:
    """Raise UnsoundError where a paper cannot be kept."""
    _hold(bool(paper.title), "title", paper)
    for field in fields(paper):
        value = getattr(paper, field.name)
        for text in value if isinstance(value, tuple) else [value]:
            if isinstance(text, str):
                check_text(text, field.name)


def check_text(text: str, name: str) -> None:
    """Raise UnsoundError where a text cannot be written, is too long, or steers a terminal."""
    _check_written(text, name)
    steers = not text.isprintable() and any(category(letter) == "Cc" for letter in text)
    _hold(not steers and len(text) <= _MOST_CHARS, name, text)


def _check_written(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UnsoundError(f"{name} cannot be written: {text[:80]!r}") from error


def _check_signal(signal: Signal) -> None:
    check_text(signal.paper_id, "paper_id")
    _hold(math.isfinite(signal.value), "value", signal.value)
    _hold(signal.observed_at.tzinfo is not None, "observed_at", signal.observed_at)


def _hold(is_so: bool, name: str, value: object) -> None:
    if not is_so:
        raise UnsoundError(f"{name}: {str(value)[:80]!r}")
