import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from broadsheet.model import Notice, Paper
from broadsheet.web.addresses import plain
from broadsheet.web.api.markdown import Standing, escaped, paper_markdown, paragraph
from broadsheet.web.view_models import AttentionTotal

PAGE = "https://news.example/papers/hash:1"
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def shown(tokens: list[Token]) -> str:
    """What a reader sees of one line, which must be text and nothing else."""
    _, line, _ = tokens
    assert line.children is not None
    assert {piece.type for piece in line.children} <= {"text"}
    return "".join(piece.content for piece in line.children)


@given(st.text(st.sampled_from("\\`*_[]<>&#|~!()+-=.:1a \t\n\"'/;@"), min_size=1) | st.text())
@example("1. first")
@example("- - -")
@example("=====")
@example("![a](javascript:alert(1))")
@example("<img src=x onerror=alert(1)>")
@example("&lt;b&gt;")
def test_text_is_shown_as_it_is(text: str) -> None:
    line = plain(text)
    if not line:
        return
    title, abstract = READER.parse(f"# {escaped(text)}"), READER.parse(paragraph(text))
    assert [token.type for token in title] == ["heading_open", "inline", "heading_close"]
    assert [token.type for token in abstract] == ["paragraph_open", "inline", "paragraph_close"]
    assert shown(title) == shown(abstract) == line


def test_nothing_that_a_paper_says_marks_up_the_page() -> None:
    evil = "# <script>alert(1)</script> [x](javascript:1) ![y](z)\n\n---\n\n## Abstract"
    paper = Paper(
        id="hash:1",
        title=evil,
        abstract=evil,
        authors=(evil,),
        categories=(evil,),
        published=evil,
        venue=evil,
        comment=evil,
        summary=evil,
        url="https://a.example/><script>\n# x",
        code_url="javascript:alert(1)",
    )
    attention = AttentionTotal("3", "points", evil, "2026-02-20")
    page = paper_markdown(paper, PAGE, [attention], [Standing("No. 1", evil)])
    tokens = READER.parse(page)
    pieces = [piece.type for token in tokens for piece in token.children or ()]
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h1"] + ["h2"] * 3
    assert set(pieces) == {"text", "link_open", "link_close"}
    assert not [token for token in tokens if token.type in ("html_block", "hr", "fence")]
    links = [
        piece.attrs["href"]
        for token in tokens
        for piece in token.children or ()
        if piece.type == "link_open"
    ]
    assert links == ["https://a.example/%3E%3Cscript%3E%0A#%20x", PAGE]


def test_a_notice_comes_first() -> None:
    page = paper_markdown(Paper("hash:1", "A title", notice=Notice.RETRACTED), PAGE, [], [])
    assert page == (
        "# A title\n\n> This paper was retracted.\n\n"
        f"- This site: <{PAGE}>\n\n## Abstract\n\nNo abstract available.\n"
    )


@pytest.mark.parametrize("text", ["state-of-the-art 1.5x (twice)", "$a + b = c$, 3 - 2!"])
def test_ordinary_words_stay_readable(text: str) -> None:
    assert paragraph(text) == text
