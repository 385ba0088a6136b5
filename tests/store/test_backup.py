"""A backup holds every row of one moment, and a restore takes all of it or nothing."""

import io
import json
import stat
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Boolean, Date, Integer, select

from broadsheet.config import Settings, load_settings
from broadsheet.errors import StoreError
from broadsheet.library import Library, back_up, restore
from broadsheet.library import backups as backups_module
from broadsheet.model import Kind, Signal
from broadsheet.rules.normalize import make_paper
from broadsheet.store.archive import MANIFEST, member
from broadsheet.store.attention import add_signals
from broadsheet.store.column_types import UtcTime
from broadsheet.store.database import open_database
from broadsheet.store.tables import schema
from tests.conftest import NOW, fill

Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with rows in every table, whose highest subscription was deleted."""
    settings = _settings(tmp_path_factory.mktemp("source"))
    with Library(settings, clock=lambda: NOW) as library:
        fill(library)
        paper, other = library.newest(2)[0]
        library.vote(paper.id, "a reader", on=True, network="ab12")
        with library.database.write() as connection:
            add_signals(connection, [Signal(paper.id, Kind.STARS, 12.5, NOW, "github")])
        library.tokens.create("ada")
        library.trending.update()
        library.subscriptions.subscribe("ada@example.org")
        library.subscriptions.subscribe("bo@example.org")
        with library.database.write() as connection:
            table = schema.tables
            connection.execute(table["deliveries"].delete().where(table["deliveries"].c.id == 2))
            connection.execute(
                table["subscriptions"].delete().where(table["subscriptions"].c.id == 2)
            )
        library.add("bibtex", [make_paper(title=other.title, doi="10.1234/kites", arxiv=None)])
        _fill_empty_tables(library)
        yield library


def _fill_empty_tables(library: Library) -> None:
    examples = {UtcTime: NOW, Date: NOW.date(), Boolean: True, Integer: 1, BigInteger: 1}
    with library.database.write() as connection:
        for table in schema.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is None:
                values = {
                    column.name: examples.get(type(column.type), "x") for column in table.columns
                }
                connection.execute(table.insert().values(values))


@pytest.fixture(scope="module")
def file(source: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups") / "news.zip"
    back_up(source, path)
    return path


def _settings(folder: Path, database: str | None = None) -> Settings:
    flags = {"data": folder, "database": database, "rerank": False, "sources": "none"}
    return load_settings(flags, environment={})


def _rows(library: Library) -> Rows:
    with library.database.snapshot() as connection:
        return {
            name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for name, table in schema.tables.items()
        }


def _as_restored(rows: Rows) -> Rows:
    """Return rows as a restore leaves them: mails that were due are held."""
    columns = list(schema.tables["deliveries"].columns.keys())
    held = []
    for row in rows["deliveries"]:
        values = dict(zip(columns, row, strict=True))
        if values["state"] == "due":
            values |= {"state": "unknown", "settled_at": None, "error": None}
        held.append(tuple(values.values()))
    return {**rows, "deliveries": held}


def _restored_rows(library: Library) -> Rows:
    columns = list(schema.tables["deliveries"].columns.keys())
    rows = _rows(library)
    found = []
    for row in rows["deliveries"]:
        values = dict(zip(columns, row, strict=True))
        if values["state"] == "unknown":
            assert values["settled_at"] is not None
            assert "it may have been sent since" in str(values["error"])
            values |= {"settled_at": None, "error": None}
        found.append(tuple(values.values()))
    return {**rows, "deliveries": found}


def _rewritten(file: Path, target: Path, changes: dict[str, bytes]) -> Path:
    """Copy a backup with some members replaced or added."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return target


def _manifest_of(file: Path) -> dict[str, object]:
    with zipfile.ZipFile(file) as archive:
        document: dict[str, object] = json.loads(archive.read(MANIFEST))
        return document


