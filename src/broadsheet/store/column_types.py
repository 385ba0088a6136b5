"""Column types: UTC times, lists of strings and notices, stored as text in both engines."""

from datetime import UTC, datetime

import orjson
from sqlalchemy import BigInteger, Integer, String, Text, TypeDecorator
from sqlalchemy.engine import Dialect

from broadsheet.model import Notice

# SQLite assigns row numbers only to a column declared INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, stored as ISO text that sorts by time in both engines."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Format as ``2026-11-20T06:00:00.000000Z``."""
        if value is None:
            return None
        # strftime omits the leading zeros of a year before 1000.
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Parse the text; the time is aware."""
        return None if value is None else datetime.fromisoformat(value)


class StringList(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, stored as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Format as JSON."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Parse the JSON."""
        return None if value is None else tuple(orjson.loads(value))


class SparseStringList(StringList):
    """A tuple of strings that is usually empty; the empty tuple is stored as NULL."""

    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Format as JSON, or None if the tuple is empty."""
        return orjson.dumps(value).decode() if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        """Parse the JSON; NULL is the empty tuple."""
        return tuple(orjson.loads(value)) if value else ()


class NoticeType(TypeDecorator[Notice]):
    """A notice, stored as its value."""

    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: Notice | None, dialect: Dialect) -> str | None:
        """Return the value of the enum member."""
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Notice | None:
        """Return the enum member."""
        return Notice(value) if value else None
