"""Papers that readers requested by id, which are fetched when sources are."""

from collections.abc import Collection

import orjson
from sqlalchemy import Connection

from broadsheet.store.metadata import get_value, put_value

# What strangers can request before the next run, which fetches all of it.
MOST_REQUESTED = 50
_KEY = "requested_papers"


def requested_papers(connection: Connection) -> list[str]:
    """List the ids that were requested and not fetched yet, oldest first."""
    value = get_value(connection, _KEY)
    return list(orjson.loads(value)) if value else []


def request_paper(connection: Connection, paper_id: str) -> bool:
    """Request a paper; return False if too many are requested already.

    Of two requests at the same moment PostgreSQL may keep one; the other can be repeated.
    """
    ids = requested_papers(connection)
    if paper_id in ids:
        return True
    if len(ids) >= MOST_REQUESTED:
        return False
    put_value(connection, _KEY, orjson.dumps([*ids, paper_id]).decode())
    return True


def forget_requests(connection: Connection, paper_ids: Collection[str]) -> None:
    """Remove ids that were fetched, or could not be."""
    left = [each for each in requested_papers(connection) if each not in paper_ids]
    put_value(connection, _KEY, orjson.dumps(left).decode())
