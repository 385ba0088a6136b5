"""Never assign the id of a deleted subscription again.

Frozen: it imports nothing of Broadsheet, so that it always creates the same tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.String(27)


def upgrade() -> None:
    """Continue the ids of subscriptions after those of readers.

    Each subscription created a reader, and no reader's id is below that of its subscription: so
    no id is assigned again that was deleted before this migration either.
    """
    if op.get_bind().dialect.name == "postgresql":
        _advance_sequence()
    else:
        _copy_with_autoincrement()


def _advance_sequence() -> None:
    """PostgreSQL's sequence never returns; it may have started too low in migration 0005."""
    of_subscriptions, of_readers = (
        op.get_bind().scalar(sa.text(f"SELECT pg_get_serial_sequence('{table}', 'id')"))
        for table in ("subscriptions", "readers")
    )
    op.execute(
        f"SELECT setval('{of_subscriptions}', GREATEST("  # noqa: S608
        f"(SELECT last_value FROM {of_subscriptions}), (SELECT last_value FROM {of_readers})))"
    )


def _copy_with_autoincrement() -> None:
    """Copy the table, and the deliveries, whose foreign key would follow the renamed table."""
    op.drop_index("deliveries_by_state", "deliveries")
    op.drop_index("ix_subscriptions_reader_id", "subscriptions")
    op.rename_table("deliveries", "old_deliveries")
    op.rename_table("subscriptions", "old_subscriptions")
    op.create_table(
        "subscriptions",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("reader_id", NUMBER, sa.ForeignKey("readers.id"), nullable=False, index=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("unsubscribed_at", TIME),
        sqlite_autoincrement=True,
    )
    same = "id, reader_id, email, email_key, state, created_at, confirmed_at, unsubscribed_at"
    _copy("subscriptions", same)
    _deliveries()
    op.drop_table("old_deliveries")
    op.drop_table("old_subscriptions")
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'subscriptions'")
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq) "
        "SELECT 'subscriptions', seq FROM sqlite_sequence WHERE name = 'readers'"
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("subscription_id", NUMBER, sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("edition_date", sa.Date),
        sa.Column("edition_revision", sa.Integer),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False, unique=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("claimed_at", TIME),
        sa.Column("settled_at", TIME),
        sa.Column("error", sa.Text),
        sa.UniqueConstraint("subscription_id", "kind", "edition_date"),
    )
    same = (
        "id, subscription_id, kind, priority, edition_date, edition_revision, state, message_id, "
        "attempts, due_at, claimed_at, settled_at, error"
    )
    _copy("deliveries", same)
    op.create_index("deliveries_by_state", "deliveries", ["state", "priority", "due_at", "id"])


def _copy(table: str, columns: str) -> None:
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM old_{table}")  # noqa: S608
