"""A library on PostgreSQL."""

import contextvars
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from broadsheet.config import load_settings
from broadsheet.errors import BusyError, StoreError
from broadsheet.library import Library
from broadsheet.model import Kind, Period, Pick, Signal, Span, Submission
from broadsheet.rules.normalize import make_paper
from broadsheet.store.attention import add_signals
from broadsheet.store.database import open_database, wait_at_most
from broadsheet.store.metadata import put_value
from broadsheet.store.submissions import upsert_submissions
from tests.conftest import NOW
from tests.mail.conftest import body, parsed
from tests.services import Services
from tests.world import World


@pytest.fixture
def postgres_library(new_postgres_url: str, tmp_path: Path) -> Iterator[Library]:
    settings = load_settings({"data": tmp_path, "database": new_postgres_url}, environment={})
    with Library(settings, clock=lambda: NOW) as library:
        yield library


@pytest.fixture
def services() -> Iterator[Services]:
    with Services() as running:
        yield running


def test_papers_votes_editions_and_mail_are_stored(postgres_library: Library) -> None:
    library = postgres_library
    assert library.import_starter().tally.new == 620
    assert library.import_starter().tally.unchanged == 620
    library.update_index()
    found = library.search("optimized training", n=1).hits[0].paper
    library.add("bibtex", [make_paper(title=found.title, doi="10.1234/kites")])
    assert library.paper("doi:10.1234/kites").title == found.title
    assert library.vote(found.id, "reader", on=True) == 1
    assert library.editions.publish().items[0].rank == 1
    library.subscriptions.subscribe("ada@example.org")
    assert library.outbox.send_due().sent == 1
    (mail,) = library.settings.outbox.glob("*.eml")
    link = re.search(r"token=(\S+)", body(parsed(mail.read_bytes()), "plain"))
    assert link is not None
    library.subscriptions.confirm(link[1])
    assert library.outbox.send().sent == 1
    assert library.outbox.send().sent == 0
    assert library.subscriptions.delete_unconfirmed() == 0


def test_fetched_papers_signals_and_merges_are_stored(
    postgres_library: Library, services: Services
) -> None:
    world = World(services)
    settings = postgres_library.settings.model_copy(
        update={"mirror": services.address, "sources": "arxiv hf hn", "categories": ""}
    )
    world.today = NOW.date()
    with Library(settings, clock=lambda: NOW) as library:
        reports = {report.source: report for report in library.sources.fetch()}
        assert reports["arxiv"].tally.new > 0
        assert reports["hn"].signals > 0
        again = {report.source: report for report in library.sources.fetch()}
        assert again["arxiv"].tally.new == 0
        assert {state.name for state in library.sources.states()} == {"arxiv", "hf", "hn"}
        first, second = (make_paper(title=f"Kites {n}", doi=f"10.5555/{n}") for n in "ab")
        library.add("bibtex", [first, second])
        library.vote(second.id, "reader", on=True)
        bridges = [make_paper(title=first.title, doi="10.5555/a", ids=["W9"])]
        bridges.append(make_paper(title=second.title, doi="10.5555/b", ids=["W9"]))
        library.add("openalex", bridges)
        (merge,) = library.merges()
        library.unmerge(merge.number)
        assert library.votes([first.id, second.id]) == {second.id: 1}


def test_trending_scores_picks_and_tokens_are_stored(postgres_library: Library) -> None:
    library, today = postgres_library, NOW.date()
    papers = [
        make_paper(
            title=f"On lanterns {number}",
            categories=("math.KT",),
            published=today.isoformat(),
            arxiv=f"2603.5{number:04}",
        )
        for number in range(3)
    ]
    library.add("test", papers)
    library.trending.update()
    ids = [paper.id for paper in papers]
    with library._database.write() as connection:
        observed = [Signal(ids[1], Kind.UPVOTES, 40.0, NOW - timedelta(hours=1), "hf")]
        add_signals(connection, observed)
        upsert_submissions(connection, [Submission(ids[1], "ada", NOW - timedelta(hours=3), "hf")])
    library.trending.update()
    first = library.trending.list(1, category="math.KT")
    assert first.trends[0].paper.id == ids[1]
    assert first.trends[0].reason == "+40 upvotes in 24 h, published today"
    assert first.after is not None
    assert library.trending.list(1, first.after, "math.KT").trends[0].rank == 2
    assert library.counts(ids)[ids[1]] == {Kind.UPVOTES: 40.0}
    assert library.submissions(ids)[ids[1]].by == "ada"
    page, after = library.newest(2, category="math.KT")
    assert {one.id for one in [*page, *library.newest(2, after, "math.KT")[0]]} == set(ids)
    week = Period.containing(today, Span.WEEK)
    library.editions.pick(week, Pick(ids[2], 1, "Read this first."))
    published = [item.paper_id for item in library.editions.publish(week).items]
    assert published[0] == ids[2]
    assert ids[1] in published
    assert library.editions.publish(week).revision == 2
    assert library.editions.periods(Span.WEEK) == [week]
    token = library.tokens.create("reader")
    assert library.tokens.name_of(token) == "reader"


def test_a_writer_that_another_process_keeps_waiting_is_refused_as_busy(
    postgres_library: Library,
) -> None:
    url = postgres_library.settings.database_url
    with closing(open_database(url)) as first, closing(open_database(url)) as second:
        run_briefly = contextvars.copy_context().run
        run_briefly(wait_at_most, 0.1)

        def write() -> None:
            with second.write():
                pass

        with first.write(), pytest.raises(BusyError, match="another process is writing"):
            run_briefly(write)


def test_a_standby_is_degraded(postgres_library: Library) -> None:
    assert postgres_library.health().write_error is None
    url = f"{postgres_library.settings.database_url}?options=-cdefault_transaction_read_only%3Don"
    with closing(open_database(url)) as standby:
        assert standby.write_error() == "the database is a standby or read-only"
        with pytest.raises(StoreError, match="read-only: allow writes"), standby.write() as writing:
            put_value(writing, "key", "value")
