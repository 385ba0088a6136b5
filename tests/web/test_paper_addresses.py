"""Every id of a paper has working addresses, whatever characters it contains."""

from collections.abc import Iterator
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.identity import parse_doi
from broadsheet.rules.normalize import make_paper
from broadsheet.web.addresses import FILES, paper_path, possible_ids, quoted_id

HOME = "http://127.0.0.1:8000"
ENDINGS = (
    ".md",
    ".bib",
    ".ris",
    ".csl.json",
    "/vote",
    "/signals",
    ".md/",
    "/signals//",
    "/.",
    "/..",
    "/",
    ".atom",
    ".json",
)
HOSTILE = (
    *(f"10.1000/kites{ending}" for ending in ENDINGS),
    "10.1000/kites",
    "10.1000/../../etc",
    "10.1000/a//b",
    "10.1000/a?b=c&d",
    "10.1000/a#b",
    "10.1000/a%2fb",
    "10.1000/a%2",
    "10.1000/%00%ff",
    "10.1002/(sici)1099<1::aid-x1>3.0.co;2-#",
    '10.1000/"><script>',
    "10.1000/a\\b",
    "10.1000/風の谷",
    "10.1000//evil.example",
    "10.1000/search",
    "10.1000/a+b",
    "10.1000/~{a}|[b]^`",
)


@pytest.fixture
def site(client: TestClient, library: Library) -> TestClient:
    """A site with papers of hostile DOIs."""
    papers = [make_paper(title=f"On the lanterns of {n}", doi=doi) for n, doi in enumerate(HOSTILE)]
    library.add("test", papers)
    return client


def hostile_papers(library: Library) -> Iterator[Paper]:
    for doi in HOSTILE:
        parsed = parse_doi(doi)
        assert parsed is not None
        yield library.paper(f"doi:{parsed}")


def sent(address: str) -> str:
    """Resolve an address as a browser does, which drops dot segments."""
    # Starlette's test client decodes a path twice.
    return urljoin(f"{HOME}/", address).replace("%25", "%2525")


def test_every_paper_has_a_page_a_record_and_markdown(site: TestClient, library: Library) -> None:
    for paper in hostile_papers(library):
        path = paper_path(paper.id)
        page = site.get(sent(path))
        assert (paper.id, page.status_code) == (paper.id, 200)
        assert f"<h1>{paper.title}</h1>" in page.text
        assert f'<link rel="canonical" href="{HOME}{path}">' in page.text
        markdown = site.get(sent(f"{path}.md"))
        assert markdown.text.startswith(f"# {paper.title}\n")
        assert f"title = {{{paper.title}}}" in site.get(sent(f"{path}.bib")).text
        assert f"TI  - {paper.title}\r\n" in site.get(sent(f"{path}.ris")).text
        assert site.get(sent(f"{path}.csl.json")).json()[0]["title"] == paper.title
        record = site.get(sent(f"/api/v1/papers/{quoted_id(paper.id)}")).json()
        assert (record["id"], record["links"]["page"]) == (paper.id, f"{HOME}{path}")
        assert site.get(sent(record["links"]["api"])).json() == record
        signals = site.get(sent(f"{record['links']['api']}/signals"))
        assert (paper.id, signals.json()["id"]) == (paper.id, paper.id)
        hub = site.get(sent(f"/api/papers/{quoted_id(paper.id)}")).json()
        assert (hub["id"], hub["title"]) == (paper.id, paper.title)


def test_every_paper_can_be_voted_for_from_its_page(site: TestClient, library: Library) -> None:
    for paper in hostile_papers(library):
        path = paper_path(paper.id)
        assert f'action="{path}/vote"'.replace("'", "&#39;") in site.get(sent(path)).text
        back = site.post(sent(f"{path}/vote"), data={"on": "1", "back": ""})
        assert (back.status_code, back.headers["location"]) == (303, path)
        assert library.votes([paper.id]) == {paper.id: 1}


def test_a_page_names_its_own_address_as_the_one_to_return_to(site: TestClient) -> None:
    for doi in ("10.1000/a?b=c&d", "10.1000/a%2fb", "10.1000/a#b"):
        path = paper_path(f"doi:{doi}")
        assert f'name="back" value="{path}"' in site.get(sent(path)).text


def test_feeds_link_to_every_paper(site: TestClient, library: Library) -> None:
    library.update_index()
    items = site.get("/search.json", params={"q": "lanterns"}).json()["items"]
    pages = {item["title"]: item["url"] for item in items}
    for paper in hostile_papers(library):
        assert f"<h1>{paper.title}</h1>" in site.get(sent(pages[paper.title])).text


@pytest.mark.parametrize(
    ("typed", "doi"),
    [
        ("/papers/10.1000/kites/signals", "10.1000/kites/signals"),
        ("/papers/https://doi.org/10.1000/KITES.json", "10.1000/kites.json"),
    ],
)
def test_an_address_as_people_type_it_redirects_to_the_page(
    site: TestClient, typed: str, doi: str
) -> None:
    assert site.get(typed).headers["location"] == paper_path(f"doi:{doi}")


@pytest.mark.parametrize("ending", FILES)
def test_a_doi_that_ends_like_a_file_is_found_as_people_type_it(
    client: TestClient, library: Library, ending: str
) -> None:
    library.add("test", [make_paper(title="On the lanterns", doi=f"10.1000/notes{ending}")])
    answer = client.get(f"/papers/doi:10.1000/notes{ending}")
    assert answer.headers["location"] == f"/papers/doi:10.1000%2Fnotes{ending}%2F"
    assert "<h1>On the lanterns</h1>" in client.get(answer.headers["location"]).text


def test_a_vote_by_another_id_is_for_the_paper_of_that_id(
    client: TestClient, library: Library
) -> None:
    paper_id = "arxiv:2603.00001"
    for alias in ("2603.00001", "arXiv:2603.00001v3", "https://arxiv.org/abs/2603.00001"):
        voted = client.post(f"/papers/{alias}/vote", data={"on": "1"})
        assert (voted.status_code, voted.headers["location"]) == (303, f"/papers/{paper_id}")
    assert library.votes([paper_id]) == {paper_id: 1}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=12), st.data())
@example("..", None)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_path_of_an_id_names_that_id_again(text: str, data: st.DataObject | None) -> None:
    endings = data.draw(st.lists(st.sampled_from(ENDINGS), max_size=3)) if data else []
    doi = parse_doi(f"10.1000/{text}{''.join(endings)}")
    if doi is None:
        return
    path = paper_path(f"doi:{doi}")
    assert urljoin(HOME, path) == f"{HOME}{path}"
    assert "//" not in path
    assert possible_ids(unquote(path.removeprefix("/papers/")))[0] == f"doi:{doi}"
