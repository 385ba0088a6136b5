"""Simulated services that send the replies recorded in ../shared/data/api.

A recording is the reply to the request it was recorded for, matched by address, ids or day; lists
of works are assembled from the recorded works that are requested. Other requests get a recording of
the same kind. Replies without a recording are invented, about kites: bioRxiv, medRxiv, Reddit,
Bluesky, the ACL Anthology, Zotero, and Crossref's pages of notices.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from broadsheet.config import load_settings
from broadsheet.library import Library
from tests.services import Answer, Question, Services

FEED = "https://example.org/feed_weekly.xml"

# Recordings that are matched by address, ids, day or token, ...
BY_ADDRESS = (
    "crossref/habanero_test_works_bad_id_warn.0.json",
    "crossref/habanero_test_works_with_one_id.0.json",
    "github/err_Exceptions.testUnknownObject.1.json",
    "github/err_Requester.testLoggingRedirection.0.json",
    "github/err_Requester.testLoggingRedirection.1.json",
    "github/repo_get.0.json",
    "github/repo_get_fullname.0.json",
)
ATOM_BY_IDS = {
    "1605.08386": "arxiv_atom/id_1605.08386_s0_m100.http200.xml",
    "0808.05394,1707.08567": "arxiv_atom/id_0808.05394_1707.08567_s0_m100.http200.xml",
}
HARVEST_BY_TOKEN = {
    None: "arxiv_oai/arXivRaw_new_host_page1_trimmed.xml",
    "tok123": "arxiv_oai/arXivRaw_new_host_page2_last_trimmed.xml",
}
HARVESTED_SET, NOTHING_CHANGED = "cs:cs:LG", "oai_generic/noRecordsMatch.xml"
ANNOUNCED = "arxiv_rss/real_cs.LG+cs.AI+cs.CL+stat.ML_2026-09-24_trimmed.xml"
DAILY_PAPERS, NEWEST_DAY = "hf/daily_papers_{}.json", "2026-08-21"
MODELS = "hf/buivannn_hf_models.json"
NEIGHBOURS = "semanticscholar/test_get_recommended_papers.0.json"
NO_NEIGHBOURS = "semanticscholar/test_not_found.0.json"
WITH_NEIGHBOURS = "cb1ebd913c3724c599f6b276b14b5c6253da68f3"
# ... by kind, ...
STORIES = "hn/algolia_search_javascript.json"
NEW_WORKS = "openalex/kitzcode_openalex_works.json"
FEED_ITEMS = "hf/huangboming_feed_weekly.xml"
# ... and recordings of works, from which lists are assembled.
CROSSREF = (
    "crossref/habanero_test_works_with_one_id.0.json",
    *(f"crossref/pqa_test_doi_search_paper_attributes{n}_.3.json" for n in range(5)),
)
OPENALEX = (
    "openalex/cm_test_doi_with_sici.0.json",
    *(f"openalex/pqa_test_doi_search_paper_attributes{n}_.2.json" for n in range(5)),
    "openalex/pqa_test_title_search_paper_attributes1_.2.json",
    "openalex/pqa_test_title_search_paper_attributes2_.3.json",
)
SEMANTIC_SCHOLAR = (
    "semanticscholar/pqa_test_arxiv_doi_is_used_when_available.1.json",
    *(f"semanticscholar/pqa_test_doi_search_paper_attributes{n}_.0.json" for n in range(5)),
    "semanticscholar/pqa_test_title_search_paper_attributes1_.1.json",
    "semanticscholar/pqa_test_title_search_paper_attributes2_.2.json",
    "semanticscholar/test_get_papers_return_not_found.0.json",
)
# The papers that are looked up: the ids are those of the recordings, the titles are not.
SEEDS: tuple[dict[str, str], ...] = (
    {"doi": "10.1016/j.xgen.2025.100814"},
    {"doi": "10.1023/a:1007154515475"},
    {"doi": "10.1007/s40278-023-41815-2"},
    {"doi": "10.1016/j.addr.2015.01.008"},
    {"doi": "10.1073/pnas.1414271111"},
    {"doi": "10.2139/ssrn.2250500"},
    {"doi": "10.1371/journal.pone.0033693"},
    {"doi": "10.1890/0012-9658(2006)87[2832:tiopma]2.0.co;2"},
    {"id": "1706.03762"},
    {"id": "2312.07559"},
    {"id": "2304.05376", "doi": "10.1038/s42256-024-00832-8"},
    {"id": "2603.00001", "comment": "https://github.com/PyGithub/PyGithub"},
    {"id": "2603.00002", "comment": "Moved: https://github.com/EnricoMi/test"},
    {"id": "2603.00003", "comment": "Gone: https://github.com/jacquev6/Xxx"},
    {"id": "2603.00004", "comment": "Of 2012, without stars: https://github.com/jacquev6/PyGithub"},
    {"id": "2603.00005", "comment": "https://hf.co/moonshotai/Kimi-K3 https://hf.co/kites/none"},
)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded reply, and the address of its request if it is known."""

    answer: Answer
    host: str = ""
    path: str = ""


