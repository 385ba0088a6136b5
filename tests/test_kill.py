"""A fetch or an import that is killed and restarted ends with the same library."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.conftest import NOW
from tests.killed import contents, fetch_all, import_all, kill_at_random, run
from tests.services import Answer, Question, Services

KILLS = 50
_PAGES, _RECORDS = 120, 12
_DAYS = 8

_PAGE = (
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
    "<responseDate>2026-03-11T09:00:00Z</responseDate><ListRecords>{records}"
    "<resumptionToken>{token}</resumptionToken></ListRecords></OAI-PMH>"
)
_RECORD = (
    "<record><header><identifier>oai:arXiv.org:{id}</identifier>"
    "<datestamp>2026-03-{day:02}</datestamp></header><metadata>"
    '<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{id}</id>'
    '<version version="v1"><date>Mon, 9 Mar 2026 12:00:00 GMT</date></version>'
    "<title>{title}</title><authors>Ada Windrow</authors><categories>cs.LG</categories>"
    "<abstract>We watched kites.</abstract></arXivRaw></metadata></record>"
)


@pytest.fixture(scope="module")
def slow() -> Iterator[Services]:
    """An archive with many pages and a hub with several days; each response takes 20 ms."""
    with Services() as running:
        running.respond("oaipmh.arxiv.org", "/oai", _harvest)
        running.respond("huggingface.co", "/api/daily_papers", _daily)
        yield running


def _harvest(question: Question) -> Answer:
    time.sleep(0.02)
    page = int(question.query.get("resumptionToken", "0"))
    records = "".join(
        _RECORD.format(
            id=f"2603.{number:05}",
            day=9 + number % 3,
            # Some titles occur twice, so that records are merged into existing papers.
            title=escape(f"Kites & bows, part {number % 1_300}, measured over a long summer"),
        )
        for number in range(page * _RECORDS, (page + 1) * _RECORDS)
    )
    token = str(page + 1) if page + 1 < _PAGES else ""
    return Answer(_PAGE.format(records=records, token=token).encode())


def _daily(question: Question) -> Answer:
    time.sleep(0.02)
    day = question.query.get("date", "")
    if int(question.query.get("p", "0")) > 0 or not day:
        return Answer(b"[]")
    entries = [
        {
            "paper": {
                "id": f"2603.{int(day[-2:]) * 10 + n:05}",
                "title": f"Lanterns of {day}, number {n}",
                "summary": "We lit lanterns.",
                "upvotes": n,
                "submittedOnDailyAt": f"{day}T00:00:00.000Z",
            },
            "numComments": n,
        }
        for n in range(6)
    ]
    return Answer(json.dumps(entries).encode())


def test_a_fetch_killed_fifty_times_stores_the_same_as_an_uninterrupted_one(
    slow: Services, tmp_path: Path
) -> None:
    run(fetch_all, tmp_path / "uninterrupted", slow.address)
    assert kill_at_random(fetch_all, tmp_path / "killed", slow.address, KILLS, 0.35) > KILLS / 2
    expected, killed = contents(tmp_path / "uninterrupted"), contents(tmp_path / "killed")
    assert len(expected["records"]) > _PAGES * _RECORDS
    assert expected["signals"]
    assert killed == expected


def test_an_import_killed_fifty_times_stores_the_same_as_an_uninterrupted_one(
    tmp_path: Path,
) -> None:
    dump = tmp_path / "dump.jsonl"
    lines = (
        {
            "id": f"2603.{number:05}",
            "title": f"Kites of valley {number % 19_000}, a long and careful study",
            "abstract": "We watched kites. " * 20,
            "authors": ["Ada Windrow", f"Bo Farol {number}"],
            "published": (NOW - timedelta(days=number % 300)).date().isoformat(),
        }
        for number in range(20_000)
    )
    dump.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run(import_all, tmp_path / "uninterrupted", str(dump))
    assert kill_at_random(import_all, tmp_path / "killed", str(dump), KILLS, 0.7) > KILLS / 2
    expected, killed = contents(tmp_path / "uninterrupted"), contents(tmp_path / "killed")
    assert len(expected["papers"]) == 20_000
    assert killed == expected
