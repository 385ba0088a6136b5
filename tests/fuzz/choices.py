"""Decode decisions from bytes, so that a fuzzer that mutates bytes mutates decisions."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

_ONE_BYTE, _TWO_BYTES = 1 << 8, 1 << 16


class Choices:
    """A sequence of decisions decoded from bytes; after the last byte every decision is 0.

    Parameters
    ----------
    data : bytes
        The fuzzer's input.
    budget_chars : int
        Most characters that repetitions can add to the output.
    """

    def __init__(self, data: bytes, budget_chars: int = 60_000) -> None:
        self._data = data
        self._at = 0
        self._budget_chars = budget_chars

    @property
    def is_exhausted(self) -> bool:
        """Whether all bytes are used."""
        return self._at >= len(self._data)

    def number(self, below: int) -> int:
        """Return a number from 0 to `below` - 1; `below` is at most 65,536."""
        size = 1 if below <= _ONE_BYTE else 2
        return (
            int.from_bytes(self.take(size), "big")
            * below
            // (_ONE_BYTE if size == 1 else _TWO_BYTES)
        )

    def one_in(self, times: int) -> bool:
        """Return True with probability 1 / `times`."""
        return self.number(times) == times - 1

    def one_of(self, items: Sequence[Item]) -> Item:
        """Return one of some items."""
        return items[self.number(len(items))]

    def repeats(self, size: int, most: int) -> int:
        """Return how often to repeat an item of `size` characters, within the budget."""
        count = 1 + self.number(min(most, self._budget_chars // max(size, 1)) or 1)
        self._budget_chars -= size * (count - 1)
        return count

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, or all that remain."""
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def take_rest(self) -> bytes:
        """Return the remaining bytes."""
        return self.take(len(self._data))
