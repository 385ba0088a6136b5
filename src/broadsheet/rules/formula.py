"""TeX formulas as MathML and as Unicode. Pure."""

import re
import unicodedata
from functools import lru_cache
from html import escape
from typing import NamedTuple

from math_core import LatexError, LatexToMathML

from broadsheet.rules.formula_macros import MACROS
from broadsheet.rules.formula_text import linear

# The converter recurses: 10,000 nested braces end the process, and 2,000 do not.
_MAX_CHARS, _MAX_DEPTH = 1_200, 40
_MAX_MATHML_CHARS = 15_000
_CACHED_CHARS = 80

_NAMES = (
    "math|mfrac|mi|mn|mo|mover|mpadded|mphantom|mroot|mrow|mspace|msqrt|msub|msubsup|msup|mtable|mtd"
    "|mtext|mtr|munder|munderover"
)
_ATTRIBUTE = (
    r" (?:(?:display(?:style)?|scriptlevel|linethickness|mathvariant|form|movablelimits|stretchy"
    r'|symmetric|accent|accentunder)="[a-z0-9]{1,8}"'
    r'|(?:lspace|rspace|minsize|maxsize|width)="-?[0-9]?(?:\.[0-9]{1,9})?(?:em)?")'
)
_ALLOWED = re.compile(rf"(?:[^<]|<(?:{_NAMES})(?:{_ATTRIBUTE})*+/?>|</(?:{_NAMES})>)*+")
_TAG = re.compile(r"</?([a-zA-Z]+)[^>]*>")
_KEPT = re.compile(_ATTRIBUTE)
ELEMENTS = frozenset(_NAMES.split("|"))
# Select a shape of a script letter that most fonts do not have, or are invisible signs.
_VARIANT = re.compile("[\ufe00\ufe01\u2062\u2063]")
_UPRIGHT = re.compile(r"<mrow><mspace/>(<mi(?: [^>]*)?>[^<]*</mi>)</mrow>")
_APPLIED = "\u2061"
_LEFT = re.compile(r"\\[a-zA-Z]")
# Definitions, and what refers to other places.
_REFUSED = re.compile(
    r"\\(?:(?:re|provide)?newcommand|[gex]?def|let|DeclareMathOperator)(?![a-zA-Z])"
)
# A comment, and the parameter of a definition.
_NOT_CONTENT = re.compile(r"(?<!\\)[%#]")
_NESTING = re.compile(r"[{}]|\\(?:(?:left|right|begin|end)(?![a-zA-Z])|.)", re.DOTALL)
_CLOSERS = {"{": "}", r"\left": r"\right."}
_OPENERS = (*_CLOSERS, r"\begin")

# Commands by another name, and what LaTeXML and web pages leave in a formula.
_REPAIRS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), new)
    for pattern, new in (
        (r"\\(?:mbox|hbox|textnormal|textup|textsl|fbox|mathmbox)(?![a-zA-Z])", r"\\text"),
        (r"\\href\s*\{[^{}]*\}", ""),
        (r"\\(?:Cal|scr|mathscrbf)(?![a-zA-Z])", r"\\mathcal"),
        (r"\\(?:pmb|bmath|vect|mb|boldmath|bmit)(?![a-zA-Z])", r"\\boldsymbol"),
        (r"\\substack(?![a-zA-Z])", ""),
        (r"\\(left|right|[bB]igg?[lr]?)\s*<", r"\\\1\\langle "),
        (r"\\(left|right|[bB]igg?[lr]?)\s*>", r"\\\1\\rangle "),
        (r"\\label\s*\{[^{}]*\}", ""),
        (r"(\\text\s*\{)\s*\\(?:rm|bf|it|sf|tt|em|sc)(?![a-zA-Z])\s*", r"\1"),
        (r"(?<!\\)%\s*", ""),
        (r"(?<!\\)#", r"\\#"),
        (r"\\e(?=\s*\^)", r"\\mathrm{e}"),
        (r"(\\begin\s*\{array\})\s*\[[a-z]\]", r"\1"),
        (r"@\{[^{}]*\}", ""),
        (r"([_^])\s*\\(rm|bf|it|tt|sf|cal|sl)(?![a-zA-Z])\s*(\w|\{[^{}]*\})", r"\1{\\\2 \3}"),
        (r"\\text\{([^{}$]*)\$([^$]*)\$([^{}$]*)\}", r"\\text{\1}\2\\text{\3}"),
        (r"(\\text(?:tt|sf|bf|it|rm)?\s*\{[^{}_\\]*)(?<!\\)_(?=[^{}]*\})", r"\1\\_"),
        (r"\\text\s*\{\s*\\AA\s*\}", r"\\mathrm{Å}"),
    )
)
_REPAIRED_NAMES = re.compile(
    r"[%#@]|\\e\s*\^|\\begin\s*\{array\}\s*\[|[_^]\s*\\(?:rm|bf|it|tt|sf|cal|sl)|\\(?:mbox|textnormal|textup|texttt|textsf|hbox|text|fbox|mathmbox|href|Cal|scr|mathscrbf|pmb|bmath|vect|mb|boldmath|bmit"
    r"|substack|left|right|[bB]igg?[lr]?|label|unicode)(?![a-zA-Z]|\s*\()"
)
_UNICODE = re.compile(r"\\unicode\s*\{x([0-9A-Fa-f]{2,5})\}")
_CONVERTER = LatexToMathML(
    macros=MACROS, allow_unreliable_rendering=True, fancy_error=False, max_expansions=200
)


