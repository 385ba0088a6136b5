"""Read the change log that the search index follows.

Each row states that a paper was added, changed or removed; its current state is read from the
papers. Applying the log from any earlier position leads to the same state.
"""

from sqlalchemy import Connection, func, select

from broadsheet.model import Paper
from broadsheet.store.papers import papers_by_num
from broadsheet.store.tables import changes


def last_change(connection: Connection) -> int:
    """Return the position of the last change, 0 if there is none."""
    return int(connection.scalar(select(func.max(changes.c.seq))) or 0)


def changes_since(
    connection: Connection, position: int, limit: int
) -> tuple[int, dict[int, Paper | None]]:
    """Read the next changes.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A read transaction.
    position : int
        Position of the last change that was applied; 0 reads from the start.
    limit : int
        Maximum number of changes, at least 1.

    Returns
    -------
    int
        Position after these changes; `position` if there are none.
    dict of int to Paper or None
        The current state of each changed paper, by number; None if it was removed.
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
