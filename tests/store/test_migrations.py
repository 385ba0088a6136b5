"""A library with an older schema is migrated when it is opened; all of its data is kept.

``tests/fixtures/library_0003.sql`` is a library with schema 0003, dumped by SQLite. On PostgreSQL
the same rows are inserted into the tables of schema 0003 first.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import Engine, MetaData, create_engine, inspect, text

from broadsheet.config import Settings
from broadsheet.errors import NotFoundError, StoreError
from broadsheet.library import Library
from broadsheet.model import (
    DeliveryState,
    Gap,
    Kind,
    Period,
    Pick,
    Span,
    SubscriptionState,
)
from broadsheet.rules.normalize import make_paper
from broadsheet.rules.token import Purpose
from broadsheet.store import database as database_module
from broadsheet.store import source_state
from broadsheet.store.tables import schema
from tests.conftest import FIXTURES
from tests.rules.test_token import earlier_token

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
MORNING = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KITES, LANTERNS, CROSSING = (f"arxiv:2603.0000{number}" for number in (1, 2, 3))
FLYING, RIVERS, BRIDGES = (f"doi:10.1234/{name}" for name in ("dusk", "rivers", "bridges"))
DAY, NEXT_DAY = date(2026, 3, 10), date(2026, 3, 11)


def _load_dump(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript((FIXTURES / "library_0003.sql").read_text(encoding="utf-8"))
    connection.close()


def _upgrade(engine: Engine, revision: str) -> None:
    scripts = Config()
    folder = Path(database_module.__file__).parent / "migrations"
    scripts.set_main_option("script_location", str(folder))
    with engine.begin() as connection:
        scripts.attributes["connection"] = connection
        command.upgrade(scripts, revision)


def _copy_rows(source: Engine, target: Engine) -> None:
    """Copy all rows between two databases with the same tables."""
    old, new = MetaData(), MetaData()
    old.reflect(source)
    new.reflect(target)
    with source.connect() as reader, target.begin() as writer:
        for table in new.sorted_tables:
            rows = [dict(row._mapping) for row in reader.execute(old.tables[table.name].select())]
            if rows and table.name != "alembic_version":
                writer.execute(table.insert(), rows)
        for name, column in (("changes", "seq"), ("signals", "id"), ("records", "id")):
            last = f"SELECT MAX({column}) FROM {name}"
            sequence = f"pg_get_serial_sequence('{name}', '{column}')"
            writer.execute(text(f"SELECT setval({sequence}, ({last}))"))


@pytest.fixture
def postgres_url(new_postgres_url: str, tmp_path: Path) -> str:
    """A new PostgreSQL database with schema 0003 and the rows of the dump."""
    _load_dump(tmp_path / "dump.sqlite3")
    source, target = (
        create_engine(f"sqlite:///{tmp_path / 'dump.sqlite3'}"),
        create_engine(new_postgres_url),
    )
    _upgrade(target, "0003")
    _copy_rows(source, target)
    source.dispose()
    target.dispose()
    return new_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def old_settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings of a library with schema 0003."""
    changes: dict[str, object] = {"sources": "arxiv crossref"}
    if request.param == "postgresql":
        changes["database"] = SecretStr(request.getfixturevalue("postgres_url"))
    else:
        settings.data.mkdir(parents=True)
        _load_dump(settings.data / "library.sqlite3")
    return settings.model_copy(update=changes)


@pytest.fixture
def migrated(old_settings: Settings) -> Iterator[Library]:
    with Library(old_settings, clock=lambda: NOW) as library:
        yield library


def _rows(library: Library, sql: str) -> list[tuple[object, ...]]:
    with library._database.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def test_papers_records_and_old_identifiers_are_kept(migrated: Library) -> None:
    assert {paper.id for paper in migrated.newest()[0]} == {
        *(KITES, LANTERNS, CROSSING),
        *(RIVERS, BRIDGES),
    }
    lanterns = migrated.paper(LANTERNS)
    assert lanterns.abstract == "A lantern's light, café."
    assert lanterns.authors == ("Cy Lumen", "Dee Wick")
    assert lanterns.categories == ("math.CO", "cs.LG")
    assert migrated.paper(FLYING).id == KITES
    received = [(source, at) for source, _, at in migrated.records(KITES)]
    assert received == [
        ("arxiv", MORNING),
        ("bibtex", MORNING),
        ("crossref", MORNING + 6 * HOUR),
    ]
    assert migrated.records(KITES)[1][1].title == "Flying after sunset"


def test_new_papers_get_numbers_and_changes_that_were_never_used(migrated: Library) -> None:
    migrated.add("ris", [make_paper(title="A new paper", doi="10.1234/new")])
    assert _rows(migrated, "SELECT num FROM papers WHERE title = 'A new paper'") == [(9,)]
    assert _rows(migrated, "SELECT MAX(seq) FROM changes") == [(13,)]


