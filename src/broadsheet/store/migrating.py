"""The schema of a library: its number, and how it is created, migrated and dropped."""

from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect, text

from broadsheet.store.tables import schema

_MIGRATIONS = Path(__file__).parent / "migrations"
# The table of Alembic.
_VERSIONS = "alembic_version"


def upgrade(connection: Connection, schema_number: str) -> None:
    """Create the tables of a schema, or migrate to it, in a write transaction."""
    # Half a second to import, and needed by the first open only.
    from alembic import command
    from alembic.config import Config

    scripts = Config()
    scripts.set_main_option("script_location", str(_MIGRATIONS))
    scripts.attributes["connection"] = connection
    command.upgrade(scripts, schema_number)


def drop_tables(connection: Connection) -> None:
    """Drop all tables of a library, in a write transaction."""
    present = set(inspect(connection).get_table_names()) & {*schema.tables, _VERSIONS}
    found = MetaData()
    found.reflect(connection, only=sorted(present))
    found.drop_all(connection)


def known_schemas() -> list[str]:
    """Return the numbers of the schemas that this version knows, the newest last."""
    return sorted(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def schema_of(connection: Connection) -> str | None:
    """Return the number of the schema of a library; None if it has no tables."""
    if not inspect(connection).has_table(_VERSIONS):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
