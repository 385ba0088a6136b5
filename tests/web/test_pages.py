import html
import re
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from broadsheet.errors import NotFoundError, SearchIndexError
from broadsheet.index.engine import EngineRequest, EngineResponse
from broadsheet.index.local.engine import LocalEngine
from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.fusion import LEXICAL_SHARE, SENTENCE_WORDS
from broadsheet.rules.query_tokens import Token, tokens
from broadsheet.search import relevance
from broadsheet.web.app import create_app

NASTY = Paper(
    id="hash:nasty",
    title='<script>alert("title")</script> of $\\alpha$ & quixotic <b>zebras</b>',
    abstract="</p><img src=x onerror=alert(1)> quixotic zebras. " * 20,
    authors=('"><script>a</script>', "B", "C", "D"),
    categories=("<i>cs.CL</i>",),
    published="2025-02",
    url="https://a.example/?x=<script>&y='",
    code_url="https://b.example/",
    comment="<u>ten pages</u>",
)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_the_front_page_shows_the_newest_edition(client: TestClient, library: Library) -> None:
    edition = library.editions.read()
    page = client.get("/")
    assert page.status_code == 200
    for item in edition.items:
        assert html.escape(item.title, quote=False) in page.text.replace("&#34;", '"')
    assert "Get trending papers in your email inbox once a day!" in page.text
    assert f'datetime="{edition.date.isoformat()}"' in page.text
    assert client.get(f"/editions/{edition.date.isoformat()}").text.count("<article") == len(
        edition.items
    )


@pytest.mark.parametrize("path", ["/", "/editions", "/search", "/subscribe", "/about/ranking"])
def test_every_page_has_headers_landmarks_and_the_script_of_the_keys(
    client: TestClient, path: str
) -> None:
    page = client.get(path)
    assert page.status_code == 200
    for part in (
        '<html lang="en">',
        "<title>",
        'rel="canonical"',
        'role="search"',
        'href="#main"',
    ):
        assert part in page.text
    assert page.text.count("<h1") == 1
    (script,) = re.findall(r"<script[^>]*>", page.text)
    assert re.fullmatch(r'<script src="/static/keys\.[0-9a-f]{8}\.js" defer>', script)
    assert "style=" not in page.text
    assert re.search(r'<meta name="description" content="[^"]{40,}">', page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert client.head(path).status_code == 200
    assert "set-cookie" not in page.headers


def test_the_archive_lists_the_editions(client: TestClient, library: Library) -> None:
    page = client.get("/editions").text
    for day in (one.first for one in library.editions.periods()):
        assert f"/editions/{day.isoformat()}" in page


@pytest.mark.parametrize("day", ["2025-02-31", "1999-01-01", "20250220", "2025-W08-4", "x", "%00"])
def test_a_day_without_an_edition_links_to_the_archive(client: TestClient, day: str) -> None:
    page = client.get(f"/editions/{day}")
    assert page.status_code == 404
    assert 'href="/editions"' in page.text


def test_search_results_have_two_tiers_with_marked_words(
    client: TestClient, library: Library
) -> None:
    library.add(
        "test",
        [
            Paper("hash:both", "How zebras find a crossing"),
            Paper("hash:one", "A herd of zebras"),
        ],
    )
    library.update_index()
    found = library.search("zebra crossing")
    page = client.get("/search", params={"q": "zebra crossing"}).text
    assert page.index("1 paper containing all words") < page.index("closest in meaning</h2>")
    assert "How <mark>zebras</mark> find a <mark>crossing</mark>" in page
    assert "A herd of <mark>zebras</mark>" in page
    for hit in found.hits:
        assert hit.reason in text_of(page)


def test_result_pages_list_every_result_once(client: TestClient, library: Library) -> None:
    library.add(
        "test", [Paper(f"hash:z{n}", f"Zebra herd number {n} of the plain") for n in range(45)]
    )
    library.update_index()
    total = library.search("zebra").total
    pages = -(-total // 20)
    ranks: list[str] = []
    for number in range(1, pages + 1):
        page = client.get("/search", params={"q": "zebra", "page": number}).text
        assert f"Page {number} of {pages}" in page
        ranks += re.findall(r'id="n(\d+)"', page)
    assert ranks == [str(rank) for rank in range(1, total + 1)]
    beyond = client.get("/search", params={"q": "zebra", "page": "99999999999"}).text
    assert f"Page {pages} of {pages}" in beyond


def test_an_empty_query_shows_help_and_a_long_one_is_truncated(client: TestClient) -> None:
    for query in ("", "   ", "\x00"):
        page = client.get("/search", params={"q": query}).text
        assert page.count('href="/search?q=') == 8
    long = client.get("/search", params={"q": "photogrammetrically " * 220})
    assert "first 3,999 characters" in long.text


@pytest.mark.parametrize(
    "query",
    [
        "kites " + "風" * 3_990,
        "kites " + "&" * 3_990,
        "(kites OR " + "風" * 3_900 + ")",
        " ".join(f"year:{year}.." for year in range(1995, 2026)) + " kites " + "風 " * 1_800,
        " ".join(f"year:{year}.." for year in range(1500, 2026)),
    ],
)
def test_no_query_makes_a_large_page(client: TestClient, query: str) -> None:
    assert len(client.get("/search", params={"q": query}).content) < 300_000


@pytest.mark.parametrize("path", ["/", "/trending", "/editions/2026-03-11", "/categories/cs.LG"])
def test_a_query_that_a_page_does_not_use_is_not_repeated(client: TestClient, path: str) -> None:
    assert len(client.get(path, params={"unused": "x" * 50_000}).content) < 100_000


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("kites a " * 600, "The query is too long; only its first 512 words are used."),
        ("kites." * 300, "The query is too long; only its first 128 words are used."),
        ("kites " + "year:2026 " * 300, "only its first 32 filters, phrases and operators"),
    ],
)
def test_a_query_over_a_limit_has_one_note_and_no_feed(
    client: TestClient, query: str, note: str
) -> None:
    page = client.get("/search", params={"q": query}).text
    assert note in page
    assert page.count("The query ") == page.count('class="note"') == 1
    assert "/search.atom" not in page
    refused = client.get("/search.atom", params={"q": query[:4000]})
    assert refused.status_code == 400
    assert note in refused.text


