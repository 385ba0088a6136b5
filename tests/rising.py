"""A library whose clock can be turned, and six papers that may rise in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.model import Kind, Paper, Signal, Trend
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.trending import log_score
from broadsheet.store.attention import add_signals
from broadsheet.store.database import Database
from broadsheet.store.tables import papers as papers_table
from broadsheet.store.tables import trends as trends_table
from broadsheet.trending.scoring import hours, score_between, score_some
from broadsheet.trending.update import read_state

MORNING = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

KITES, LANTERNS, RIVERS, BRIDGES, ORCHARDS, VIOLINS = PAPERS = tuple(
    make_paper(
        title=f"Measuring {subject}",
        abstract=f"We study how {subject} change when the wind turns.",
        authors=("Ada Windrow",),
        categories=("cs.LG", "stat.ML") if number % 2 else ("math.CO",),
        published="2026-03-10",
        arxiv=f"2603.{number:05}",
    )
    for number, subject in enumerate(
        ("kites", "lanterns", "rivers", "bridges", "orchards", "violins"), start=1
    )
)


class Room:
    """A library whose clock can be turned."""

    def __init__(self, settings: Settings) -> None:
        self.now = MORNING
        self.library = Library(settings, clock=lambda: self.now)

    @property
    def database(self) -> Database:
        return self.library._database

    def add_signals(self, *told: tuple[Paper, Kind, float, datetime], source: str = "hf") -> None:
        with self.database.write() as connection:
            add_signals(
                connection,
                [Signal(paper.id, kind, value, at, source) for paper, kind, value, at in told],
            )

    def upvoted(self, paper: Paper, upvotes: float) -> None:
        self.add_signals((paper, Kind.UPVOTES, upvotes, self.now))

    def follow(self) -> int:
        return self.library.trending.update()

    def listed(self, category: str | None = None) -> list[Trend]:
        return list(self.library.trending.list(category=category).trends)

    def rising(self, category: str | None = None) -> list[Paper]:
        return [one.paper for one in self.listed(category)]

    def levels(self) -> dict[int, float]:
        with self.database.read() as connection:
            rows = connection.execute(select(trends_table.c.num, trends_table.c.log_score))
            return {row.num: row.log_score for row in rows}

    def attention_scores(self) -> dict[str, float]:
        """Score all papers by attention alone, without predicted upvotes."""
        with self.database.read() as connection:
            found = score_between(connection, self.now - 2 * DAY, self.now)
            rows = connection.execute(select(papers_table.c.num, papers_table.c.id))
            ids = {row.num: row.id for row in rows}
        nums = found.papers.nums.tolist()
        return {ids[num]: one for num, one in zip(nums, found.scores.tolist(), strict=True)}

    def afresh(self) -> dict[int, float]:
        """Score all papers by what is usual now, as if none had been scored before."""
        with self.database.read() as connection:
            calibration = read_state(connection).calibration
            nums = connection.scalars(select(papers_table.c.num)).all()
            found = score_some(connection, nums, self.now, calibration)
        levels = log_score(found.scores, hours(self.now))
        return dict(zip(found.papers.nums.tolist(), levels.tolist(), strict=True))


@contextmanager
def opened(settings: Settings) -> Iterator[Room]:
    room = Room(settings)
    with room.library:
        yield room


class Beset(Database):
    """A library that something happens to just before it is written."""

    def __init__(self, database: Database, befalls: Callable[[], object]) -> None:
        super().__init__(database._engine)
        self._befalls = befalls

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._befalls()
        with super().write() as connection:
            yield connection
