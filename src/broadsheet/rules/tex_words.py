"""TeX commands between formulas as Unicode. Pure."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from broadsheet.rules.formula import Formula, convert

if TYPE_CHECKING:
    from pylatexenc.macrospec import LatexContextDb

FIRST_HELD = 0xE000
# The most formulas of a text, characters of their source and of their MathML. The most of any text
# of the arXiv dump are 54, 860 and 7,237.
_MOST_FORMULAS, _MOST_TEX, _MOST_MATHML = 150, 2_500, 25_000
_MOST_COMMANDS = 400
_ROUNDS = 5
# Formulas that text shows as well, such as the exponent of "10⁻⁵" and the subscript of "CO₂".
_TEXTUAL = re.compile(r"[\d\s.,:%+−±×∼≈<>≤≥°′″→∞⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ₀₁₂₃₄₅₆₇₈₉₊₋*†⊙-]{0,24}")

_OPEN_BRACE, _CLOSE_BRACE = "\uf8fe", "\uf8ff"

_COMBINING = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
    "t": "\u0361",
}
_ACCENTED = (
    r"\\(?:(?P<sign>[`'^\"~=.])|(?P<letter>[uvHtcdbkr])(?=[\s{]))"
    r"(?:\s*\{\s*(?P<inside>\\?[a-zA-Z]{1,6})\s*\}|\s*\\(?P<dotless>[ij])(?![a-zA-Z])\s?"
    r"|(?(letter)\s+)(?P<next>[a-zA-Z]))"
)
# TeX drops the spaces after a command.
_LETTER = r"\\(ss|ae|AE|oe|OE|[oOlL])(?![a-zA-Z])\s*(?:\{\})?"
# Braces around a letter belong to it. Expressions that begin with a fixed character are found in
# a tenth of the time of those with an optional one.
_LETTERS = [re.compile(pattern) for pattern in (rf"\{{{_LETTER}\}}", _LETTER)]
_ACCENTS = [re.compile(pattern) for pattern in (rf"\{{{_ACCENTED}\}}", _ACCENTED)]
_STYLES = (
    "emph|textbf|textit|textsc|textrm|texttt|textsf|textup|textsl|textmd|textnormal|textsuperscript"
    "|text|mbox|hbox|underline|uline|uwave|ul|underbar|textcolor\\s*\\{[^{}]*\\}|mathrm|mathit|fbox|st"
    "|sout|ensuremath|acp?|acf|acs|acl|gls|glspl|Gls|enquote|texorpdfstring|title|section|subsection"
    "|paragraph|centerline|num|si|textquote|href\\s*\\{[^{}]*\\}|url|path|nolinkurl|email|verb"
)
_STYLED = re.compile(rf"\\(?:{_STYLES})\*?(?![a-zA-Z])\s*\{{([^{{}}]*)\}}")
_SWITCHES = (
    "em|it|bf|sc|tt|rm|sf|sl|cal|itshape|bfseries|scshape|ttfamily|upshape|sffamily|mdseries|small"
    "|footnotesize|scriptsize|tiny|large|Large|normalsize|normalfont|boldmath|color\\s*\\{[^{}]*\\}"
)
_SWITCHED = re.compile(rf"\{{\s*\\(?:{_SWITCHES})(?![a-zA-Z])\s*([^{{}}]*)\}}")
_QUANTITY = re.compile(
    r"\\(?:SI|qty|ion|SIrange)\s*(?:\[[^\]]{0,99}\])?\s*\{([^{}]*)\}\s*\{([^{}]*)\}"
)
_REFERENCE = re.compile(
    r"\\(?:(?:paren|text|auto|full)?[cC]ite[a-zA-Z]*|(?:eq|page|auto|[cC])?ref|bibitem)\*?\s*"
    r"(?:\[[^\]]{0,99}\]\s*){0,2}\{([^{}]*)\}"
)
_NOTE = re.compile(r"\\(?:footnote|thanks|footnotetext)\s*\{([^{}]*)\}")
_SILENT = re.compile(
    r"\\(?:begin|end)\s*\{[a-zA-Z]{1,20}\*?\}(?:\[[^\]]{0,99}\])?|\\(?:label|vspace|hspace|footnotemark"
    r"|setcounter|bibliographystyle|thispagestyle)\*?\s*(?:\[[^\]]{0,99}\])?\{[^{}]*\}"
)
_SILENT_NAMES = """
xspace protect noindent relax displaystyle textstyle scriptstyle it bf em rm sc tt sf sl small
footnotesize scriptsize tiny large Large normalsize normalfont centering indent itshape bfseries
boldmath unboldmath sloppy nonumber maketitle bibliography
"""
_SPACE_NAMES = """
par newline linebreak smallskip medskip bigskip newpage hfill quad qquad quadquad space thinspace
break newblock item
"""
# fmt: off
_NAMES = {
    **dict.fromkeys(_SILENT_NAMES.split(), ""),
    **dict.fromkeys(_SPACE_NAMES.split(), " "),
    "eg": "e.g.", "ie": "i.e.", "etal": "et al.", "etc": "etc.", "cf": "cf.", "vs": "vs.",
    "Eg": "E.g.", "Ie": "I.e.", "wrt": "w.r.t.", "aka": "a.k.a.", "iid": "i.i.d.",
    "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "LaTeXe": "LaTeX2e",
    "copyright": "©", "pounds": "£", "euro": "€", "textregistered": "®", "texttrademark": "™",
    "degree": "°", "deg": "°", "textdegree": "°", "degC": "°C", "celsius": "°C", "percent": "%",
    "textbackslash": "∖", "textasciitilde": "~", "texttildelow": "~", "textbar": "|",
    "HI": "H I", "HII": "H II", "ldots": "…", "dots": "…", "textellipsis": "…", "slash": "/",
    "lq": "‘", "rq": "’", "ldq": "“", "rdq": "”", "textquotesingle": "'", "and": ",",
    "textendash": "–", "textemdash": "—", "textgreater": ">", "textless": "<", "S": "§",
    "kms": "km/s", "micron": "µm", "i": "ı", "j": "ȷ", "l": "ł", "L": "Ł", "o": "ø", "O": "Ø",
}
# fmt: on
# Symbols that arXiv took for an accent and its letter: "\r{ho}" was "\rho".
_SPLIT_SYMBOLS = frozenset(
    [
        "rho",
        "beta",
        "kappa",
        "tau",
        "varphi",
        "delta",
        "chi",
        "upsilon",
        "theta",
        "cdot",
        "cup",
        "cap",
        "circ",
    ]
)
_ARGUMENT = r"\s*\{(?:[^{}]|\{[^{}]{0,80}\}){0,160}\}"
_SCRIPT = r"\s*[_^](?:\{[^{}]{0,80}\}|\\[a-zA-Z]{1,20}|[A-Za-z0-9])"
# A command in braces that is no argument of another.
_ALONE = re.compile(r"\{(?<![a-zA-Z}]\{)\\([a-zA-Z]+)\*?\}")
_COMMAND = re.compile(
    rf"\\(?:(?P<name>[a-zA-Z]+)\*?(?P<rest>(?:{_ARGUMENT}){{0,2}}(?:{_SCRIPT}){{0,2}})|(?P<sign>.))",
    re.DOTALL,
)
_BARE_SCRIPT = re.compile(r"(?<=[\w)\]])([_^])\{([^{}]{1,24})\}")
_SPACES = {" ": " ", ",": " ", ";": " ", ":": " ", "\\": " ", "\n": " ", "~": " "}
_NOTHING = "-/!@>"
_ESCAPED = "%&$#_{}'\"`^.=*()[]"
_EN_DASH = re.compile(r"(?<![-<!])(?<!--)--(?![->])")
_OPTION = re.compile(r"(?:^|(?<=[\s(\[`'\"]))--(?=[a-zA-Z])")
_EM_DASH = re.compile(r"(?<!-)---(?!-)")
_TIE = re.compile("(?<=[\\w.,;:)\\]}'\ue000-\uf8ff])~(?=[\\w(\\[{\ue000-\uf8ff])(?<!\\d~(?=\\d))")
_SINGLE_QUOTES = re.compile(r"(?<![\w`'])`([^`'\s][^`']{0,80})'(?![\w'])")
_GROUP = re.compile("\\{([\ue000-\uf7ff]|[^{}\\s]*[\ue000-\uf7ff])\\}")
_MORE_SPACES = re.compile(r" {2,}")


class Held:
    """Formulas and source, each of which one character stands for in the text."""

    def __init__(self) -> None:
        self.items: list[tuple[str, str]] = []
        self._left = [_MOST_FORMULAS, _MOST_TEX, _MOST_MATHML]

    def formula(self, tex: str, source: str) -> str:
        """Return the character for a formula, or its text if text shows it as well."""
        found = self._converted(tex)
        if found is None:
            return self.keep(source, "")
        if _TEXTUAL.fullmatch(found.text):
            return found.text
        return self.keep(found.text, found.mathml)

    def keep(self, text: str, mathml: str) -> str:
        """Return the character for a text that is not to be changed."""
        self.items.append((text, mathml))
        return chr(FIRST_HELD + len(self.items) - 1)

    def _converted(self, tex: str) -> Formula | None:
        """Convert a formula unless the text has had too many; none of the dump has."""
        formulas, chars, _ = self._left
        if not formulas or len(tex) > chars:
            return None
        found = convert(tex)
        size = len(found.mathml) if found else 0
        self._left = [formulas - 1, chars - len(tex), self._left[2] - size]
        return found if self._left[2] >= 0 else None


def words_to_unicode(text: str, held: Held) -> str:
    """Return a text without formulas as Unicode; source that is not converted is held."""
    has_commands = "\\" in text
    if has_commands:
        text = _commands(text, held)
    if "{" in text:
        text = _BARE_SCRIPT.sub(lambda found: _script(found, held), text)
        text = _GROUP.sub(r"\1", text)
    if has_commands:
        text = text.replace(_OPEN_BRACE, "{").replace(_CLOSE_BRACE, "}")
    text = _typography(text)
    if "  " in text:
        text = _MORE_SPACES.sub(" ", text)
    return text.strip(" ")


def _commands(text: str, held: Held) -> str:
    *commands, rest = text.split("\\", _MOST_COMMANDS)
    if len(commands) == _MOST_COMMANDS:
        return _commands("\\".join(commands), held) + "\\" + rest
    text = text.replace(r"\{", _OPEN_BRACE).replace(r"\}", _CLOSE_BRACE)
    for pattern in _LETTERS:
        text = pattern.sub(_special_letter, text)
    for pattern in _ACCENTS:
        text = pattern.sub(_accented, text)
    for _ in range(_ROUNDS):
        if "{" not in text:
            break
        before = text
        text = _SILENT.sub(" ", _NOTE.sub(r" (\1)", _REFERENCE.sub(r"[\1]", text)))
        text = _SWITCHED.sub(r"\1", _STYLED.sub(r"\1", _QUANTITY.sub(r"\1 \2", text)))
        if text == before:
            break
    text = _ALONE.sub(r"\\\1{}", text)
    return _COMMAND.sub(lambda found: _command(found, held), text)


def _accented(found: re.Match[str]) -> str:
    letter, inside = found["letter"], found["inside"] or found["dotless"] or found["next"]
    if letter and f"{letter}{inside}" in _SPLIT_SYMBOLS:
        return _symbol(f"{letter}{inside}") or found[0]
    base = inside.removeprefix("\\")
    accented = unicodedata.normalize("NFC", base + _COMBINING[letter or found["sign"]])
    # No letter has the accent where the sign is another, such as an escaped quotation mark.
    return accented if len(accented) == 1 else found[0]


def _special_letter(found: re.Match[str]) -> str:
    return _symbol(found[1]) or found[0]


def _command(found: re.Match[str], held: Held) -> str:
    name, rest, sign = found["name"], (found["rest"] or "").removeprefix("{}"), found["sign"]
    if sign is not None:
        return _sign(sign)
    if (plain := _NAMES.get(name)) is not None:
        return f"{plain}{rest}"
    # A symbol, a formula without dollar signs, or a command of the author.
    if not rest.strip() and (symbol := _symbol(name)):
        return symbol
    source = rf"\{name}{rest}"
    return held.formula(source, source)


def _sign(sign: str) -> str:
    if sign in _SPACES:
        return _SPACES[sign]
    if sign in _NOTHING:
        return ""
    if sign == "|":
        return "‖"
    return sign if sign in _ESCAPED else f"\\{sign}"


def _script(found: re.Match[str], held: Held) -> str:
    return held.formula(f"{{}}{found[1]}{{{found[2]}}}", found[0])


def _typography(text: str) -> str:
    if "``" in text:
        text = text.replace("``", "“").replace("''", "”")
    if "`" in text:
        text = _SINGLE_QUOTES.sub(r"‘\1’", text)
    if "--" in text:
        text = _OPTION.sub("\uf8fd", text)
        text = _EN_DASH.sub("–", _EM_DASH.sub("—", text)).replace("\uf8fd", "--")
    return _TIE.sub(" ", text) if "~" in text else text


@lru_cache(maxsize=1_024)
def _symbol(name: str) -> str | None:
    r"""Return the character of a command without arguments, None if it has none.

    Examples
    --------
    >>> _symbol("ss"), _symbol("alpha"), _symbol("Be")
    ('ß', 'α', None)
    """
    symbol = getattr(_symbols().get_macro_spec(name), "simplify_repl", None)
    if isinstance(symbol, str) and symbol.strip() and "%" not in symbol:
        return symbol.strip()
    converted = convert(rf"\{name}")
    return converted.text if converted and len(converted.text) <= len(name) + 1 else None


@cache
def _symbols() -> "LatexContextDb":
    # Loading takes 30 ms, and few texts need it.
    from pylatexenc.latex2text import get_default_latex_context_db

    return get_default_latex_context_db()
