"""Simulated services that describe the same invented papers and can fail for a day.

Twelve papers appear each day. arXiv lists them on that day, the other services the day after.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from enum import StrEnum
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from tests.services import Answer, Question, Services

A_DAY = 12
FIRST_DAY = date(2026, 3, 2)
_SATURDAY = 5


class Fault(StrEnum):
    """A failure of a service: empty, partial, repeated, or missing responses."""

    BLANK = "blank"
    THIN = "thin"
    FROZEN = "frozen"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Item:
    """A paper and its data at every service."""

    day: date
    n: int

    @property
    def arxiv(self) -> str:
        return f"2603.{self.day.day:02}{self.n:03}"

    @property
    def doi(self) -> str:
        return f"10.1234/kites.{self.day.day:02}{self.n:03}"

    @property
    def preprint_doi(self) -> str:
        return f"10.1101/{self.day.isoformat().replace('-', '.')}.{self.n:06}"

    @property
    def title(self) -> str:
        return f"Kites over valley {self.n} on day {self.day.day} of the wind"

    @property
    def repository(self) -> str:
        return f"valley/kites-{self.day.day:02}-{self.n}"

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.day, time(12), UTC)


class World:
    """The services on one day.

    Parameters
    ----------
    services : Services
        The HTTP server that the responses are registered with.

    Attributes
    ----------
    today : date
        The simulated day.
    faults : dict of str to Fault
        The failure of each failing service, by source name.
    """

    def __init__(self, services: Services) -> None:
        self.today = FIRST_DAY
        self.faults: dict[str, Fault] = {}
        routes: tuple[tuple[str, str, str, Callable[[Question], Answer]], ...] = (
            ("arxiv", "oaipmh.arxiv.org", "/oai", self._harvest),
            ("arxiv-feed", "rss.arxiv.org", "/rss/*", self._announcements),
            ("hf", "huggingface.co", "/api/daily_papers", self._daily_papers),
            ("hub", "huggingface.co", "/api/models/*", self._model),
            ("openalex", "api.openalex.org", "/works", self._works),
            ("semanticscholar", "api.semanticscholar.org", "/graph/*", self._graph),
            ("crossref", "api.crossref.org", "/works", self._registered),
            ("biorxiv", "api.biorxiv.org", "/details/biorxiv/*", self._preprints("biorxiv")),
            ("medrxiv", "api.biorxiv.org", "/details/medrxiv/*", self._preprints("medrxiv")),
            ("github", "api.github.com", "/repos/*", self._repository),
            ("hn", "hn.algolia.com", "/api/v1/search_by_date", self._stories),
            ("reddit", "www.reddit.com", "/r/*", self._subreddit),
            ("bluesky", "api.bsky.app", "/xrpc/*", self._posts),
        )
        for name, host, path, respond in routes:
            services.respond(host, path, self._unless_renamed(name, respond))

    def items_of(self, day: date) -> list[Item]:
        """List the papers of a day."""
        return [Item(day, n) for n in range(1, A_DAY + 1)]

    def _unless_renamed(
        self, name: str, respond: Callable[[Question], Answer]
    ) -> Callable[[Question], Answer]:
        def answer(question: Question) -> Answer:
            if self.faults.get(name) is Fault.RENAMED:
                return Answer(b"<html>We have moved!</html>", 404)
            return respond(question)

        return answer

    def _shown(self, name: str) -> list[Item]:
        """List the papers that a service has today, oldest first."""
        fault = self.faults.get(name)
        if fault is Fault.BLANK:
            return []
        same_day = name in ("arxiv", "arxiv-feed", *_QUERIED_BY_PAPER)
        newest = self.today if same_day else self.today - timedelta(days=1)
        if fault is Fault.FROZEN:
            newest -= timedelta(days=1)
        days = [FIRST_DAY + timedelta(days=n) for n in range((newest - FIRST_DAY).days + 1)]
        if name.startswith("arxiv"):
            days = [day for day in days if day.weekday() < _SATURDAY]
        items = [item for day in days for item in self.items_of(day)]
        return items[: 1 - A_DAY] if fault is Fault.THIN else items

    def _known(self, name: str) -> list[Item]:
        """List the papers that a service can be queried about; with a THIN fault, one a day."""
        items = self._shown(name)
        if self.faults.get(name) is Fault.THIN:
            return [item for item in items if item.n == 1]
        return items

    def _harvest(self, question: Question) -> Answer:
        first = date.fromisoformat(question.query["from"])
        records = "".join(
            f"<record><header><identifier>oai:arXiv.org:{item.arxiv}</identifier>"
            f"<datestamp>{item.day}</datestamp></header><metadata>"
            f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{item.arxiv}</id>'
            '<version version="v1">'
            f"<date>{format_datetime(item.noon, usegmt=True)}</date></version>"
            f"<title>{item.title}</title><authors>Ada Windrow</authors><doi>{item.doi}</doi>"
            "<categories>cs.LG</categories><abstract>We watched kites.</abstract>"
            f"<comments>https://github.com/{item.repository} and "
            f"https://huggingface.co/{item.repository}</comments></arXivRaw></metadata></record>"
            for item in self._shown("arxiv")
            if item.day >= first
        )
        content = f"<ListRecords>{records}</ListRecords>" if records else _NO_RECORDS
        return Answer(
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>'
            f"{self.today}T06:00:00Z</responseDate>{content}</OAI-PMH>".encode()
        )

    def _announcements(self, question: Question) -> Answer:
        shown = self._shown("arxiv-feed")
        day = shown[-1].day if shown else self.today
        items = "".join(
            f"<item><title>{item.title}</title><link>https://arxiv.org/abs/{item.arxiv}</link>"
            f"<description>arXiv:{item.arxiv}v1 Announce Type: new \nAbstract: We watched kites."
            f'</description><guid isPermaLink="false">oai:arXiv.org:{item.arxiv}v1</guid>'
            "<category>cs.LG</category><arxiv:announce_type>new</arxiv:announce_type></item>"
            for item in shown
            if item.day == day
        )
        built = format_datetime(datetime.combine(day, time(), ZoneInfo("America/New_York")))
        return Answer(
            '<rss xmlns:arxiv="http://arxiv.org/schemas/atom" version="2.0"><channel>'
            f"<title>cs.LG updates on arXiv.org</title><pubDate>{built}</pubDate>"
            f"<lastBuildDate>{built}</lastBuildDate>{items}</channel></rss>".encode()
        )

    def _daily_papers(self, question: Question) -> Answer:
        shown = self._shown("hf")
        day = date.fromisoformat(question.query["date"])
        if self.faults.get("hf") is Fault.FROZEN and day > shown[-1].day:
            day = shown[-1].day
        if int(question.query.get("p", "0")):
            return Answer(b"[]")
        return _json(
            [
                {
                    "paper": {
                        "id": item.arxiv,
                        "title": item.title,
                        "upvotes": item.n,
                        "submittedOnDailyAt": f"{item.day}T00:00:00.000Z",
                    },
                    "numComments": 1,
                }
                for item in shown
                if item.day == day
            ]
        )

    def _model(self, question: Question) -> Answer:
        name = question.path.removeprefix("/api/models/")
        found = [item for item in self._known("hub") if item.repository == name]
        return _json({"id": name, "likes": found[0].n}) if found else Answer(b"{}", 404)

    def _works(self, question: Question) -> Answer:
        wanted = set(question.query["filter"].removeprefix("doi:").split("|"))
        found = self._query("openalex", lambda item: item.doi in wanted)
        works = [
            {
                "id": f"https://openalex.org/W{item.day.day:02}{item.n:03}",
                "doi": f"https://doi.org/{item.doi}",
                "title": item.title,
                "cited_by_count": item.n,
            }
            for item in found
        ]
        return _json({"meta": {"count": len(works)}, "results": works})

    def _graph(self, question: Question) -> Answer:
        ids = json.loads(question.body)["ids"]
        known = {f"ARXIV:{item.arxiv}": item for item in self._known("semanticscholar")}
        if self.faults.get("semanticscholar") is Fault.FROZEN:
            stale = self.items_of(self.today - timedelta(days=1))
            return _json([_graph_paper(item) for item in stale[: len(ids)]])
        return _json(
            [_graph_paper(known[paper_id]) if paper_id in known else None for paper_id in ids]
        )

    def _registered(self, question: Question) -> Answer:
        wanted = set(re.findall(r"doi:([^,]+)", question.query.get("filter", "")))
        found = self._query("crossref", lambda item: item.doi in wanted) if wanted else []
        works = [
            {"DOI": item.doi, "title": [item.title], "is-referenced-by-count": item.n}
            for item in found
        ]
        message = {"total-results": len(works), "items": works}
        return _json({"status": "ok", "message-type": "work-list", "message": message})

    def _query(self, name: str, is_wanted: Callable[[Item], bool]) -> list[Item]:
        """Return the queried papers; with a FROZEN fault, those of the day before."""
        if self.faults.get(name) is Fault.FROZEN:
            return self.items_of(self.today - timedelta(days=1))
        return [item for item in self._known(name) if is_wanted(item)]

    def _preprints(self, server: str) -> Callable[[Question], Answer]:
        def respond(question: Question) -> Answer:
            first, last, start = question.path.split("/")[3:6]
            found = [item for item in self._shown(server) if first <= item.day.isoformat() <= last]
            if self.faults.get(server) is Fault.FROZEN:
                found = self.items_of(self.today - timedelta(days=2))
            if not found:
                return _json({"messages": [{"status": "no posts found"}], "collection": []})
            page = found[int(start) : int(start) + 100]
            counts = {"cursor": start, "count": len(page), "total": str(len(found))}
            posts = [
                {
                    "doi": item.preprint_doi.replace("10.1101", _PREFIXES[server]),
                    "title": f"{item.title}, {server}",
                    "authors": "Windrow, A.; Farol, B.",
                    "date": item.day.isoformat(),
                    "version": "1",
                    "abstract": "We watched kites.",
                    "category": "zoology",
                    "published": "NA",
                }
                for item in page
            ]
            return _json({"messages": [{"status": "ok", **counts}], "collection": posts})

        return respond

    def _repository(self, question: Question) -> Answer:
        name = unquote(question.path.removeprefix("/repos/"))
        found = [item for item in self._known("github") if item.repository == name]
        stars = {"full_name": name, "stargazers_count": 10 * found[0].n} if found else {}
        return _json(stars) if found else Answer(b"{}", 404)

    def _stories(self, question: Question) -> Answer:
        start_s, end_s = (int(s) for s in re.findall(r"\d{6,}", question.query["numericFilters"]))
        hits = [
            {
                "objectID": f"{item.day.day:02}{item.n:03}",
                "created_at_i": int(item.noon.timestamp()),
                "url": f"https://arxiv.org/abs/{item.arxiv}",
                "points": item.n,
                "num_comments": 1,
            }
            for item in self._shown("hn")
            if start_s <= item.noon.timestamp() < end_s
        ]
        return _json({"hits": hits, "nbPages": 1, "page": 0})

    def _subreddit(self, question: Question) -> Answer:
        entries = "".join(
            f"<entry><id>t3_{item.day.day:02}{item.n:03}</id><title>Kites!</title>"
            f"<updated>{item.noon.isoformat()}</updated><published>{item.noon.isoformat()}</published>"
            '<content type="html">&lt;a href="https://arxiv.org/abs/'
            f'{item.arxiv}"&gt;paper&lt;/a&gt;</content>'
            f'<link href="https://www.reddit.com/r/MachineLearning/comments/{item.n}/"/></entry>'
            for item in self._shown("reddit")[-100:]
        )
        return Answer(
            '<feed xmlns="http://www.w3.org/2005/Atom"><id>/r/MachineLearning/new</id>'
            f"<title>MachineLearning</title>{entries}</feed>".encode()
        )

    def _posts(self, question: Question) -> Answer:
        since, until = question.query["since"], question.query["until"]
        posts = [
            {
                "uri": f"at://kites/{item.day.day:02}{item.n:03}",
                "indexedAt": _stamp(item.noon),
                "likeCount": item.n,
                "replyCount": 1,
                "record": {
                    "createdAt": _stamp(item.noon),
                    "text": f"kites! arxiv.org/abs/{item.arxiv}",
                },
            }
            for item in self._shown("bluesky")
            if since <= _stamp(item.noon) < until
        ]
        return _json({"posts": posts})


_QUERIED_BY_PAPER = ("openalex", "semanticscholar", "crossref", "github", "hub")
_PREFIXES = {"biorxiv": "10.1101", "medrxiv": "10.64898"}
_NO_RECORDS = '<error code="noRecordsMatch">nothing</error>'


def _graph_paper(item: Item) -> dict[str, object]:
    return {
        "paperId": f"{item.day.day:02}{item.n:038}",
        "externalIds": {"ArXiv": item.arxiv, "DOI": item.doi},
        "title": item.title,
        "citationCount": item.n,
    }


def _stamp(time_: datetime) -> str:
    return time_.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _json(payload: object) -> Answer:
    return Answer(json.dumps(payload).encode(), headers={"Content-Type": "application/json"})