def test_a_restore_into_an_empty_folder_has_every_row_of_every_table(
    source: Library, file: Path, tmp_path: Path
) -> None:
    before = _rows(source)
    assert all(before.values())
    report = restore(_settings(tmp_path / "new"), file)
    assert report.held_mails == 1
    with Library(_settings(tmp_path / "new"), clock=lambda: NOW) as restored:
        assert _restored_rows(restored) == _as_restored(before)
        assert restored.secret == source.secret
        restored.update_index()
        assert restored.search("kites").matches == source.search("kites").matches


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_backup_made_while_others_write_is_of_the_moment_it_began(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("new_postgres_url") if engine == "postgresql" else None
    with Library(_settings(tmp_path / "old", url), clock=lambda: NOW) as library:
        fill(library)
        _assert_writes_are_left_out(library, tmp_path)


def _assert_writes_are_left_out(library: Library, tmp_path: Path) -> None:
    before = _rows(library)
    with closing(open_database(library.settings.database_url, 1)) as other:

        def write() -> None:
            with other.write() as connection:
                connection.execute(schema.tables["editions"].delete())
                connection.execute(
                    schema.tables["metadata"].insert().values(key="written", value="1")
                )

        done: list[int] = []

        def on_rows(count: int, total: int) -> None:
            if not done:
                done.append(total)
                writer = threading.Thread(target=write)
                writer.start()
                writer.join(10)

        back_up(library, tmp_path / "news.zip", on_rows=on_rows)
    after = _rows(library)
    assert after["editions"] == []
    assert len(after["metadata"]) == len(before["metadata"]) + 1
    restore(_settings(tmp_path / "new"), tmp_path / "news.zip")
    with Library(_settings(tmp_path / "new"), clock=lambda: NOW) as restored:
        assert _rows(restored) == before


def test_a_sqlite_backup_restores_into_postgresql_and_back(
    source: Library, file: Path, new_postgres_url: str, tmp_path: Path
) -> None:
    before = _as_restored(_rows(source))
    settings = _settings(tmp_path / "postgres", new_postgres_url)
    restore(settings, file)
    with Library(settings, clock=lambda: NOW) as library:
        assert _restored_rows(library) == before
        back_up(library, tmp_path / "back.zip")
        _assert_numbers_go_on(library)
    restore(_settings(tmp_path / "sqlite"), tmp_path / "back.zip")
    with Library(_settings(tmp_path / "sqlite"), clock=lambda: NOW) as library:
        assert _restored_rows(library) == before
        _assert_numbers_go_on(library)


def test_numbers_of_deleted_subscriptions_are_not_assigned_after_a_restore(
    file: Path, tmp_path: Path
) -> None:
    restore(_settings(tmp_path), file)
    with Library(_settings(tmp_path), clock=lambda: NOW) as library:
        _assert_numbers_go_on(library)


def _assert_numbers_go_on(library: Library) -> None:
    library.subscriptions.subscribe("cy@example.org")
    with library.database.read() as connection:
        ids = connection.scalars(select(schema.tables["subscriptions"].c.id)).all()
    assert sorted(ids) == [1, 3]


def test_a_backup_is_readable_by_its_owner_only(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_backup_that_fails_leaves_the_earlier_one_and_nothing_else(
    source: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "news.zip"
    path.write_bytes(b"earlier")
    with pytest.raises(StoreError, match="exists"):
        back_up(source, path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups_module, "write_backup", fail)
    with pytest.raises(StoreError, match="No space left on device"):
        back_up(source, path, replace=True)
    assert [one.name for one in tmp_path.iterdir()] == ["news.zip"]
    assert path.read_bytes() == b"earlier"


def test_a_library_that_is_not_empty_is_replaced_only_on_request(
    library: Library, file: Path, tmp_path: Path
) -> None:
    kept = _rows(library)
    with pytest.raises(StoreError, match="not empty"):
        restore(library.settings, file)
    assert _rows(library) == kept
    library.add("test", [make_paper(title="A paper of the old library", arxiv="2603.99999")])
    library.update_index()
    library.close()
    restore(library.settings, file, replace=True)
    with Library(library.settings, clock=lambda: NOW + timedelta(hours=1)) as replaced:
        assert replaced.behind() > 0
        replaced.update_index()
        assert not replaced.search("old library", n=1).matches


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_a_damaged_backup_changes_nothing(
    library: Library, file: Path, tmp_path: Path, place: float
) -> None:
    kept = _rows(library)
    damaged = bytearray(file.read_bytes())
    start = int(len(damaged) * place)
    damaged[start : start + 40] = bytes(40)
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(StoreError, match=r"damaged\.zip"):
        restore(library.settings, tmp_path / "damaged.zip", replace=True)
    assert _rows(library) == kept


def test_a_truncated_file_and_a_file_of_another_kind_are_refused(
    file: Path, tmp_path: Path
) -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    for content in (file.read_bytes()[:-3000], b"", b"SQLite format 3\0", other.getvalue()):
        (tmp_path / "bad.zip").write_bytes(content)
        with pytest.raises(StoreError, match=r"bad\.zip"):
            restore(_settings(tmp_path / "new"), tmp_path / "bad.zip")


@pytest.mark.parametrize("name", [MANIFEST, member("records")])
def test_damaged_compression_is_an_error_of_the_backup_and_not_of_the_library(
    library: Library, file: Path, tmp_path: Path, name: str
) -> None:
    with zipfile.ZipFile(file) as archive:
        at = archive.getinfo(name).header_offset
    damaged = bytearray(file.read_bytes())
    # A block of a type that does not exist.
    damaged[at + 30 + sum(struct.unpack("<HH", damaged[at + 26 : at + 30]))] = 0xFF
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(StoreError, match=r"damaged\.zip") as caught:
        restore(library.settings, tmp_path / "damaged.zip", replace=True)
    assert "doctor" not in str(caught.value)


@pytest.mark.parametrize("field", ["version", "made_at"])
def test_a_backup_writes_no_control_characters_to_a_terminal(
    file: Path, tmp_path: Path, field: str
) -> None:
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read(MANIFEST))
    changed = json.dumps(manifest | {field: "9\x1b[2J", "schema_number": "9999"}).encode()
    bad = _rewritten(file, tmp_path / "bad.zip", {MANIFEST: changed})
    with pytest.raises(StoreError, match=f"invalid at '{field}'"):
        restore(_settings(tmp_path / "new"), bad)


def test_another_compression_than_that_of_a_backup_is_refused(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name))
    with pytest.raises(StoreError, match="compression"):
        restore(_settings(tmp_path / "new"), path)


def test_rows_that_differ_from_their_checksum_are_refused(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        rows = archive.read(member("papers"))
    changed = {member("papers"): rows.replace(b"valley 1", b"valley 7", 1)}
    bad = _rewritten(file, tmp_path / "bad.zip", changed)
    with pytest.raises(StoreError, match="checksum of table 'papers' is wrong"):
        restore(_settings(tmp_path / "new"), bad)
    with Library(_settings(tmp_path / "new"), clock=lambda: NOW) as library:
        assert library.health().papers == 0


@pytest.mark.parametrize("name", ["../evil", "/etc/cron.d/evil", "tables/evil.jsonl"])
def test_a_file_that_the_manifest_does_not_name_is_refused(
    file: Path, tmp_path: Path, name: str
) -> None:
    bad = _rewritten(file, tmp_path / "bad.zip", {name: b"[]\n"})
    with pytest.raises(StoreError, match="differ from its manifest"):
        restore(_settings(tmp_path / "new"), bad)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("table", ["../evil", "papers; DROP TABLE papers", "sqlite_master", "evil"])
def test_a_table_that_a_library_has_not_is_refused(file: Path, tmp_path: Path, table: str) -> None:
    manifest = _manifest_of(file)
    part = {"columns": ["id"], "rows": 1, "size": 4, "sha256": sha256(b"[1]\n").hexdigest()}
    manifest["tables"] = {**manifest["tables"], table: part}  # type: ignore[dict-item]
    changes = {MANIFEST: json.dumps(manifest).encode(), member(table): b"[1]\n"}
    bad = _rewritten(file, tmp_path / "bad.zip", changes)
    with pytest.raises(StoreError, match="changed"):
        restore(_settings(tmp_path / "new"), bad)


def test_a_file_that_expands_enormously_is_refused(file: Path, tmp_path: Path) -> None:
    rows = b"[" + b" " * 20_000_000 + b"]\n"
    manifest = _manifest_of(file)
    tables = manifest["tables"]
    assert isinstance(tables, dict)
    digest = sha256(rows).hexdigest()
    tables["papers"] |= {"rows": 1, "size": len(rows), "sha256": digest}
    changes = {MANIFEST: json.dumps(manifest).encode(), member("papers"): rows}
    bad = _rewritten(file, tmp_path / "bad.zip", changes)
    with pytest.raises(StoreError, match="100 times its size"):
        restore(_settings(tmp_path / "new"), bad)


def test_a_backup_of_a_newer_version_is_refused(file: Path, tmp_path: Path) -> None:
    manifest = {**_manifest_of(file), "schema_number": "9999", "version": "7.1"}
    bad = _rewritten(file, tmp_path / "bad.zip", {MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(StoreError, match=r"a newer Broadsheet wrote it \(7\.1, schema 9999\)"):
        restore(_settings(tmp_path / "new"), bad)
