"""Add readers; votes and subscriptions refer to them. Deliveries get a revision and a priority.

Frozen: it imports nothing of Broadsheet, so that it always creates the same tables.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.String(27)


def upgrade() -> None:
    """Create readers from votes, merges and subscriptions, then copy the tables that change.

    SQLite cannot add a NOT NULL foreign key to a table, so three tables are copied.
    """
    op.create_table(
        "readers",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("cookie", sa.String(64), unique=True),
        sa.Column("email_key", sa.String(320), unique=True),
        sqlite_autoincrement=True,
    )
    _readers_of_votes()
    _readers_of_merges()
    _votes()
    offset = op.get_bind().scalar(sa.text("SELECT COALESCE(MAX(id), 0) FROM readers"))
    # One reader for each subscription: reader id = offset + subscription id.
    op.execute(
        f"INSERT INTO readers (id, created_at) SELECT {offset} + id, created_at "  # noqa: S608
        "FROM subscriptions ORDER BY id"
    )
    op.drop_index("deliveries_by_state", "deliveries")
    op.rename_table("deliveries", "old_deliveries")
    op.rename_table("subscriptions", "old_subscriptions")
    _subscriptions(offset)
    _deliveries()
    op.drop_table("old_deliveries")
    op.drop_table("old_subscriptions")
    for table in ("readers", "subscriptions", "deliveries"):
        _advance_sequence(table)


def _readers_of_votes() -> None:
    op.execute(
        "INSERT INTO readers (created_at, cookie) "
        "SELECT MIN(voted_at), reader FROM votes GROUP BY reader ORDER BY MIN(voted_at), reader"
    )


def _readers_of_merges() -> None:
    """Rewrite the undo data of merges with reader ids in place of cookies."""
    connection = op.get_bind()
    ids = {
        row.cookie: row.id
        for row in connection.execute(sa.text("SELECT cookie, id FROM readers")).all()
    }
    merges = connection.execute(sa.text("SELECT id, merged_at, undo_data FROM merges")).all()
    insert = sa.text("INSERT INTO readers (created_at, cookie) VALUES (:created_at, :cookie)")
    update = sa.text("UPDATE merges SET undo_data = :undo_data WHERE id = :id")
    for merge in merges:
        old = json.loads(merge.undo_data)
        for cookie in [*old["voters"], *(cookie for cookie, _ in old["voted_both"])]:
            if cookie not in ids:
                connection.execute(insert, {"created_at": merge.merged_at, "cookie": cookie})
                found = sa.text("SELECT id FROM readers WHERE cookie = :cookie")
                ids[cookie] = connection.scalar(found, {"cookie": cookie})
        new = _undo_data(old, ids)
        connection.execute(update, {"undo_data": json.dumps(new), "id": merge.id})


def _undo_data(old: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    networks = old.get("networks", {})
    return {
        "added_at": old["added_at"],
        "records": old["records"],
        "identifiers": old["names"],
        "signals": old["signals"],
        "submission_sources": old.get("submissions", []),
        "reader_ids": [ids[cookie] for cookie in old["voters"]],
        "duplicate_votes": [
            {"reader_id": ids[cookie], "voted_at": voted_at, "network": networks.get(cookie)}
            for cookie, voted_at in old["voted_both"]
        ],
        "duplicate_signals": [
            dict(zip(("kind", "value", "observed_at", "source"), row, strict=True))
            for row in old["read_both"]
        ],
        "duplicate_submissions": [
            dict(zip(("source", "submitted_by", "submitted_at"), row, strict=True))
            for row in old.get("submitted_both", [])
        ],
    }


def _votes() -> None:
    op.drop_index("votes_by_reader", "votes")
    op.rename_table("votes", "old_votes")
    op.create_table(
        "votes",
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("reader_id", NUMBER, sa.ForeignKey("readers.id"), primary_key=True),
        sa.Column("voted_at", TIME, nullable=False),
        sa.Column("network", sa.String(32)),
    )
    op.execute(
        "INSERT INTO votes (num, reader_id, voted_at, network) "
        "SELECT old.num, readers.id, old.voted_at, old.network "
        "FROM old_votes AS old JOIN readers ON readers.cookie = old.reader"
    )
    op.create_index("votes_by_reader", "votes", ["reader_id", "voted_at"])
    op.drop_table("old_votes")


def _subscriptions(offset: int) -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("reader_id", NUMBER, sa.ForeignKey("readers.id"), nullable=False, index=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("unsubscribed_at", TIME),
    )
    same = "id, email, email_key, state, created_at, confirmed_at, unsubscribed_at"
    op.execute(
        f"INSERT INTO subscriptions (reader_id, {same}) "  # noqa: S608
        f"SELECT {offset} + id, {same} FROM old_subscriptions"
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
        "id, subscription_id, kind, edition_date, state, message_id, attempts, due_at, "
        "claimed_at, settled_at, error"
    )
    newest = "SELECT MAX(revision) FROM editions WHERE span = 'day' AND date = old.edition_date"
    op.execute(
        f"INSERT INTO deliveries (priority, edition_revision, {same}) "  # noqa: S608
        "SELECT CASE kind WHEN 'confirmation' THEN 0 ELSE 10 END, "
        f"COALESCE(({newest} AND published_at <= old.due_at), ({newest})), {same} "
        "FROM old_deliveries AS old"
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "priority", "due_at", "id"])


def _advance_sequence(table: str) -> None:
    """Make PostgreSQL continue after the ids that were copied; SQLite does so itself."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), "  # noqa: S608
            f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table}), false)"
        )
