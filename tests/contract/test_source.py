"""The contract of Source, for every source that the registry finds.

A new source needs no entry here, only replies to start from in ``tests/fuzz/seeds/NAME``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.config import Settings
from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.rate_limits import RateLimits
from broadsheet.ingest.run import FetchOptions, fetch
from broadsheet.library import Library
from broadsheet.model import Paper, PaperFilter
from broadsheet.sources.registry import NAMES, SOURCES, source_named
from broadsheet.sources.source import Batch, FetchRequest, Source
from tests.fuzz import invariants
from tests.fuzz.generation import REPLY_SEPARATOR
from tests.fuzz.parsers import ABOUT, SPECS, all_parsers

KEY, CONTACT = "hush-7f3a9c", "desk@paper.example"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
PARSERS = all_parsers()
SPECS_OF = {name: SPECS.get(name, (name,)) for name in NAMES}
ALL_SPECS = [spec for specs in SPECS_OF.values() for spec in specs]
MOST_REQUESTS, MOST_BATCHES = 40, 12
ERROR_STATUSES = (301, 400, 401, 403, 404, 410, 429, 451, 500, 503)
DOCS = Path(__file__).parents[2] / "docs" / "sources.md"


class Replies(Client):
    """A client whose replies depend on the request alone, so that a resumed run gets the same.

    The nth request that differs from all before gets the nth body, and later ones the last.
    """

    def __init__(self, bodies: Sequence[bytes], status: int = 200) -> None:
        self.sites: set[str] = set()
        super().__init__(CONTACT, "https://mirror.example", self._count, lambda seconds: None)
        self._bodies, self._status = bodies, status
        self._first_seen: dict[str, int] = {}
        self._requests = 0
        self._transport = httpx2.Client(transport=httpx2.MockTransport(self._reply))

    def _count(self, site: str) -> None:
        self.sites.add(site)
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise SourceError("too many requests for one test")

    def _connection(self, host: str, proxy: str | None) -> httpx2.Client:
        return self._transport

    def _reply(self, request: httpx2.Request) -> httpx2.Response:
        query = f"{request.url} {request.content!r}"
        nth = self._first_seen.setdefault(query, len(self._first_seen))
        body = self._bodies[min(nth, len(self._bodies) - 1)]
        headers = {
            "ETag": '"kites-7"',
            "Last-Modified-Version": "7",
            "Total-Results": "150",
            "Location": "/elsewhere",
        }
        return httpx2.Response(self._status, headers=headers, content=body)


def examples(spec: str) -> list[list[bytes]]:
    """Return example replies to the requests of a run, several sequences of them."""
    name = spec.partition(":")[0]
    return [seed.split(REPLY_SEPARATOR) for seed in PARSERS[name].corpus.seeds]


def request_for(spec: str) -> tuple[Source, FetchRequest]:
    source, argument = source_named(spec)
    papers = () if argument else ABOUT
    request = FetchRequest(
        NOW, papers=papers, argument=argument, key=KEY, contact=CONTACT, categories=("cs.CL",)
    )
    return source, request


def batches_of(source: Source, client: Client, request: FetchRequest) -> Iterator[Batch]:
    """Yield a run's batches, up to its error."""
    try:
        for number, batch in enumerate(source.fetch(client, request)):
            invariants.check_batch(batch)
            assert isinstance(batch.cursor, Mapping | None)
            assert set(batch.queried) <= {paper.id for paper in request.papers}
            yield batch
            if number == MOST_BATCHES:
                return
    except SourceError as error:
        check_error(error)


def check_error(error: SourceError) -> None:
    """Check that an error is one printable sentence without the key."""
    text = str(error)
    assert text.isprintable()
    assert 0 < len(text) < 1_000
    assert KEY not in text


def content(batches: Sequence[Batch]) -> set[tuple[str, ...]]:
    """Return what batches store, order and repetition aside."""
    papers = {
        ("paper", one.id) for batch in batches for one in batch.records if isinstance(one, Paper)
    }
    return papers | {
        ("signal", one.paper_id, one.kind.value, str(one.value), one.source)
        for batch in batches
        for one in batch.signals
    }