def test_an_id_or_address_redirects_to_its_paper(client: TestClient) -> None:
    for pasted in ("2603.00001", "https://arxiv.org/abs/2603.00001v3"):
        answer = client.get("/search", params={"q": pasted}, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/papers/arxiv:2603.00001"
    unknown = client.get("/search", params={"q": "2603.99999"})
    assert "No paper of this library has the id 2603.99999" in unknown.text


def test_results_can_be_filtered_and_sorted(client: TestClient) -> None:
    page = client.get("/search", params={"q": "kites"}).text
    narrowed = re.search(r'href="(/search\?[^"]*year[^"]*)"', page)
    assert narrowed is not None
    filtered = client.get(narrowed[1].replace("&amp;", "&"))
    assert 'aria-label="Remove the filter 2026"' in filtered.text
    newest = client.get("/search", params={"q": "kites", "sort": "date"})
    assert re.search(r'aria-current="true">Newest', newest.text)
    assert client.get("/search", params={"q": "kites", "sort": "<x>"}).status_code == 200


def test_notes_explain_syntax_errors_and_misspellings(client: TestClient) -> None:
    broken = client.get("/search", params={"q": "(kites"}).text
    assert "as plain words" in broken
    slip = client.get("/search", params={"q": "optimized lantrens"}).text
    assert "optimized lanterns" in slip


@pytest.mark.parametrize("page", ["1", "400"])
def test_a_search_page_parses_its_query_once_and_searches_once(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    parsed, searched = [], []
    retrieve = LocalEngine.search

    def counted_tokens(text: str, *, prose: bool) -> list[Token]:
        parsed.append(text)
        return tokens(text, prose=prose)

    def counted_search(engine: LocalEngine, request: EngineRequest) -> EngineResponse:
        searched.append(request)
        return retrieve(engine, request)

    monkeypatch.setattr("broadsheet.rules.query.tokens", counted_tokens)
    monkeypatch.setattr(LocalEngine, "search", counted_search)
    answer = client.get("/search", params={"q": "kites in valley", "page": page})
    assert 'href="/papers/' in answer.text
    assert [text for text in parsed if text == "kites in valley"] == ["kites in valley"]
    assert len(searched) == 1


def test_a_paper_page_collapses_a_long_list_of_authors(
    client: TestClient, library: Library
) -> None:
    names = tuple(f"Author {number}" for number in range(1, 23))
    paper = Paper(id="hash:many", title="A paper of many hands", authors=names)
    library.add("test", [paper])
    above, collapsed = client.get("/papers/hash:many").text.split("7 more authors</summary>")
    assert ">Author 15</a>" in above
    assert ">Author 16</a>" not in above
    assert ">Author 22</a>" in collapsed


def test_a_paper_page_lists_related_papers(client: TestClient) -> None:
    page = client.get("/papers/arxiv:2603.00001").text
    related = page.split("Related papers")[1].split("</section>")[0]
    assert related.count('href="/papers/') == 6
    assert "arxiv:2603.00001" not in related


def test_the_text_of_a_paper_is_escaped(client: TestClient, library: Library) -> None:
    library.add("te<s>t", [NASTY])
    library.update_index()
    (hit, *_) = library.search("quixotic zebras").hits
    for page in (
        client.get("/search", params={"q": "quixotic zebras <script>\"'"}).text,
        client.get(f"/papers/{hit.paper.id}").text,
    ):
        for markup in ("<script>", "<img", "<b>", "<i>", "<u>", "<s>", "onerror=alert(1)>&"):
            assert markup not in page
        assert "<mi>α</mi>" in page


def test_a_paper_page_shows_the_record_of_each_source(client: TestClient, library: Library) -> None:
    paper = library.paper(library.editions.read().items[0].paper_id)
    library.add("elsewhere", [replace(paper, title=f"{paper.title} (preprint)")])
    page = client.get(f"/papers/{paper.id}").text
    assert "Source records" in page
    assert f"<dd>{paper.title} (preprint)</dd>" in page
    records = library.records(paper.id)
    assert {source for source, _, _ in records} == {"test", "elsewhere"}
    for source, _, stored_at in records:
        assert f"<h2>{source} " in page
        assert stored_at.isoformat() in page


def test_other_ids_redirect_to_the_canonical_address(client: TestClient, library: Library) -> None:
    library.add("test", [Paper("arxiv:2502.99999", "A wholly new paper", arxiv_id="2502.99999")])
    for name in ("2502.99999", "arXiv:2502.99999v2", "https://arxiv.org/abs/2502.99999"):
        answer = client.get(f"/papers/{name}")
        assert (answer.status_code, answer.headers["location"]) == (308, "/papers/arxiv:2502.99999")
    assert client.get("/papers/arxiv:2502.99999").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/papers/",
        "/papers/hash:none",
        "/papers/%00",
        "/papers/%",
        "/papers/%ED%A0%80",
        "/papers/%FF%zz",
        "/papers/../../etc/passwd",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/confirm",
        "/unsubscribe?token=%00",
        "/confirm?token=a.b",
        "//evil.example/",
    ],
)
def test_an_unknown_address_returns_an_html_page(client: TestClient, path: str) -> None:
    answer = client.get(f"http://testserver{path}")
    assert answer.status_code == 404
    assert 'role="search"' in answer.text


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%", "q=%ED%A0%80&page=%FF", "q=a&q=b&page=-1", "&&="]
)
def test_malformed_queries_return_a_page(client: TestClient, query: str) -> None:
    assert client.get(f"/search?{query}").status_code == 200


