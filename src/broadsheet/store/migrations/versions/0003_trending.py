"""Add trends, submissions, picks, editions of weeks and months, and API tokens.

Frozen: it imports nothing of Broadsheet, so that it always creates the same tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.String(27)


def upgrade() -> None:
    """Add the tables and columns."""
    op.add_column("votes", sa.Column("network", sa.String(32)))
    op.create_index("votes_by_reader", "votes", ["reader", "voted_at"])
    op.create_index("signals_by_time", "signals", ["observed_at"])
    _editions()
    op.create_table(
        "submissions",
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("submitted_at", TIME, nullable=False),
    )
    op.create_index("submissions_by_time", "submissions", ["submitted_at"])
    op.create_table(
        "trends",
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("level", sa.Float, nullable=False),
    )
    op.create_index("trends_by_level", "trends", ["level"])
    op.create_table(
        "picks",
        sa.Column("span", sa.String(8), primary_key=True),
        sa.Column("date", sa.Date, primary_key=True),
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("place", sa.Integer),
        sa.Column("comment", sa.Text),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("made_at", TIME, nullable=False),
    )


def _editions() -> None:
    """Copy the table: its unique constraint has no name and cannot be dropped."""
    op.rename_table("editions", "editions_of_days")
    op.create_table(
        "editions",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("span", sa.String(8), nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("items", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.UniqueConstraint("span", "date", "revision", name="editions_once"),
    )
    op.execute(
        "INSERT INTO editions (span, date, revision, published_at, items, note) "
        "SELECT 'day', date, revision, published_at, items, note FROM editions_of_days "
        "ORDER BY id"
    )
    op.drop_table("editions_of_days")
