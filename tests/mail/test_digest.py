"""Digests: sections, editor's picks, comments, and external text."""

import pytest

from broadsheet.mail import render_digest
from broadsheet.mail.text import single_line
from broadsheet.model import EditionItem, Section
from tests.mail.conftest import NEWSLETTER, edition, edition_item

HEADING = "No attention yet; selected by predicted interest"


def bodies(*items: EditionItem) -> dict[str, str]:
    rendered = render_digest(edition(*items), NEWSLETTER)
    return {"text": rendered.text, "html": rendered.html}


@pytest.mark.parametrize("kind", ["text", "html"])
def test_the_second_section_begins_with_a_heading(kind: str) -> None:
    items = [edition_item(1), *(edition_item(rank, section=Section.NEW) for rank in (2, 3))]
    body = bodies(*items)[kind].upper()
    assert body.count(HEADING.upper()) == 1
    assert body.index("PART 1") < body.index(HEADING.upper()) < body.rindex("PART 2")


@pytest.mark.parametrize("kind", ["text", "html"])
def test_the_first_section_has_no_heading(kind: str) -> None:
    body = bodies(edition_item(1, section=Section.NEW))[kind]
    assert HEADING.upper() not in body.upper()


@pytest.mark.parametrize("kind", ["text", "html"])
def test_picks_and_comments_are_attributed_to_the_editor(kind: str) -> None:
    picked = edition_item(1, picked=True, comment="Read part one first.")
    body = bodies(picked, edition_item(2))[kind]
    assert body.count("Editor’s pick") == 1
    assert body.count("Editor’s comment:") == 1
    assert "Read part one first." in body


def test_external_text_is_escaped_in_html() -> None:
    for field in ("title", "abstract", "comment", "reason"):
        rendered = bodies(edition_item(1, **{field: "Sparse <b>attention</b>"}))
        assert "<b>attention" not in rendered["html"]
        assert "Sparse <b>attention</b>" in rendered["text"]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "http://[broken"])
def test_only_web_urls_become_links(link: str) -> None:
    rendered = bodies(edition_item(1, link=link))
    assert "Read at" not in rendered["html"] + rendered["text"]
    assert link not in rendered["html"]


def test_an_edition_without_papers_is_rendered() -> None:
    for body in bodies().values():
        assert "This edition has no papers." in body
        assert "https://news.example.org/" in body


def test_single_line_removes_what_headers_and_placeholders_use() -> None:
    assert single_line("a\r\nBcc: b\x00\ue000\u202ec") == "a Bcc: b c"


@pytest.mark.parametrize("kind", ["text", "html"])
def test_tex_is_unicode(kind: str) -> None:
    item = edition_item(
        1, title=r"Repr\'esentation of $x^2$", abstract=r"We fly $\alpha$ -- kites."
    )
    body = bodies(item)[kind]
    assert "Représentation of x²" in body
    assert "We fly α – kites." in body


def test_a_long_title_is_indented_after_its_first_line() -> None:
    lines = bodies(edition_item(1, title="A lamp for kites " * 6))["text"].splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("1. A lamp"))
    assert lines[at + 1].startswith("   ")
    assert lines[at + 1].lstrip() in "A lamp for kites " * 6
