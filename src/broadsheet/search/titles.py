"""Put papers first whose title is the query."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.rules.identity import title_key
from broadsheet.rules.titles import TitleMatch, match_title, spoken
from broadsheet.store.database import Database
from broadsheet.store.papers import titles_of

# The best papers of a list whose titles are compared with the query.
_COMPARED = 12
# A pasted abstract is not a title.
_MAX_CHARS = 300


class TitleOrder:
    """Orders papers by the agreement of their titles with one query.

    Parameters
    ----------
    database : Database
        The library.
    text : str
        The plain text of the query.
    """

    def __init__(self, database: Database, text: str) -> None:
        self._database = database
        self._key = title_key(text) if len(text) <= _MAX_CHARS else ""
        self._text = spoken(text) if self._key else ""

    def order(self, nums: Sequence[int]) -> NDArray[np.int64]:
        """Return the positions of papers, those first whose title is the query.

        Papers with exactly this title come first, wherever they are in the list; then, of the
        first twelve, those with a title that differs by a typing error, and those whose title
        contains the query. The others keep their order.

        Parameters
        ----------
        nums : sequence of int
            Paper numbers in order of relevance.
        """
        return np.argsort(-self._matches(nums), kind="stable")

    def has_title(self, nums: Sequence[int]) -> bool:
        """Return whether the query is the title of one of the papers, but for a typing error."""
        return bool(self._matches(nums).max(initial=0) >= TitleMatch.MISSPELLED)

    def _matches(self, nums: Sequence[int]) -> NDArray[np.int8]:
        matches = np.zeros(len(nums), dtype=np.int8)
        if not self._text or not len(nums):
            return matches
        with self._database.read() as connection:
            titles = titles_of(connection, nums[:_COMPARED], self._key)
        position_of = {num: position for position, num in enumerate(nums)}
        for num in titles.keys() & position_of.keys():
            title, position = titles[num], position_of[num]
            if title_key(title) == self._key:
                matches[position] = TitleMatch.EXACT
            elif position < _COMPARED:
                matches[position] = match_title(self._text, spoken(title))
        return matches
