import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Kind, Malformed, Paper, Signal, Submission
from broadsheet.sources.hf_daily import fetch
from broadsheet.sources.hf_items import parse_list
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Services
from tests.sources.hf_lists import HOST, NOW, PATH, TODAY, Item, ids, item, serve

RECORDED = sorted((Path(__file__).parents[3] / "shared" / "data" / "api" / "hf").glob("*"))


def test_every_field_is_parsed(services: Services, client: Client) -> None:
    kites: Item = {
        "paper": {
            "id": "2603.00001",
            "authors": [
                {"name": "Ada Windrow", "hidden": False},
                {"name": "Nobody", "hidden": True},
                {"name": "Bo Farol"},
            ],
            "publishedAt": "2026-03-08T17:34:15.000Z",
            "submittedOnDailyAt": "2026-03-10T01:41:01.897Z",
            "title": "How\n  Kites Learn",
            "summary": "Tails\nmatter.",
            "upvotes": 32,
            "githubRepo": "https://github.com/farol/kite",
            "projectPage": "https://kites.example/",
            "githubStars": 8,
            "ai_summary": "Kites with tails learn faster.",
            "ai_keywords": ["kites"],
            "organization": {"name": "farol"},
        },
        "publishedAt": "2026-03-08T13:34:15.000Z",
        "title": "How Kites Learn",
        "numComments": 3,
        "submittedBy": {"name": "lampe"},
    }
    serve(services, {"2026-03-10": [kites]})
    *_, yesterday, today = fetch(client, FetchRequest(NOW))
    assert yesterday.records == [
        Paper(
            id="arxiv:2603.00001",
            title="How Kites Learn",
            abstract="Tails matter.",
            authors=("Ada Windrow", "Bo Farol"),
            published="2026-03-08",
            arxiv_id="2603.00001",
            code_url="https://github.com/farol/kite",
            summary="Kites with tails learn faster.",
        )
    ]
    assert yesterday.signals == [
        Signal("arxiv:2603.00001", Kind.UPVOTES, 32.0, NOW, "hf"),
        Signal("arxiv:2603.00001", Kind.COMMENTS, 3.0, NOW, "hf"),
        Signal("arxiv:2603.00001", Kind.STARS, 8.0, NOW, "hf"),
    ]
    put_forward = datetime(2026, 3, 10, 1, 41, 1, 897_000, UTC)
    assert yesterday.submissions == [
        Submission("arxiv:2603.00001", "lampe", put_forward, "hf"),
    ]
    assert yesterday.days == {date(2026, 3, 10): 1}
    assert yesterday.cursor == {"day": "2026-03-11"}
    assert today == Batch(
        records=[], signals=[], submissions=[], days={}, cursor={"day": "2026-03-11"}
    )


def test_the_format_of_2024_is_parsed() -> None:
    raw = {
        "paper": {"id": "2405.00001", "publishedAt": "2024-05-24T17:34:15.000Z", "upvotes": 4},
        "publishedAt": "2024-05-27T03:50:58.348Z",
        "title": "Kites",
        "mediaUrl": "https://kites.example/kite.png",
        "numComments": 0,
    }
    (entry,) = parse_list([raw], "hf", NOW)
    assert isinstance(entry.record, Paper)
    assert (entry.record.title, entry.record.published) == ("Kites", "2024-05-24")
    assert [signal.value for signal in entry.signals] == [4.0, 0.0]
    assert (entry.day, entry.item_day) == (None, date(2024, 5, 27))


def test_old_and_new_ids_are_parsed() -> None:
    items = [item(1, id="2603.00001v2"), item(2, id="hep-th/9901001")]
    found = [entry.record for entry in parse_list(items, "hf", NOW)]
    assert [one.id for one in found if isinstance(one, Paper)] == [
        "arxiv:2603.00001",
        "arxiv:hep-th/9901001",
    ]


def test_bad_items_are_reported_and_skipped() -> None:
    items: list[object] = [7, {}, {"paper": []}, item(1, id="kites"), item(2, id=7), item(3)]
    items.append(item(4, title=None))
    assert [entry.record for entry in parse_list(items, "hf 2026-03-10", NOW)][:5] == [
        Malformed("hf 2026-03-10 item 1", "not a JSON object"),
        Malformed("hf 2026-03-10 item 2", "missing paper"),
        Malformed("hf 2026-03-10 item 3", "missing paper"),
        Malformed("hf 2026-03-10 item 4", "missing arXiv id"),
        Malformed("hf 2026-03-10 item 5", "missing arXiv id"),
    ]
    good, untitled = [entry.record for entry in parse_list(items, "hf", NOW)][5:]
    assert isinstance(good, Paper)
    assert untitled == Malformed("hf item 7", "missing title")


