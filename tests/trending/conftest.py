"""A library with six scored papers."""

from collections.abc import Iterator

import pytest

from broadsheet.config import Settings
from broadsheet.model import Kind
from tests.trending_library import HOUR, MORNING, PAPERS, TrendingLibrary, opened


@pytest.fixture
def empty_site(settings: Settings) -> Iterator[TrendingLibrary]:
    with opened(settings) as site:
        yield site


@pytest.fixture
def site(empty_site: TrendingLibrary) -> TrendingLibrary:
    """Six papers of yesterday with 0 to 5 upvotes, scored an hour ago."""
    empty_site.library.add("arxiv", list(PAPERS))
    empty_site.add_signals(
        *((paper, Kind.UPVOTES, n, MORNING - 3 * HOUR) for n, paper in enumerate(PAPERS))
    )
    empty_site.update()
    empty_site.now += HOUR
    return empty_site
