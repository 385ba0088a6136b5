"""Keep who put a paper forward, and where."""

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from broadsheet.model import Submission
from broadsheet.store.papers import nums_of
from broadsheet.store.tables import identifiers, submissions


def upsert_submissions(connection: Connection, told: Sequence[Submission]) -> None:
    """Keep submissions; the first of a paper at a source stays, and one of no paper is let go."""
    nums = nums_of(connection, list({one.paper_id for one in told}))
    rows = [
        {
            "num": nums[one.paper_id],
            "source": one.source,
            "submitted_by": one.by,
            "submitted_at": one.submitted_at,
        }
        for one in told
        if one.paper_id in nums
    ]
    if rows:
        make = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
        connection.execute(make(submissions).on_conflict_do_nothing(), rows)


def submissions_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, Submission]:
    """Read the first submission of each of these papers; those without are left out."""
    rows = connection.execute(
        select(
            identifiers.c.identifier,
            submissions.c.submitted_by,
            submissions.c.submitted_at,
            submissions.c.source,
        )
        .join(submissions, submissions.c.num == identifiers.c.num)
        .where(identifiers.c.identifier.in_(paper_ids))
        .order_by(submissions.c.submitted_at.desc())
    )
    return {row.identifier: Submission(*row) for row in rows}
