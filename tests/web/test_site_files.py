"""Static files, icons, the manifest and the description of the search."""

import re
from io import BytesIO
from urllib.parse import quote

import pytest
from lxml import etree
from PIL import Image
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.web.app import create_app
from broadsheet.web.assets import asset_path
from broadsheet.web.middleware.page_cache import kept_address

STATIC_LINK = re.compile(r'(?:href|src)="(/static/[^"]+)"')
NASTY = 'The "<Kites>" & Co. of a long name'


def test_static_files_of_a_page_are_kept_by_browsers_for_a_year(still_client: TestClient) -> None:
    links = STATIC_LINK.findall(still_client.get("/").text)
    assert {re.sub(r"\.[0-9a-f]{8}\.", ".", link) for link in links} == {
        "/static/favicon.svg",
        "/static/keys.js",
        "/static/style.css",
    }
    for link in links:
        file = still_client.get(link)
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
        held = {"If-None-Match": file.headers["etag"]}
        assert still_client.get(link, headers=held).status_code == 304


@pytest.mark.parametrize("path", ["/static/style.css", "/static/style.css?v=0123abcd"])
def test_static_files_are_served_under_their_former_addresses(
    still_client: TestClient, path: str
) -> None:
    file = still_client.get(path)
    assert file.content == still_client.get(asset_path("style.css")).content
    assert file.headers["cache-control"] == "public, max-age=86400"


def test_a_static_file_of_another_version_is_not_stored(still_client: TestClient) -> None:
    file = still_client.get("/static/style.0123abcd.css")
    assert file.content == still_client.get(asset_path("style.css")).content
    assert file.headers["cache-control"] == "no-store"
    assert still_client.get("/static/none.0123abcd.css").status_code == 404


def test_browsers_find_icons_in_the_sizes_they_request(still_client: TestClient) -> None:
    icon = still_client.get("/favicon.ico")
    assert icon.headers["content-type"] == "image/x-icon"
    assert set(Image.open(BytesIO(icon.content)).info["sizes"]) == {(16, 16), (32, 32), (48, 48)}
    touch = Image.open(BytesIO(still_client.get("/apple-touch-icon.png").content))
    # What is transparent would be black.
    assert (touch.size, touch.mode) == ((180, 180), "RGB")
    manifest = still_client.get("/site.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    for described in manifest.json()["icons"]:
        image = Image.open(BytesIO(still_client.get(described["src"]).content))
        assert described["sizes"] == f"{image.width}x{image.height}"


def test_a_browser_can_add_the_search(library: Library) -> None:
    settings = library.settings.model_copy(
        update={"title": NASTY, "base_url": "https://news.example"}
    )
    library.settings = settings
    client = TestClient(create_app(library), "https://news.example")
    link = '<link rel="search" type="application/opensearchdescription+xml"'
    assert link in client.get("/subscribe").text
    answer = client.get("/opensearch.xml")
    assert answer.headers["content-type"].startswith("application/opensearchdescription+xml")
    document = etree.fromstring(answer.content)
    names = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    assert document.findtext("o:ShortName", namespaces=names) == NASTY[:15]
    (page,) = document.xpath("o:Url[@type='text/html']/@template", namespaces=names)
    assert page == "https://news.example/search?q={searchTerms}"
    found = client.get(page.replace("{searchTerms}", quote("kites & stars")))
    assert "kites &amp; stars" in found.text


def test_the_files_of_browsers_are_kept_in_memory() -> None:
    for path in ("/favicon.ico", "/opensearch.xml", "/site.webmanifest", asset_path("keys.js")):
        address = kept_address(path, b"v=1")
        assert address is not None and address.query == b""