class Formula(NamedTuple):
    """A converted formula.

    Parameters
    ----------
    mathml : str
        A ``math`` element with elements and attributes of a fixed list only.
    text : str
        The formula as Unicode on one line.
    """

    mathml: str
    text: str


def convert(source: str) -> Formula | None:
    r"""Convert a formula; None if it contains an unknown command or is not valid TeX.

    Parameters
    ----------
    source : str
        TeX without the dollar signs around it.

    Examples
    --------
    >>> convert(r"x_2^{\alpha}").text
    'x₂^α'
    >>> convert(r"\Be") is None
    True
    """
    if len(source) <= _CACHED_CHARS:
        return _convert_cached(source)
    return _convert(source)


def convert_raw(source: str) -> str:
    """Return what math-core makes of a formula; raises LatexError with the reason if nothing."""
    return _CONVERTER.convert_with_local_state(_balanced(_repaired(source)), displaystyle=False)


def clear_cache() -> None:
    """Forget the converted formulas, to measure the time of a conversion."""
    _convert_cached.cache_clear()


def is_harmless(source: str) -> bool:
    r"""Return whether a formula may be copied into a LaTeX document.

    It may if all of it is commands of formulas, with nothing that :func:`convert` would remove:
    ``\input`` includes a file of whoever typesets it, and ``\write18`` may run a program.

    Examples
    --------
    >>> is_harmless(r"x_2^{\alpha}"), is_harmless(r"x^2 \input{notes}")
    (True, False)
    """
    if _is_refused(source) or _NOT_CONTENT.search(source):
        return False
    try:
        _CONVERTER.convert_with_local_state(source, displaystyle=False)
    except LatexError:
        return False
    return True


@lru_cache(maxsize=8_192)
def _convert_cached(source: str) -> Formula | None:
    return _convert(source)


def _convert(source: str) -> Formula | None:
    if _is_refused(source):
        return None
    try:
        raw = convert_raw(source)
    except LatexError:
        return None
    if len(raw) > _MAX_MATHML_CHARS:
        return None
    mathml = _VARIANT.sub("", raw).replace("&ApplyFunction;", _APPLIED)
    mathml = _UPRIGHT.sub(r"\1", mathml)
    if not _ALLOWED.fullmatch(mathml):
        mathml = _TAG.sub(_allowed_tag, mathml)
    text = linear(mathml)
    if _LEFT.search(text):
        return None
    # HTML wants a letter and its accent as one character, where there is one.
    alternative = escape(unicodedata.normalize("NFC", text))
    return Formula(f'<math alttext="{alternative}">{mathml.partition(">")[2]}', text)


def _is_refused(source: str) -> bool:
    return (
        len(source) > _MAX_CHARS
        or _depth(source) > _MAX_DEPTH
        or _REFUSED.search(source) is not None
    )


def _repaired(source: str) -> str:
    """Return a formula with the commands that math-core does not have by another name."""
    if not _REPAIRED_NAMES.search(source):
        return source
    for pattern, new in _REPAIRS:
        source = pattern.sub(new, source)
    return _UNICODE.sub(lambda found: rf"\text{{{_character(found[1])}}}", source)


def _character(code: str) -> str:
    character = chr(min(int(code, 16), 0xFFFF))
    return character if character.isprintable() and character not in "\\{}$%&#" else " "


def _balanced(source: str) -> str:
    """Return a formula with the closing braces that its author or a cut left out."""
    unclosed: list[str] = []
    for sign in _NESTING.findall(source):
        if sign in _CLOSERS:
            unclosed.append(_CLOSERS[sign])
        elif sign in ("}", r"\right") and unclosed:
            unclosed.pop()
        elif sign == "}" and source.endswith("}"):
            source = source[:-1]
    return source + "".join(reversed(unclosed))


def _depth(source: str) -> int:
    """Return how deep braces and environments are nested at most."""
    depth = deepest = 0
    for sign in _NESTING.findall(source):
        depth += (sign in _OPENERS) - (sign in ("}", r"\right", r"\end"))
        deepest = max(deepest, depth)
    return deepest


def _allowed_tag(found: re.Match[str]) -> str:
    """Return a tag with the attributes of the list, or nothing if its element is not on it."""
    if found[1] not in ELEMENTS:
        return ""
    if found[0].startswith("</"):
        return found[0]
    kept = "".join(attribute[0] for attribute in _KEPT.finditer(found[0]))
    return f"<{found[1]}{kept}{'/' if found[0].endswith('/>') else ''}>"
