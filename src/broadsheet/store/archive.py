"""The file format of a backup: a ZIP file of one JSON-lines file for each table, and a manifest.

``tables/NAME.jsonl`` has one row a line, as a JSON array in the order of the manifest's columns;
bytes are Base64. ``manifest.json`` has the version of the format, the schema of the library, and
rows, bytes and SHA-256 of each table. Nothing is extracted to a path that the file names.
"""

import zipfile
import zlib
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from broadsheet.errors import StoreError

MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 1_000_000
_MAX_LINE_BYTES = 64_000_000
# Tables of a library shrink to a fifth to a tenth; deflate allows 1,032 to 1.
_MAX_RATIO = 100
_SMALL_BYTES = 10_000_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,62}$")]
Count = Annotated[int, Field(ge=0, lt=2**63)]


class TablePart(BaseModel):
    """What the manifest states about one table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[Name, ...]
    rows: Count
    size: Count
    sha256: str
    # The number last assigned to a row: those of deleted rows are not assigned again.
    last_number: Count | None = None


class Manifest(BaseModel):
    """The manifest of a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    # Both are shown in a terminal.
    version: str = Field(pattern=r"^[\w.+-]{1,60}$")
    schema_number: str = Field(pattern=r"^\d{4}$")
    made_at: str = Field(pattern=r"^[\d:T.+Z-]{10,40}$")
    tables: dict[Name, TablePart]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(part.rows for part in self.tables.values())


def member(table: str) -> str:
    """Return the name of the member that holds a table."""
    return f"tables/{table}.jsonl"


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """Read the manifest of a backup, and check that the file holds what it states and no more.

    Raises
    ------
    StoreError
        If it is no backup, is of a newer format, or was changed.
    """
    infos = archive.infolist()
    sizes = {info.filename: info.file_size for info in infos}
    if sizes.get(MANIFEST, _MAX_MANIFEST_BYTES + 1) > _MAX_MANIFEST_BYTES:
        raise StoreError("it has no manifest: name a file that 'broadsheet backup' wrote")
    if any(info.compress_type not in _METHODS for info in infos):
        raise StoreError("its compression is not that of a backup: it was changed")
    document = archive.read(MANIFEST)
    try:
        manifest = Manifest.model_validate_json(document)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise StoreError(
            f"its manifest is invalid at {where!r}: it was changed, or a newer Broadsheet wrote it"
        ) from None
    expected = {member(name): part.size for name, part in manifest.tables.items()}
    if len(infos) != len(sizes) or sizes != {**expected, MANIFEST: len(document)}:
        raise StoreError("its files differ from its manifest: it was changed or is incomplete")
    packed = sum(info.compress_size for info in infos)
    if sum(sizes.values()) > max(_SMALL_BYTES, _MAX_RATIO * packed):
        raise StoreError(f"its data would expand to more than {_MAX_RATIO} times its size")
    return manifest


def rows_of(archive: zipfile.ZipFile, name: str, part: TablePart) -> Iterator[list[object]]:
    """Read the rows of a table; the checksum is checked after the last.

    Raises
    ------
    StoreError
        If a line is malformed, or the rows are not those of the manifest.
    """
    digest, count = sha256(), 0
    with archive.open(member(name)) as lines:
        while line := _next_line(lines, name):
            digest.update(line)
            count += 1
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise StoreError(f"line {count} of table {name!r} is malformed: {error}") from error
            if not isinstance(row, list) or len(row) != len(part.columns):
                raise StoreError(f"line {count} of table {name!r} has not the columns of the table")
            yield row
    if (digest.hexdigest(), count) != (part.sha256, part.rows):
        raise StoreError(f"the checksum of table {name!r} is wrong: the file is damaged")


def _next_line(lines: IO[bytes], name: str) -> bytes:
    try:
        return lines.readline(_MAX_LINE_BYTES)
    except zlib.error as error:
        raise StoreError(f"the data of table {name!r} is damaged: {error}") from error
