"""What every room's tests share."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
from sqlalchemy import create_engine, make_url, text

import broadsheet.library.library as library_module
from broadsheet.config import Settings, load_settings
from broadsheet.http.client import Client
from broadsheet.library import Library
from broadsheet.model import Period, Span
from broadsheet.rules.normalize import make_paper
from broadsheet.store.database import open_database
from tests.services import Services

# No test asks the world, nor does any process that a test starts.
os.environ["BROADSHEET_SOURCES"] = "none"
# One connection has to be enough for everything that a thread does.
os.environ["BROADSHEET_DATABASE_CONNECTIONS"] = "1"
# Several processes have tests of their own, and take seconds to start.
os.environ["BROADSHEET_PROCESSES"] = "1"

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
# Machines differ in speed; a slow one is no bug.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

_SUBJECTS = ("kites", "lanterns", "rivers", "bridges", "orchards", "violins")
_MANNERS = ("Measuring", "Teaching", "Optimized training of", "On the growth of")


@pytest.fixture(autouse=True, scope="session")
def one_connection() -> Iterator[None]:
    """Give every library one connection, whatever its settings say."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            library_module, "open_database", lambda url, _, access: open_database(url, 1, access)
        )
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder of real data, ../shared, is not here")
    return folder


@pytest.fixture
def new_postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL database that exists during one test."""
    address = os.environ.get("TEST_POSTGRES_URL")
    if not address:
        pytest.skip("TEST_POSTGRES_URL is not set")
    name = f"broadsheet_{uuid4().hex}"
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(address).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def settings_in(folder: Path) -> Settings:
    # The last is the host that Starlette's test client requests.
    flags = {"data": folder, "rerank": False, "sources": "none", "hosts": "testserver"}
    return load_settings(flags, environment={})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a new data folder, whatever this machine's variables say."""
    return settings_in(tmp_path / "data")


@pytest.fixture
def empty_library(settings: Settings) -> Iterator[Library]:
    """A library without papers, on a fixed morning."""
    with Library(settings, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def library(empty_library: Library) -> Library:
    """A library of 24 invented papers, indexed, with an edition of that morning."""
    fill(empty_library)
    return empty_library


@pytest.fixture(scope="session")
def still_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library like `library`, with editions of all spans and trending papers, to be read only."""
    with Library(settings_in(tmp_path_factory.mktemp("still")), clock=lambda: NOW) as opened:
        fill(opened)
        for span in (Span.WEEK, Span.MONTH):
            opened.editions.publish(Period.containing(opened.today, span))
        opened.trending.update()
        yield opened


def fill(library: Library) -> None:
    """Add 24 invented papers, index them and publish the edition of that morning."""
    papers = [
        make_paper(
            title=f"{manner} {subject} in valley {number}",
            abstract=f"We study how {subject} change when the wind of valley {number} turns. "
            "Four seasons of measurements show a slow drift and one sudden leap.",
            authors=("Ada Windrow", f"Bo Farol {number}"),
            categories=("cs.LG",),
            published=f"2026-0{number % 3 + 1}-0{number % 9 + 1}",
            arxiv=f"2603.{number:05}",
        )
        for number, (manner, subject) in enumerate(
            ((manner, subject) for manner in _MANNERS for subject in _SUBJECTS), start=1
        )
    ]
    library.add("test", papers)
    library.update_index()
    library.editions.publish()


@pytest.fixture
def services() -> Iterator[Services]:
    with Services() as running:
        yield running


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    """A client that asks the stand-ins, and waits for nothing."""
    with Client(mirror=services.address, pause=lambda seconds: None) as made:
        yield made