def test_a_merge_made_before_the_migration_can_be_undone(migrated: Library) -> None:
    undone, standing = migrated.merges()
    assert (standing.winner, standing.merged) == ("Kites at dusk", "Flying after sunset")
    assert (standing.merged_at, standing.undone_at) == (MORNING + 6 * HOUR, None)
    assert undone.undone_at == MORNING + 7 * HOUR
    # A reader who voted for both papers and one who has voted again since the merge.
    migrated.vote(KITES, "cookie-c", on=True)
    winner, restored = migrated.unmerge(standing.number)
    assert (winner.id, restored.id) == (KITES, FLYING)
    assert migrated.votes([KITES, FLYING]) == {KITES: 2, FLYING: 2}
    assert migrated.voted("cookie-b", [KITES, FLYING]) == {KITES, FLYING}
    assert migrated.voted("cookie-c", [KITES, FLYING]) == {FLYING}
    assert migrated.counts([FLYING])[FLYING][Kind.CITATIONS] == 3
    assert migrated.counts([KITES])[KITES][Kind.CITATIONS] == 3
    submitters = migrated.submissions([KITES, FLYING])
    assert {paper: one.by for paper, one in submitters.items()} == {KITES: "ada", FLYING: "bo"}
    sources = "SELECT source FROM submissions WHERE num = 4 ORDER BY source"
    assert _rows(migrated, sources) == [("hf",), ("reddit",)]


def test_papers_of_an_undone_merge_are_not_merged_again(migrated: Library) -> None:
    both = make_paper(
        title="Bridges over rivers", arxiv="2603.00003", doi="10.1234/bridges", venue="Span"
    )
    migrated.add("openalex", [both])
    assert migrated.paper(CROSSING).id != migrated.paper(BRIDGES).id
    assert len(migrated.merges()) == 2


def test_a_vote_cast_before_the_migration_is_the_same_readers_after_it(migrated: Library) -> None:
    assert migrated.votes([KITES, CROSSING, BRIDGES, LANTERNS]) == {
        KITES: 2,
        CROSSING: 2,
        BRIDGES: 1,
        LANTERNS: 1,
    }
    assert migrated.voted("cookie-a", [KITES, CROSSING, BRIDGES]) == {KITES, CROSSING, BRIDGES}
    assert migrated.vote(KITES, "cookie-a", on=True) == 2
    assert migrated.vote(KITES, "cookie-a", on=False) == 1
    assert migrated.voted("cookie-a", [KITES, CROSSING]) == {CROSSING}
    first_vote = "SELECT created_at FROM readers WHERE cookie = 'cookie-a'"
    assert _rows(migrated, first_vote) == [("2026-03-10T06:00:00.000000Z",)]
    assert migrated.vote(KITES, "a new cookie", on=True) == 2


def test_signals_submissions_and_trending_scores_are_kept(migrated: Library) -> None:
    assert migrated.counts([LANTERNS]) == {LANTERNS: {Kind.UPVOTES: 40, Kind.VOTES: 1}}
    assert len(migrated.signals(LANTERNS)) == 3
    assert migrated.submissions([LANTERNS])[LANTERNS].by == "cy"
    trends = migrated.trending.list().trends
    assert trends[0].paper.id == LANTERNS
    assert len(trends) == 4


def test_editions_revisions_and_picks_are_kept(migrated: Library) -> None:
    assert migrated.editions.periods() == [Period(NEXT_DAY), Period(DAY)]
    first, second = (migrated.editions.read(DAY, revision) for revision in (1, 2))
    assert (first.published_at, second.published_at) == (MORNING + 9 * HOUR, MORNING + 11 * HOUR)
    assert first.items[0].paper_id == RIVERS
    assert first.items[0].comment == "Read this first."
    week = Period(date(2026, 3, 9), Span.WEEK)
    assert migrated.editions.periods(Span.WEEK) == [week]
    assert migrated.editions.read(week).items[0].title == "Lanterns and their light"
    picks = migrated.editions.picks(Period(DAY))
    assert picks == [Pick(RIVERS, 1, "Read this first."), Pick(CROSSING, None)]


def test_the_last_day_without_news_is_kept(old_settings: Settings) -> None:
    quiet = datetime(2026, 3, 15, 10, 0, tzinfo=UTC)
    with Library(old_settings, clock=lambda: quiet) as library:
        assert library.editions.is_quiet(quiet.date(), timedelta(days=1))
        assert not library.editions.is_quiet(DAY, timedelta(days=1))


