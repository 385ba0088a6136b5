"""OAI-PMH replies in the format of arXiv, and functions that harvest them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from broadsheet.http.client import Client
from broadsheet.model import Paper
from broadsheet.sources.arxiv_oai import fetch
from broadsheet.sources.source import Batch, FetchRequest
from tests.services import Answer, Question, Services

HOST, PATH = "oaipmh.arxiv.org", "/oai"
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 11)


def record(number: int = 1, day: str = "2026-03-10", metadata: str | None = None) -> str:
    content = (
        metadata if metadata is not None else f"<arXivRaw><title>Kites {number}</title></arXivRaw>"
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:2603.{number:05}</identifier>"
        f"<datestamp>{day}</datestamp><setSpec>cs:cs:LG</setSpec></header>"
        f"<metadata>{content}</metadata></record>"
    )


def page(*records: str, token: str = "", day: str = "2026-03-11", error: str = "") -> bytes:
    body = (
        f"<ListRecords>{''.join(records)}<resumptionToken>{token}</resumptionToken></ListRecords>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        f"<responseDate>{day}T06:00:00Z</responseDate><request>x</request>{error or body}</OAI-PMH>"
    ).encode()


def refusal(code: str, text: str = "") -> bytes:
    return page(error=f'<error code="{code}">{text}</error>')


NOTHING = refusal("noRecordsMatch")


def run(
    client: Client, request: FetchRequest | None = None, categories: Sequence[str] = ("cs.LG",)
) -> list[Batch]:
    return list(fetch(client, replace(request or FetchRequest(NOW), categories=categories)))


def ids(batches: Sequence[Batch]) -> list[str]:
    return [one.id for batch in batches for one in batch.records if isinstance(one, Paper)]


def questions(services: Services) -> list[dict[str, str]]:
    plain = {"verb": "ListRecords", "metadataPrefix": "arXivRaw"}
    return [
        {name: text for name, text in one.query.items() if plain.get(name) != text}
        for one in services.questions
    ]


def in_pages(services: Services, *pages: bytes) -> None:
    """Serve the first page, and the others for the tokens ``t1``, ``t2`` and so on."""

    def respond(question: Question) -> Answer:
        return Answer(pages[int(question.query.get("resumptionToken", "t0")[1:])])

    services.respond(HOST, PATH, respond)
