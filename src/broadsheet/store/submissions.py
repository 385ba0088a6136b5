"""Submissions: who proposed a paper on a public list, and when."""

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from broadsheet.model import Submission
from broadsheet.store.papers import nums_of
from broadsheet.store.tables import identifiers, submissions


def upsert_submissions(connection: Connection, submitted: Sequence[Submission]) -> None:
    """Store submissions.

    The first submission of a paper at a source is kept; those of unknown papers are skipped.
    """
    nums = nums_of(connection, list({submission.paper_id for submission in submitted}))
    rows = [
        {
            "num": nums[submission.paper_id],
            "source": submission.source,
            "submitted_by": submission.by,
            "submitted_at": submission.submitted_at,
        }
        for submission in submitted
        if submission.paper_id in nums
    ]
    if rows:
        make = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
        connection.execute(make(submissions).on_conflict_do_nothing(), rows)


def submissions_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, Submission]:
    """Return the earliest submission of each paper that has one."""
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
