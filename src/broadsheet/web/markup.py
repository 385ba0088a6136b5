"""Texts of sources and messages as HTML."""

import re
from collections.abc import Sequence

import orjson
from markupsafe import Markup, escape

from broadsheet.rules.snippet import Piece, marked
from broadsheet.rules.tex import may_be_tex

_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def code_spans(text: str) -> Markup:
    """Escape a text and mark up the parts in backticks as code.

    Examples
    --------
    >>> code_spans("`a<b` is required.")
    Markup('<code>a&lt;b</code> is required.')
    """
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


def marked_up(pieces: Sequence[Piece]) -> Markup:
    """Escape a text; mark up its highlighted parts, its formulas and unconverted source.

    Examples
    --------
    >>> marked_up([Piece("a<b "), Piece("train", highlighted=True)])
    Markup('a&lt;b <mark>train</mark>')
    """
    html = "".join(
        f"<mark>{escape(text)}</mark>"
        if highlighted
        else escape(text)
        if mathml is None
        else mathml or f'<code class="tex">{escape(text)}</code>'
        for text, highlighted, mathml in pieces
    )
    # Every part is escaped, and MathML has the elements of a fixed list only; Markup.format would
    # take four times longer.
    return Markup(html)  # noqa: S704  # nosec B704 # escaped above


def tex(text: str) -> Markup:
    r"""Return a text of a source as HTML: its formulas as MathML, its other TeX as Unicode.

    Examples
    --------
    >>> tex(r"Repr\'esentation & <b>")
    Markup('Représentation &amp; &lt;b&gt;')
    """
    return marked_up(marked(text)) if may_be_tex(text) else escape(text)


def in_script(value: object) -> Markup:
    r"""Write a value as JSON that is safe inside a ``script`` element.

    Examples
    --------
    >>> print(in_script({"a": "</script>"}))
    {"a":"\u003c/script\u003e"}
    """
    content = orjson.dumps(value).decode().translate(_IN_SCRIPT)
    # No character is left that ends the element or begins a comment in it.
    return Markup(content)  # noqa: S704  # nosec B704 # escaped above
