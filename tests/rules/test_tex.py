"""TeX of sources becomes Unicode and MathML; what is not TeX stays."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from broadsheet.rules import formula
from broadsheet.rules.snippet import SNIPPET_CHARS, excerpt, marked
from broadsheet.rules.tex import convert, to_unicode


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"Repr\'esentation des donn\'{e}es na{\"\i}ves", "Représentation des données naïves"),
        (r"Erd\H os, Pe\l czynski, {\L}ukasiewicz", "Erdős, Pełczynski, Łukasiewicz"),
        ("``quotes'' -- dashes --- and 1--10", "“quotes” – dashes — and 1–10"),
        (r"Fig.~3 with 95\% of 3 \& 4", "Fig. 3 with 95% of 3 & 4"),
        (r"\emph{one \textbf{two}} {\em three\/}", "one two three"),
        (r"as \cite{a,b} at \url{http://x.y/~z}", "as [a,b] at http://x.y/~z"),
        (r"$\mathbb{Z}_2$, $O(n^2\log n)$ and \(k\)", "ℤ₂, O(n² log n) and k"),
        (r"\emph{the $k$-th} of CO$_2$ at 10$^{-5}$ K", "the k-th of CO₂ at 10⁻⁵ K"),
        (r"\begin{equation} a \le b \label{x} \end{equation}", "a ≤ b"),
        (r"45{\deg}, \r{ho} = 3 and \tau\mapsto -1", "45°, ρ = 3 and τ↦ -1"),
        (r"cut off at $\mathcal{O}\left(m^{2", "cut off at O(m²"),
    ],
)
def test_tex_becomes_unicode(source: str, text: str) -> None:
    assert to_unicode(source) == text


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5 and $10, or $5-$10, or $5 million to $10 million.",
        "US$ and HK$ are currencies, A$AP is none.",
        "the option --help, the page www.x.edu/~y, about ~10 and {1, 2}",
        "`code` isn't a quotation",
    ],
)
def test_what_is_not_tex_stays(text: str) -> None:
    assert convert(text) == (text, ())


def test_an_unknown_command_is_kept_as_source() -> None:
    converted = convert(r"We present \ours, with $\Be^2$.")
    assert converted.text == r"We present \ours, with $\Be^2$."
    assert [converted.text[start:end] for start, end, _ in converted.spans] == [
        r"\ours",
        r"$\Be^2$",
    ]
    assert not any(span.mathml for span in converted.spans)


def test_a_formula_has_its_text_for_readers_without_mathml() -> None:
    (span,) = convert(r"$a<b\text{ or }x^2$").spans
    element = etree.fromstring(span.mathml)
    assert element.tag == "math"
    assert element.get("alttext") == "a < b or x²"


def test_a_letter_and_its_accent_are_one_character_in_the_text_of_a_formula() -> None:
    (span,) = convert(r"$\widetilde{\mathcal{O}}(n)$").spans
    assert 'alttext="\N{LATIN CAPITAL LETTER O WITH TILDE}(n)"' in span.mathml


@pytest.mark.parametrize(
    "source",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\text{<script>alert(1)</script>}",
        r"\color{red}\class{a}{b}",
        r"\hspace{1000em}x",
        r"\textbf{<img src=x onerror=alert(1)>}",
        r"\unicode{x3c}script\unicode{x3e}",
    ],
)
def test_a_formula_has_no_markup_but_that_of_the_list(source: str) -> None:
    for span in convert(f"${source}$").spans:
        if span.mathml:
            for element in etree.fromstring(span.mathml).iter():
                assert element.tag in formula.ELEMENTS
                assert not set(element.attrib) & {"style", "class", "id", "href"}
                assert "1000em" not in element.attrib.values()


@pytest.mark.parametrize(
    "text",
    [
        "$" + "{" * 9_000 + "}" * 9_000 + "$",
        "$" + r"\sqrt{" * 150 + "x" + "}" * 150 + "$",
        "$" + "x'" * 10_000 + "$",
        "$x'$" * 5_000,
        "$" * 20_000,
        r"\(" * 10_000,
        r"$\newcommand{\a}{\a\a}\a$",
        r"$\def\x{\x\x}\x$",
        "$" + r"\left(" * 3_000 + "$",
        "".join(rf"\a{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}x " for i in range(4_000)),
        r"\'a" * 6_000,
        r"\emph{" * 3_000,
        r"\cite[" * 3_000,
        r"\frac{" * 3_000,
        "x^{" * 6_000,
        "``" * 10_000,
        "`a" * 10_000,
        "~a" * 10_000,
        "--" * 10_000,
        "$5 and " * 2_800,
        r"\begin{equation}" * 1_200,
        r"\begin{matrix}" * 1_200,
    ],
)
def test_hostile_tex_takes_little_time(text: str) -> None:
    to_unicode(r"\alpha")
    took = []
    for attempt in range(3):
        start = time.thread_time()
        converted = convert(f"{text} {attempt}")
        took.append(time.thread_time() - start)
    assert min(took) < 0.1
    assert sum(len(span.mathml) for span in converted.spans) <= 25_000


@given(st.text(alphabet="a1 $\\{}^_'\"`~-%&#<>é.()[]", max_size=60))
@settings(max_examples=60)
def test_any_text_is_converted(text: str) -> None:
    converted = convert(text)
    assert "$" in text or "\\" in text or not any(span.mathml for span in converted.spans)
    for span, following in pairwise(converted.spans):
        assert span.end <= following.start
    for span in converted.spans:
        if span.mathml:
            etree.fromstring(span.mathml)


def test_an_excerpt_does_not_cut_a_formula() -> None:
    start = "Kites fly high. " * 16
    text = f"{start}They rise by $a + b + c + d + e + f + g + h$ metres. " + "More. " * 30
    lines, whole = excerpt(text)
    assert len("".join(piece.text for piece in lines)) <= SNIPPET_CHARS + 4
    assert all(piece.mathml is None for piece in lines)
    assert sum(piece.mathml is not None for piece in whole) == 1


def test_words_of_the_query_are_marked_beside_formulas() -> None:
    pieces = marked(r"The \emph{kites} at $k$ rise", {"kites", "k", "rise"})
    assert [(piece.text, piece.highlighted) for piece in pieces] == [
        ("The ", False),
        ("kites", True),
        (" at ", False),
        ("k", False),
        (" ", False),
        ("rise", True),
    ]
    assert pieces[3].mathml