def test_subscriptions_are_kept_and_each_has_a_reader(migrated: Library) -> None:
    states = {one.email: one.state for one in migrated.subscriptions.all()}
    assert states == {
        "Ada@example.org": SubscriptionState.CONFIRMED,
        "bo@example.org": SubscriptionState.CONFIRMED,
        "cy@example.org": SubscriptionState.UNSUBSCRIBED,
        "dee@example.org": SubscriptionState.PENDING,
        "eve@example.org": SubscriptionState.CONFIRMED,
    }
    readers = _rows(
        migrated,
        "SELECT s.id, r.created_at = s.created_at, r.cookie "
        "FROM subscriptions s JOIN readers r ON r.id = s.reader_id ORDER BY s.id",
    )
    assert readers == [(number, True, None) for number in range(1, 6)]


def test_links_to_unsubscribe_in_mails_sent_before_the_migration_still_work(
    migrated: Library,
) -> None:
    secret = "invented secret of an invented library"
    link = earlier_token(secret, Purpose.UNSUBSCRIBE, 1, MORNING)
    assert migrated.subscriptions.unsubscribe(link).email == "Ada@example.org"
    # Dee never confirmed, so no digest with such a link was mailed.
    for number in (4, 6):
        with pytest.raises(NotFoundError):
            migrated.subscriptions.unsubscribe(
                earlier_token(secret, Purpose.UNSUBSCRIBE, number, MORNING)
            )


def test_schema_0006_keeps_all_rows_and_assigns_no_id_of_schema_0005_again(
    old_settings: Settings,
) -> None:
    engine = create_engine(old_settings.database_url)
    _upgrade(engine, "0005")
    tables = ("readers", "subscriptions", "deliveries")

    def rows() -> list[list[tuple[object, ...]]]:
        with engine.connect() as connection:
            found = [
                connection.execute(text(f"SELECT * FROM {name} ORDER BY id")) for name in tables
            ]
            return [[tuple(row) for row in result] for result in found]

    before = rows()
    assert [len(found) for found in before][1:] == [5, 10]
    with engine.begin() as connection:
        created = "'2026-03-11T09:00:00.000000Z'"
        connection.execute(text(f"INSERT INTO readers (created_at) VALUES ({created})"))
        connection.execute(
            text(
                "INSERT INTO subscriptions (reader_id, email, email_key, state, created_at) "
                f"SELECT MAX(id), 'x@y.example', 'x@y.example', 'pending', {created} FROM readers"
            )
        )
        forgotten = connection.scalar(text("SELECT MAX(id) FROM subscriptions"))
        reader = connection.scalar(text("SELECT MAX(id) FROM readers"))
        connection.execute(text(f"DELETE FROM subscriptions WHERE id = {forgotten}"))
        connection.execute(text(f"DELETE FROM readers WHERE id = {reader}"))
    with Library(old_settings, clock=lambda: NOW) as library:
        assert rows() == before
        library.subscriptions.subscribe("fay@example.org")
        *_, created_last = library.subscriptions.all()
    assert created_last.email == "fay@example.org"
    assert created_last.id > forgotten
    engine.dispose()


def test_an_address_that_never_confirms_is_removed_with_its_reader(old_settings: Settings) -> None:
    with Library(old_settings, clock=lambda: NOW + timedelta(days=40)) as library:
        readers = len(_rows(library, "SELECT id FROM readers"))
        assert library.subscriptions.delete_unconfirmed() == 1
        assert len(_rows(library, "SELECT id FROM readers")) == readers - 1
        library.subscriptions.subscribe("fay@example.org")
        library.vote(KITES, "cookie-z", on=True)
    with pytest.raises(NotFoundError):
        migrated_subscription(old_settings, 4)


def migrated_subscription(settings: Settings, number: int) -> None:
    with Library(settings, clock=lambda: NOW) as library:
        link = earlier_token(library.secret, Purpose.UNSUBSCRIBE, number, NOW)
        library.subscriptions.peek(link, Purpose.UNSUBSCRIBE)


def test_deliveries_get_the_revision_they_were_made_for_and_a_priority(migrated: Library) -> None:
    counts = migrated.health().deliveries
    assert counts == {
        DeliveryState.SENT: 2,
        DeliveryState.FAILED: 1,
        DeliveryState.CANCELLED: 1,
        DeliveryState.UNKNOWN: 1,
        DeliveryState.CLAIMED: 1,
        DeliveryState.DUE: 4,
    }
    rows = _rows(migrated, "SELECT id, priority, edition_revision FROM deliveries ORDER BY id")
    confirmations = [(number, 0, None) for number in (1, 2, 3, 4)]
    # Revision 2 was published when delivery 7 was made; the next day has one revision.
    digests = [(5, 10, 1), (6, 10, 1), (7, 10, 2), (8, 10, 1), (9, 10, 1), (10, 10, 1)]
    assert rows == confirmations + digests


def test_mail_that_was_due_before_the_migration_is_sent_once(migrated: Library) -> None:
    # Four were due; one was claimed by a process that stopped before it was sent.
    assert migrated.outbox.send_due().sent == 5
    assert migrated.outbox.send_due().sent == 0
    migrated.subscriptions.subscribe("fay@example.org")
    assert migrated.outbox.send_due().sent == 1