def test_values_of_the_wrong_type_are_ignored() -> None:
    odd = item(1, authors=[7, {"name": 8}, {}], summary=[], upvotes="9", githubStars=True)
    (entry,) = parse_list([{**odd, "numComments": -1}], "hf", NOW)
    assert isinstance(entry.record, Paper)
    assert (entry.record.authors, entry.record.abstract, entry.signals) == ((), None, ())


def test_an_outdated_list_counts_on_its_own_day_once(services: Services, client: Client) -> None:
    frozen = [item(1, "2026-03-09"), item(2, "2026-03-09")]
    services.answer(HOST, PATH, orjson.dumps(frozen))
    batches = list(fetch(client, FetchRequest(NOW, {"day": "2026-03-09"})))
    assert [dict(batch.days) for batch in batches] == [{date(2026, 3, 9): 2}, {}, {}, {}]


@pytest.mark.parametrize("day", [None, "2031-01-01", "kites"])
def test_an_item_without_a_day_counts_on_the_requested_day(
    services: Services, client: Client, day: str | None
) -> None:
    serve(services, {"2026-03-10": [item(1, day)]})
    *_, yesterday, _ = fetch(client, FetchRequest(NOW))
    assert yesterday.days == {date(2026, 3, 10): 1}


def test_malformed_items_are_not_counted(services: Services, client: Client) -> None:
    serve(services, {"2026-03-10": [item(1, "2026-03-10"), {}]})
    *_, yesterday, _ = fetch(client, FetchRequest(NOW))
    assert (len(yesterday.records), yesterday.days) == (2, {date(2026, 3, 10): 1})


_KEYS = st.sampled_from(
    ["paper", "id", "title", "authors", "name", "hidden", "upvotes", "submittedOnDailyAt"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("2603.00001"),
    lambda inner: st.lists(inner) | st.dictionaries(_KEYS | st.text(), inner),
    max_leaves=20,
)


@given(_JSON | st.lists(st.fixed_dictionaries({"paper": _JSON, "publishedAt": _JSON})))
def test_any_json_is_parsed_or_raises_source_error(payload: object) -> None:
    try:
        entries = parse_list(payload, "hf", NOW)
    except SourceError:
        assert not isinstance(payload, list)
        return
    assert isinstance(payload, list)
    assert len(entries) == len(payload)
    for entry in entries:
        assert entry.day is None or entry.day <= TODAY


@given(
    st.fixed_dictionaries({"id": st.just("2603.00001"), "title": st.text(min_size=1)}),
    st.dictionaries(st.sampled_from(["upvotes", "authors", "githubRepo", "publishedAt"]), _JSON),
)
def test_a_paper_with_invalid_fields_is_parsed(known: Item, odd: Item) -> None:
    (entry,) = parse_list([{"paper": {**known, **odd}}], "hf", NOW)
    assert entry.record == Malformed("hf item 1", "missing title") or isinstance(
        entry.record, Paper
    )
    assert all(0 <= signal.value < float("inf") for signal in entry.signals)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_recorded_lists_are_parsed(
    shared: Path, services: Services, client: Client, path: Path
) -> None:
    assert path.is_relative_to(shared)
    services.answer(HOST, PATH, path.read_bytes())
    named = re.search(r"\d{4}-\d\d-\d\d", path.name)
    day = date.fromisoformat(named[0] if named else "2026-07-31")
    now = datetime.combine(day, NOW.timetz()) + timedelta(days=5)
    batches = fetch(client, FetchRequest(now, since=day, until=day))
    if path.suffix == ".xml":
        with pytest.raises(SourceError, match="HTML instead of JSON"):
            next(batches)
        return
    (batch,) = batches
    items = json.loads(path.read_bytes())
    if "models" in path.name:
        assert {one.reason for one in batch.records if isinstance(one, Malformed)} == {
            "missing paper"
        }
        return
    assert ids([batch]) == [f"arxiv:{one['paper']['id']}" for one in items]
    assert batch.days == {day: len(items)}
    upvotes = [one.value for one in batch.signals if one.kind is Kind.UPVOTES]
    assert upvotes == [one["paper"]["upvotes"] for one in items]
    assert all(isinstance(one, Paper) and one.authors and one.abstract for one in batch.records)