@pytest.mark.parametrize("spec", ALL_SPECS)
@settings(max_examples=40)
@given(bodies=st.lists(st.binary() | st.text().map(str.encode), min_size=1, max_size=3))
def test_any_bytes_raise_only_source_errors(spec: str, bodies: list[bytes]) -> None:
    source, request = request_for(spec)
    list(batches_of(source, Replies(bodies), request))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(decisions=st.binary(max_size=2_000))
def test_damaged_replies_raise_only_source_errors(name: str, decisions: bytes) -> None:
    PARSERS[name].run(decisions)


@pytest.mark.parametrize("status", ERROR_STATUSES)
@pytest.mark.parametrize("spec", ALL_SPECS)
def test_an_error_status_ends_with_one_sentence_without_the_key(
    spec: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    source, request = request_for(spec)
    for body in (b"", b"no such key: " + KEY.encode()):
        for batch in batches_of(source, Replies([body], status), request):
            assert not content([batch])
    assert KEY not in caplog.text


@pytest.mark.parametrize("spec", ALL_SPECS)
def test_a_run_resumed_from_any_cursor_stores_what_a_whole_run_stores(spec: str) -> None:
    source, request = request_for(spec)
    for bodies in examples(spec):
        client = Replies(bodies)
        whole = list(batches_of(source, client, request))
        for stored, batch in enumerate(whole, start=1):
            if batch.cursor is None:
                continue
            cursor = {str(name): str(value) for name, value in batch.cursor.items()}
            assert cursor == dict(batch.cursor)
            client._requests = 0
            rest = list(batches_of(source, client, replace(request, cursor=cursor)))
            assert content(whole) <= content([*whole[:stored], *rest])


@pytest.mark.parametrize("spec", ALL_SPECS)
def test_example_replies_are_stored_once(spec: str, empty_library: Library) -> None:
    source, argument = source_named(spec)
    empty_library.add("test", ABOUT)
    options = FetchOptions(argument=argument, key=KEY, categories=("cs.CL",))
    database = empty_library._database
    records = 0
    for bodies in examples(spec):
        first = fetch(database, source, Replies(bodies), NOW, options)
        again = fetch(database, source, Replies(bodies), NOW, options)
        assert (again.tally.new, again.tally.merged) == (0, 0)
        records += first.records
    assert records


@pytest.mark.parametrize("spec", ALL_SPECS)
def test_every_requested_site_has_a_rate_limit(spec: str) -> None:
    source, request = request_for(spec)
    for bodies in examples(spec):
        client = Replies(bodies)
        client._rate_limits = RateLimits(source.rate_limits)
        list(batches_of(source, client, request))
        assert client.sites
        # The operator chooses the address of a feed.
        assert client.sites <= source.rate_limits.keys() or spec.startswith("feed:")


def test_sources_of_one_site_agree_on_its_rate_limit() -> None:
    limits: dict[str, set[float]] = {}
    for source in SOURCES.values():
        for site, interval_s in source.rate_limits.items():
            assert interval_s > 0
            limits.setdefault(site, set()).add(interval_s)
    assert {site for site, different in limits.items() if len(different) > 1} == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_source_is_fully_described(name: str) -> None:
    source = SOURCES[name]
    assert re.fullmatch(r"[a-z][a-z-]*", source.name)
    assert source.interval.total_seconds() > 0
    assert (source.papers_per_run > 0) == (source.paper_filter is not PaperFilter.NONE)
    assert source.backfilled_by is None or source.backfilled_by in SOURCES
    assert source.key is None or source.key in Settings.model_fields
    documented = DOCS.read_text()
    has_row = re.search(rf"^\|.*`{name}[`:].*\|", documented, re.MULTILINE)
    assert has_row, f"add {name!r} to the table of docs/sources.md"
    assert source.key is None or f"`{source.key}`" in documented
