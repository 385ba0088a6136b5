"""The papers of editions carry their attention, which earlier versions cannot read.

Frozen: it imports nothing of Broadsheet, so that it always changes the same tables.
"""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Change no table: the items of editions are JSON, and those without attention stay valid.

    The number alone makes an earlier version refuse the library instead of failing on an item.
    """
