"""A library with known editions, attention and submissions, for clients of the hub."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from broadsheet.library import Library
from broadsheet.model import EditionItem, Kind, Paper, Period, Signal, Submission
from broadsheet.rules.normalize import make_paper
from broadsheet.store.attention import add_signals
from broadsheet.store.editions import insert_edition
from broadsheet.store.submissions import upsert_submissions

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
MONDAY, TUESDAY, MARCH = date(2026, 2, 16), date(2026, 2, 17), date(2026, 3, 2)

KITES, LAMPS, RIVERS, BRIDGES, VIOLINS, ORCHARDS = PAPERS = [
    make_paper(
        title=f"On the growth of {subject}",
        abstract=f"We study how {subject} change over four seasons.",
        authors=("Ada Windrow", "Bo Farol"),
        categories=("cs.LG",),
        published="2026-02-13",
        summary=f"{subject.capitalize()} grow.",
        code_url=f"https://code.example/{subject}",
        arxiv=arxiv,
        doi=doi,
    )
    for subject, arxiv, doi in (
        ("kites", "2602.00001", None),
        ("lamps", "2602.00002", None),
        ("rivers", "hep-th/9901001", None),
        ("bridges", None, "10.1000/bridges"),
        ("violins", "2602.00005", None),
        ("orchards", None, None),
    )
]


def fill(library: Library) -> None:
    """Publish three editions; add attention, one vote and two submissions."""
    library.add("test", PAPERS)
    library.update_index()
    publish_edition(library, Period(MONDAY), [KITES, LAMPS], [2.0, 1.0])
    publish_edition(library, Period(TUESDAY), [RIVERS, KITES], [3.0, 0.5])
    publish_edition(library, Period(MARCH), [BRIDGES], [1.0])
    day = timedelta(days=1)
    with library._database.write() as connection:
        upsert_submissions(
            connection,
            [
                Submission(KITES.id, "ada", datetime(2026, 2, 15, 12, tzinfo=UTC), "hf"),
                Submission(BRIDGES.id, "bo", datetime(2026, 3, 1, tzinfo=UTC), "hf"),
            ],
        )
        add_signals(
            connection,
            [
                Signal(KITES.id, Kind.UPVOTES, 5, NOW - day, "hf"),
                Signal(KITES.id, Kind.UPVOTES, 41, NOW, "hf"),
                Signal(KITES.id, Kind.COMMENTS, 3, NOW, "hf"),
                Signal(KITES.id, Kind.STARS, 1200, NOW, "github"),
                Signal(LAMPS.id, Kind.UPVOTES, 1, NOW - day, "hf"),
                Signal(LAMPS.id, Kind.UPVOTES, 90, NOW, "hf"),
            ],
        )
    library.vote(KITES.id, "a reader", on=True)


def publish_edition(
    library: Library, period: Period, papers: Sequence[Paper], scores: Sequence[float]
) -> None:
    """Publish an edition of given papers."""
    items = [
        EditionItem(
            rank=rank,
            paper_id=paper.id,
            title=paper.title,
            abstract=paper.abstract,
            authors=paper.authors,
            categories=paper.categories,
            published=paper.published,
            link=paper.link,
            votes=0,
            reason=f"+{rank} upvotes in 24 h",
            score=score,
        )
        for rank, (paper, score) in enumerate(zip(papers, scores, strict=True), start=1)
    ]
    with library._database.write() as connection:
        insert_edition(connection, period, items, NOW)
