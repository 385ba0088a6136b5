"""The tables of the library."""

from datetime import UTC, datetime

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect

from broadsheet.model import Notice


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time, kept as sortable ISO text so that both engines keep the same."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write ``2026-11-20T06:00:00.000000Z``."""
        if value is None:
            return None
        # strftime would leave out the zeros of a year before 1000.
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read it back, aware."""
        return None if value is None else datetime.fromisoformat(value)


class Names(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, kept as a JSON list."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Write the list."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """Read it back."""
        return None if value is None else tuple(orjson.loads(value))


class SomeNames(Names):
    """A tuple of strings that is mostly empty, which takes no room then."""

    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Write the list, None where there is nothing in it."""
        return orjson.dumps(value).decode() if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        """Read it back."""
        return tuple(orjson.loads(value)) if value else ()


class NoticeTold(TypeDecorator[Notice]):
    """A notice, kept as its word."""

    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: Notice | None, dialect: Dialect) -> str | None:
        """Write the word."""
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Notice | None:
        """Read it back."""
        return Notice(value) if value else None


# SQLite gives out row numbers only for a column spelt INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="single values of this library: its own id, its signing secret",
)

papers = Table(
    "papers",
    metadata,
    Column("num", Number, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text),
    Column("authors", Names, nullable=False),
    Column("categories", Names, nullable=False),
    Column("published", String(10)),
    Column("arxiv_id", Text),
    Column("doi", Text),
    Column("url", Text),
    Column("venue", Text),
    Column("comment", Text),
    Column("code_url", Text),
    Column("ids", SomeNames),
    Column("version", Integer),
    Column("notice", NoticeTold),
    Column("summary", Text),
    Column("open_url", Text),
    Column("references", SomeNames),
    Column("related", SomeNames),
    Column("title_hash", BigInteger, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Index("papers_by_title", "title_hash"),
    Index("papers_by_date", "published"),
)

names = Table(
    "names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), nullable=False, index=True),
    comment="every id a paper has or had: arxiv:…, doi:…, openalex:…, hash:…",
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    metadata,
    Column("id", Number, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("told_at", UtcTime, nullable=False),
    Column("digest", BigInteger, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    comment="what each source said of a paper, as it said it (deflated JSON)",
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("num", Number, nullable=False),
    comment="papers added, changed or removed, in order; the index follows it",
    sqlite_autoincrement=True,
)

votes = Table(
    "votes",
    metadata,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("reader", String(64), primary_key=True),
    Column("voted_at", UtcTime, nullable=False),
    Column("network", String(32)),
    Index("votes_by_reader", "reader", "voted_at"),
)

signals = Table(
    "signals",
    metadata,
    Column("id", Number, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("value", Float, nullable=False),
    Column("observed_at", UtcTime, nullable=False),
    Column("source", Text, nullable=False),
    Index("signals_by_paper", "num", "kind", "observed_at"),
    Index("signals_once", "num", "kind", "source", "observed_at", "value", unique=True),
    Index("signals_by_time", "observed_at"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("by", Text, nullable=False),
    Column("submitted_at", UtcTime, nullable=False),
    Index("submissions_by_time", "submitted_at"),
    comment="who put a paper forward, and where",
)

trends = Table(
    "trends",
    metadata,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("level", Float, nullable=False),
    Index("trends_by_level", "level"),
    comment="how high each rising paper stands; made anew from signals, votes and texts at will",
)

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("scope", Text, nullable=False, default=""),
    Column("cursor", Text),
    Column("begun_at_cursor", Text),
    Column("asked_at", UtcTime),
    Column("succeeded_at", UtcTime),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("next_at", UtcTime),
    comment="how far each source was read, how it went, and when it is next",
)

days = Table(
    "days",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("records", Integer, nullable=False),
    Column("this_run", Integer, nullable=False),
    Column("wanted", Integer),
    comment="how many records each source brought of each of its days",
)

gaps = Table(
    "gaps",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("why", Text, nullable=False),
    Column("found_at", UtcTime, nullable=False),
    Column("filled_at", UtcTime),
    Column("given_up", Boolean, nullable=False, default=False),
    comment="days that came empty, thin or not at all",
)

asked = Table(
    "asked",
    metadata,
    Column("source", Text, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("asked_at", UtcTime, nullable=False),
    comment="when a source was last asked about a paper",
)

requests = Table(
    "requests",
    metadata,
    Column("site", String(255), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("count", Integer, nullable=False),
    comment="how often each site was asked on a day",
)

merges = Table(
    "merges",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kept", Number, nullable=False),
    Column("gone", Number, nullable=False),
    Column("kept_title", Text, nullable=False),
    Column("gone_title", Text, nullable=False),
    Column("merged_at", UtcTime, nullable=False),
    Column("undone_at", UtcTime),
    Column("moved", Text, nullable=False),
    comment="two papers that became one, with what belonged to the second (JSON)",
)

apart = Table(
    "apart",
    metadata,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("other", Number, ForeignKey("papers.num"), primary_key=True),
    comment="papers that were taken for one and are not, each pair both ways",
)

editions = Table(
    "editions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("span", String(8), nullable=False),
    Column("date", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("published_at", UtcTime, nullable=False),
    Column("items", Text, nullable=False),
    Column("note", Text),
    UniqueConstraint("span", "date", "revision", name="editions_once"),
)

picks = Table(
    "picks",
    metadata,
    Column("span", String(8), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("place", Integer),
    Column("comment", Text),
    comment="the editor's word on papers of an edition; no place leaves the paper out",
)

tokens = Table(
    "tokens",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("made_at", UtcTime, nullable=False),
    comment="who may read the API, known by the SHA-256 of what they hold",
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(320), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("confirmed_at", UtcTime),
    Column("unsubscribed_at", UtcTime),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Number, primary_key=True),
    Column("subscription_id", Number, ForeignKey("subscriptions.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("edition_date", Date),
    Column("state", String(16), nullable=False),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", UtcTime, nullable=False),
    Column("claimed_at", UtcTime),
    Column("settled_at", UtcTime),
    Column("error", Text),
    UniqueConstraint("subscription_id", "kind", "edition_date"),
    Index("deliveries_by_state", "state", "kind", "due_at", "id"),
)
