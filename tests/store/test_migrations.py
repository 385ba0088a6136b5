"""An older library is brought to this version's tables with all that is in it."""

from datetime import UTC, date, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.model import Period
from broadsheet.store import database as room
from broadsheet.store.tables import metadata


def _made_at(revision: str, path: Path) -> None:
    scripts = Config()
    scripts.set_main_option("script_location", str(Path(room.__file__).parent / "migrations"))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, revision)
        connection.execute(
            text(
                "INSERT INTO editions (date, revision, published_at, items, note) VALUES "
                "('2026-03-10', 1, '2026-03-10T06:00:00.000000Z', :items, 'a note')"
            ),
            {
                "items": '[{"rank": 1, "paper_id": "arxiv:2603.00001", "title": "Kites", '
                '"abstract": null, "authors": ["Ada"], "categories": [], "published": null, '
                '"link": null, "votes": 2, "reason": "2 votes by readers", "notice": null}]'
            },
        )
    engine.dispose()


def test_editions_of_an_older_library_stay_as_they_were(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    _made_at("0002", settings.data / "library.sqlite3")
    with Library(settings) as library:
        edition = library.editions.read(date(2026, 3, 10))
    assert edition.period == Period(date(2026, 3, 10))
    assert (edition.revision, edition.note) == (1, "a note")
    assert edition.published_at == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert (edition.items[0].title, edition.items[0].votes) == ("Kites", 2)


def test_migrating_makes_the_tables_that_the_code_knows(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    _made_at("0002", settings.data / "library.sqlite3")
    Library(settings).close()
    engine = create_engine(settings.database_url)
    found = inspect(engine)
    for table in metadata.sorted_tables:
        columns = {column["name"] for column in found.get_columns(table.name)}
        assert columns == {column.name for column in table.columns}, table.name
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert {str(index.name) for index in table.indexes} <= indexes, table.name
    engine.dispose()
