"""TeX in titles, abstracts and names as Unicode and MathML. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from broadsheet.rules.tex_words import FIRST_HELD, Held, words_to_unicode

# What is longer, or has more formulas, is left as it is from there on.
_MAX_CHARS, _MAX_FORMULAS, _MAX_FORMULA_CHARS = 20_000, 100, 1_000
_CUT_CHARS = 400

# How each environment is passed to the converter; the other ones are text.
_ENVIRONMENTS = {
    **dict.fromkeys(("equation", "displaymath", "math"), ("", "")),
    **dict.fromkeys(
        ("align", "aligned", "alignat", "gather", "multline", "split"),
        (r"\begin{aligned}", r"\end{aligned}"),
    ),
    "eqnarray": (r"\begin{array}{rcl}", r"\end{array}"),
    **{name: (rf"\begin{{{name}}}", rf"\end{{{name}}}") for name in ("cases", "array", "matrix")},
}
_OPENING = re.compile(
    rf"\\(?:([(\[])|begin\{{({'|'.join(_ENVIRONMENTS)})\*?\}}|.)|\$\$?", re.DOTALL
)
_DOLLAR = re.compile(r"(?<!\\)(?:\\\\)*\$")
_SIGNS = re.compile(r"[\\^_]")
_WORDS_IN_A_ROW = re.compile(r"(?<![\\a-zA-Z])(?:[A-Za-z]{2,}[,.;:]? +){4}")
_IN_GROUPS = re.compile(r"\\[a-zA-Z]+\s*\{[^{}]*\}")
_LONG_WORD = re.compile(r"(?<![a-zA-Z\\])[A-Za-z]{3,}")
_FUNCTION = re.compile(r"(?<![a-zA-Z])(?:log|exp|mod|sin|cos|tan|min|max|det|dim|gcd|poly|deg)")
_END_OF_CUT = re.compile(r"(?:\\[a-zA-Z]*|[_^]|\\[^\w\s]|\s|\.\.\.|…)+$")
# A tilde at the height of a sign, as some authors write "about".
_RAISED = re.compile(
    r"\$?\{?\\raise\s?-?[.\d]+ex\\hbox\{\$\\[a-z]+style ?\\(?:mathtt\{)?\\?sim\}?\$\}\}?\$?"
)
_GREEK = {
    letter: unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
    for letter in "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
} | {"ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "ϱ": "rho", "ϖ": "pi"}
_TYPED = re.compile(rf"[{''.join(_GREEK)}]+|[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
# Stand for formulas while the words around them are converted.
_PRIVATE = re.compile("[\ue000-\uf8ff]")


class Span(NamedTuple):
    """A formula, or source that is not converted, within a text.

    Parameters
    ----------
    start, end : int
        Where it is.
    mathml : str
        The formula; empty where the text shows the source.
    """

    start: int
    end: int
    mathml: str = ""


class Converted(NamedTuple):
    """A text as Unicode.

    Parameters
    ----------
    text : str
        The text; formulas on one line.
    spans : tuple of Span
        Its formulas and its unconverted source, in order.
    """

    text: str
    spans: tuple[Span, ...] = ()


def may_be_tex(text: str) -> bool:
    """Return whether a text may contain TeX; most do not, and this takes 0.3 µs."""
    return (
        "\\" in text
        or "$" in text
        or "--" in text
        or "``" in text
        or "~" in text
        or "^{" in text
        or "_{" in text
    )


def to_unicode(text: str) -> str:
    r"""Return a text with its TeX as Unicode.

    Examples
    --------
    >>> to_unicode(r"Repr\'esentation of $\mathbb{Z}_2$ -- a na{\"\i}ve ``view''")
    'Représentation of ℤ₂ – a naïve “view”'
    """
    return convert(text).text if may_be_tex(text) else text


def convert(text: str) -> Converted:
    r"""Convert a text.

    Examples
    --------
    >>> converted = convert(r"$5, $x^2$ and $\Be$")
    >>> converted.text
    '$5, x² and $\\Be$'
    >>> [bool(span.mathml) for span in converted.spans]
    [True, False]
    """
    return _cached(text) if may_be_tex(text) else Converted(text)


def searchable(text: str) -> str:
    r"""Return a text as words are looked up in it: Greek letters by name, exponents apart.

    Examples
    --------
    >>> searchable(r"Repr\'esentation by $\alpha$-divergence of CO$_2$ below 10$^5$ and α")
    'Représentation by alpha-divergence of CO₂ below 10 5 and alpha'
    """
    # Dashes, quotation marks and dollar signs are between words anyway.
    if "\\" in text or (("_" in text or "^" in text) and ("$" in text or "{" in text)):
        text = convert_uncached(text).text
    return text if text.isascii() else _TYPED.sub(_typed, text)


def _typed(found: re.Match[str]) -> str:
    signs, (start, end), text = found[0], found.span(), found.string
    if signs not in _GREEK:
        return signs if signs[0] in _GREEK else f" {unicodedata.normalize('NFKC', signs)}"
    is_alone = not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum())
    return _GREEK[signs] if is_alone else signs


@lru_cache(maxsize=1_024)
def _cached(text: str) -> Converted:
    return convert_uncached(text)


def convert_uncached(text: str) -> Converted:
    """Convert a text that is needed once, such as by the index."""
    held = Held()
    source = text[:_MAX_CHARS]
    if not source.isascii():
        source = _PRIVATE.sub("\ufffd", source)
    if "\\raise" in source:
        source = _RAISED.sub(r"$\\sim$", source)
    parts: list[str] = []
    done = 0
    found = formulas(source) if "$" in source or "\\" in source else ()
    for start, end, tex in found:
        parts += source[done:start], held.formula(tex, source[start:end])
        done = end
    words = words_to_unicode("".join([*parts, source[done:]]), held)
    return _released(words + text[_MAX_CHARS:], held)


def _released(words: str, held: Held) -> Converted:
    """Put the formulas back into the words."""
    if not held.items:
        return Converted(words)
    parts: list[str] = []
    spans: list[Span] = []
    at = done = 0
    # Looking for each is faster than an expression for all.
    places = ((words.find(chr(FIRST_HELD + n)), n) for n in range(len(held.items)))
    for place, number in sorted(found for found in places if found[0] >= 0):
        text, mathml = held.items[number]
        before = words[done:place]
        start = at + len(before)
        at, done = start + len(text), place + 1
        parts += before, text
        spans.append(Span(start, at, mathml))
    return Converted("".join([*parts, words[done:]]), tuple(spans))


def formulas(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Yield start, end and TeX of the formulas of a text, the first 100 at most.

    Dollar signs are formulas only around what looks like one.

    Examples
    --------
    >>> list(formulas(r"$5 and $10 for $n$ of \(k\)"))
    [(15, 18, 'n'), (22, 27, 'k')]
    """
    at = attempts = 0
    while attempts < _MAX_FORMULAS and (opening := _OPENING.search(text, at)):
        at = opening.end()
        if opening[0][0] == "\\" and not opening.lastindex:
            continue
        attempts += 1
        found = _environment(text, opening) if opening.lastindex else _dollars(text, opening)
        if found:
            yield opening.start(), *found
            at = found[0]


