"""Daily, weekly and monthly lists in the format of Hugging Face."""

from datetime import UTC, datetime

import orjson

from broadsheet.model import Paper
from broadsheet.sources.source import Batch
from tests.services import Answer, Question, Services

# A Wednesday.
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
HOST, PATH = "huggingface.co", "/api/daily_papers"

Item = dict[str, object]


def item(number: int, day: str | None = None, **paper: object) -> Item:
    listed = {"submittedOnDailyAt": f"{day}T00:00:00.000Z"} if day else {}
    return {"paper": {"id": f"2603.{number:05}", "title": f"Kites {number}", **listed, **paper}}


def serve(services: Services, lists: dict[str, list[Item]]) -> None:
    """Serve lists by the name of their day, week or month, page by page."""

    def respond(question: Question) -> Answer:
        name = next(question.query[by] for by in ("date", "week", "month") if by in question.query)
        start = int(question.query["p"]) * int(question.query["limit"])
        page = lists.get(name, [])[start : start + int(question.query["limit"])]
        return Answer(orjson.dumps(page))

    services.respond(HOST, PATH, respond)


def names(services: Services) -> list[str]:
    return [" ".join(question.query.values()) for question in services.questions]


def ids(batches: list[Batch]) -> list[str]:
    return [one.id for batch in batches for one in batch.records if isinstance(one, Paper)]
