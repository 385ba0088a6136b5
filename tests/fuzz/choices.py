"""Decisions drawn from bytes, so that a fuzzer which changes bytes changes decisions."""

from collections.abc import Sequence
from typing import TypeVar

Thing = TypeVar("Thing")

_ONE_BYTE, _TWO_BYTES = 1 << 8, 1 << 16


class Choices:
    """Draws from bytes, one decision after another; where they end, always the first thing.

    Parameters
    ----------
    data : bytes
        What is drawn from.
    room : int
        How many characters may be made of it by repetition.
    """

    def __init__(self, data: bytes, room: int = 60_000) -> None:
        self._data = data
        self._at = 0
        self._room = room

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to draw from."""
        return self._at >= len(self._data)

    def number(self, below: int) -> int:
        """Draw a number from 0 up to `below`, which is at most 65,536, and not there."""
        size = 1 if below <= _ONE_BYTE else 2
        return (
            int.from_bytes(self.piece(size), "big")
            * below
            // (_ONE_BYTE if size == 1 else _TWO_BYTES)
        )

    def one_in(self, times: int) -> bool:
        """Draw whether something rare is to be."""
        return self.number(times) == times - 1

    def one_of(self, things: Sequence[Thing]) -> Thing:
        """Draw one of some things."""
        return things[self.number(len(things))]

    def times(self, size: int, most: int) -> int:
        """Draw how often a thing of so many characters is to stand, where there is room for it."""
        drawn = 1 + self.number(min(most, self._room // max(size, 1)) or 1)
        self._room -= size * (drawn - 1)
        return drawn

    def piece(self, size: int) -> bytes:
        """Take so many bytes as they are, or as many as are left."""
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def rest(self) -> bytes:
        """Take all that is left."""
        return self.piece(len(self._data))