def test_health_is_reported_as_json(client: TestClient, library: Library) -> None:
    health = client.get("/healthz").json()
    assert health["status"] == "ok"
    assert health["papers"] == library.health().papers
    assert health["edition"] == library.editions.read().date.isoformat()
    assert client.post("/healthz").json()["error"]


def test_a_wrong_method_returns_an_html_page(client: TestClient) -> None:
    answer = client.delete("/search")
    assert answer.status_code == 405
    assert 'role="search"' in answer.text


def test_server_errors_return_a_page_without_details(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stop(error: Exception) -> None:
        def search(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(library, "search", search)

    client = TestClient(create_app(library), raise_server_exceptions=False)
    stop(RuntimeError("secret detail"))
    broken = client.get("/search?q=a")
    assert broken.status_code == 500
    assert "secret detail" not in broken.text
    assert "default-src 'none'" in broken.headers["content-security-policy"]
    stop(SearchIndexError("secret path"))
    busy = client.get("/search?q=a")
    assert (busy.status_code, "secret path" in busy.text) == (503, False)
    assert "secret path" in caplog.text


def test_an_empty_library_has_a_front_page(
    client: TestClient, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise NotFoundError("there is no edition")

    monkeypatch.setattr(library.editions, "read", read)
    page = client.get("/")
    assert page.status_code == 200
    assert "No edition yet" in page.text


def test_style_and_favicon_are_served(client: TestClient) -> None:
    page = client.get("/").text
    for link in re.findall(r'href="(/static/[^"]*)"', page):
        assert client.get(link).status_code == 200
    assert "url(" not in client.get("/static/style.css").text


def test_the_ranking_page_shows_the_weights_in_use(client: TestClient) -> None:
    page = text_of(client.get("/about/ranking").text)
    assert f"is {LEXICAL_SHARE:.0%} words and {1 - LEXICAL_SHARE:.0%} meaning" in page
    assert f"A query of {SENTENCE_WORDS} words or more is treated as a sentence" in page


def test_a_search_without_results_names_a_way_on(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relevance, "is_above_floor", lambda *_: False)
    page = client.get("/search", params={"q": "kites zzzzqqq"}).text
    assert "No papers found" in page
    assert 'href="/search?q=kites"' in page
    assert 'href="/trending"' in page
    # A shorter query that finds nothing either is no way on.
    page = client.get("/search", params={"q": "kites lanterns zzzzqqq"}).text
    assert "without the words that no paper contains" not in page


def test_matches_and_neighbours_are_counted_apart(client: TestClient, library: Library) -> None:
    page = client.get("/search", params={"q": "kites"}).text
    found = library.search("kites")
    assert f"contain all words; {found.total - found.matches} related" in page
    feed = client.get("/search.json", params={"q": "kites"}).json()
    assert f"kites: {found.matches} papers contain all words" in feed["title"]
    hits = client.get("/api/v1/search", params={"q": "kites"}).json()
    assert hits["matches"] + hits["neighbours"] == hits["total"]
