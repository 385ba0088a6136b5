"""A library with a clock that tests set, and six papers for it."""

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


class TrendingLibrary:
    """A library whose clock is `now`."""

    def __init__(self, settings: Settings) -> None:
        self.now = MORNING
        self.library = Library(settings, clock=lambda: self.now)

    @property
    def database(self) -> Database:
        return self.library._database

    def add_signals(
        self, *signals: tuple[Paper, Kind, float, datetime], source: str = "hf"
    ) -> None:
        with self.database.write() as connection:
            add_signals(
                connection,
                [Signal(paper.id, kind, value, at, source) for paper, kind, value, at in signals],
            )

    def set_upvotes(self, paper: Paper, upvotes: float) -> None:
        self.add_signals((paper, Kind.UPVOTES, upvotes, self.now))

    def update(self) -> int:
        return self.library.trending.update()

    def trends(self, category: str | None = None) -> list[Trend]:
        return list(self.library.trending.list(category=category).trends)

    def papers(self, category: str | None = None) -> list[Paper]:
        return [trend.paper for trend in self.trends(category)]

    def log_scores(self) -> dict[int, float]:
        """The stored scores by paper number."""
        with self.database.read() as connection:
            rows = connection.execute(select(trends_table.c.num, trends_table.c.log_score))
            return {row.num: row.log_score for row in rows}

    def attention_scores(self) -> dict[str, float]:
        """The scores of all papers by attention alone, without predicted upvotes, by id."""
        with self.database.read() as connection:
            scored = score_between(connection, self.now - 2 * DAY, self.now)
            rows = connection.execute(select(papers_table.c.num, papers_table.c.id))
            ids = {row.num: row.id for row in rows}
        nums = scored.papers.nums.tolist()
        return {ids[num]: one for num, one in zip(nums, scored.scores.tolist(), strict=True)}

    def computed_log_scores(self) -> dict[int, float]:
        """The scores of all papers, computed again with the calibration in use, by number."""
        with self.database.read() as connection:
            calibration = read_state(connection).calibration
            nums = connection.scalars(select(papers_table.c.num)).all()
            scored = score_some(connection, nums, self.now, calibration)
        log_scores = log_score(scored.scores, hours(self.now))
        return dict(zip(scored.papers.nums.tolist(), log_scores.tolist(), strict=True))


@contextmanager
def opened(settings: Settings) -> Iterator[TrendingLibrary]:
    site = TrendingLibrary(settings)
    with site.library:
        yield site


class InterruptedDatabase(Database):
    """A database that calls a function before each write."""

    def __init__(self, database: Database, before_write: Callable[[], object]) -> None:
        super().__init__(database._engine, 1)
        self._before_write = before_write

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._before_write()
        with super().write() as connection:
            yield connection
