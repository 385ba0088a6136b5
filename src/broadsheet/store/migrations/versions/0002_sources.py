"""Add sources with cursors, days and gaps, merges, and more columns of papers.

Frozen: it imports nothing of Broadsheet, so that it always creates the same tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TIME = sa.String(27)


def upgrade() -> None:
    """Add the tables and columns."""
    for name, kind in (
        ("ids", sa.Text),
        ("version", sa.Integer),
        ("notice", sa.String(16)),
        ("summary", sa.Text),
        ("open_url", sa.Text),
        ("references", sa.Text),
        ("related", sa.Text),
    ):
        op.add_column("papers", sa.Column(name, kind))
    op.add_column("editions", sa.Column("note", sa.Text))
    if op.get_bind().dialect.name == "postgresql":
        # The name of a feed is its URL. SQLite does not enforce the length.
        for table in ("records", "signals"):
            op.alter_column(table, "source", type_=sa.Text)
    op.execute(
        "DELETE FROM signals WHERE id NOT IN "
        "(SELECT MIN(id) FROM signals GROUP BY num, kind, source, observed_at, value)"
    )
    once = ["num", "kind", "source", "observed_at", "value"]
    op.create_index("signals_once", "signals", once, unique=True)
    _sources()
    _merges()


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("begun_at_cursor", sa.Text),
        sa.Column("asked_at", TIME),
        sa.Column("succeeded_at", TIME),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("next_at", TIME),
    )
    op.create_table(
        "days",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("this_run", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Integer),
    )
    op.create_table(
        "gaps",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("found_at", TIME, nullable=False),
        sa.Column("filled_at", TIME),
        sa.Column("given_up", sa.Boolean, nullable=False),
    )
    op.create_table(
        "asked",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("asked_at", TIME, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("site", sa.String(255), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("kept", NUMBER, nullable=False),
        sa.Column("gone", NUMBER, nullable=False),
        sa.Column("kept_title", sa.Text, nullable=False),
        sa.Column("gone_title", sa.Text, nullable=False),
        sa.Column("merged_at", TIME, nullable=False),
        sa.Column("undone_at", TIME),
        sa.Column("moved", sa.Text, nullable=False),
    )
    op.create_table(
        "apart",
        sa.Column("num", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
        sa.Column("other", NUMBER, sa.ForeignKey("papers.num"), primary_key=True),
    )
