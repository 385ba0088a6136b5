"""The tables of the library."""

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
    UniqueConstraint,
)

from broadsheet.store.column_types import (
    NoticeType,
    Number,
    SparseStringList,
    StringList,
    UtcTime,
)

schema = MetaData()

metadata_values = Table(
    "metadata",
    schema,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="single values: the id of the library, its signing secret, positions",
)

papers = Table(
    "papers",
    schema,
    Column("num", Number, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text),
    Column("authors", StringList, nullable=False),
    Column("categories", StringList, nullable=False),
    Column("published", String(10)),
    Column("arxiv_id", Text),
    Column("doi", Text),
    Column("url", Text),
    Column("venue", Text),
    Column("comment", Text),
    Column("code_url", Text),
    Column("ids", SparseStringList),
    Column("version", Integer),
    Column("notice", NoticeType),
    Column("summary", Text),
    Column("open_url", Text),
    Column("references", SparseStringList),
    Column("related", SparseStringList),
    Column("title_hash", BigInteger, nullable=False),
    Column("added_at", UtcTime, nullable=False),
    Index("papers_by_title", "title_hash"),
    Index("papers_by_date", "published"),
)

identifiers = Table(
    "identifiers",
    schema,
    Column("identifier", Text, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), nullable=False, index=True),
    comment="every id that a paper has or had: arxiv:…, doi:…, openalex:…, hash:…",
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    schema,
    Column("id", Number, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("digest", BigInteger, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    comment="each record as its source sent it (deflated JSON)",
)

changes = Table(
    "changes",
    schema,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("num", Number, nullable=False),
    comment="log of papers added, changed or removed; the search index follows it",
    sqlite_autoincrement=True,
)

readers = Table(
    "readers",
    schema,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("created_at", UtcTime, nullable=False),
    Column("cookie", String(64), unique=True),
    Column("email_key", String(320), unique=True),
    comment="people who vote or subscribe; an anonymous one is identified by a cookie",
    sqlite_autoincrement=True,
)

votes = Table(
    "votes",
    schema,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("reader_id", Number, ForeignKey("readers.id"), primary_key=True),
    Column("voted_at", UtcTime, nullable=False),
    Column("network", String(32)),
    Index("votes_by_reader", "reader_id", "voted_at"),
)

signals = Table(
    "signals",
    schema,
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
    schema,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("submitted_by", Text, nullable=False),
    Column("submitted_at", UtcTime, nullable=False),
    Index("submissions_by_time", "submitted_at"),
    comment="who submitted a paper, and at which source",
)

trends = Table(
    "trends",
    schema,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("log_score", Float, nullable=False),
    Index("trends_by_log_score", "log_score"),
    comment="trending scores; can be recomputed from signals, votes and papers at any time",
)

sources = Table(
    "sources",
    schema,
    Column("name", Text, primary_key=True),
    Column("scope", Text, nullable=False, default=""),
    Column("cursor", Text),
    Column("run_start_cursor", Text),
    Column("attempted_at", UtcTime),
    Column("succeeded_at", UtcTime),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("next_at", UtcTime),
    comment="cursor, last result and next run of each source",
)

source_days = Table(
    "source_days",
    schema,
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("records", Integer, nullable=False),
    Column("this_run", Integer, nullable=False),
    Column("queried", Integer),
    comment="records received and papers queried, by source and day",
)

gaps = Table(
    "gaps",
    schema,
    Column("source", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("found_at", UtcTime, nullable=False),
    Column("filled_at", UtcTime),
    Column("abandoned", Boolean, nullable=False, default=False),
    comment="days for which a source returned no records or too few",
)

source_queries = Table(
    "source_queries",
    schema,
    Column("source", Text, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("queried_at", UtcTime, nullable=False),
    comment="when each source was last queried about a paper",
)

request_counts = Table(
    "request_counts",
    schema,
    Column("site", String(255), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("count", Integer, nullable=False),
    comment="requests sent to each site, by day",
)

merges = Table(
    "merges",
    schema,
    Column("id", Number, primary_key=True),
    Column("winner_num", Number, nullable=False),
    Column("merged_num", Number, nullable=False),
    Column("winner_title", Text, nullable=False),
    Column("merged_title", Text, nullable=False),
    Column("merged_at", UtcTime, nullable=False),
    Column("undone_at", UtcTime),
    Column("undo_data", Text, nullable=False),
    comment="merges of two papers, with the rows that undoing one moves back (JSON)",
)

distinct_pairs = Table(
    "distinct_pairs",
    schema,
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("other_num", Number, ForeignKey("papers.num"), primary_key=True),
    comment="papers that are never merged again; each pair is stored both ways",
)

editions = Table(
    "editions",
    schema,
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
    schema,
    Column("span", String(8), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("num", Number, ForeignKey("papers.num"), primary_key=True),
    Column("place", Integer),
    Column("comment", Text),
    comment="the editor's choices for an edition; a NULL place excludes the paper",
)

tokens = Table(
    "tokens",
    schema,
    Column("name", String(64), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    comment="API tokens, stored as SHA-256 digests",
)

subscriptions = Table(
    "subscriptions",
    schema,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("reader_id", Number, ForeignKey("readers.id"), nullable=False, index=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(320), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("confirmed_at", UtcTime),
    Column("unsubscribed_at", UtcTime),
    comment="links in mails name an id: it is never assigned again",
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    schema,
    Column("id", Number, primary_key=True),
    Column("subscription_id", Number, ForeignKey("subscriptions.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("priority", Integer, nullable=False, default=10),
    Column("edition_date", Date),
    Column("edition_revision", Integer),
    Column("state", String(16), nullable=False),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("due_at", UtcTime, nullable=False),
    Column("claimed_at", UtcTime),
    Column("settled_at", UtcTime),
    Column("error", Text),
    UniqueConstraint("subscription_id", "kind", "edition_date"),
    Index("deliveries_by_state", "state", "priority", "due_at", "id"),
)
