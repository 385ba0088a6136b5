"""Look at the best of a list again, with sharper vectors where there are any."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.local.rerank_vectors import Sharp
from broadsheet.rules.reranking import refine


@dataclass(frozen=True, slots=True)
class Sharpener:
    """The second stage as a query uses it.

    Parameters
    ----------
    sharp : Sharp
        The vectors there are.
    encode : callable
        Gives the query's own vector.
    lacking : callable
        Told which papers had none.
    """

    sharp: Sharp
    encode: Callable[[str], NDArray[np.float32]]
    lacking: Callable[[NDArray[np.int64]], None]


@dataclass(frozen=True, slots=True)
class Sharpened:
    """The second stage for one query.

    Parameters
    ----------
    sharpener : Sharpener
        The second stage.
    text : str
        What is asked.
    """

    sharpener: Sharpener
    text: str

    def cosines(self, nums: NDArray[np.int64], cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Put sharper cosines in the place of plain ones, where papers have them."""
        sharpener = self.sharpener
        told = sharpener.sharp.cosines(sharpener.encode(self.text), nums)
        absent = np.isnan(told)
        if absent.any():
            sharpener.lacking(nums[absent])
        return refine(cosines, told)