def _environment(text: str, opening: re.Match[str]) -> tuple[int, str] | None:
    """Return the end and the TeX of a formula between commands."""
    bracket, name = opening.groups()
    closing = (
        {"(": r"\)", "[": r"\]"}[bracket] if bracket else opening[0].replace("begin", "end", 1)
    )
    start = opening.end()
    end = text.find(closing, start, start + _MAX_FORMULA_CHARS)
    if end < 0:
        return None
    before, after = _ENVIRONMENTS[name] if name else ("", "")
    return end + len(closing), f"{before}{text[start:end]}{after}"


def _dollars(text: str, opening: re.Match[str]) -> tuple[int, str] | None:
    """Return the end and the TeX of a formula between dollar signs."""
    start, sign = opening.end(), opening[0]
    closing = _DOLLAR.search(text, start, start + _MAX_FORMULA_CHARS)
    if closing is None:
        return _cut_off(text, start)
    end = closing.end() - 1
    content = text[start:end]
    if not content.strip() or not _is_formula(content, text[end + 1 : end + 2]):
        return None
    return end + len(sign) if text.startswith(sign, end) else end + 1, content


def _is_formula(content: str, following: str) -> bool:
    """Return whether what is between two dollar signs is a formula, not an amount of money."""
    if _SIGNS.search(content):
        return not _WORDS_IN_A_ROW.search(_IN_GROUPS.sub(" ", content))
    if content[0].isdigit() and (following.isdigit() or content[-1].isspace()):
        return False
    return not (" " in content and _LONG_WORD.search(_FUNCTION.sub("", content)))


def _cut_off(text: str, start: int) -> tuple[int, str] | None:
    """Return the end and the TeX of a formula in which a shortened text ends."""
    rest = text[start : start + _CUT_CHARS + 1]
    if len(rest) > _CUT_CHARS or not _SIGNS.search(rest) or not _is_formula(rest, ""):
        return None
    return len(text), _END_OF_CUT.sub("", rest)
