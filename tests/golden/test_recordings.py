"""All recorded replies are used, and agree with each other."""

from pathlib import Path

import orjson

from broadsheet.http.reply import Reply
from broadsheet.sources.openalex_works import Work, parse_page
from tests.recordings import recording

# The test that parses all recordings of a folder.
READERS = {
    "arxiv_atom": "sources/test_arxiv_atom.py",
    "arxiv_oai": "sources/test_arxiv_oai.py",
    "arxiv_rss": "sources/test_arxiv_feed.py",
    "crossref": "sources/test_crossref.py",
    "github": "sources/test_github.py",
    "hf": "sources/test_hf_daily_items.py",
    "hn": "sources/test_hacker_news.py",
    "oai_generic": "sources/test_arxiv_oai.py",
    "openalex": "sources/test_openalex.py",
    "semanticscholar": "sources/test_semantic_scholar.py",
    # No source requests Unpaywall, as OpenAlex lists open copies: this file compares the two.
    "unpaywall": "golden/test_recordings.py",
}


def test_every_recording_is_parsed_by_a_test(shared: Path) -> None:
    folder = shared / "data" / "api"
    listed = {one["file"] for one in orjson.loads((folder / "MANIFEST.json").read_bytes())}
    assert listed == {str(one.relative_to(folder)) for one in folder.glob("*/*")}
    assert {name.partition("/")[0] for name in listed} == set(READERS)
    for name, reader in READERS.items():
        text = (Path(__file__).parents[1] / reader).read_text()
        assert f'"{name}"' in text
        assert 'glob("*")' in text


def test_openalex_lists_the_open_copies_of_unpaywall(shared: Path) -> None:
    folder = shared / "data" / "api"
    known: dict[str, str | None] = {}
    for name in sorted((folder / "openalex").glob("*")):
        answer = recording(folder, f"openalex/{name.name}").answer
        reply = Reply("https://api.openalex.org/works", answer.status, {}, answer.body)
        if answer.status == 200 and b'"authorships"' in answer.body:
            works = [one for one in parse_page(reply, "openalex").records if isinstance(one, Work)]
            known |= {one.paper.doi: one.paper.open_url for one in works if one.paper.doi}
    compared = 0
    for name in sorted((folder / "unpaywall").glob("*")):
        payload = orjson.loads(recording(folder, f"unpaywall/{name.name}").answer.body)
        for one in [hit["response"] for hit in payload.get("results", [])] or [payload]:
            if one.get("doi") in known:
                assert bool(known[one["doi"]]) == one["is_oa"], one["doi"]
                compared += 1
    assert compared == 7
