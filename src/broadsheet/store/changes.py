"""The change log that the index follows.

Each row says that a paper was added, changed or removed; what it is now is read from the papers.
So a follower that applies the log from any earlier position arrives at the same state.
"""

from sqlalchemy import Connection, func, select

from broadsheet.model import Paper
from broadsheet.store.papers import papers_by_num
from broadsheet.store.tables import changes


def last_change(connection: Connection) -> int:
    """Give the position of the newest change, 0 where there is none."""
    return int(connection.scalar(select(func.max(changes.c.seq))) or 0)


def changes_since(
    connection: Connection, position: int, limit: int
) -> tuple[int, dict[int, Paper | None]]:
    """Read the next changes.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    position : int
        Up to where the follower has come; 0 reads from the start.
    limit : int
        At most so many changes.

    Returns
    -------
    int
        Where the follower has come when it has applied these; `position` where none is left.
    dict of int to Paper or None
        Each changed paper's number and what it is now; None for one that was removed.
    """
    rows = connection.execute(
        select(changes.c.seq, changes.c.num)
        .where(changes.c.seq > position)
        .order_by(changes.c.seq)
        .limit(limit)
    ).all()
    if not rows:
        return position, {}
    nums = list(dict.fromkeys(row.num for row in rows))
    present = papers_by_num(connection, nums)
    return int(rows[-1].seq), {num: present.get(num) for num in nums}
