"""Rename tables, columns, indexes and metadata keys to standard terms.

Frozen: it imports nothing of Broadsheet, so that it always creates the same tables.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = {
    "facts": "metadata",
    "names": "identifiers",
    "asked": "source_queries",
    "days": "source_days",
    "requests": "request_counts",
    "apart": "distinct_pairs",
}
# By the new name of the table.
COLUMNS = {
    "identifiers": {"name": "identifier"},
    "records": {"told_at": "received_at"},
    "sources": {"asked_at": "attempted_at", "begun_at_cursor": "run_start_cursor"},
    "source_days": {"wanted": "queried"},
    "source_queries": {"asked_at": "queried_at"},
    "gaps": {"why": "reason", "given_up": "abandoned"},
    "merges": {
        "kept": "winner_num",
        "gone": "merged_num",
        "kept_title": "winner_title",
        "gone_title": "merged_title",
        "moved": "undo_data",
    },
    "distinct_pairs": {"other": "other_num"},
    "submissions": {"by": "submitted_by"},
    "trends": {"level": "log_score"},
    "tokens": {"made_at": "created_at"},
}
KEYS = {
    "library id": "library_id",
    "next paper number": "next_paper_num",
    "trends position": "trending_position",
    "day without news": "last_quiet_day",
}


def upgrade() -> None:
    """Rename in place; no row is copied but those of two indexes."""
    quote = op.get_bind().dialect.identifier_preparer.quote
    op.drop_index("ix_names_num", "names")
    op.drop_index("trends_by_level", "trends")
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            # Both engines change the indexes and foreign keys of a renamed column themselves.
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {quote(old)} TO {quote(new)}")
    op.create_index("ix_identifiers_num", "identifiers", ["num"])
    op.create_index("trends_by_log_score", "trends", ["log_score"])
    for old, new in KEYS.items():
        op.execute(f"UPDATE metadata SET key = '{new}' WHERE key = '{old}'")  # noqa: S608