def test_source_status_gaps_and_request_counts_are_kept(migrated: Library) -> None:
    arxiv, crossref = migrated.sources.states()
    assert (arxiv.failures, arxiv.error, arxiv.newest) == (1, "the service is down", DAY)
    assert arxiv.next_at == NOW - HOUR
    assert crossref.succeeded_at == NOW - 5 * HOUR
    found_at = NOW - 6 * HOUR
    assert arxiv.gaps == (Gap("arxiv", date(2026, 3, 8), "only 3 of about 120 records", found_at),)
    assert arxiv.closed_gaps == (
        Gap("arxiv", date(2026, 3, 6), "it came empty", found_at, found_at + 2 * HOUR, True),
        Gap("arxiv", date(2026, 3, 7), "it came empty", found_at, found_at + HOUR, False),
    )
    with migrated._database.write() as connection:
        assert source_state.cursor_of(connection, "arxiv") == {"from": "2026-03-10"}
        assert source_state.spend(connection, "api.crossref.org", NEXT_DAY) == 4
        days = source_state.days_of(connection, "crossref")
    assert [(day.records, day.queried) for day in days.values()] == [(2, 5)]
    queried = "SELECT source, num FROM source_queries ORDER BY num"
    assert _rows(migrated, queried) == [("crossref", 1), ("crossref", 5)]


def test_api_tokens_are_kept(migrated: Library) -> None:
    assert migrated.tokens.name_of("broadsheet_invented") == "press"
    assert migrated.tokens.all()[0].created_at == NOW - 4 * HOUR


def test_a_migrated_library_has_the_tables_that_the_code_declares(migrated: Library) -> None:
    found = inspect(migrated._database._engine)
    assert set(found.get_table_names()) == set(schema.tables) | {"alembic_version"}
    for table in schema.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}, table.name
        indexes = {
            index["name"]: tuple(index["column_names"])
            for index in found.get_indexes(table.name)
            if "duplicates_constraint" not in index
        }
        assert indexes == {
            index.name: tuple(column.name for column in index.columns) for index in table.indexes
        }, table.name
        assert set(found.get_pk_constraint(table.name)["constrained_columns"]) == {
            column.name for column in table.primary_key
        }
        foreign_keys = {
            (key["constrained_columns"][0], key["referred_table"])
            for key in found.get_foreign_keys(table.name)
        }
        assert foreign_keys == {
            (key.parent.name, key.column.table.name) for key in table.foreign_keys
        }, table.name
        unique = {tuple(one["column_names"]) for one in found.get_unique_constraints(table.name)}
        assert len(unique) == sum(
            1 for one in table.constraints if type(one).__name__ == "UniqueConstraint"
        ), table.name


def test_a_migrated_sqlite_file_is_consistent(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    path = settings.data / "library.sqlite3"
    _load_dump(path)
    Library(settings).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        options = dict(
            connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        )
    assert "WITHOUT ROWID" in options["identifiers"]
    assert "AUTOINCREMENT" in options["changes"]
    assert "AUTOINCREMENT" in options["readers"]
    assert "AUTOINCREMENT" in options["subscriptions"]


def test_an_edition_of_schema_0002_is_kept(settings: Settings) -> None:
    settings.data.mkdir(parents=True)
    engine = create_engine(settings.database_url)
    _upgrade(engine, "0002")
    items = (
        '[{"rank": 1, "paper_id": "arxiv:2603.00001", "title": "Kites", "abstract": null, '
        '"authors": ["Ada"], "categories": [], "published": null, "link": null, "votes": 2, '
        '"reason": "2 votes by readers", "notice": null}]'
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO editions (date, revision, published_at, items, note) VALUES "
                "('2026-03-10', 1, '2026-03-10T06:00:00.000000Z', :items, 'a note')"
            ),
            {"items": items},
        )
    engine.dispose()
    with Library(settings) as library:
        edition = library.editions.read(DAY)
    assert edition.period == Period(DAY)
    assert (edition.revision, edition.note, edition.published_at) == (1, "a note", MORNING)
    assert (edition.items[0].title, edition.items[0].votes) == ("Kites", 2)


def test_a_library_with_a_newer_schema_is_refused_and_not_changed(settings: Settings) -> None:
    Library(settings).close()
    path = settings.data / "library.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"created by a newer Broadsheet \(schema 9999\)"):
        Library(settings)
    with sqlite3.connect(path) as connection:
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert versions == [("9999",)]


def test_an_up_to_date_library_opens_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.sqlite3'}"
    database_module.open_database(url).close()
    code = (
        "import sys; from broadsheet.store.database import open_database; "
        f"open_database({url!r}).close(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"
