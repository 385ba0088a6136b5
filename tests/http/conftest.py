"""A client of the simulated services that records its waits."""

from collections.abc import Iterator

import pytest

from broadsheet.http.client import Client
from tests.services import Services


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def patient(services: Services, pauses: list[float]) -> Iterator[Client]:
    """A client that records its waits."""
    with Client(mirror=services.address, pause=pauses.append) as made:
        yield made