def recording(folder: Path, name: str) -> Recording:
    """Read a recording by its name in MANIFEST.json."""
    whole = (folder / name).read_bytes()
    payload = orjson.loads(whole) if name.endswith(".json") else None
    if not isinstance(payload, dict) or "request" not in payload:
        status = re.search(r"\.http(\d{3})\.", name)
        return Recording(Answer(whole, int(status[1]) if status else 200))
    body = payload["body"]
    sent = body.encode() if isinstance(body, str) else orjson.dumps(body)
    url = urlsplit(payload["request"]["url"])
    return Recording(Answer(sent, payload["status"], payload["headers"]), url.netloc, url.path)


def seeded(folder: Path) -> Path:
    """Create a data folder with the papers that are looked up."""
    dump = folder / "seeds.jsonl"
    dump.write_text("\n".join(json.dumps({"title": f"Kites, by {one}"} | one) for one in SEEDS))
    with Library(load_settings({"data": folder / "data"}, environment={})) as library:
        assert library.import_file(dump).tally.new == len(SEEDS)
    return folder / "data"


def answer_as_recorded(services: Services, folder: Path) -> None:
    """Set the replies of all services."""
    _Invented(services)
    _Recorded(services, folder)


class _Recorded:
    def __init__(self, services: Services, folder: Path) -> None:
        self._folder = folder
        named = [recording(folder, name) for name in BY_ADDRESS]
        self._at = {(one.host, unquote(one.path)): one.answer for one in named}
        for host in {one.host for one in named}:
            services.respond(host, "/*", self._address)
        feed = urlsplit(FEED)
        services.respond(feed.netloc, feed.path, lambda _: self._answer(FEED_ITEMS))
        services.respond(
            "rss.arxiv.org", "/rss/cs.LG+cs.AI+cs.CL+stat.ML", lambda _: self._answer(ANNOUNCED)
        )
        services.respond("oaipmh.arxiv.org", "/oai", self._harvest)
        services.respond("export.arxiv.org", "/api/query", self._atom)
        services.respond("huggingface.co", "/api/daily_papers", self._daily_papers)
        services.respond("huggingface.co", "/api/models/*", self._model)
        services.respond("api.openalex.org", "/works", self._openalex)
        services.respond("api.crossref.org", "/works", self._crossref)
        services.respond("api.semanticscholar.org", "/graph/v1/paper/batch", self._papers)
        services.respond("api.semanticscholar.org", "/recommendations/*", self._neighbours)
        services.respond("hn.algolia.com", "/api/v1/search_by_date", self._stories)

    def _answer(self, name: str) -> Answer:
        return recording(self._folder, name).answer

    def _works(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """List the works of recordings, each of one work or a list."""
        found: list[dict[str, Any]] = []
        for name in names:
            payload = orjson.loads(self._answer(name).body)
            if isinstance(payload, dict):
                payload = payload.get("message", payload)
                payload = payload.get("results", payload.get("data", [payload]))
            found += [one for one in payload if one]
        return found

    def _address(self, question: Question) -> Answer:
        return self._at.get((question.host, unquote(question.path)), Answer(b"{}", 404))

    def _harvest(self, question: Question) -> Answer:
        token, chosen = question.query.get("resumptionToken"), question.query.get("set")
        known = token is not None or chosen == HARVESTED_SET
        return self._answer(HARVEST_BY_TOKEN[token] if known else NOTHING_CHANGED)

    def _atom(self, question: Question) -> Answer:
        return self._answer(ATOM_BY_IDS[question.query["id_list"]])

    def _daily_papers(self, question: Question) -> Answer:
        name = DAILY_PAPERS.format(question.query.get("date", "week"))
        known = (self._folder / name).exists()
        return self._answer(name if known else DAILY_PAPERS.format(NEWEST_DAY))

    def _model(self, question: Question) -> Answer:
        name = question.path.removeprefix("/api/models/")
        found = [one for one in self._works([MODELS]) if one["id"] == name]
        return _json(found[0]) if found else Answer(b"{}", 404)

    def _openalex(self, question: Question) -> Answer:
        works_filter = question.query["filter"]
        if not works_filter.startswith("doi:"):
            return self._answer(NEW_WORKS)
        dois = {f"https://doi.org/{doi}" for doi in works_filter.removeprefix("doi:").split("|")}
        return _json({"results": [one for one in self._works(OPENALEX) if one["doi"] in dois]})

    def _crossref(self, question: Question) -> Answer:
        dois = set(re.findall(r"doi:([^,]+)", question.query["filter"]))
        found = [one for one in self._works(CROSSREF) if one["DOI"].lower() in dois]
        return _json({"message": {"items": found, "total-results": len(found)}})

    def _papers(self, question: Question) -> Answer:
        known = {
            f"{kind}:{paper_id}".lower(): one
            for one in self._works(SEMANTIC_SCHOLAR)
            for kind, paper_id in one["externalIds"].items()
        }
        return _json([known.get(name.lower()) for name in orjson.loads(question.body)["ids"]])

    def _neighbours(self, question: Question) -> Answer:
        known = question.path.endswith(WITH_NEIGHBOURS)
        return self._answer(NEIGHBOURS if known else NO_NEIGHBOURS)

    def _stories(self, question: Question) -> Answer:
        payload = orjson.loads(self._answer(STORIES).body)
        start_s, end_s = map(int, re.findall(r"\d{6,}", question.query["numericFilters"]))
        hits = [one for one in payload["hits"] if start_s <= one["created_at_i"] < end_s]
        return _json(payload | {"hits": hits, "nbHits": len(hits), "nbPages": 1})


class _Invented:
    """Invented replies, of the days around the requested one."""

    def __init__(self, services: Services) -> None:
        services.respond("api.biorxiv.org", "/details/*", self._preprint)
        services.respond("api.bsky.app", "/xrpc/*", self._posts)
        services.respond("www.reddit.com", "/r/*", self._subreddit)
        services.respond("api.zotero.org", "/users/1/items/top", self._items)
        services.respond("aclanthology.org", "/*", self._volume)

    def _preprint(self, question: Question) -> Answer:
        server, day = question.path.split("/")[2:4]
        number = 1 if server == "biorxiv" else 2
        post = {
            "doi": f"10.1101/{day.replace('-', '.')}.{number:06}",
            "title": f"Kites that {server} saw on {day}",
            "authors": "Windrow, A.; Farol, B.",
            "date": day,
            "version": "1",
            "category": "zoology",
        }
        return _json({"messages": [{"status": "ok", "total": "1"}], "collection": [post]})

    def _posts(self, question: Question) -> Answer:
        since = datetime.fromisoformat(question.query["since"])
        until = datetime.fromisoformat(question.query["until"])
        days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
        posts = [
            {
                "uri": f"at://kites/{day:%Y%m%d}",
                "likeCount": 3,
                "replyCount": 2,
                "record": {"createdAt": day.isoformat(), "text": "arxiv.org/abs/2603.00001"},
            }
            for day in days
            if day < until
        ]
        return _json({"posts": posts})

    def _subreddit(self, question: Question) -> Answer:
        days = [datetime.now(UTC).date() - timedelta(days=n) for n in range(3)]
        entries = "".join(
            f"<entry><id>t3_{day:%Y%m%d}</id><title>Kites!</title>"
            f"<published>{day}T00:00:00+00:00</published>"
            '<content type="html">https://arxiv.org/abs/2603.00001</content></entry>'
            for day in days
        )
        return Answer(
            f'<feed xmlns="http://www.w3.org/2005/Atom"><title>r</title>{entries}</feed>'.encode()
        )

    def _items(self, question: Question) -> Answer:
        item = {"type": "article-journal", "title": "Kites on a shelf", "DOI": "10.1000/kites.7"}
        items = [item] if question.query["since"] == "0" else []
        headers = {"Total-Results": str(len(items)), "Last-Modified-Version": "7"}
        return Answer(orjson.dumps({"items": items}), headers=headers)

    def _volume(self, question: Question) -> Answer:
        return Answer(
            b'@inproceedings{windrow-2026-kites,\n    title = "Kites in Proceedings",\n'
            b'    author = "Windrow, Ada",\n    year = "%d",\n'
            b'    url = "https://aclanthology.org/2026.kites-long.1/",\n}\n' % date.today().year
        )


def _json(payload: object) -> Answer:
    return Answer(orjson.dumps(payload), headers={"Content-Type": "application/json"})
