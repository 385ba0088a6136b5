"""Create the first tables.

Frozen: it imports nothing of Broadsheet, so that it always creates the same tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.String(27)


def upgrade() -> None:
    """Create the tables."""
    _papers()
    _attention()
    _editions_and_mail()


def _papers() -> None:
    op.create_table(
        "facts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "papers",
        sa.Column("num", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("abstract", sa.Text),
        sa.Column("authors", sa.Text, nullable=False),
        sa.Column("categories", sa.Text, nullable=False),
        sa.Column("published", sa.String(10)),
        sa.Column("arxiv_id", sa.Text),
        sa.Column("doi", sa.Text),
        sa.Column("url", sa.Text),
        sa.Column("venue", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("code_url", sa.Text),
        sa.Column("title_hash", sa.BigInteger, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
    )
    op.create_index("papers_by_title", "papers", ["title_hash"])
    op.create_index("papers_by_date", "papers", ["published"])
    op.create_table(
        "names",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), nullable=False, index=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "records",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), nullable=False, index=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("told_at", TIME, nullable=False),
        sa.Column("digest", sa.BigInteger, nullable=False, unique=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "changes",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("num", NUMBER, nullable=False),
        sqlite_autoincrement=True,
    )


def _attention() -> None:
    op.create_table(
        "votes",
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("reader", sa.String(64), primary_key=True),
        sa.Column("voted_at", TIME, nullable=False),
    )
    op.create_table(
        "signals",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("observed_at", TIME, nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
    )
    op.create_index("signals_by_paper", "signals", ["num", "kind", "observed_at"])


def _editions_and_mail() -> None:
    op.create_table(
        "editions",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.UniqueConstraint("date", "revision"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_key", sa.String(320), nullable=False, unique=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME),
        sa.Column("unsubscribed_at", TIME),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("subscription_id", NUMBER, sa.ForeignKey("subscriptions.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("edition_date", sa.Date),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(255), nullable=False, unique=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("claimed_at", TIME),
        sa.Column("settled_at", TIME),
        sa.Column("error", sa.Text),
        sa.UniqueConstraint("subscription_id", "kind", "edition_date"),
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "kind", "due_at", "id"])
