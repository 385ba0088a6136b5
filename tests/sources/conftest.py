"""A client, and stand-ins for the services that it asks."""

from collections.abc import Iterator

import pytest

from broadsheet.sources.client import Client
from tests.services import Services


@pytest.fixture
def services() -> Iterator[Services]:
    with Services() as running:
        yield running


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    """A client that asks the stand-ins, and waits for nothing."""
    with Client(mirror=services.address, pause=lambda seconds: None) as made:
        yield made
